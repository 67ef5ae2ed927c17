//! What is decided and how results change, without a kernel; then the same with one.

mod decision;
mod rewriting;
mod system_as_root;

use std::net::IpAddr;

use super::Route;
use super::Wish;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn via(gateways: &[&str]) -> Route {
    Route::Via(gateways.iter().map(|gateway| ip(gateway)).collect())
}

/// Two attachments: `default` on eth0 and `second` on net1.
fn wishes(eth0: Route, net1: Route) -> Vec<Wish<'static>> {
    vec![
        Wish { interface: "eth0", network: "default", default_route: eth0 },
        Wish { interface: "net1", network: "second", default_route: net1 },
    ]
}

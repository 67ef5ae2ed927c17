//! Makes an attachment's result list the default routes that it has. Everything else in the result
//! stays as it is.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::Family;
use super::Wish;

/// The main routing table; a route without `table` is in it.
const MAIN_TABLE: u64 = 254;

/// Removes the default routes of the families `lost` from a CNI 1.1.0 result, and adds those
/// through the gateways that the attachment asked for.
pub fn result(mut result: Value, wish: &Wish<'_>, lost: &BTreeSet<Family>) -> Value {
    let Some(members) = result.as_object_mut() else {
        return result;
    };
    let gateways = wish.default_route.gateways();
    if gateways.is_empty() && lost.is_empty() {
        return result;
    }
    let routes = members.remove("routes");
    let routes = routes.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let routes = settled(routes, gateways, lost);
    if !routes.is_empty() {
        members.insert("routes".into(), routes.into());
    }
    result
}

fn settled(routes: &[Value], gateways: &[IpAddr], lost: &BTreeSet<Family>) -> Vec<Value> {
    let mut missing = gateways.to_vec();
    let mut settled = Vec::with_capacity(routes.len() + gateways.len());
    for route in routes {
        let keep = match default_family(route) {
            None => true,
            Some(family) if gateways.iter().any(|gateway| Family::of(gateway) == family) => {
                // A route that the plugin set already is kept with its mtu and the like, once.
                let through = gateway(route).and_then(|gateway| missing.iter().position(|missing| *missing == gateway));
                through.map(|index| missing.remove(index)).is_some()
            }
            Some(family) => !lost.contains(&family),
        };
        if keep {
            settled.push(route.clone());
        }
    }
    settled.extend(missing.iter().map(|gateway| {
        let destination = if gateway.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
        json!({"dst": destination, "gw": gateway})
    }));
    settled
}

/// The family of a default route of the main table; none for any other route.
fn default_family(route: &Value) -> Option<Family> {
    let route = route.as_object()?;
    let destination: IpNet = text(route, "dst")?.parse().ok()?;
    let table = route.get("table").and_then(Value::as_u64).unwrap_or(MAIN_TABLE);
    let is_default = destination.prefix_len() == 0 && table == MAIN_TABLE;
    is_default.then(|| Family::of(&destination.addr()))
}

fn gateway(route: &Value) -> Option<IpAddr> {
    text(route.as_object()?, "gw")?.parse().ok()
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

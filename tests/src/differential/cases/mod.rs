//! The cases, each with the differences that it shows. A name begins with the case's number, where it
//! has one in the list of what networks of the standard have to do.

mod life;
mod names;
mod requests;
mod routes;
mod status;
mod wrong;

use serde_json::{Value, json};

use super::Case;

/// A case, and the names of the known differences that show in it: all of them, and no other.
pub type Expected = (Case, &'static [&'static str]);

/// All cases.
pub fn all() -> Vec<Expected> {
    [names::all(), requests::all(), wrong::all(), routes::all(), status::all(), life::all()].concat()
}

/// A pod in whose namespace there are `neta`, `netb` and `cap`.
fn case(name: &str) -> Case {
    Case::new(name).definition("neta", &neta()).definition("netb", &netb()).definition("cap", &cap())
}

/// One plugin without capabilities.
pub fn neta() -> Value {
    json!({"cniVersion": "1.0.0", "name": "neta", "type": "mac1", "mode": "bridge"})
}

/// A list of two plugins.
pub fn netb() -> Value {
    json!({"cniVersion": "1.0.0", "name": "netb", "plugins": [{"type": "mac2", "mode": "bridge"}, {"type": "mac3"}]})
}

/// A plugin with every capability.
pub fn cap() -> Value {
    let all = ["ips", "mac", "portMappings", "bandwidth", "infinibandGUID"];
    let capabilities: serde_json::Map<_, _> = all.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
    json!({"cniVersion": "1.0.0", "name": "cap", "plugins": [{"type": "mac1", "capabilities": capabilities}]})
}

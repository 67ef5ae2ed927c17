//! The keys `limits`, `default_route` and `network_status`, which are about pods with several
//! networks.

use serde_json::{Map, Value};

use super::DefaultRoute;
use super::NetworkStatus;
use super::text;
use super::wrong;
use crate::cni::{CniError, get};
use crate::network::Limits;
use crate::selector::keys;

const LIMIT_KEYS: [&str; 2] = ["networks", "same_network"];

/// Reads `"limits": {"networks": 8, "same_network": 4}`.
pub(super) fn limits(config: &Map<String, Value>) -> Result<Limits, CniError> {
    let usual = Limits::default();
    let limits = match get(config, "limits") {
        None | Some(Value::Null) => return Ok(usual),
        Some(Value::Object(limits)) => limits,
        Some(value) => return Err(wrong("limits", value, r#"an object such as {"networks": 8, "same_network": 4}"#)),
    };
    // A misspelt limit would limit nothing.
    if let Some(key) = limits.keys().find(|key| !LIMIT_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))) {
        return Err(super::invalid(format!("configuration key \"limits\": {}", keys::unknown(key, LIMIT_KEYS))));
    }
    let number = |key: &str, usual| match get(limits, key) {
        None | Some(Value::Null) => Ok(usual),
        Some(value) => value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .filter(|number| (1..=Limits::HIGHEST).contains(number))
            .ok_or_else(|| wrong(&format!("limits.{key}"), value, &format!("a number from 1 to {}", Limits::HIGHEST))),
    };
    Ok(Limits {
        networks: number("networks", usual.networks)?,
        same_network: number("same_network", usual.same_network)?,
    })
}

/// Reads `"default_route": "runtime"` or `"plugins"`.
pub(super) fn default_route(config: &Map<String, Value>) -> Result<DefaultRoute, CniError> {
    match text(config, "default_route")? {
        None | Some("runtime") => Ok(DefaultRoute::Runtime),
        Some("plugins") => Ok(DefaultRoute::Plugins),
        Some(other) => Err(wrong(
            "default_route",
            &Value::from(other),
            "\"runtime\" (the network on the runtime's interface has them) or \"plugins\" (as the plugins set them)",
        )),
    }
}

/// Reads `"network_status": "multus"` or `"standard"`.
pub(super) fn network_status(config: &Map<String, Value>) -> Result<NetworkStatus, CniError> {
    match text(config, "network_status")? {
        None | Some("multus") => Ok(NetworkStatus::Multus),
        Some("standard") => Ok(NetworkStatus::Standard),
        Some(other) => Err(wrong(
            "network_status",
            &Value::from(other),
            "\"multus\" (the form that Multus writes and others read) or \"standard\" (that of the multi-network standard)",
        )),
    }
}

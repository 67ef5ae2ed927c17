//! The networks' status that the multi-network standard (section 5) publishes, in the
//! shape that Multus gives it, because other programs parse that.

use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;

/// One network of the list. The members have Multus' order and include its additions to
/// the standard: `mtu`, `gateway`, addresses without their prefix length.
#[derive(Serialize)]
struct Status<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    interface: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ips: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtu: Option<&'a Value>,
    #[serde(skip_serializing_if = "is_false")]
    default: bool,
    dns: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gateway: Vec<&'a Value>,
}

// serde passes a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

/// The annotation's value. `answers` are complete, that is, each names the pod's
/// interface. The network on `interface`, the runtime's, is the default network.
pub(super) fn network_status(answers: &[Answer<'_>], interface: &str) -> Result<String, String> {
    let list: Vec<_> = answers.iter().map(|answer| status(answer, interface)).collect();
    serde_json::to_string(&list).map_err(|error| format!("the networks' status: {error}"))
}

fn status<'a>(answer: &'a Answer<'_>, interface: &str) -> Status<'a> {
    let own = answer.own_position();
    let entry = own.and_then(|own| answer.interfaces.get(own));
    let member = |key| entry.and_then(|entry| entry.get(key));
    let here = answer.ips.iter().filter(|ip| ip.interface.is_none() || ip.interface == own);
    Status {
        name: answer.network,
        interface: answer.interface,
        ips: here.map(|ip| ip.address.to_string()).collect(),
        mac: member("mac").filter(|mac| mac.as_str().is_some_and(|mac| !mac.is_empty())),
        mtu: member("mtu").filter(|mtu| mtu.as_u64().is_some_and(|mtu| mtu > 0)),
        default: !interface.is_empty() && answer.interface == interface,
        dns: Value::Object(answer.dns.members()),
        gateway: answer.routes.iter().filter_map(|route| route.default_gateway()).collect(),
    }
}

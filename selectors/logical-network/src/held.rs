//! The addresses that came out, held against the subnets of the plan.

use genie_selector::{Attachment, Outcome, Plan, Refusal, Request, plugin_list};
use serde_json::Value;

use crate::KEY;
use crate::subnet::Subnet;

/// Checks each network's addresses.
///
/// # Errors
///
/// [`Refusal::Invalid`] for a network that gave an address outside of its subnet, or none at all.
pub fn hold(request: &Request, plan: &Plan, outcomes: &[Outcome]) -> Result<(), Refusal> {
    let list = request.annotation(KEY).unwrap_or_default();
    let wanted = plugin_list::parse(KEY, list).unwrap_or_default();
    for (index, (attachment, outcome)) in plan.attachments.iter().zip(outcomes).enumerate() {
        let Some(subnet) = subnet_of(attachment) else { continue };
        let Some(wrong) = wrong(&subnet, &outcome.result) else { continue };
        // Another entry may have added networks behind those of the annotation.
        let name = wanted.get(index).map_or(&*outcome.network, |wanted| wanted.name);
        let (pod, network, interface) = (&request.pod, &outcome.network, &outcome.interface);
        let message = format!(
            "pod {}/{} got {wrong} from network {network} on {interface}: that network's address management does not \
             follow ipam.subnet; take one that does, such as host-local",
            pod.namespace, pod.name
        );
        return Err(Refusal::invalid(format!("LogicalNetwork {}/{name}", pod.namespace), subnet.to_string(), message));
    }
    Ok(())
}

/// The subnet that the plan asked for.
fn subnet_of(attachment: &Attachment) -> Option<Subnet> {
    let patch: Value = serde_json::from_str(attachment.patch.as_deref()?).ok()?;
    Subnet::parse(patch["ipam"]["subnet"].as_str()?).ok()
}

/// What of a result is not as the subnet has it. A result that cannot be read is the standard merge's
/// matter.
fn wrong(subnet: &Subnet, result: &str) -> Option<String> {
    let result: Value = serde_json::from_str(result).ok()?;
    let ips = result["ips"].as_array().map(Vec::as_slice).unwrap_or_default();
    if ips.is_empty() {
        return Some("no address".to_owned());
    }
    let mut addresses = ips.iter().filter_map(|ip| ip["address"].as_str());
    let outside = addresses.find(|address| {
        let address = address.split_once('/').map_or(*address, |(address, _)| address);
        address.parse().is_ok_and(|address| !subnet.holds(address))
    });
    outside.map(|address| format!("the address {address}"))
}

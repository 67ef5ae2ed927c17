//! The selector `logical-network`: the pod's annotation `networks` names LogicalNetworks of its
//! namespace, as in CNI-Genie: `networks: "net1@eth0,net2@eth4"`.
//!
//! Such an object names the network that carries it, and the subnet of its addresses. The subnet goes
//! to that network's plugin as `ipam.subnet`. The merge holds the addresses that came out against it,
//! since not every plugin reads that member.

use genie_selector::plugin_list::{self, Wanted};
use genie_selector::{
    About, Attachment, Merge, Merged, Outcome, Plan, Refusal, Request, Selector, Verdict, log, merge,
};

mod held;
mod object;
mod resolved;
mod subnet;
#[cfg(test)]
mod tests;

use object::Objects;
use resolved::Resolved;

/// The annotation's key.
const KEY: &str = "networks";
/// The annotation that names installed networks. It wins where it names one.
const INSTALLED: &str = "cni";

/// The selector.
pub struct LogicalNetwork;

impl Selector for LogicalNetwork {
    type Settings = ();

    fn about() -> About {
        About::new(
            "logical-network",
            env!("CARGO_PKG_VERSION"),
            "attaches the LogicalNetworks that the pod's annotation `networks` lists",
        )
    }

    fn select(request: &Request, (): &()) -> Result<Verdict, Refusal> {
        let installed = request.annotation(INSTALLED);
        let list = request.annotation(KEY).filter(|list| !list.trim().is_empty());
        let Some(list) = list else { return Ok(Verdict::Pass) };
        if request.decided.is_some() || installed.is_some_and(|list| !list.trim().is_empty()) {
            log::warn!(
                "the annotation {KEY} is not heeded: an earlier decision or the annotation {INSTALLED} goes before it"
            );
            return Ok(Verdict::Pass);
        }
        if installed.is_none() {
            log::info!("annotation {KEY} decides without {INSTALLED}; CNI-Genie would give the default network");
        }
        let wanted = plugin_list::parse(KEY, list)?;
        plugin_list::require_own_interface(request, KEY, list, &wanted)?;
        let mut objects = Objects::of(request, list)?;
        let mut plan = Plan::new(format!("annotation {KEY}: \"{list}\""), Vec::new());
        for wanted in &wanted {
            let network = Resolved::of(request, &mut objects, wanted.name)?;
            plan.reason.push_str(if plan.attachments.is_empty() { ": " } else { ", " });
            plan.reason.push_str(&network.to_string());
            plan.attachments.push(attachment(&network, wanted));
        }
        Ok(plan.into())
    }
}

impl Merge for LogicalNetwork {
    fn merge(request: &Request, plan: &Plan, outcomes: &[Outcome], (): &()) -> Result<Merged, Refusal> {
        held::hold(request, plan, outcomes)?;
        merge::standard(&request.interface, None, outcomes).map_err(Refusal::internal)
    }
}

genie_selector::export!(LogicalNetwork with merge);

fn attachment(network: &Resolved<'_>, wanted: &Wanted<'_>) -> Attachment {
    let mut attachment = Attachment::installed(&network.installed.file);
    if let Some(subnet) = network.subnet {
        attachment = attachment.patch(format!(r#"{{"ipam":{{"subnet":"{subnet}"}}}}"#));
    }
    match wanted.interface {
        Some(interface) => attachment.on(interface),
        None => attachment,
    }
}

//! From the delegates' results to the one that the runtime gets.

use std::time::Instant;

use crate::call::Selected;
use crate::cni::{Call, CniError, CniResult, Version, code};
use crate::config::Config;
use crate::selector::abi::{Merged, Outcome, Plan};

/// Merges: by the selector that decided (or the one that the configuration's
/// `merge` names), else by the standard merge. What an earlier plugin of the
/// runtime's own list answered comes along.
///
/// # Errors
/// The selector refuses or fails, or a result cannot be merged.
pub fn merge(
    call: &Call,
    config: &Config,
    selected: &Selected,
    outcomes: &[Outcome],
    previous: Option<&CniResult>,
    deadline: Instant,
) -> Result<Merged, CniError> {
    let plan = named(&selected.plan, outcomes);
    let merged = match config.chain.merge(&config.loader, selected.merging(&plan), outcomes, deadline) {
        Some(merged) => merged?,
        None => standard(call, &call.interface, outcomes)?,
    };
    match previous {
        None => Ok(merged),
        Some(previous) => join_previous(call, previous, merged),
    }
}

/// The plan with every interface named, as a selector's `merge` sees it.
fn named(plan: &Plan, outcomes: &[Outcome]) -> Plan {
    let mut plan = plan.clone();
    for (attachment, outcome) in plan.attachments.iter_mut().zip(outcomes) {
        attachment.interface = Some(outcome.interface.clone());
    }
    plan
}

fn standard(call: &Call, first: &str, outcomes: &[Outcome]) -> Result<Merged, CniError> {
    let netns = call.netns.as_deref().unwrap_or_default();
    genie_selector::merge::standard(first, netns, outcomes.iter().map(|outcome| genie_selector::merge::Input {
        interface: &outcome.interface,
        network: &outcome.network,
        result: &outcome.result,
    }))
    .map(|merged| Merged { result: merged.result, annotations: merged.annotations })
    .map_err(|reason| CniError::new(code::DECODE, format!("the networks' results cannot be merged: {reason}")))
}

fn join_previous(call: &Call, previous: &CniResult, merged: Merged) -> Result<Merged, CniError> {
    let has_own = previous.sandbox_interfaces().contains(&call.interface);
    let previous = Outcome {
        interface: if has_own { call.interface.clone() } else { String::new() },
        network: "prevResult".into(),
        result: previous.convert(Version::CURRENT)?.to_value().to_string(),
    };
    let ours = Outcome {
        interface: if has_own { String::new() } else { call.interface.clone() },
        network: call.name.clone(),
        result: merged.result,
    };
    let joined = standard(call, &call.interface, &[previous, ours])?;
    Ok(Merged { result: joined.result, annotations: merged.annotations })
}

//! Makes one result for the runtime out of the delegates' results.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use super::Selected;
use crate::cni::{Call, CniError, CniResult, Version, code};
use crate::config::{Config, NetworkStatus, for_operator};
use crate::device_info::DeviceInfo;
use crate::report::{network_status, publishable};
use crate::selector::abi::{Attachment, DefaultRoute, Merged, Outcome, Plan, Source};
use crate::selector::chain::Merging;
use crate::selector::sandbox::facts::Facts;

/// What the networks of a plan answered, in the plan's order.
#[derive(Clone, Copy, Debug)]
pub struct Answers<'a> {
    /// Their results.
    pub outcomes: &'a [Outcome],
    /// What is known of their devices. For networks past its end nothing is.
    pub devices: &'a [Option<DeviceInfo>],
}

/// Merges the results by the selector that decided (or the one that the configuration's `merge`
/// names), else by the standard merge. The result of an earlier plugin of the runtime's own list is
/// merged in. The status of the networks is the host's own, whatever the merge says.
///
/// # Errors
/// The selector refuses or fails, a result cannot be merged, or Kubernetes cannot hold the annotations.
pub fn merge(
    call: &Call,
    config: &Config,
    selected: &Selected,
    answers: Answers<'_>,
    previous: Option<&CniResult>,
    facts: &Arc<dyn Facts>,
    deadline: Instant,
) -> Result<Merged, CniError> {
    let outcomes = answers.outcomes;
    let plan = named(&selected.plan, outcomes);
    let decision = &selected.decision;
    let merging = Merging {
        decided_by: decision.decided_by,
        request: &selected.request,
        plan: &plan,
        asked: decision.asked(),
        facts,
        standard: &|| standard(call, outcomes),
    };
    let mut merged = match config.chain.merge(&config.loader, merging, outcomes, deadline) {
        Some(merged) => {
            let merged = merged.map_err(for_operator)?;
            check_merged(&merged).map_err(|error| match config.chain.merger(decision.decided_by) {
                Some(selector) => error.add_detail(format_args!("selector {selector:?} merged it")),
                None => error,
            })?;
            merged
        }
        None => standard(call, outcomes)?,
    };
    publish_status(&mut merged, &status(call, config, &plan, answers)?);
    publishable::check_annotations(&merged.annotations).map_err(|why| CniError::new(code::DECODE, why))?;
    match previous {
        None => Ok(merged),
        Some(previous) => join_previous(call, previous, merged),
    }
}

/// The status of the networks, from what their plugins answered.
fn status(call: &Call, config: &Config, plan: &Plan, answers: Answers<'_>) -> Result<String, CniError> {
    let Answers { outcomes, devices } = answers;
    let results = outcomes.iter().map(|outcome| {
        let result = CniResult::parse(outcome.result.as_bytes(), Version::CURRENT);
        result.map(|result| result.current()).map_err(|error| error.context(format!("network {:?}", outcome.network)))
    });
    let results = results.collect::<Result<Vec<_>, _>>()?;
    let devices = devices.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    let answered = outcomes.iter().zip(&results).zip(devices);
    let networks = plan.attachments.iter().zip(answered).map(|(attachment, ((outcome, result), device_info))| {
        network_status::Network {
            name: status_name(attachment, outcome),
            interface: &outcome.interface,
            is_default: outcome.interface == call.interface,
            result,
            device_info,
            default_route: wanted_gateways(attachment),
        }
    });
    let networks: Vec<_> = networks.collect();
    match config.network_status {
        NetworkStatus::Multus => network_status::multus(&networks),
        NetworkStatus::Standard => network_status::standard(&networks),
    }
    .map_err(|why| CniError::new(code::DECODE, why))
}

/// A network's name in the status: that of the object if it is one, else the configuration's.
fn status_name(attachment: &Attachment, outcome: &Outcome) -> String {
    match &attachment.network {
        Source::Definition(object) => format!("{}/{}", object.namespace, object.name),
        Source::Installed(_) | Source::Inline(_) => outcome.network.clone(),
    }
}

/// The gateways that the plan asked for, if it asked for the default route.
fn wanted_gateways(attachment: &Attachment) -> Option<Vec<IpAddr>> {
    match &attachment.default_route {
        DefaultRoute::Via(gateways) => Some(gateways.iter().filter_map(|gateway| gateway.parse().ok()).collect()),
        DefaultRoute::Usual | DefaultRoute::Never => None,
    }
}

/// Puts the status in place of any other.
fn publish_status(merged: &mut Merged, status: &str) {
    merged.annotations.retain(|(key, _)| key != network_status::KEY);
    merged.annotations.insert(0, (network_status::KEY.to_owned(), status.to_owned()));
}

/// The merged result in the version that the runtime asked for.
///
/// # Errors
/// The merged result is no result, must not reach a runtime ([`CniResult::check_final`]), or cannot
/// be expressed in that version.
pub fn answer(merged: &Merged, version: Version) -> Result<Value, CniError> {
    last(merged)?
        .convert(version)
        .map(|result| result.to_value())
        .map_err(|error| error.context(format!("the pod's networks cannot be described in CNI version {version}")))
}

/// Checks that the runtime and the cluster can have what a selector merged.
fn check_merged(merged: &Merged) -> Result<(), CniError> {
    publishable::check_annotations(&merged.annotations)
        .map_err(|why| CniError::new(code::SELECTOR, format!("merge: {why}")))?;
    last(merged).map(drop)
}

fn last(merged: &Merged) -> Result<CniResult, CniError> {
    CniResult::parse(merged.result.as_bytes(), Version::CURRENT)
        .and_then(|result| result.check_final().map(|()| result))
        .map_err(|error| error.context("the merged result"))
}

/// The plan with every interface named, as a selector's `merge` sees it.
fn named(plan: &Plan, outcomes: &[Outcome]) -> Plan {
    let mut plan = plan.clone();
    for (attachment, outcome) in plan.attachments.iter_mut().zip(outcomes) {
        attachment.interface = Some(outcome.interface.clone());
    }
    plan
}

fn standard(call: &Call, outcomes: &[Outcome]) -> Result<Merged, CniError> {
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|outcome| genie_selector::Outcome {
            interface: outcome.interface.clone(),
            network: outcome.network.clone(),
            result: outcome.result.clone(),
        })
        .collect();
    genie_selector::merge::standard(&call.interface, call.netns.as_deref(), &outcomes)
        .map(|merged| Merged { result: merged.result, annotations: merged.annotations })
        .map_err(|reason| CniError::new(code::DECODE, format!("the networks' results cannot be merged: {reason}")))
}

/// The names of the interfaces inside the container that a result lists.
pub(super) fn sandbox_interfaces(result: &CniResult) -> BTreeSet<String> {
    let interfaces = result.current().interfaces;
    interfaces.into_iter().filter(|interface| !interface.sandbox.is_empty()).map(|interface| interface.name).collect()
}

/// Whether an earlier plugin of the runtime's list has made this interface: its result names it, or
/// is of a version whose results name no interfaces.
pub(super) fn has_made(previous: &CniResult, interface: &str) -> bool {
    let made = previous.current().interfaces;
    previous.version() < Version::V0_3_0 || made.iter().any(|made| made.name == interface)
}

fn join_previous(call: &Call, previous: &CniResult, merged: Merged) -> Result<Merged, CniError> {
    let has_own = has_made(previous, &call.interface);
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
    let joined = standard(call, &[previous, ours])?;
    Ok(Merged { result: joined.result, annotations: merged.annotations })
}

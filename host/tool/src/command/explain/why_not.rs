//! Why a pod is not on a network.

use genie_core::selector::abi::{Attachment, Request, Source, installed};
use genie_core::selector::decision::{Step, StepOutcome};
use genie_selector::{Network, Refusal};

use crate::command::meant;
use crate::trial::Recorded;

/// Says, sentence by sentence, why a decision did not give the pod this network.
pub fn why_not(written: &str, decision: &Recorded) -> Vec<String> {
    let file = match find(written, &decision.request) {
        Ok(file) => file,
        Err(why) => return vec![format!("{written}: {why}")],
    };
    let attachments = decision.plan.iter().flat_map(|plan| &plan.attachments);
    if let Some(attachment) = attachments.clone().find(|attachment| is_file(attachment, &file, &decision.request)) {
        let interface = attachment.interface.as_deref().map(|name| format!(" as {name}")).unwrap_or_default();
        return vec![format!("the decision has {file}{interface}")];
    }
    let decider = decision.decided_by.and_then(|index| decision.trace.get(index)).map(|step| step.selector.as_str());
    let mut told = vec![format!("{file} is installed here, and no selector gave it to the pod:")];
    told.extend(decision.trace.iter().map(|step| format!("  {}", of_step(step, decider))));
    told
}

/// The file of the network that is meant. The error says why there is none.
fn find(written: &str, request: &Request) -> Result<String, String> {
    let networks = request.networks.iter().map(|network| Network {
        name: network.name.clone(),
        file: network.file.clone(),
        plugins: network.plugins.clone(),
        cni_version: network.cni_version.clone(),
        capabilities: network.capabilities.clone(),
    });
    // The SDK knows which network a word means, and what may have been meant.
    let asked = meant::request(networks.collect(), request.attributes.clone());
    match asked.require_network("NETWORK", written) {
        Ok(network) => Ok(network.file.clone()),
        Err(Refusal::Invalid(mistake)) => Err(mistake.message),
        Err(Refusal::Denied(why) | Refusal::Unavailable(why) | Refusal::Internal(why)) => Err(why),
    }
}

fn is_file(attachment: &Attachment, file: &str, request: &Request) -> bool {
    let Source::Installed(name) = &attachment.network else { return false };
    installed(&request.networks, name).is_some_and(|network| network.file == file)
}

fn of_step(step: &Step, decider: Option<&str>) -> String {
    let selector = &step.selector;
    match &step.outcome {
        StepOutcome::Pass => format!("{selector} was asked and passed"),
        StepOutcome::Plan(plan) => format!("{selector} decided otherwise: {}", plan.reason),
        StepOutcome::Refused(message) => format!("{selector} refused the pod: {message}"),
        StepOutcome::Failed(message) => format!("{selector} failed: {message}"),
        StepOutcome::Skipped => match decider {
            Some(decider) => format!("{selector} was not asked: {decider} had decided"),
            None => format!("{selector} was not asked"),
        },
        StepOutcome::Shadow => format!("{selector} is a shadow, which decides nothing"),
        StepOutcome::Asleep => format!("{selector} was not asked: the pod has none of the annotations that wake it"),
    }
}

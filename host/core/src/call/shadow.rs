//! What the entries with `"run": "shadow"` would have changed. They are asked when the call is over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::Config;
use crate::network::assign;
use crate::selector::abi::{Attachment, Plan, Request, Source, installed};
use crate::selector::decision::{Step, StepOutcome};
use crate::selector::sandbox::facts::{Answered, Consulted, Facts, Question};

/// How a shadow's answer differs from what was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// It does not: the shadow passes, or has the same plan, or refuses a pod that was refused.
    Same,
    /// The pod would get other networks, or the same in another way.
    Plan,
    /// The pod would be refused.
    Refused,
    /// The pod was refused, and would get networks.
    Allowed,
    /// The shadow failed; nobody knows what it would change.
    Failed,
}

impl Difference {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Same, Self::Plan, Self::Refused, Self::Allowed, Self::Failed];

    /// As it is written in records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Plan => "plan",
            Self::Refused => "refused",
            Self::Allowed => "allowed",
            Self::Failed => "failed",
        }
    }
}

/// A shadow's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shadowed {
    /// How the answer differs from what was decided.
    pub difference: Difference,
    /// What the selector did.
    #[serde(flatten)]
    pub step: Step,
}

/// Asks the shadows of a chain. `request` is what the chain was asked, `plan` what it decided, and
/// none if the pod was refused. A fact that is in `known`, because another selector asked for it,
/// is as it was then; every other one is as `facts` say now.
pub fn ask_shadows(
    config: &Config,
    request: &Request,
    plan: Option<&Plan>,
    known: &[Consulted],
    facts: &Arc<dyn Facts>,
    deadline: Instant,
) -> Vec<Shadowed> {
    let facts: Arc<dyn Facts> = Arc::new(Known { known: known.to_vec(), facts: Arc::clone(facts) });
    let steps = config.chain.ask_shadows(&config.loader, request, plan, &facts, deadline);
    steps.into_iter().map(|step| Shadowed { difference: difference(&step.outcome, request, plan), step }).collect()
}

/// How an answer differs from what was decided for this request.
pub fn difference(answer: &StepOutcome, request: &Request, plan: Option<&Plan>) -> Difference {
    match (answer, plan) {
        (StepOutcome::Pass | StepOutcome::Skipped | StepOutcome::Shadow | StepOutcome::Asleep, _)
        | (StepOutcome::Refused(_), None) => Difference::Same,
        (StepOutcome::Refused(_), Some(_)) => Difference::Refused,
        (StepOutcome::Plan(_), None) => Difference::Allowed,
        (StepOutcome::Plan(answer), Some(plan)) if is_same(answer, plan, request) => Difference::Same,
        (StepOutcome::Plan(_), Some(_)) => Difference::Plan,
        (StepOutcome::Failed(_), _) => Difference::Failed,
    }
}

/// Whether two plans attach the same, whatever their reasons.
fn is_same(one: &Plan, other: &Plan, request: &Request) -> bool {
    one.attachments == other.attachments || written_out(one, request) == written_out(other, request)
}

/// The attachments with each installed network named by its file, and every interface named. The
/// result is none if the interfaces cannot be named, which the call would refuse.
fn written_out(plan: &Plan, request: &Request) -> Option<Vec<Attachment>> {
    let wanted: Vec<_> = plan.attachments.iter().map(|attachment| attachment.interface.as_deref()).collect();
    let interfaces = assign(&wanted, &request.interface, &BTreeSet::new()).ok()?;
    let written = plan.attachments.iter().zip(interfaces).map(|(attachment, interface)| {
        let network = match &attachment.network {
            Source::Installed(name) => {
                let found = installed(&request.networks, name);
                Source::Installed(found.map_or_else(|| name.clone(), |network| network.file.clone()))
            }
            other => other.clone(),
        };
        Attachment { network, interface: Some(interface), ..attachment.clone() }
    });
    Some(written.collect())
}

/// Facts of which some are known already.
struct Known {
    known: Vec<Consulted>,
    facts: Arc<dyn Facts>,
}

impl Facts for Known {
    fn answer(&self, question: &Question) -> Result<Value, String> {
        match self.known.iter().find(|known| known.question == *question).map(|known| &known.answer) {
            Some(Answered::Ok(answer)) => Ok(answer.clone()),
            Some(Answered::Err(_) | Answered::Digest { .. }) | None => self.facts.answer(question),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selector::abi::{DefaultRoute, Network};

    fn request() -> Request {
        let network = |file: &str, name: &str| Network {
            name: name.into(),
            file: file.into(),
            plugins: Vec::new(),
            cni_version: "1.0.0".into(),
            capabilities: Vec::new(),
        };
        let networks = vec![network("10-a.conf", "a"), network("20-a.conf", "a"), network("30-b.conf", "b")];
        Request { networks, ..Request::of_pod("", &[]) }
    }

    fn plan(networks: &[(&str, Option<&str>)]) -> Plan {
        let attachment = |(network, interface): &(&str, Option<&str>)| Attachment {
            network: Source::Installed((*network).into()),
            interface: interface.map(Into::into),
            ips: Vec::new(),
            mac: None,
            args: Vec::new(),
            runtime_config: None,
            patch: None,
            default_route: DefaultRoute::Usual,
        };
        Plan { attachments: networks.iter().map(attachment).collect(), reason: networks.len().to_string() }
    }

    #[test]
    fn what_is_attached_counts_and_not_how_it_is_written() {
        let decided = plan(&[("a", None), ("30-b.conf", Some("eth1"))]);
        let of = |answer: &Plan| difference(&StepOutcome::Plan(answer.clone()), &request(), Some(&decided));
        assert_eq!(of(&plan(&[("10-a.conf", Some("eth0")), ("b", None)])), Difference::Same);
        for other in [
            plan(&[("20-a.conf", None), ("b", None)]),
            plan(&[("b", None), ("a", None)]),
            plan(&[("a", None)]),
            plan(&[("a", None), ("b", Some("net1"))]),
        ] {
            assert_eq!(of(&other), Difference::Plan, "{other:?}");
        }
        let mut other = decided.clone();
        other.attachments[0].default_route = DefaultRoute::Never;
        assert_eq!(of(&other), Difference::Plan);
    }

    #[test]
    fn every_answer_differs_in_one_way() {
        let decided = plan(&[("a", None)]);
        let refused = StepOutcome::Refused("no".into());
        let failed = StepOutcome::Failed("trap".into());
        for (answer, to_a_plan, to_a_refusal) in [
            (StepOutcome::Pass, Difference::Same, Difference::Same),
            (StepOutcome::Plan(decided.clone()), Difference::Same, Difference::Allowed),
            (refused, Difference::Refused, Difference::Same),
            (failed, Difference::Failed, Difference::Failed),
        ] {
            assert_eq!(difference(&answer, &request(), Some(&decided)), to_a_plan, "{answer:?}");
            assert_eq!(difference(&answer, &request(), None), to_a_refusal, "{answer:?}");
        }
    }
}

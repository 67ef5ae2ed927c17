//! What becomes of a pod.

use genie_core::cni::{CniError, code};
use genie_core::network::{Catalogue, Prepared};
use genie_core::selector::abi::{Attachment, Plan, Source};
use genie_core::selector::decision::{Step, StepOutcome};

/// The outcome for a pod.
pub enum Verdict {
    /// The pod gets these networks.
    Plan {
        /// The name of the selector that decided; none for a plan that was there before.
        decided_by: Option<String>,
        /// What would be attached.
        attachments: Vec<Attached>,
        /// The plan itself.
        plan: Plan,
    },
    /// No selector decided.
    Pass,
    /// A selector refused the pod, or the plan cannot be carried out.
    Refused(CniError),
    /// A selector failed.
    Failed(CniError),
}

/// A network that would be attached.
pub struct Attached {
    /// What the delegates would be called with.
    pub prepared: Prepared,
    /// What the plan says.
    pub planned: Attachment,
    /// The network's file. There is none for a network that is in no file.
    pub file: Option<String>,
}

/// Who has to act when a pod does not start. The names are those of the contract's refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// Somebody wrote something wrong.
    Invalid,
    /// Policy keeps the network from the pod.
    Denied,
    /// The decision cannot be made now.
    Unavailable,
    /// The selector failed.
    Internal,
}

impl RefusalKind {
    /// The kind in one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

impl Verdict {
    /// The outcome of a failure. The last step tells a refusal from a failure.
    pub fn of_failure(error: CniError, trace: &[Step]) -> Self {
        match trace.last().map(|step| &step.outcome) {
            Some(StepOutcome::Refused(_)) => Self::Refused(error),
            _ => Self::Failed(error),
        }
    }

    /// The outcome of a merge that did not succeed.
    pub fn of_merge(error: CniError) -> Self {
        if error.code == code::SELECTOR { Self::Failed(error) } else { Self::Refused(error) }
    }

    /// The outcome in one word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plan { .. } => "plan",
            Self::Pass => "pass",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
        }
    }

    /// Why the pod does not start, and whose it is to act.
    pub fn refusal(&self) -> Option<(RefusalKind, &CniError)> {
        match self {
            Self::Plan { .. } | Self::Pass => None,
            Self::Failed(error) => Some((RefusalKind::Internal, error)),
            Self::Refused(error) => {
                let kind = match error.code {
                    code::REFUSED_DENIED => RefusalKind::Denied,
                    code::TRY_AGAIN => RefusalKind::Unavailable,
                    _ => RefusalKind::Invalid,
                };
                Some((kind, error))
            }
        }
    }
}

/// Each attachment with the file that the plan means: another file may hold a network of the same
/// name.
pub(super) fn attached(plan: &Plan, prepared: Vec<Prepared>, catalogue: &Catalogue) -> Vec<Attached> {
    let with_file = |(prepared, planned): (Prepared, &Attachment)| {
        let network = match &planned.network {
            Source::Installed(written) => catalogue.find(written),
            // A definition without a configuration of its own means an installed network.
            Source::Definition(_) => catalogue.networks.iter().find(|network| network.list == prepared.list),
            Source::Inline(_) => None,
        };
        Attached { file: network.map(|network| network.file.clone()), prepared, planned: planned.clone() }
    };
    prepared.into_iter().zip(&plan.attachments).map(with_file).collect()
}

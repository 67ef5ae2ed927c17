//! Why a rule cannot say what it means for the pod.

use genie_selector::Refusal;

/// What keeps a rule from a verdict.
pub enum Failure {
    /// A mistake in the rule, in a part that was not read before.
    Mistake(serde_json::Error),
    /// What the rule says, or what it wants to know, ends in a refusal.
    Refusal(Refusal),
}

impl From<serde_json::Error> for Failure {
    fn from(mistake: serde_json::Error) -> Self {
        Self::Mistake(mistake)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

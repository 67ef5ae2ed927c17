//! Compares a decision that was made with the one that would be made now.

use std::sync::Arc;

use crate::command::account::Account;
use crate::trial::facts::Known;
use crate::trial::{Recorded, Trial, plan, question};
use genie_core::call::{Difference, difference};
use genie_core::report::spool::{NOTICE, PROBLEM};
use genie_core::selector::abi::{Plan, Request};
use genie_core::selector::decision::StepOutcome;
use genie_core::selector::sandbox::facts::{Facts, Question};

/// The name of the request's attribute that holds the configuration's `default_plugin`.
const DEFAULT_PLUGIN: &str = "default-plugin";

/// What replaying a decision came to.
pub enum Judgement {
    /// There is nothing to decide again: a notice, not a decision.
    Nothing,
    /// The same would be decided.
    Same,
    /// Something else would be decided.
    Different {
        /// What was decided, in words.
        was: String,
        /// What would be decided, in words.
        is: String,
    },
    /// It depends on what the record does not hold.
    Unsaid {
        /// What was decided, in words; empty if not even that is known.
        was: String,
        /// The facts that were not asked for then.
        missing: Vec<Question>,
        /// Why, in words.
        why: String,
    },
}

/// Decides again.
pub fn judge(trial: &Trial, account: &Account) -> Judgement {
    if matches!(account, Account::Refused(refused) if [NOTICE, PROBLEM].contains(&refused.code)) {
        return Judgement::Nothing;
    }
    let unsaid = |why: String| Judgement::Unsaid { was: String::new(), missing: Vec::new(), why };
    let Some(decision) = account.decision() else {
        return unsaid("no selector was asked then: the call failed before that".into());
    };
    let recorded = match Recorded::read(decision) {
        Ok(recorded) => recorded,
        Err(why) => return unsaid(why),
    };
    let was = recorded.plan.as_ref().map_or_else(|| "refused".to_owned(), in_words);
    let known = Known::new(recorded.clone());
    let facts: Arc<dyn Facts> = Arc::<Known<_>>::clone(&known);
    let answer = answer(trial, &request(trial, &recorded), &facts);
    let missing = known.missing();
    if !missing.is_empty() {
        let questions: Vec<_> = missing.iter().map(question::in_words).collect();
        return Judgement::Unsaid {
            was,
            why: format!("it asks for {}, which the record does not hold", questions.join(", ")),
            missing,
        };
    }
    let is = match (&answer, &recorded.plan) {
        (StepOutcome::Pass, Some(_)) => "nobody would decide".to_owned(),
        (StepOutcome::Pass, None) => return Judgement::Same,
        (answer, plan) if difference(answer, &recorded.request, plan.as_ref()) == Difference::Same => {
            return Judgement::Same;
        }
        (StepOutcome::Plan(plan), _) => format!("{}: {}", in_words(plan), plan.reason),
        (StepOutcome::Refused(message) | StepOutcome::Failed(message), _) => format!("refused: {message}"),
        (StepOutcome::Skipped | StepOutcome::Shadow | StepOutcome::Asleep, _) => return Judgement::Same,
    };
    Judgement::Different { was, is }
}

/// What the chain answers now: a plan, the refusal or failure that ends it, or nothing.
fn answer(trial: &Trial, request: &Request, facts: &Arc<dyn Facts>) -> StepOutcome {
    match trial.ask(request, facts) {
        Ok(decision) => decision.plan.map_or(StepOutcome::Pass, StepOutcome::Plan),
        Err(failed) => {
            let last = failed.trace.into_iter().next_back().map(|step| step.outcome);
            last.unwrap_or_else(|| StepOutcome::Failed(failed.error.to_string()))
        }
    }
}

/// The request of then, with the `default_plugin` of now if the configuration has one.
fn request(trial: &Trial, recorded: &Recorded) -> Request {
    let mut request = recorded.request.clone();
    if let Some(default) = &trial.config.default_plugin {
        request.attributes.retain(|(key, _)| key != DEFAULT_PLUGIN);
        request.attributes.insert(0, (DEFAULT_PLUGIN.into(), default.clone()));
    }
    request
}

fn in_words(plan: &Plan) -> String {
    plan.attachments.iter().map(plan::in_words).collect::<Vec<_>>().join(", ")
}

//! A decision of a node, from its attachment record.

use serde::Deserialize;
use serde_json::Value;

use super::facts::{Answers, NO_RATES};
use genie_core::selector::abi::{Plan, Request};
use genie_core::selector::decision::Step;
use genie_core::selector::sandbox::facts::{Answered, Consulted, Question};

/// What a node was asked, what it decided, and all that this depended on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// What the chain was asked.
    pub request: Request,
    /// What the chain decided; none when the pod was refused.
    pub plan: Option<Plan>,
    /// The index of the step whose selector decided.
    pub decided_by: Option<usize>,
    /// What each selector did.
    pub trace: Vec<Step>,
    /// What was too large for the record.
    #[serde(default)]
    pub omitted: Option<String>,
}

impl Recorded {
    /// Reads the `decision` of a record's header, or that of a refusal in the spool.
    ///
    /// # Errors
    /// The record holds no decision that can be made again. The text says why.
    pub fn read(decision: &Value) -> Result<Self, String> {
        if decision.is_null() {
            return Err("it holds no decision: genie-host did not make these attachments".into());
        }
        if let (None, Some(omitted)) = (decision.get("request"), decision["omitted"].as_str()) {
            return Err(format!("its decision is not complete: {omitted}"));
        }
        Self::deserialize(decision).map_err(|error| format!("its decision cannot be read: {error}"))
    }

    /// What the selectors asked, and what they were answered.
    pub fn consulted(&self) -> impl Iterator<Item = &Consulted> {
        self.trace.iter().flat_map(|step| &step.imports)
    }
}

impl Answers for Recorded {
    fn find(&self, question: &Question) -> Option<Result<Value, String>> {
        let find = |question: &Question| self.consulted().find(|consulted| consulted.question == *question);
        let Some(consulted) = find(question) else {
            // The node was asked for bytes alone, perhaps by an earlier version of the same selector.
            let Question::TrafficRate { prefix } = question else { return None };
            return find(&Question::Traffic { prefix: prefix.clone() }).map(|_| Err(NO_RATES.into()));
        };
        match &consulted.answer {
            Answered::Ok(answer) => Some(Ok(answer.clone())),
            Answered::Err(reason) => Some(Err(reason.clone())),
            // The answer itself is not known.
            Answered::Digest { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trial::facts::Known;
    use genie_core::selector::sandbox::facts::Facts as _;

    /// A decision as records hold it, whose only step was answered this to its question for labels.
    fn decision(answer: &Value) -> Value {
        let pod = json!({"namespace": "default", "name": "web", "uid": null});
        json!({
            "request": {
                "pod": pod, "annotations": [], "container": "c1", "interface": "eth0", "node": "n", "networks": [],
                "decided": null, "attributes": [],
            },
            "plan": {"attachments": [], "reason": "why"}, "decidedBy": 0,
            "trace": [{
                "selector": "curious", "outcome": "pass", "fuel": 1, "memory": 2, "micros": 3,
                "imports": [{"question": "labels", "answer": answer}],
            }],
        })
    }

    #[test]
    fn what_was_answered_then_is_answered_now() {
        let recorded = Recorded::read(&decision(&json!({"Ok": [["tenant", "red"]]}))).unwrap();
        assert_eq!((&*recorded.request.pod.name, recorded.decided_by), ("web", Some(0)));
        let known = Known::new(recorded.clone());
        assert_eq!(known.answer(&Question::Labels), Ok(json!([["tenant", "red"]])));
        known.answer(&Question::Owner).unwrap_err();
        assert_eq!(known.missing(), [Question::Owner]);

        let recorded = Recorded::read(&decision(&json!({"Err": "away"}))).unwrap();
        let known = Known::new(recorded.clone());
        assert_eq!(known.answer(&Question::Labels), Err("away".into()));
        assert_eq!(known.missing(), []);
    }

    #[test]
    fn a_record_with_bytes_alone_has_no_rates_and_none_is_missing() {
        let mut decision = decision(&json!({"Ok": []}));
        decision["trace"][0]["imports"][0] =
            json!({"question": {"traffic": {"prefix": "weav"}}, "answer": {"Ok": [1, 2]}});
        let rate = |prefix: &str| Question::TrafficRate { prefix: prefix.into() };
        let known = Known::new(Recorded::read(&decision).unwrap());
        assert_eq!(known.answer(&rate("weav")), Err(NO_RATES.into()));
        assert_eq!(known.missing(), []);
        known.answer(&rate("cali")).unwrap_err();
        assert_eq!(known.missing(), [rate("cali")]);

        decision["trace"][0]["imports"][0]["question"] = json!({"traffic-rate": {"prefix": "weav"}});
        let known = Known::new(Recorded::read(&decision).unwrap());
        assert_eq!(known.answer(&rate("weav")), Ok(json!([1, 2])));
    }

    #[test]
    fn an_answer_of_which_only_the_digest_was_kept_is_missing() {
        let digest = json!({"Digest": {"sha256": "0".repeat(64), "bytes": 5000}});
        let recorded = Recorded::read(&decision(&digest)).unwrap();
        let known = Known::new(recorded.clone());
        known.answer(&Question::Labels).unwrap_err();
        assert_eq!(known.missing(), [Question::Labels]);
    }

    #[test]
    fn a_decision_that_cannot_be_made_again_says_why() {
        for (decision, why) in [
            (Value::Null, "holds no decision"),
            (json!({"decidedBy": 0, "trace": [], "omitted": "request, plan and trace: too large"}), "too large"),
            (json!({"request": 1}), "cannot be read"),
        ] {
            assert!(Recorded::read(&decision).unwrap_err().contains(why), "{decision}");
        }
    }
}

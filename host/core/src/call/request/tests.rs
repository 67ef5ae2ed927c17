//! What a record holds of a decision.

use serde_json::json;

use super::*;
use crate::selector::abi::LogLevel;
use crate::selector::decision::{Step, StepOutcome};
use crate::selector::sandbox::facts::{Answered, Consulted, Question};
use crate::selector::sandbox::limits::Usage;
use crate::selector::sandbox::log::Log;

/// A decision whose selector logged a text of one size and read a label of another; the pod
/// has an annotation of a third.
fn selected(logged: usize, told: usize, annotation: usize) -> Selected {
    let text = |bytes| "a".repeat(bytes);
    let request = Request { node: "node1".into(), ..Request::of_pod("default", &[("note", &text(annotation))]) };
    let plan = Plan { attachments: Vec::new(), reason: "so it is".into() };
    let answer = Answered::Ok(json!(text(told)));
    let step = Step {
        selector: "guest".into(),
        outcome: StepOutcome::Plan(plan.clone()),
        usage: Usage::default(),
        micros: 1,
        load_micros: 1,
        logs: vec![Log { level: LogLevel::Info, message: text(logged) }],
        imports: vec![Consulted { question: Question::Labels, answer }],
    };
    let decision = Decision { plan: Some(plan.clone()), decided_by: Some(0), trace: vec![step] };
    Selected { request, decision, plan }
}

#[test]
fn nothing_is_larger_than_it_is_taken_for() {
    for value in [
        json!("\u{1}".repeat(1000)),
        json!([0, -1.797_693_134_862_315_7e308, u64::MAX, null, true, false, "", "ü", "\""]),
        json!({"": {}, "a": [[], {"b": "\n\u{0}"}]}),
        serde_json::to_value(&selected(1000, 1000, 1000).request).unwrap(),
    ] {
        assert!(json_at_most(&value) >= json_size(&value), "{value}");
    }
}

#[test]
fn a_decision_of_usual_size_is_recorded_whole() {
    let explained = selected(1000, 1000, 1000).explanation();
    assert_eq!(explained["omitted"], Value::Null);
    assert_eq!(explained["trace"][0]["imports"][0]["answer"]["Ok"].as_str().unwrap().len(), 1000);
}

#[test]
fn what_was_asked_and_logged_goes_first_and_the_record_says_so() {
    for (logged, told) in [(EXPLAINED, 0), (0, EXPLAINED)] {
        let explained = selected(logged, told, 1000).explanation();
        assert!(json_size(&explained) < 4000);
        let omitted = explained["omitted"].as_str().unwrap();
        assert!(omitted.starts_with("what selectors asked and logged: "), "{omitted}");
        assert_eq!(explained["trace"][0]["logs"], Value::Null);
        assert_eq!(explained["plan"]["reason"], "so it is");
        assert_eq!(explained["request"]["pod"]["name"], "web");
    }
}

#[test]
fn of_a_monstrous_decision_its_outcome_is_left() {
    let explained = selected(0, 0, EXPLAINED).explanation();
    assert!(json_size(&explained) < 1000);
    assert!(explained["omitted"].as_str().unwrap().starts_with("request, plan and trace: "));
    assert_eq!(explained["trace"], json!([{"selector": "guest", "outcome": "plan"}]));
    assert_eq!(explained["decidedBy"], 0);
}

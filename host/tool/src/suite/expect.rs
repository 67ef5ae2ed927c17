//! Holds what a trial decided against what a case expects.

use regex::Regex;
use serde_json::{Value, json};

use super::case::{Expect, Refused};
use super::differ::{Difference, compare};
use crate::show::json;
use crate::trial::{Attached, Decided, RefusalKind, Verdict, question};
use genie_core::cni::CniError;
use genie_core::selector::abi::Merged;
use genie_core::selector::sandbox::facts::Question;

/// What was seen of a case.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `plan`, `pass`, `refused` or `failed`.
    pub verdict: &'static str,
    /// The networks, as the commands print them.
    pub plan: Vec<Value>,
    /// The plan's reason.
    pub reason: Option<String>,
    /// The entry that decided.
    pub decided_by: Option<String>,
    /// Why the pod does not start.
    pub refusal: Option<(RefusalKind, CniError)>,
    /// What the runtime and the cluster would get.
    pub merged: Option<Value>,
    /// What was asked, each question once.
    pub asked: Vec<Question>,
    /// The fuel that all selectors used together.
    pub fuel: u64,
}

impl Seen {
    /// What is to be seen of a decision and a merge.
    pub fn of(decided: &Decided, merged: Option<Result<Merged, CniError>>) -> Self {
        let mut asked = Vec::new();
        for consulted in decided.trace.iter().flat_map(|step| &step.imports) {
            if !asked.contains(&consulted.question) {
                asked.push(consulted.question.clone());
            }
        }
        let verdict = &decided.verdict;
        let mut seen = Self {
            verdict: verdict.name(),
            plan: Vec::new(),
            reason: None,
            decided_by: None,
            refusal: verdict.refusal().map(|(kind, error)| (kind, error.clone())),
            merged: None,
            asked,
            fuel: decided.trace.iter().map(|step| step.usage.fuel).sum(),
        };
        if let Verdict::Plan { decided_by, attachments, plan } = verdict {
            seen.plan = attachments.iter().map(attached).collect();
            seen.reason = Some(plan.reason.clone());
            seen.decided_by.clone_from(decided_by);
        }
        match merged {
            Some(Ok(merged)) => seen.merged = Some(json::merged(&merged)),
            Some(Err(error)) => {
                let verdict = Verdict::of_merge(error);
                seen.verdict = verdict.name();
                seen.refusal = verdict.refusal().map(|(kind, error)| (kind, error.clone()));
            }
            None => {}
        }
        seen
    }

    /// What became of the pod, in words.
    fn in_words(&self) -> String {
        match &self.refusal {
            Some((kind, error)) => format!("refusal ({}): {}", kind.name(), error.words()),
            None if self.verdict == "plan" => {
                let networks =
                    self.plan.iter().map(|one| format!("{}@{}", text(one, "network"), text(one, "interface")));
                format!("plan: {}", networks.collect::<Vec<_>>().join(", "))
            }
            None => self.verdict.into(),
        }
    }
}

fn attached(attached: &Attached) -> Value {
    json::attached(attached)
}

/// A member that is a text.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// All differences. The error is a mistake in the case.
pub fn differences(expect: &Expect, seen: &Seen) -> Result<Vec<Difference>, String> {
    let mut found = Vec::new();
    // A case that expects nothing shows nothing.
    let outcome = expect.outcomes().first().copied().unwrap_or("plan, pass or refusal");
    let matches = match outcome {
        "plan" => seen.verdict == "plan" && seen.refusal.is_none(),
        "pass" => seen.verdict == "pass",
        "refusal" => seen.refusal.is_some(),
        _ => false,
    };
    if matches {
        compare_outcome(expect, seen, &mut found)?;
    } else {
        found.push(Difference {
            place: "expect".into(),
            expected: Some(outcome.into()),
            actual: Some(seen.in_words()),
        });
    }
    if let Some(most) = expect.fuel.filter(|most| seen.fuel > *most) {
        let expected = Some(format!("at most {most}"));
        found.push(Difference { place: "fuel".into(), expected, actual: Some(seen.fuel.to_string()) });
    }
    let is_beyond = |question: &&Question| !expect.asks.iter().flatten().any(|allowed| allows(allowed, question));
    for question in seen.asked.iter().filter(is_beyond).filter(|_| expect.asks.is_some()) {
        let actual = Some(question::to_json(question).to_string());
        found.push(Difference { place: "asks".into(), expected: None, actual });
    }
    Ok(found)
}

fn compare_outcome(expect: &Expect, seen: &Seen, found: &mut Vec<Difference>) -> Result<(), String> {
    if let Some(plan) = &expect.plan {
        compare_plan(plan, &seen.plan, found);
    }
    let texts = [("reason", &expect.reason, &seen.reason), ("decidedBy", &expect.decided_by, &seen.decided_by)];
    for (place, expected, actual) in texts {
        if let Some(expected) = expected {
            compare(&json!(expected), actual.as_ref().map(|text| json!(text)).as_ref(), place, found);
        }
    }
    if let Some(merged) = &expect.merged {
        let seen =
            seen.merged.as_ref().ok_or("expect.merged needs \"outcomes\": what the networks' plugins answered")?;
        compare(merged, Some(seen), "merged", found);
    }
    match (&expect.refusal, &seen.refusal) {
        (Some(expected), Some((kind, error))) => compare_refusal(expected, *kind, error, found),
        _ => Ok(()),
    }
}

fn compare_plan(expected: &[Value], seen: &[Value], found: &mut Vec<Difference>) {
    if expected.len() != seen.len() {
        let all = |plan: &[Value]| Some(plan.iter().map(short).collect::<Vec<_>>().join(", "));
        found.push(Difference { place: "plan".into(), expected: all(expected), actual: all(seen) });
        return;
    }
    for (index, (expected, seen)) in expected.iter().zip(seen).enumerate() {
        let place = format!("plan[{index}]");
        match expected {
            Value::String(written) if is_called(written, seen) => {}
            Value::String(written) => {
                found.push(Difference { place, expected: Some(written.clone()), actual: Some(short(seen)) });
            }
            expected => compare(expected, Some(seen), &place, found),
        }
    }
}

/// An attachment as a text.
pub(super) fn short(attachment: &Value) -> String {
    match attachment {
        Value::String(written) => written.clone(),
        other => match (text(other, "network"), text(other, "interface")) {
            ("", _) => other.to_string(),
            (network, "") => network.to_owned(),
            (network, interface) => format!("{network}@{interface}"),
        },
    }
}

/// Whether a text, `NETWORK` or `NETWORK@INTERFACE`, means this attachment. The network is named as
/// in the annotation `cni`.
fn is_called(written: &str, seen: &Value) -> bool {
    let (network, interface) = match written.split_once('@') {
        Some((network, interface)) => (network.trim(), Some(interface.trim())),
        None => (written.trim(), None),
    };
    let (name, file) = (text(seen, "network"), text(seen, "file"));
    let request = genie_selector::testing::request().with_network(file, name, &[]);
    let is_network = network == name || (!file.is_empty() && request.find_network(network).is_some());
    is_network && interface.is_none_or(|interface| interface == text(seen, "interface"))
}

fn compare_refusal(
    expected: &Refused,
    kind: RefusalKind,
    error: &CniError,
    found: &mut Vec<Difference>,
) -> Result<(), String> {
    if let Some(expected) = &expected.kind {
        compare(&json!(expected), Some(&json!(kind.name())), "refusal.kind", found);
    }
    if let Some(expected) = expected.code {
        compare(&json!(expected), Some(&json!(error.code)), "refusal.code", found);
    }
    if let Some(pattern) = &expected.text {
        let regex =
            Regex::new(pattern).map_err(|error| format!("expect.refusal.text is no regular expression: {error}"))?;
        if !regex.is_match(&error.words()) {
            let (expected, actual) = (Some(format!("/{pattern}/")), Some(error.words()));
            found.push(Difference { place: "refusal.text".into(), expected, actual });
        }
    }
    Ok(())
}

/// Whether a question is one of those that an entry of `asks` means. An entry that allows traffic allows
/// its rate: whoever wrote it may not have known that there is one.
fn allows(allowed: &Value, question: &Question) -> bool {
    let traffic = match question {
        Question::TrafficRate { prefix } => Some(Question::Traffic { prefix: prefix.clone() }),
        _ => None,
    };
    [Some(question), traffic.as_ref()].into_iter().flatten().any(|meant| is_like(allowed, &question::to_json(meant)))
}

fn is_like(allowed: &Value, question: &Value) -> bool {
    let allowed = match allowed {
        Value::String(fact) => json!({"fact": fact}),
        other => other.clone(),
    };
    let mut found = Vec::new();
    compare(&allowed, Some(question), "", &mut found);
    found.is_empty()
}

//! The parts of a decision as lines. Texts of others are not yet made harmless: who prints the
//! lines does that.

use serde_json::Value;

use super::table::{bytes, grouped, table};
use crate::trial::{Attached, plan, question};
use genie_core::cni::{text_without_secrets, without_secrets};
use genie_core::selector::chain::Entry;
use genie_core::selector::decision::{Step, StepOutcome};
use genie_core::selector::sandbox::facts::{Answered, Consulted};

/// A table of what each selector did and used. Entries, in the order of the steps, tell the limits.
pub fn steps(trace: &[Step], entries: &[Entry]) -> Vec<String> {
    let mut rows = vec![["SELECTOR", "ANSWER", "FUEL", "MEMORY", "TIME"].map(Into::into).to_vec()];
    for (index, step) in trace.iter().enumerate() {
        let limits = entries.get(index).map(|entry| &entry.limits);
        let ran = step.outcome.is_asked();
        let cell = |text: String| if ran { text } else { "-".into() };
        let of = |used: String, limit: Option<String>| match limit {
            Some(limit) => format!("{used} of {limit}"),
            None => used,
        };
        rows.push(vec![
            step.selector.clone(),
            answer(&step.outcome).into(),
            cell(of(grouped(step.usage.fuel), limits.map(|limits| grouped(limits.fuel)))),
            cell(of(bytes(step.usage.memory as u64), limits.map(|limits| bytes(limits.memory as u64)))),
            cell(format!("{}.{:03} ms", step.micros / 1000, step.micros % 1000)),
        ]);
    }
    table(&rows)
}

fn answer(outcome: &StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Skipped => "skipped: decided already",
        StepOutcome::Shadow => "shadow: asked afterwards",
        StepOutcome::Asleep => "asleep: none of its annotations",
        asked => asked.name(),
    }
}

/// What the selectors asked and logged.
pub fn asked(trace: &[Step]) -> Vec<String> {
    let mut lines = Vec::new();
    for step in trace {
        lines.extend(step.imports.iter().map(|consulted| format!("{} asked {}", step.selector, answered(consulted))));
        for log in &step.logs {
            // A stack trace has many lines; each is shown as the selector's.
            let message = text_without_secrets(&log.message);
            lines.extend(message.lines().map(|line| format!("{} {}: {line}", step.selector, log.level_name())));
        }
    }
    lines
}

/// A question and its answer.
pub fn answered(consulted: &Consulted) -> String {
    let answer = match &consulted.answer {
        Answered::Ok(answer) => without_secrets(answer).to_string(),
        Answered::Err(reason) => format!("no answer: {reason}"),
        Answered::Digest { sha256, bytes: size } => format!("{}, SHA-256 {sha256}", bytes(*size as u64)),
    };
    format!("{}: {answer}", question::in_words(&consulted.question))
}

/// A table of what would be attached. Columns in which nothing stands are left out.
pub fn attachments(attachments: &[Attached]) -> Vec<String> {
    let heading = ["INTERFACE", "NETWORK", "FILE", "PLUGINS", "ADDRESSES", "ARGUMENTS", "DEFAULT ROUTE"];
    let rows: Vec<_> = attachments.iter().map(row).collect();
    let is_shown = |column: usize| column < 4 || rows.iter().any(|row| row.get(column).is_some_and(|cell| cell != "-"));
    let shown = |row: Vec<String>| {
        let cells = row.into_iter().enumerate().filter(|(column, _)| is_shown(*column));
        cells.map(|(_, cell)| cell).collect::<Vec<_>>()
    };
    let all = std::iter::once(heading.map(String::from).to_vec()).chain(rows.iter().cloned());
    table(&all.map(shown).collect::<Vec<_>>())
}

fn row(attached: &Attached) -> Vec<String> {
    let Attached { prepared, planned, file } = attached;
    let or_none = |text: String| if text.is_empty() { "-".into() } else { text };
    let addresses = planned.ips.iter().chain(&planned.mac).cloned().collect::<Vec<_>>();
    let arguments = planned.args.iter().map(|(key, value)| format!("{key}={value}"));
    let capabilities = prepared.runtime_config.iter().map(|(key, value)| format!("{key}={}", without_secrets(value)));
    vec![
        prepared.interface.clone(),
        prepared.list.name.clone(),
        file.as_deref().unwrap_or("(inline)").into(),
        prepared.list.types().join(", "),
        or_none(addresses.join(", ")),
        or_none(arguments.chain(capabilities).collect::<Vec<_>>().join(", ")),
        or_none(route(&plan::attachment_to_json(planned)["defaultRoute"])),
    ]
}

/// What becomes of the default routes, in words; empty for what is usual.
fn route(written: &Value) -> String {
    let gateways = written["via"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    match written {
        Value::Object(_) if gateways.is_empty() => "as its plugins set it".into(),
        Value::Object(_) => format!("via {}", gateways.join(", ")),
        other => other.as_str().unwrap_or_default().into(),
    }
}

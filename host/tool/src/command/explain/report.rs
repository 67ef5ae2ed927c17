//! Accounts as lines and as JSON.

use serde_json::{Value, json};

use super::why_not::why_not;
use crate::command::account::Account;
use crate::command::records::{addresses, age, state};
use crate::show::table::table;
use crate::show::{Document, json as shown, lines};
use crate::trial::{Recorded, plan};
use genie_core::agent_api::protocol::NetworkTime;
use genie_core::call::Shadowed;
use genie_core::cni::{text_without_secrets, without_secrets};
use genie_core::record::Record;
use genie_core::report::spool::{NOTICE, RefusedPod};
use genie_core::selector::decision::StepOutcome;

/// The accounts for people, one below the other.
pub fn as_lines(accounts: &[Account], network: Option<&str>) -> Vec<String> {
    let mut all = Vec::new();
    for account in accounts {
        if !all.is_empty() {
            all.extend([String::new(), "before that:".into(), String::new()]);
        }
        all.extend(lines_of(account, network));
    }
    all.iter().map(|line| text_without_secrets(line)).collect()
}

/// The accounts for machines.
pub fn as_json(accounts: &[Account], network: Option<&str>) -> Value {
    let accounts: Vec<_> = accounts.iter().map(|account| json_of(account, network)).collect();
    without_secrets(&Document::Explanation.with(json!({"accounts": accounts})))
}

fn lines_of(account: &Account, network: Option<&str>) -> Vec<String> {
    let decision = account.decision().map(Recorded::read);
    let mut parts = vec![headline(account, decision.as_ref().and_then(|decision| decision.as_ref().ok()))];
    parts.push(match account {
        Account::Attached(record) => attached(record),
        Account::Refused(refused) => tried(&refused.networks),
    });
    match &decision {
        Some(Ok(decision)) => {
            parts.push(network.map(|network| why_not(network, decision)).unwrap_or_default());
            parts.push(lines::steps(&decision.trace, &[]));
            parts.push(lines::asked(&decision.trace));
            parts.push(decision.omitted.iter().map(|omitted| format!("left out of the record: {omitted}")).collect());
        }
        Some(Err(why)) => parts.push(vec![format!("why is not known: {why}")]),
        None if is_notice(account) => {}
        None => parts.push(vec!["no selector was asked: the call failed before that".into()]),
    }
    parts.push(shadows(account).iter().map(shadow).collect());
    let mut all = Vec::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if !all.is_empty() {
            all.push(String::new());
        }
        all.extend(part);
    }
    all
}

fn headline(account: &Account, decision: Option<&Recorded>) -> Vec<String> {
    let (subject, container) = (account.subject(), account.container());
    let age = age(account.time());
    match account {
        Account::Attached(record) => {
            let count = record.header.attachments.len();
            let networks = if count == 1 { "1 network".into() } else { format!("{count} networks") };
            let since = format!("{subject} (container {container}) got {networks} {age} ago");
            let decider = decision.and_then(|decision| decision.trace.get(decision.decided_by?));
            let reason = decision.and_then(|decision| Some(&decision.plan.as_ref()?.reason));
            vec![match (decider, reason) {
                (Some(decider), Some(reason)) => format!("{since}, decided by {}: {reason}", decider.selector),
                _ => since,
            }]
        }
        Account::Refused(refused) if refused.code == NOTICE => {
            vec![format!("{subject} was told {age} ago: {}", refused.message)]
        }
        Account::Refused(refused) => {
            let RefusedPod { code, message, details, .. } = &**refused;
            let details = if details.is_empty() { String::new() } else { format!("; {details}") };
            vec![format!("{subject} (container {container}) was refused {age} ago: {message}{details} (code {code})")]
        }
    }
}

fn attached(record: &Record) -> Vec<String> {
    let heading = ["INTERFACE", "NETWORK", "PLUGINS", "ADDRESSES", "TOOK", "STATE"];
    let mut rows = vec![heading.map(Into::into).to_vec()];
    for (index, planned) in record.header.attachments.iter().enumerate() {
        rows.push(vec![
            planned.interface.clone(),
            planned.list["name"].as_str().unwrap_or("-").into(),
            plugins(&planned.list).join(", "),
            addresses(record.result(index)),
            record.micros(index).map_or("-".into(), milliseconds),
            state(record, index).1.into(),
        ]);
    }
    table(&rows)
}

/// The networks of a refused pod whose plugins ran, and were undone.
fn tried(networks: &[NetworkTime]) -> Vec<String> {
    if networks.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![["INTERFACE", "NETWORK", "TOOK", "OUTCOME"].map(Into::into).to_vec()];
    rows.extend(networks.iter().map(|network| {
        let outcome = if network.failed { "failed" } else { "attached, and undone" };
        vec![network.interface.clone(), network.network.clone(), milliseconds(network.micros), outcome.into()]
    }));
    table(&rows)
}

fn shadow(shadowed: &Shadowed) -> String {
    let (selector, difference) = (&shadowed.step.selector, shadowed.difference.name());
    match &shadowed.step.outcome {
        StepOutcome::Plan(planned) => {
            let networks: Vec<_> = planned.attachments.iter().map(plan::in_words).collect();
            format!("shadow {selector}: {difference}: {} ({})", networks.join(", "), planned.reason)
        }
        StepOutcome::Refused(message) | StepOutcome::Failed(message) => {
            format!("shadow {selector}: {difference}: {message}")
        }
        StepOutcome::Pass | StepOutcome::Skipped | StepOutcome::Shadow | StepOutcome::Asleep => {
            format!("shadow {selector}: {difference}")
        }
    }
}

fn json_of(account: &Account, network: Option<&str>) -> Value {
    let mut value = json!({
        "pod": match account {
            Account::Attached(record) => json!(record.header.pod),
            Account::Refused(refused) => json!(refused.pod),
        },
        "container": account.container(),
        "time": account.time(),
    });
    match account {
        Account::Attached(record) => {
            value["outcome"] = "attached".into();
            value["interface"] = record.header.interface.as_str().into();
            value["attachments"] =
                (0..record.header.attachments.len()).map(|index| attachment(record, index)).collect();
            value["shadows"] = shadows(account).iter().map(shadow_json).collect();
        }
        Account::Refused(refused) => {
            value["outcome"] = if refused.code == NOTICE { "noticed" } else { "refused" }.into();
            value["error"] = json!({"code": refused.code, "msg": refused.message, "details": refused.details});
            value["tried"] = json!(refused.networks);
        }
    }
    match account.decision().map(Recorded::read) {
        Some(Ok(decision)) => {
            let decider = decision.decided_by.and_then(|index| decision.trace.get(index));
            value["decidedBy"] = json!(decider.map(|step| &step.selector));
            value["reason"] = json!(decision.plan.as_ref().map(|plan| &plan.reason));
            value["trace"] = decision.trace.iter().map(|step| shown::step(step, None)).collect();
            value["omitted"] = json!(decision.omitted);
            value["whyNot"] = json!(network.map(|network| why_not(network, &decision)));
        }
        Some(Err(why)) => value["omitted"] = why.into(),
        None => {}
    }
    value
}

fn attachment(record: &Record, index: usize) -> Value {
    let planned = record.header.attachments.get(index);
    json!({
        "interface": planned.map(|planned| &planned.interface),
        "network": planned.map(|planned| &planned.list["name"]),
        "plugins": planned.map(|planned| plugins(&planned.list)),
        "result": record.result(index),
        "micros": record.micros(index),
        "state": state(record, index).0,
    })
}

fn shadow_json(shadowed: &Shadowed) -> Value {
    let mut value = shown::step(&shadowed.step, None);
    value["difference"] = shadowed.difference.name().into();
    value
}

/// What the shadows answered. Answers that cannot be read are of another build, and are left out.
fn shadows(account: &Account) -> Vec<Shadowed> {
    let Account::Attached(record) = account else { return Vec::new() };
    record.shadows().and_then(|answers| serde_json::from_value(answers.clone()).ok()).unwrap_or_default()
}

fn is_notice(account: &Account) -> bool {
    matches!(account, Account::Refused(refused) if refused.code == NOTICE)
}

fn plugins(list: &Value) -> Vec<&str> {
    list["plugins"].as_array().into_iter().flatten().filter_map(|plugin| plugin["type"].as_str()).collect()
}

fn milliseconds(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}

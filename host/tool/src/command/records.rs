//! `genie-host records`: shows what is attached on this node.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::Output;
use crate::show::{self, Document, table};
use genie_core::cni::without_secrets;
use genie_core::config;
use genie_core::record::{Listed, Record, Store};

#[derive(Args)]
pub struct Arguments {
    /// Only this container; the beginning of its id is enough
    container: Option<String>,
    /// The directory of the node's state
    #[arg(long, value_name = "DIR", default_value = config::STATE_DIR)]
    state_dir: PathBuf,
    /// The format of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut records = Vec::new();
    let mut damaged = Vec::new();
    for entry in Store::read_only(&arguments.state_dir)?.list()? {
        match entry {
            Listed::Record(record) if is_wanted(&record, arguments.container.as_deref()) => records.push(*record),
            Listed::Record(_) => {}
            Listed::Damaged { path, error } => damaged.push((path, error)),
        }
    }
    print(arguments.output, &records, &damaged);
    Ok(if damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(super::exit::FAILED) })
}

fn is_wanted(record: &Record, container: Option<&str>) -> bool {
    container.is_none_or(|container| record.header.container.starts_with(container))
}

fn print(output: Output, records: &[Record], damaged: &[(PathBuf, genie_core::cni::CniError)]) {
    match output {
        Output::Json => {
            let records: Vec<_> = records.iter().map(as_json).collect();
            let damaged: Vec<_> =
                damaged.iter().map(|(path, error)| json!({"path": path, "error": error.to_string()})).collect();
            let report = Document::Records.with(json!({"records": records, "damaged": damaged}));
            super::print_json(&without_secrets(&report));
        }
        Output::Table => {
            if records.is_empty() {
                super::print("nothing is attached");
            } else {
                super::print_lines(as_table(records));
            }
            for (path, error) in damaged {
                super::print(&format!("damaged: {}: {error}", path.display()));
            }
        }
    }
}

fn as_table(records: &[Record]) -> Vec<String> {
    let heading = ["CONTAINER", "POD", "INTERFACE", "NETWORK", "ADDRESSES", "AGE", "STATE"];
    let mut rows = vec![heading.map(Into::into).to_vec()];
    for record in records {
        let header = &record.header;
        let pod = header.pod.as_ref().map_or("-".into(), |pod| format!("{}/{}", pod.namespace, pod.name));
        let mut left = record.remaining();
        left.reverse();
        for index in left {
            let Some(planned) = header.attachments.get(index) else { continue };
            rows.push(vec![
                header.container.chars().take(13).collect(),
                pod.clone(),
                planned.interface.clone(),
                planned.list["name"].as_str().unwrap_or("-").into(),
                addresses(record.result(index)),
                age(header.created),
                state(record, index).1.into(),
            ]);
        }
    }
    table::table(&rows)
}

fn as_json(record: &Record) -> Value {
    let attachments = record.header.attachments.iter().enumerate().map(|(index, planned)| {
        json!({
            "interface": planned.interface, "network": planned.list["name"], "list": planned.list,
            "cniArgs": planned.cni_args, "runtimeConfig": planned.runtime_config,
            "result": record.result(index), "attached": record.remaining().contains(&index),
            "state": state(record, index).0,
        })
    });
    json!({
        "container": record.header.container, "interface": record.header.interface, "netns": record.header.netns,
        "network": record.header.network, "pod": record.header.pod, "created": record.header.created,
        "attachments": attachments.collect::<Vec<_>>(), "decision": show::json::recorded(&record.header.decision),
        "result": record.outcome().map(|outcome| &outcome.result),
        "annotations": record.outcome().map(|outcome| &outcome.annotations),
    })
}

/// What has become of an attachment: in one word, and in words for people.
pub(super) fn state(record: &Record, index: usize) -> (&'static str, &'static str) {
    if !record.remaining().contains(&index) {
        ("detached", "detached")
    } else if record.header.is_of_earlier_boot() {
        ("stale", "stale: of an earlier boot")
    } else if record.outcome().is_none() {
        ("incomplete", "incomplete: ADD did not finish")
    } else {
        ("attached", "attached")
    }
}

/// The addresses of a result of any version: in `ips[].address`, or in `ip4.ip` and `ip6.ip`.
pub(super) fn addresses(result: Option<&Value>) -> String {
    let Some(result) = result else { return "-".into() };
    let listed = result["ips"].as_array().into_iter().flatten().map(|ip| &ip["address"]);
    let families = [&result["ip4"]["ip"], &result["ip6"]["ip"]];
    let all: Vec<_> = listed.chain(families).filter_map(Value::as_str).collect();
    if all.is_empty() { "-".into() } else { all.join(", ") }
}

pub(super) fn age(created: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(created, |now| now.as_secs());
    let seconds = now.saturating_sub(created);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

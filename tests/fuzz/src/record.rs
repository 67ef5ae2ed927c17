//! Records: the file on the disk may hold anything.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use genie_core::cni::names;
use genie_core::record::{Header, Record};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::choices::{Choices, any, document};
use crate::shapes;

/// Reads a record's file, or `[HEADER, EVENT, …]`, from which a file is made.
pub fn record(bytes: &[u8]) {
    _ = Record::read(bytes, Path::new("c1@eth0.json"));
    let Value::Array(lines) = document(bytes, lines) else { return };
    let Some((first, events)) = lines.split_first() else { return };
    let file: Vec<u8> = lines.iter().flat_map(line).collect();
    let header = serde_json::from_value::<Header>(first.clone()).ok().filter(is_readable);
    let path = header.as_ref().map_or("c1@eth0.json".into(), path);
    match (Record::read(&file, &path), header) {
        (Ok(record), Some(header)) => {
            assert_eq!(record.header, header);
            happened(&record, events);
            cut_and_flipped(&record, &file, &path, first);
        }
        (Err(error), None) => assert_eq!(error.code, 104, "{error}"),
        (read, header) => panic!("{read:?} of {header:?}"),
    }
}

/// Whether we could have written a record with this header. Longer ids lead to other names of
/// files.
fn is_readable(header: &Header) -> bool {
    header.version <= 1
        && names::check_container(&header.container).is_ok()
        && header.container.len() <= 160
        && names::check_interface(&header.interface).is_ok()
}

fn path(header: &Header) -> PathBuf {
    format!("/state/records/{}@{}.json", header.container, header.interface).into()
}

/// A line as it is written: checksum and JSON.
fn line(value: &Value) -> Vec<u8> {
    let json = value.to_string();
    let sum = Sha256::digest(json.as_bytes()).iter().take(8).fold(String::new(), |mut sum, byte| {
        _ = write!(sum, "{byte:02x}");
        sum
    });
    format!("{sum} {json}\n\n").into_bytes()
}

/// Checks that the record reports what its events say. Of several events of a kind the last one
/// counts.
fn happened(record: &Record, events: &[Value]) {
    // Members may be in an object, or in a list by their positions.
    let member = |event: &Value, kind: &str, key: &str, place: usize| {
        let members = event.as_object().filter(|event| event.len() == 1)?.get(kind)?;
        members.get(key).or_else(|| members.get(place)).cloned()
    };
    let about = |event: &Value, kind: &str, index: usize| {
        member(event, kind, "index", 0).and_then(|found| found.as_u64()) == Some(index as u64)
    };
    let result = |event: &Value| member(event, "added", "result", 1);
    let remaining = record.remaining();
    assert!(remaining.is_sorted_by(|one, next| one > next));
    for index in 0..record.header.attachments.len() {
        let deleted = events.iter().any(|event| about(event, "deleted", index));
        assert_eq!(remaining.contains(&index), !deleted, "{index} of {events:?}");
        let added = events.iter().rfind(|event| about(event, "added", index) && result(event).is_some());
        assert_eq!(record.result(index), added.and_then(result).as_ref(), "{index} of {events:?}");
    }
    assert_eq!(record.result(record.header.attachments.len()), None);
}

/// Checks that a torn or rotten file is an error or reports less, and never reports anything else.
fn cut_and_flipped(record: &Record, file: &[u8], path: &Path, header: &Value) {
    let header = line(header).len() - 2;
    for at in [header / 2, header, header.midpoint(file.len())] {
        let cut = Record::read(file.get(..at).unwrap_or_default(), path);
        assert_eq!(cut.is_ok(), at >= header, "cut at {at}");
        assert!(cut.is_ok_and(|cut| cut.header == record.header) || at < header);
        let mut flipped = file.to_vec();
        if let Some(byte) = flipped.get_mut(at) {
            *byte ^= 0x04;
        }
        match Record::read(&flipped, path) {
            Ok(read) => assert!(at >= header && read.header == record.header, "flipped at {at}"),
            Err(_) => assert!(at <= header, "flipped at {at}"),
        }
    }
}

fn lines(choices: &mut Choices<'_>) -> Value {
    let mut lines = vec![header(choices)];
    while !choices.is_empty() && lines.len() < 8 {
        let index = choices.below(4);
        lines.push(match choices.below(8) {
            0..=2 => json!({"added": {"index": index, "result": shapes::result(choices)}}),
            3..=5 => json!({"deleted": {"index": index}}),
            6 => json!({"done": {"result": any(choices), "annotations": any(choices)}}),
            _ => any(choices),
        });
    }
    lines.into()
}

fn header(choices: &mut Choices<'_>) -> Value {
    let attachments: Vec<_> = (0..choices.below(4)).map(|_| planned(choices)).collect();
    let mut header = json!({
        "version": 1, "boot_id": "b", "container": "c1", "interface": "eth0", "netns": "/run/netns/a", "network": "n",
        "cni_args": choices.text(), "pod": null, "created": 1, "path": ["/opt/cni/bin"], "attachments": attachments,
        "decision": any(choices),
    });
    if choices.rarely(8)
        && let Some(key) = choices.pick(&["version", "container", "interface", "pod", "created", "path", "attachments"])
    {
        header[key] = any(choices);
    }
    header
}

fn planned(choices: &mut Choices<'_>) -> Value {
    json!({"interface": "eth0", "list": shapes::conf_list(choices), "cni_args": "", "runtime_config": {"a": any(choices)}})
}

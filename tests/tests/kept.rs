//! What earlier versions left behind still works: selectors that were built for their contract, and
//! pods that they attached. `kept/README.md` says what is kept and how.

use std::fs;
use std::path::Path;

use genie_tests::kept::{CONTRACT, EXPECTED, RECORDS, files, run_module, run_record, versions};
use genie_tests::programs::root;
use serde_json::Value;

/// The results that a version's files must lead to.
fn expected(version: &Path) -> Value {
    let file = version.join(EXPECTED);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// An annotation's text as the value that it is, if it is JSON: its spaces promise nothing.
fn as_value(annotation: &Value) -> Value {
    let parsed = annotation.as_str().and_then(|text| serde_json::from_str(text).ok());
    parsed.unwrap_or_else(|| annotation.clone())
}

/// Makes values of the annotations among the results.
fn read(mut results: Value) -> Value {
    for (_, annotation) in results.get_mut("annotations").and_then(Value::as_object_mut).into_iter().flatten() {
        *annotation = as_value(annotation);
    }
    results
}

/// Compares member by member, so that the message shows only what differs.
#[track_caller]
fn assert_same(file: &Path, seen: Value, expected: &Value) {
    let (seen, expected) = (read(seen), read(expected.clone()));
    let members = seen.as_object().expect("an object");
    for (key, value) in members {
        let expected = expected.get(key).unwrap_or(&Value::Null);
        assert_eq!(value, expected, "{}: {key} is not what it was\nnow: {value}\nwas: {expected}", file.display());
    }
}

/// The names of the files in the version's `expected.json`.
fn told(expected: &Value, kind: &str) -> Vec<String> {
    expected[kind].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

#[test]
fn a_selector_of_each_published_contract_decides_as_it_did() {
    for version in versions() {
        let expected = expected(&version);
        let modules = files(&version, ".wasm");
        assert_eq!(modules.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), told(&expected, "modules"));
        for (name, module) in modules {
            let expected = &expected["modules"][&name];
            assert_same(&module, run_module(&module, expected), expected);
        }
    }
}

#[test]
fn a_pod_that_each_published_version_attached_is_checked_and_taken_away() {
    for version in versions() {
        let expected = expected(&version);
        let records = files(&version.join(RECORDS), ".json");
        assert_eq!(records.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), told(&expected, "records"));
        for (name, record) in records {
            let expected = &expected["records"][&name];
            let kinds: Vec<_> = expected["kinds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            assert_same(&record, run_record(&record, &kinds), expected);
        }
    }
}

/// A contract as tools read it: its lines without comments.
fn contract(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect()
}

#[test]
fn a_published_contract_never_changes() {
    let now = contract(&root().join("guest-sdk/wit").join(CONTRACT));
    for kept in versions() {
        let published = contract(&kept.join(CONTRACT));
        // The first line is the package with its version.
        if now.first() == published.first() {
            let changed = now.iter().zip(&published).find(|(now, published)| now != published);
            assert_eq!(changed, None, "what is new takes a new version of the contract");
            assert_eq!(now.len(), published.len(), "lines: what is new takes a new version of the contract");
        }
    }
}

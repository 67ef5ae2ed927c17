//! What the real Multus did: `make differential` writes it, `make test` reads it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::Case;
use crate::programs;

/// A case with what Multus did.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The case as it was.
    pub case: Case,
    /// What Multus did.
    pub theirs: Value,
}

/// The recordings of a file: `cases`, `sample`.
#[derive(Debug)]
pub struct Recordings {
    file: PathBuf,
    all: BTreeMap<String, Recording>,
}

impl Recordings {
    /// Reads a file of recordings. There are none where there is no file.
    ///
    /// # Panics
    /// When it holds anything else.
    pub fn read(name: &str) -> Self {
        let file = programs::root().join("tests/differential").join(format!("{name}.json"));
        let text = fs::read_to_string(&file).unwrap_or_else(|_| "{}".into());
        let all: BTreeMap<String, Value> = serde_json::from_str(&text).expect("recordings are JSON");
        let recording =
            |value: Value| Recording { case: Case::read(value["case"].clone()), theirs: value["multus"].clone() };
        Self { file, all: all.into_iter().map(|(name, value)| (name, recording(value))).collect() }
    }

    /// What Multus did in a case, if it was this case.
    pub fn of(&self, case: &Case) -> Option<&Value> {
        self.all.get(case.name()).filter(|recording| recording.case == *case).map(|recording| &recording.theirs)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Recording> {
        self.all.values()
    }

    /// Writes other recordings in their place. An observation that only has other texts of errors is
    /// kept as it was.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn replace(&self, new: &[Recording]) {
        let kept = |new: &Recording| {
            let old = self.of(&new.case).filter(|old| without_texts(old) == without_texts(&new.theirs));
            json!({"case": new.case.value(), "multus": old.unwrap_or(&new.theirs)})
        };
        let all: BTreeMap<_, _> = new.iter().map(|new| (new.case.name().to_owned(), kept(new))).collect();
        fs::create_dir_all(self.file.parent().expect("a file is in a directory")).expect("a directory");
        fs::write(&self.file, in_lines(&all)).expect("the recordings can be written");
    }
}

/// A line for each case and for each step: so a change of one shows as a line.
fn in_lines(all: &BTreeMap<String, Value>) -> String {
    let entry = |(name, recording): (&String, &Value)| {
        let steps = recording["multus"]["steps"].as_array().into_iter().flatten();
        let steps: Vec<_> = steps.map(ToString::to_string).collect();
        let case = &recording["case"];
        format!("{}: {{\"case\": {case},\n  \"multus\": {{\"steps\": [\n  {}]}}}}", json!(name), steps.join(",\n  "))
    };
    format!("{{\n{}\n}}\n", all.iter().map(entry).collect::<Vec<_>>().join(",\n"))
}

/// An observation without the texts of errors, which have addresses and times in them.
pub fn without_texts(seen: &Value) -> Value {
    let mut seen = seen.clone();
    for step in seen["steps"].as_array_mut().into_iter().flatten() {
        if let Some(step) = step.as_object_mut() {
            step.remove("text");
        }
    }
    seen
}

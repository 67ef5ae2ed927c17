//! Compares two observations of a case.

use serde_json::{Map, Value};

/// One place at which two observations are not the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where: `steps[0].calls[1].config.runtimeConfig.mac`. Calls are numbered as the other side has
    /// them.
    pub place: String,
    /// What Multus did. It is null where there is nothing.
    pub theirs: Value,
    /// What genie did.
    pub ours: Value,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n      theirs: {}\n      ours:   {}", self.place, self.theirs, self.ours)
    }
}

/// All differences. The texts of errors are for people and are not compared.
pub fn differences(theirs: &Value, ours: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    let (their, our) = (list(&theirs["steps"]), list(&ours["steps"]));
    for index in 0..their.len().max(our.len()) {
        let null = &Value::Null;
        step(&format!("steps[{index}]"), their.get(index).unwrap_or(null), our.get(index).unwrap_or(null), &mut found);
    }
    found
}

fn step(place: &str, theirs: &Value, ours: &Value, found: &mut Vec<Difference>) {
    for member in ["verb", "outcome", "code", "result", "routes"] {
        compare(&format!("{place}.{member}"), &theirs[member], &ours[member], found);
    }
    // What it says first; where that is the same, it has to be so to the byte.
    let says = |status: &Value| serde_json::from_str::<Value>(status.as_str().unwrap_or("null")).unwrap_or_default();
    let before = found.len();
    compare(&format!("{place}.status"), &says(&theirs["status"]), &says(&ours["status"]), found);
    if found.len() == before {
        compare(&format!("{place}.status as text"), &theirs["status"], &ours["status"], found);
    }
    calls(place, list(&theirs["calls"]), list(&ours["calls"]), found);
}

/// Their order is one thing, and what each was told is another: calls that both made are compared
/// also where one of the two made further ones.
fn calls(place: &str, theirs: &[Value], ours: &[Value], found: &mut Vec<Difference>) {
    let names = |calls: &[Value]| Value::Array(calls.iter().map(|call| call["call"].clone()).collect());
    let (their_names, our_names) = (names(theirs), names(ours));
    if their_names != our_names {
        found.push(Difference { place: format!("{place}.calls"), theirs: their_names, ours: our_names });
    }
    let mut left: Vec<_> = ours.iter().collect();
    for (index, their) in theirs.iter().enumerate() {
        let Some(same) = left.iter().position(|our| our["call"] == their["call"]) else { continue };
        let our = left.remove(same);
        for member in ["args", "container", "netns", "config"] {
            compare(&format!("{place}.calls[{index}].{member}"), &their[member], &our[member], found);
        }
    }
}

fn compare(place: &str, theirs: &Value, ours: &Value, found: &mut Vec<Difference>) {
    match (theirs, ours) {
        (Value::Object(their), Value::Object(our)) => members(place, their, our, found),
        (Value::Array(their), Value::Array(our)) if their.len() == our.len() => {
            for (index, (their, our)) in their.iter().zip(our).enumerate() {
                compare(&format!("{place}[{index}]"), their, our, found);
            }
        }
        _ if theirs == ours => {}
        _ => found.push(Difference { place: place.to_owned(), theirs: theirs.clone(), ours: ours.clone() }),
    }
}

fn members(place: &str, theirs: &Map<String, Value>, ours: &Map<String, Value>, found: &mut Vec<Difference>) {
    let mut names: Vec<_> = theirs.keys().chain(ours.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let of = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or_default();
        compare(&format!("{place}.{name}"), &of(theirs), &of(ours), found);
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

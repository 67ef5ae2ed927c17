//! Reads the cases of one text.

use std::fmt;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::case::{Case, with_defaults};
use super::place::{self, Node};
use super::schema::{self, Part};
use genie_core::sources::yaml_error;

/// A case, and where it is in its text.
#[derive(Clone, Debug)]
pub struct PlacedCase {
    /// The case.
    pub case: Case,
    /// The same as it is written, with what it shares with others.
    pub whole: Value,
    /// `expect` as it is written.
    pub expect: Value,
    /// Whether the case is written in brackets, as in JSON.
    pub is_flow: bool,
    /// The case's first line, from 1.
    pub line: usize,
    /// The value of `expect`.
    pub place: Node,
    /// The key `expect`.
    pub key: Node,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1; none if it is the whole text.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl Mistake {
    /// A mistake of the whole text.
    pub(super) fn of_all(what: impl Into<String>) -> Self {
        Self { line: None, what: what.into() }
    }

    fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line: Some(line), what: what.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// The values of a text's documents, each with its place.
pub(super) fn documents(text: &str) -> Result<Vec<(Value, Node)>, Mistake> {
    let options = serde_saphyr::options! { with_snippet: false };
    let mut values: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
        Mistake { line: line.filter(|line| *line > 0), what: yaml_error(&error) }
    })?;
    values.retain(|value| !value.is_null());
    let places = place::documents(text).map_err(Mistake::of_all)?;
    if values.len() != places.len() {
        return Err(Mistake::of_all("its documents cannot be told apart"));
    }
    Ok(values.into_iter().zip(places).collect())
}

/// The cases of a text, with what they share. Errors are all mistakes, each with its place.
pub(super) fn cases(text: &str, shared: &Map<String, Value>) -> Result<Vec<PlacedCase>, Vec<Mistake>> {
    let documents = documents(text).map_err(|error| vec![error])?;
    let mut cases = Vec::new();
    let mut wrong = Vec::new();
    for (value, place) in &documents {
        match of_document(value, place, shared) {
            Ok(found) => cases.extend(found),
            Err(mistakes) => wrong.extend(mistakes),
        }
    }
    if wrong.is_empty() { Ok(cases) } else { Err(wrong) }
}

fn of_document(value: &Value, place: &Node, shared: &Map<String, Value>) -> Result<Vec<PlacedCase>, Vec<Mistake>> {
    let Some(members) = value.as_object().filter(|members| is_ours(members)) else {
        return Err(vec![Mistake::at(place.line, format!("{} is no case", what(value)))]);
    };
    let Some(cases) = members.get("cases") else {
        return one(members, place, &[shared]).map(|case| vec![case]);
    };
    let mut wrong: Vec<Mistake> = members
        .keys()
        .filter(|key| !["$schema", "defaults", "cases"].contains(&key.as_str()))
        .map(|key| Mistake::at(place.line, genie_core::selector::keys::unknown(key, ["defaults", "cases"])))
        .collect();
    let empty = Map::new();
    let defaults = members.get("defaults").map_or(Ok(&empty), |defaults| check_defaults(defaults, "defaults"));
    let defaults = defaults.unwrap_or_else(|mistakes| {
        wrong.extend(mistakes.into_iter().map(|mistake| Mistake::at(place.line, mistake)));
        &empty
    });
    let items = place.member("cases").map(|(_, items)| items.items()).unwrap_or_default();
    let mut found = Vec::new();
    let cases = cases.as_array().map(Vec::as_slice).unwrap_or_default();
    if cases.is_empty() {
        wrong.push(Mistake::at(place.line, "\"cases\" is no list with a case in it"));
    }
    for (case, place) in cases.iter().zip(items) {
        match case.as_object() {
            None => wrong.push(Mistake::at(place.line, format!("{} is no case", what(case)))),
            Some(members) => match one(members, place, &[shared, defaults]) {
                Ok(case) => found.push(case),
                Err(mistakes) => wrong.extend(mistakes),
            },
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// Whether an object is meant to be a case, or several.
fn is_ours(members: &Map<String, Value>) -> bool {
    let is_object = members.contains_key("kind") && members.contains_key("apiVersion");
    !is_object && ["name", "expect", "cases"].iter().any(|key| members.contains_key(*key))
}

fn what(value: &Value) -> String {
    match (value, value["kind"].as_str(), value["metadata"]["name"].as_str()) {
        (_, Some(kind), Some(name)) => format!("the manifest of {kind} {name}"),
        (_, Some(kind), None) => format!("a manifest of kind {kind}"),
        (Value::Object(members), None, _) => {
            format!("an object with {}", members.keys().take(5).cloned().collect::<Vec<_>>().join(", "))
        }
        (Value::Array(_), ..) => "a list".into(),
        (other, ..) => format!("the value {other}"),
    }
}

/// The members of what cases share.
pub(super) fn check_defaults<'a>(value: &'a Value, root: &str) -> Result<&'a Map<String, Value>, Vec<String>> {
    let mistakes = schema::mistakes(Part::Defaults, value, root);
    match value.as_object().filter(|_| mistakes.is_empty()) {
        Some(members) => Ok(members),
        None => Err(mistakes),
    }
}

fn one(
    members: &Map<String, Value>,
    place: &Node,
    defaults: &[&Map<String, Value>],
) -> Result<PlacedCase, Vec<Mistake>> {
    let name = members.get("name").and_then(Value::as_str).unwrap_or("case").to_owned();
    let within = |mistake: String| Mistake::at(place.line, mistake);
    let mistakes = schema::mistakes(Part::Case, &members.clone().into(), &name);
    if !mistakes.is_empty() {
        return Err(mistakes.into_iter().map(within).collect());
    }
    let whole = with_defaults(members, defaults);
    let case = Case::deserialize(&whole).map_err(|error| vec![within(format!("{name}: {error}"))])?;
    let outcomes = case.expect.outcomes();
    if outcomes.len() > 1 {
        return Err(vec![within(format!("{name}.expect: it has {}, of which one can be", outcomes.join(" and ")))]);
    }
    let (key, value) = place.member("expect").ok_or_else(|| vec![within(format!("{name}: expect is missing"))])?;
    let expect = members.get("expect").cloned().unwrap_or_default();
    let (is_flow, line) = (place.is_flow, place.line);
    Ok(PlacedCase { case, whole, expect, is_flow, line, place: value.clone(), key: key.clone() })
}

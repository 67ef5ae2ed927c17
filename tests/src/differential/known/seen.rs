//! A difference with all that is around it, which the rules look at.

use serde_json::{Value, json};

use crate::differential::Case;
use crate::differential::differences::Difference;

/// A difference, and where it was seen.
pub struct Seen<'s> {
    pub case: &'s Case,
    pub theirs: &'s Value,
    pub ours: &'s Value,
    pub difference: &'s Difference,
}

/// The first ADD of an observation.
pub fn first_add(of: &Value) -> &Value {
    let steps = of["steps"].as_array();
    steps.and_then(|steps| steps.iter().find(|step| step["verb"] == "ADD")).unwrap_or(&Value::Null)
}

impl Seen<'_> {
    /// The step of a difference, as `of` has it.
    fn step<'s>(&self, of: &'s Value) -> &'s Value {
        &of["steps"][self.index()]
    }

    /// A member of Multus' step.
    pub fn their(&self, member: &str) -> &Value {
        &self.step(self.theirs)[member]
    }

    /// A member of our step.
    pub fn our(&self, member: &str) -> &Value {
        &self.step(self.ours)[member]
    }

    /// Our step before this one.
    pub fn before(&self) -> Option<&Value> {
        self.index().checked_sub(1).map(|before| &self.ours["steps"][before])
    }

    /// Multus' call in which the difference is.
    pub fn their_call(&self) -> &Value {
        let number = self.what().strip_prefix("calls[").and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
        &self.their("calls")[number.unwrap_or(usize::MAX)]
    }

    /// Our call of the same name.
    pub fn our_call(&self) -> &Value {
        let mut calls = self.our("calls").as_array().into_iter().flatten();
        calls.find(|call| call["call"] == self.their_call()["call"]).unwrap_or(&Value::Null)
    }

    /// What the plugin of that call prints in this case when it adds.
    pub fn printed(&self) -> Value {
        let call = self.their_call()["call"].as_str().unwrap_or_default();
        let kind = call.split([' ', '@']).nth(1).unwrap_or_default();
        let scripts = self.case.members("scripts");
        let text = scripts.get(kind).and_then(|script| script["ADD"]["print"].as_str());
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Whether the difference is in what a plugin was told to undo.
    pub fn is_del(&self) -> bool {
        self.their_call()["call"].as_str().is_some_and(|call| call.starts_with("DEL"))
    }

    fn index(&self) -> usize {
        let number = self.difference.place.split(['[', ']']).nth(1).unwrap_or_default();
        number.parse().unwrap_or_default()
    }

    /// What is different in the step: `code`, `calls`, `calls[0].config.ipam`.
    pub fn what(&self) -> &str {
        self.difference.place.split_once("].").map_or("", |(_, what)| what)
    }

    /// What is different in a call or in an entry of a list: `config.ipam` of `calls[0].config.ipam`.
    pub fn inner(&self) -> &str {
        self.what().split_once("].").map_or("", |(_, inner)| inner)
    }

    /// Whether this is the member of the difference.
    pub fn is(&self, what: &str) -> bool {
        self.what() == what
    }

    /// Whether the difference is in this part of what a plugin was told.
    pub fn is_told(&self, begin: &str) -> bool {
        self.what().starts_with("calls[") && self.inner().starts_with(begin)
    }

    /// Whether we refuse the pod before anything has run, and say this.
    pub fn refuses(&self, code: u64, says: &str) -> bool {
        self.our("outcome") == "fails"
            && self.our("code") == code
            && self.our("calls") == &json!([])
            && self.our("text").as_str().is_some_and(|text| text.contains(says))
    }

    /// Whether Multus did what it was told, and we refuse the pod since its annotation is wrong.
    pub fn refused(&self, says: &str) -> bool {
        self.their("outcome") == "ok" && self.refuses(INVALID, says)
    }
}

/// The code of an annotation that is wrong.
pub const INVALID: u64 = 101;
/// The code of what policy does not allow.
pub const DENIED: u64 = 102;

/// How plugins were called in a step: `ADD mac1@net1`.
pub fn names(step: &Value) -> Vec<&str> {
    step["calls"].as_array().into_iter().flatten().filter_map(|call| call["call"].as_str()).collect()
}

/// The plugins that were called with this verb: `mac1@net1`.
pub fn of_verb<'s>(step: &'s Value, verb: &str) -> Vec<&'s str> {
    names(step).into_iter().filter_map(|name| name.strip_prefix(verb)?.strip_prefix(' ')).collect()
}

/// The status that an ADD has published.
pub fn status(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap_or("null")).unwrap_or_default()
}

/// How many members a list has; none is none.
pub fn len(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// Whether a list is another with something behind it.
pub fn begins_with(longer: &Value, shorter: &Value) -> bool {
    match (longer.as_array(), shorter.as_array()) {
        (Some(longer), Some(shorter)) => longer.starts_with(shorter),
        (longer, None) => longer.is_some() && shorter.is_null(),
        (None, Some(_)) => false,
    }
}

/// What only one of two lists has.
pub fn only_in(one: &Value, other: &Value) -> Vec<Value> {
    let other = other.as_array().cloned().unwrap_or_default();
    one.as_array().into_iter().flatten().filter(|member| !other.contains(member)).cloned().collect()
}

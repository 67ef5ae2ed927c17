//! The table: its rules are read one after the other, until one decides.

use std::fmt;

use genie_selector::serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use genie_selector::{Refusal, Verdict, log};

use crate::act::{Named, act};
use crate::facts::Facts;
use crate::failure::Failure;
use crate::place::{Members, at};
use crate::settings::Rule;
use crate::text::Text;

/// What a rule decides for the pod.
type Answer = Result<Verdict, Refusal>;

/// Reads the whole settings, and answers what their first rule that decides does. None when none does.
/// A rule is dropped before the next one is read: a table may be long, and every page of memory that
/// it takes costs the pod time.
pub struct Table<'a>(pub &'a Facts<'a>);

impl<'de> DeserializeSeed<'de> for Table<'de> {
    type Value = Option<Answer>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Option<Answer>, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Table<'de> {
    type Value = Option<Answer>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with rules")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<Answer>, A::Error> {
        let mut answer = None;
        while let Some(key) = members.next_key::<Text<'de>>()? {
            if &*key != "rules" {
                return Err(Error::unknown_field(&key, &["rules"]));
            }
            if answer.is_some() {
                return Err(Error::duplicate_field("rules"));
            }
            answer = Some(members.next_value_seed(Rules(self.0)).map_err(|error| at("rules", error))?);
        }
        answer.ok_or_else(|| Error::missing_field("rules"))
    }
}

/// Reads the list of rules.
struct Rules<'a>(&'a Facts<'a>);

impl<'de> DeserializeSeed<'de> for Rules<'de> {
    type Value = Option<Answer>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Option<Answer>, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rules<'de> {
    type Value = Option<Answer>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rules: A) -> Result<Option<Answer>, A::Error> {
        let mut index = 0;
        let mut answer = None;
        while answer.is_none() {
            let mut rule = Rule::of(self.0.request);
            match rules.next_element_seed(Members(&mut rule)) {
                Ok(Some(())) => {}
                Ok(None) if index == 0 => return Err(Error::custom("is empty: write at least one rule")),
                Ok(None) => return Ok(None),
                Err(error) => return Err(at(format_args!("[{index}]"), error)),
            }
            answer = decide(&rule, index, self.0).map_err(|mistake| at(format_args!("[{index}]"), mistake))?;
            index += 1;
        }
        // The rules behind the one that decides.
        while rules.next_element::<IgnoredAny>()?.is_some() {}
        Ok(answer)
    }
}

/// What a rule decides. None when it leaves the pod to the next one. Fails for a mistake in the rule.
fn decide(rule: &Rule<'_>, index: usize, facts: &Facts<'_>) -> Result<Option<Answer>, serde_json::Error> {
    let named = Named { index, name: rule.name.as_deref() };
    let holds = rule.when.holds(facts, &named);
    let decided = holds.and_then(|holds| match &rule.action {
        Some(action) if holds => act(action, facts, &named),
        _ => Ok(None),
    });
    match decided {
        Ok(None) => Ok(None),
        Ok(Some(verdict)) => {
            log::debug!("{named} decides");
            Ok(Some(Ok(verdict)))
        }
        Err(Failure::Refusal(refusal)) => Ok(Some(Err(named.explain(refusal)))),
        Err(Failure::Mistake(mistake)) => Err(mistake),
    }
}

//! Label selectors with the meaning that they have in Kubernetes.

use genie_selector::serde::Deserialize;
use genie_selector::serde::de::{Deserializer, Error};

use crate::place::Pairs;
use crate::text::Text;

/// The longest part of a label's key, and the longest value, in bytes.
const PART: usize = 63;
/// The longest prefix of a label's key, in bytes.
const PREFIX: usize = 253;

/// One requirement of `matchExpressions`.
pub struct Requirement<'a> {
    /// The label's key.
    pub key: Text<'a>,
    operator: Operator,
    values: Vec<Text<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(crate = "genie_selector::serde")]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    operator: Operator,
    #[serde(borrow, default)]
    values: Vec<Text<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Requirement<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Self::checked(Written::deserialize(reader)?).map_err(Error::custom)
    }
}

impl<'a> Requirement<'a> {
    fn checked(written: Written<'a>) -> Result<Self, String> {
        let Written { key, operator, values } = written;
        check_key(&key)?;
        let listed = matches!(operator, Operator::In | Operator::NotIn);
        match (listed, values.is_empty()) {
            (true, true) => return Err(format!("{operator:?} needs values")),
            (false, false) => return Err(format!("{operator:?} takes no values")),
            _ => {}
        }
        values.iter().try_for_each(|value| check_value(value))?;
        Ok(Self { key, operator, values })
    }

    /// Whether the label's value meets the requirement; none when there is no such label.
    pub fn is_met(&self, value: Option<&str>) -> bool {
        let listed = || value.is_some_and(|value| self.values.iter().any(|listed| **listed == *value));
        match self.operator {
            Operator::In => listed(),
            Operator::NotIn => !listed(),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// The labels of `matchLabels`, each with the value that it has to have.
pub struct MatchLabels<'a>(pub Vec<(Text<'a>, Text<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for MatchLabels<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let Pairs(labels) = Pairs::<'a, Text<'a>>::deserialize(reader)?;
        for (key, value) in &labels {
            check_key(key).and_then(|()| check_value(value)).map_err(Error::custom)?;
        }
        Ok(Self(labels))
    }
}

/// Fails when a text cannot be the key of a label, such as `topology.kubernetes.io/zone`. The host
/// would end the call for it.
pub fn check_key(key: &str) -> Result<(), String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_prefix = |prefix: &str| {
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        prefix.len() <= PREFIX
            && prefix.split('.').all(|part| is_framed(part, lower, |byte| lower(byte) || byte == b'-'))
    };
    if prefix.is_none_or(is_prefix) && is_word(name) && !name.contains("..") {
        Ok(())
    } else {
        Err(format!("{key:?} is no key of a label: write one such as tenant, or example.org/tenant"))
    }
}

fn check_value(value: &str) -> Result<(), String> {
    if value.is_empty() || is_word(value) {
        Ok(())
    } else {
        Err(format!("{value:?} can be the value of no label: that has at most {PART} letters, digits, `-`, `_`, `.`"))
    }
}

fn is_word(text: &str) -> bool {
    let outer = |byte: u8| byte.is_ascii_alphanumeric();
    text.len() <= PART && is_framed(text, outer, |byte| outer(byte) || matches!(byte, b'-' | b'_' | b'.'))
}

/// Whether a text is not empty, begins and ends with bytes that `outer` allows, and holds only those
/// that `inner` allows.
fn is_framed(text: &str, outer: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let frame = [bytes.first(), bytes.last()];
    frame.into_iter().all(|byte| byte.copied().is_some_and(&outer)) && bytes.iter().copied().all(inner)
}

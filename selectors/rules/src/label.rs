//! Label selectors with the meaning that they have in Kubernetes.

use std::collections::BTreeMap;

use genie_selector::serde::Deserialize;

/// The longest part of a label's key, and the longest value, in bytes.
const PART: usize = 63;
/// The longest prefix of a label's key, in bytes.
const PREFIX: usize = 253;

/// One requirement of `matchExpressions`.
#[derive(Debug, Deserialize)]
#[serde(crate = "genie_selector::serde", try_from = "Written")]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    operator: Operator,
    values: Vec<String>,
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
struct Written {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Vec<String>,
}

impl TryFrom<Written> for Requirement {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
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
}

impl Requirement {
    /// Whether the label's value meets the requirement; none when there is no such label.
    pub fn is_met(&self, value: Option<&str>) -> bool {
        let listed = || value.is_some_and(|value| self.values.iter().any(|listed| listed == value));
        match self.operator {
            Operator::In => listed(),
            Operator::NotIn => !listed(),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// The requirements of `matchLabels`.
#[derive(Debug, Default, Deserialize)]
#[serde(crate = "genie_selector::serde", try_from = "BTreeMap<String, String>")]
pub struct MatchLabels(pub Vec<Requirement>);

impl TryFrom<BTreeMap<String, String>> for MatchLabels {
    type Error = String;

    fn try_from(labels: BTreeMap<String, String>) -> Result<Self, String> {
        let requirement = |(key, value): (String, String)| {
            Requirement::try_from(Written { key, operator: Operator::In, values: vec![value] })
        };
        labels.into_iter().map(requirement).collect::<Result<_, _>>().map(Self)
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

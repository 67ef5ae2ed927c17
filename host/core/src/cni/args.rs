//! `CNI_ARGS`: extra arguments in the environment, `K=V;K=V`.

use std::collections::BTreeMap;

use serde_json::{Deserializer, Map, Value};

use super::CniError;
use super::code;
use super::fields::describe;
use super::quoted;

/// The key whose value is JSON, not plain text.
const ANNOTATIONS: &str = "K8S_ANNOT=";

/// The text of `CNI_ARGS`.
///
/// Runtimes send the pairs in any order, and some send text that is no pair at all. The text is
/// read leniently and kept to the byte: delegates get what the runtime wrote, apart from the pairs
/// that [`CniArgs::with`] sets.
///
/// The value of `K8S_ANNOT` is one JSON object and may contain `;` and `=`. It is skipped as a
/// whole, so that a pod's annotation cannot pose as another argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CniArgs {
    text: String,
}

impl CniArgs {
    /// Takes the variable's text. Nothing in it is an error yet.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The value of the last pair with this key: what follows the first `=`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.segments()
            .filter_map(|segment| segment.split_once('='))
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| value)
            .last()
    }

    /// The text with these pairs set, of several with one key the last. The first pair of a key
    /// gets the value, and later pairs of that key go; a new key comes last. Everything else stays
    /// as it is, to the byte.
    ///
    /// # Errors
    /// [`code::INVALID_ENVIRONMENT`] for an empty key, and for a key or value with `;`, `=` or a
    /// zero byte: `CNI_ARGS` cannot express these. Also when a pair would complete the JSON object
    /// that a broken `K8S_ANNOT` begins, whose value would then contain the pairs in between.
    pub fn with(&self, pairs: &[(&str, &str)]) -> Result<String, CniError> {
        let mut args = self.clone();
        for (key, value) in pairs {
            check_pair(key, value)?;
        }
        for (index, (key, value)) in pairs.iter().enumerate() {
            let of_key = || pairs.iter().enumerate().filter(|(_, (other, _))| other == key);
            // A value that does not stay is not written in between: it could complete a broken
            // `K8S_ANNOT` for that moment.
            if of_key().next().is_some_and(|(first, _)| first == index) {
                let last = of_key().next_back().map_or(*value, |(_, (_, last))| *last);
                args.set(key, last)?;
            }
        }
        Ok(args.text)
    }

    /// The text without the pairs of these keys. Everything else stays as it is, to the byte.
    pub fn without(&self, keys: &[&str]) -> String {
        let goes = |segment: &&str| segment.split_once('=').is_some_and(|(key, _)| keys.contains(&key));
        if !self.segments().any(|segment| goes(&segment)) {
            return self.text.clone();
        }
        self.segments().filter(|segment| !goes(segment)).collect::<Vec<_>>().join(";")
    }

    /// The pod's annotations, when the runtime sends them as `K8S_ANNOT={…}`. The result is none
    /// when the runtime sends no `K8S_ANNOT`, or an empty one.
    ///
    /// # Errors
    /// [`code::INVALID_ENVIRONMENT`] when the value is not one JSON object of strings.
    pub fn k8s_annot(&self) -> Option<Result<BTreeMap<String, String>, CniError>> {
        let value = self.segments().find_map(|segment| segment.strip_prefix(ANNOTATIONS))?;
        if value.trim().is_empty() {
            return None;
        }
        Some(read_annotations(value).map_err(|message| {
            CniError::new(
                code::INVALID_ENVIRONMENT,
                format!("CNI_ARGS: K8S_ANNOT must be a JSON object of strings: {message}"),
            )
        }))
    }

    /// The texts between the `;`.
    fn segments(&self) -> impl Iterator<Item = &str> {
        let mut rest = Some(self.text.as_str());
        std::iter::from_fn(move || {
            let text = rest?;
            let end = segment_end(text);
            let (segment, after) = text.split_at_checked(end).unwrap_or((text, ""));
            rest = after.strip_prefix(';');
            Some(segment)
        })
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), CniError> {
        let is_key = |segment: &str| segment.split_once('=').is_some_and(|(name, _)| name == key);
        let pair = format!("{key}={value}");
        let mut found = false;
        let mut kept = Vec::new();
        for segment in self.segments() {
            if !is_key(segment) {
                kept.push(segment);
            } else if !found {
                found = true;
                kept.push(&pair);
            }
        }
        let mut text = kept.join(";");
        if !found {
            if !text.is_empty() && !text.ends_with(';') {
                text.push(';');
            }
            text.push_str(&pair);
            kept.push(&pair);
        }
        let after = Self::new(text);
        let is_kept = |segment: &&str| !segment.is_empty();
        if after.segments().filter(is_kept).ne(kept.into_iter().filter(is_kept)) {
            return Err(CniError::new(
                code::INVALID_ENVIRONMENT,
                format!("CNI_ARGS: {key:?} cannot be set beside a K8S_ANNOT that is no complete JSON object"),
            ));
        }
        *self = after;
        Ok(())
    }
}

/// Where the first segment of `text` ends.
fn segment_end(text: &str) -> usize {
    let json = text.strip_prefix(ANNOTATIONS).map_or(0, |value| {
        let mut objects = Deserializer::from_str(value).into_iter::<Map<String, Value>>();
        match objects.next() {
            Some(Ok(_)) => ANNOTATIONS.len() + objects.byte_offset(),
            _ => 0,
        }
    });
    let plain = text.get(json..).and_then(|rest| rest.find(';'));
    plain.map_or(text.len(), |at| json + at)
}

fn read_annotations(value: &str) -> Result<BTreeMap<String, String>, String> {
    let object: Map<String, Value> = serde_json::from_str(value).map_err(|error| error.to_string())?;
    object
        .into_iter()
        .map(|(key, value)| match value {
            Value::String(text) => Ok((key, text)),
            other => Err(format!("annotation {key:?} is {}", describe(&other))),
        })
        .collect()
}

fn check_pair(key: &str, value: &str) -> Result<(), CniError> {
    let unusable = |text: &str| text.contains([';', '=', '\0']);
    if key.is_empty() || unusable(key) {
        return Err(CniError::new(
            code::INVALID_ENVIRONMENT,
            format!("CNI_ARGS: {} cannot be a key: it must not be empty or contain ; or =", quoted(key)),
        ));
    }
    if unusable(value) {
        return Err(CniError::new(
            code::INVALID_ENVIRONMENT,
            format!("CNI_ARGS: the value {} of {} must not contain ; or =", quoted(value), quoted(key)),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;

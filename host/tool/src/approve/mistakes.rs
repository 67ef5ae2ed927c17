//! Puts into words what is wrong with a value that does not fit a JSON schema.

use std::iter;

use boon::{ErrorKind, InstanceToken, ValidationError};
use serde_json::Value;

use genie_core::selector::keys;
use genie_core::text::one_line;

/// The most mistakes that are reported.
const TOLD: usize = 8;

/// A value, and the schema that it does not fit.
pub struct Unfit<'a> {
    /// The schema.
    pub schema: &'a Value,
    /// The value, whose elements are called by their names, too, where they have any; null for one whose
    /// elements are not.
    pub value: &'a Value,
    /// What people call the value.
    pub root: &'a str,
}

/// The mistakes, each once. Where any of several forms would do, one text says what is wrong with each
/// form.
pub fn told(error: &ValidationError<'_, '_>, unfit: &Unfit<'_>) -> Vec<String> {
    if error.causes.is_empty() {
        return leaf(error, unfit);
    }
    if let Some(keys) = one_of_keys(error) {
        return vec![one_line(&format!("{}: one of {} is missing", unfit.place(error), keys.join(", ")))];
    }
    // A key that is not known is probably the one that is missing.
    let has_unknown = error.causes.iter().any(|cause| matches!(cause.kind, ErrorKind::AdditionalProperties { .. }));
    let causes = error.causes.iter().filter(|cause| !has_unknown || one_of_keys(cause).is_none());
    let causes = causes.flat_map(|cause| told(cause, unfit));
    if matches!(error.kind, ErrorKind::AnyOf | ErrorKind::OneOf(_)) {
        let forms: Vec<_> = causes.take(TOLD).collect();
        return vec![forms.join(", or ")];
    }
    causes.take(TOLD).collect()
}

/// The keys of which a value has none, where every form wants some.
fn one_of_keys(error: &ValidationError<'_, '_>) -> Option<Vec<String>> {
    if error.causes.len() < 2 || !matches!(error.kind, ErrorKind::AnyOf | ErrorKind::OneOf(_)) {
        return None;
    }
    let keys = |cause: &ValidationError<'_, '_>| match &cause.kind {
        ErrorKind::Required { want } if cause.causes.is_empty() => Some(want.join(" and ")),
        _ => None,
    };
    error.causes.iter().map(keys).collect()
}

fn leaf(error: &ValidationError<'_, '_>, unfit: &Unfit<'_>) -> Vec<String> {
    let place = unfit.place(error);
    let pointer = error.schema_url.split_once('#').map_or("", |(_, pointer)| pointer);
    let schema = unfit.schema.pointer(pointer);
    if let ErrorKind::AdditionalProperties { got } = &error.kind {
        let known = schema.and_then(|schema| schema.get("properties")?.as_object());
        let known: Vec<_> = known.into_iter().flat_map(|known| known.keys().map(String::as_str)).collect();
        let unknown = |key| one_line(&format!("{place}: {}", keys::unknown(key, known.iter().copied())));
        return got.iter().map(|key| unknown(key)).collect();
    }
    let what = match &error.kind {
        // The message leaves the value out: a setting may be a secret.
        ErrorKind::Pattern { want, .. } => format!("does not match the pattern {want:?}"),
        ErrorKind::Format { want, .. } => format!("is not a valid {want}"),
        ErrorKind::OneOf(Some((one, other))) => match both(schema, *one, *other) {
            Some(keys) => format!("has {keys}, of which only one can be"),
            None => format!("fits forms {one} and {other} of the schema, of which only one can be"),
        },
        kind => kind.to_string(),
    };
    vec![one_line(&format!("{place}: {what}"))]
}

/// The keys that make a value be of two forms at once, if keys do.
fn both(schema: Option<&Value>, one: usize, other: usize) -> Option<String> {
    let forms = schema?.get("oneOf")?;
    let keys = |form: usize| {
        let required = forms.get(form)?.get("required")?.as_array()?;
        let keys: Vec<_> = required.iter().filter_map(Value::as_str).collect();
        (!keys.is_empty()).then(|| keys.join(", "))
    };
    Some(format!("{} and {}", keys(one)?, keys(other)?))
}

impl Unfit<'_> {
    /// The place in the value, as people write it: `settings.networks[0]`, or `settings.rules[2]
    /// ("tenants").when` where the element has a name.
    fn place(&self, error: &ValidationError<'_, '_>) -> String {
        let mut value = Some(self.value);
        let part = |token: &InstanceToken<'_>| match token {
            InstanceToken::Prop(name) => {
                value = value.and_then(|value| value.get(&**name));
                format!(".{name}")
            }
            InstanceToken::Item(index) => {
                value = value.and_then(|value| value.get(*index));
                match value.and_then(|value| value.get("name")?.as_str()) {
                    Some(name) => format!("[{index}] ({name:?})"),
                    None => format!("[{index}]"),
                }
            }
        };
        iter::once(self.root.to_owned()).chain(error.instance_location.tokens.iter().map(part)).collect()
    }
}

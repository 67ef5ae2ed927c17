//! Puts into words what is wrong with a value that does not fit a JSON schema.

use std::iter;

use boon::{ErrorKind, InstanceToken, ValidationError};
use serde_json::Value;

use genie_core::selector::keys;
use genie_core::text::one_line;

/// The most mistakes that are reported.
const TOLD: usize = 8;

/// The mistakes, each once; `root` is what people call the value. Where any of several forms would
/// do, one text says what is wrong with each form.
pub fn told(error: &ValidationError<'_, '_>, schema: &Value, root: &str) -> Vec<String> {
    if error.causes.is_empty() {
        return leaf(error, schema, root);
    }
    let causes = error.causes.iter().flat_map(|cause| told(cause, schema, root));
    if matches!(error.kind, ErrorKind::AnyOf | ErrorKind::OneOf(_)) {
        let forms: Vec<_> = causes.take(TOLD).collect();
        return vec![forms.join(", or ")];
    }
    causes.take(TOLD).collect()
}

fn leaf(error: &ValidationError<'_, '_>, schema: &Value, root: &str) -> Vec<String> {
    let place = place(error, root);
    if let ErrorKind::AdditionalProperties { got } = &error.kind {
        let pointer = error.schema_url.split_once('#').map_or("", |(_, pointer)| pointer);
        let known = schema.pointer(pointer).and_then(|schema| schema.get("properties")?.as_object());
        let known: Vec<_> = known.into_iter().flat_map(|known| known.keys().map(String::as_str)).collect();
        let unknown = |key| one_line(&format!("{place}: {}", keys::unknown(key, known.iter().copied())));
        return got.iter().map(|key| unknown(key)).collect();
    }
    let what = match &error.kind {
        // The message leaves the value out: a setting may be a secret.
        ErrorKind::Pattern { want, .. } => format!("does not match the pattern {want:?}"),
        ErrorKind::Format { want, .. } => format!("is not a valid {want}"),
        kind => kind.to_string(),
    };
    vec![one_line(&format!("{place}: {what}"))]
}

/// The place in the value, as people write it: `settings.networks[0]`.
fn place(error: &ValidationError<'_, '_>, root: &str) -> String {
    let tokens = error.instance_location.tokens.iter().map(|token| match token {
        InstanceToken::Prop(name) => format!(".{name}"),
        InstanceToken::Item(index) => format!("[{index}]"),
    });
    iter::once(root.to_owned()).chain(tokens).collect()
}

//! Texts that may hold secrets, as messages and commands show them.

use genie_core::cni::{Secrets, text_without_secrets, without_secrets};
use serde_json::{Value, json};

/// A secret of which no part is in another text.
const TOKEN: &str = "\u{17f}hunter\u{17f}";

/// The text is looked through, alone and before a secret, as an annotation and as JSON.
pub fn secrets(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).replace(TOKEN, "");
    _ = text_without_secrets(&text);
    let told = text_without_secrets(&format!("{text};token={TOKEN}"));
    assert!(!told.contains(TOKEN), "{told}");

    let annotated = json!({"x": text, "cni-args": {"token": TOKEN, "y": text}});
    hidden(&annotated);
    hidden(&json!([{"annotation": annotated.to_string()}]));
    if let Ok(value) = serde_json::from_str::<Value>(&text) {
        hidden(&json!({"password": TOKEN, "config": value}));
    }
}

/// Checks that neither what is shown nor what is told of a plugin holds the secret.
fn hidden(config: &Value) {
    let shown = without_secrets(config).to_string();
    assert!(!shown.contains(TOKEN), "{shown}");
    let secrets = Secrets::of(config);
    for said in [config.to_string(), format!("cannot log in with {TOKEN}")] {
        let told = secrets.hide(&said);
        assert!(!told.contains(TOKEN), "{told}");
    }
}

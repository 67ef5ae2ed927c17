//! Secrets in the configurations of networks, and texts without them.
//!
//! Plugins are handed tokens and keys in their configuration, and some print what they were
//! handed when they fail. That goes on into errors, logs and the events of pods, which many
//! can read. So what a configuration keeps under a key that says so is blotted out there.

use serde_json::Value;

/// What stands in a secret's place.
const HIDDEN: &str = "(secret)";
/// Parts of keys, in lower case, whose values nobody should read.
const KEYS: [&str; 8] = ["token", "password", "passwd", "secret", "credential", "key", "cert", "kubeconfig"];
/// How a key or a certificate begins, whatever holds it.
const PEM: &str = "-----BEGIN ";
/// Shorter values are words of everyday messages, and no secrets worth the name.
const SHORTEST: usize = 8;

/// The secrets of a configuration.
#[derive(Debug, Default)]
pub struct Secrets {
    /// The longest first: one may be part of another.
    texts: Vec<String>,
}

impl Secrets {
    /// Those of a configuration or a list of them.
    pub fn of(config: &Value) -> Self {
        let mut texts = Vec::new();
        collect(config, false, &mut texts);
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self { texts }
    }

    /// Those of a configuration as a plugin reads it from its stdin.
    pub fn of_json(config: &[u8]) -> Self {
        serde_json::from_slice(config).map(|config| Self::of(&config)).unwrap_or_default()
    }

    /// The text without them.
    pub fn hide(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// The output of a program without them.
    pub fn hide_bytes(&self, output: &[u8]) -> Vec<u8> {
        if self.texts.is_empty() { output.to_vec() } else { self.hide(&String::from_utf8_lossy(output)).into_bytes() }
    }
}

/// A configuration as it may be shown: every secret in it replaced.
#[must_use]
pub fn without_secrets(config: &Value) -> Value {
    blot(config, false)
}

/// `CNI_ARGS` as they may be shown.
pub fn args_without_secrets(args: &str) -> String {
    let shown = args.split(';').map(|pair| match pair.split_once('=') {
        Some((key, value)) if is_secret(value, names_secret(key)) => format!("{key}={HIDDEN}"),
        _ => pair.to_owned(),
    });
    shown.collect::<Vec<_>>().join(";")
}

fn blot(value: &Value, secret: bool) -> Value {
    match value {
        Value::String(text) if is_secret(text, secret) => HIDDEN.into(),
        Value::Array(items) => match &items[..] {
            // A pair, as annotations are in a request.
            [Value::String(key), value @ Value::String(_)] if names_secret(key) => {
                vec![Value::from(key.as_str()), blot(value, true)].into()
            }
            items => items.iter().map(|item| blot(item, secret)).collect(),
        },
        Value::Object(members) => {
            let blotted = members.iter().map(|(key, value)| (key.clone(), blot(value, secret || names_secret(key))));
            Value::Object(blotted.collect())
        }
        other => other.clone(),
    }
}

fn collect(value: &Value, secret: bool, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if is_secret(text, secret) => {
            texts.push(text.clone());
            // As JSON writes it, once and twice, and line by line, as a log would.
            let once = as_json(text);
            texts.extend([as_json(&once), once]);
            texts.extend(text.lines().map(str::trim).filter(|line| line.len() >= SHORTEST).map(ToOwned::to_owned));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, secret, texts)),
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| collect(value, secret || names_secret(key), texts));
        }
        _ => {}
    }
}

/// A text as it stands between the quotes of JSON.
fn as_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

fn names_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    KEYS.iter().any(|part| key.contains(part))
}

/// The path of a file that holds a secret is none, and is what people look for.
fn is_secret(text: &str, named: bool) -> bool {
    text.contains(PEM) || (named && text.len() >= SHORTEST && !text.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.payload";

    fn config() -> Value {
        json!({
            "type": "calico", "etcd_key_file": "/etc/calico/key.pem", "name": "net",
            "policy": {"type": "k8s", "k8s_auth_token": TOKEN},
            "plugins": [{"etcd_key": {"data": "line one of it\n\"two\" of it"}}, {"ca": "x -----BEGIN CERTIFICATE-----\nMIIB"}],
        })
    }

    #[test]
    fn what_the_keys_call_secret_is_blotted_out() {
        let shown = without_secrets(&config());
        assert_eq!(shown["policy"], json!({"type": "k8s", "k8s_auth_token": HIDDEN}));
        assert_eq!(shown["plugins"], json!([{"etcd_key": {"data": HIDDEN}}, {"ca": HIDDEN}]));
        assert_eq!(
            without_secrets(&json!([["a/token", TOKEN], ["b", TOKEN]])),
            json!([["a/token", HIDDEN], ["b", TOKEN]])
        );
        assert_eq!(args_without_secrets(&format!("A=1;My_Token={TOKEN};B")), format!("A=1;My_Token={HIDDEN};B"));
        assert_eq!((&shown["type"], &shown["name"]), (&json!("calico"), &json!("net")));
        assert_eq!(shown["etcd_key_file"], "/etc/calico/key.pem", "where it is helps whoever has to repair it");
    }

    #[test]
    fn a_text_is_told_without_them_however_it_is_written() {
        let secrets = Secrets::of(&config());
        let json = config().to_string();
        let twice = Value::from(json.clone()).to_string();
        for text in [format!("bad token {TOKEN}!"), json, twice, "line one of it".into(), "\"two\" of it".into()] {
            let hidden = secrets.hide(&text);
            for part in [TOKEN, "one of it", "two", "MIIB"] {
                assert!(!hidden.contains(part), "{part} in {hidden}");
            }
            assert!(hidden.contains(HIDDEN));
        }
        assert_eq!(secrets.hide("cannot open /etc/calico/key.pem"), "cannot open /etc/calico/key.pem");
    }

    #[test]
    fn without_secrets_output_is_as_it_was() {
        let none = Secrets::of(&json!({"type": "bridge", "key": "short"}));
        assert_eq!(none.hide_bytes(b"\xff short"), b"\xff short");
    }
}

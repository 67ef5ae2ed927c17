//! Secrets in the configurations of networks, and texts without them.
//!
//! Plugins get tokens and keys in their configuration, and some print their configuration when they
//! fail. That goes on into errors, logs and the events of pods, which many people can read. So
//! every value under a key that names a secret is hidden there. This includes configurations that
//! are a text inside another: JSON in a string of JSON, `K=V;K=V`, an address with a password in
//! it.

use serde_json::Value;

/// The text in a secret's place.
const HIDDEN: &str = "(secret)";
/// Parts of keys, in lower case, that name a secret.
const KEYS: [&str; 8] = ["token", "password", "passwd", "secret", "credential", "key", "cert", "kubeconfig"];
/// How keys and certificates begin, in whichever field; also in base64, as in a kubeconfig.
const PEM: [&str; 2] = ["-----BEGIN ", "LS0tLS1CRUdJTi"];
/// The least bytes of a secret: shorter values are words of everyday messages.
const SHORTEST: usize = 8;

/// The secrets of a configuration.
#[derive(Debug, Default)]
pub struct Secrets {
    /// The longest one first, since one may be part of another.
    texts: Vec<String>,
}

impl Secrets {
    /// The secrets of a configuration or a list of configurations.
    pub fn of(config: &Value) -> Self {
        let mut search = Search::default();
        search.value(config, false);
        let mut texts = Vec::new();
        for (secret, depth) in search.found {
            texts.extend(secret.lines().map(str::trim).filter(|line| *line != secret).map(ToOwned::to_owned));
            // The password of an address, without the user's name.
            texts.extend(secret.split_once(':').map(|(_, password)| password.to_owned()));
            // The secret as JSON writes it at its depth, and once more, as an error would.
            let mut written = secret;
            for _ in 0..depth + 2 {
                let again = as_json(&written);
                texts.push(std::mem::replace(&mut written, again));
            }
            texts.push(written);
        }
        texts.retain(|text| text.len() >= SHORTEST);
        texts.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        texts.dedup();
        Self { texts }
    }

    /// The secrets of a configuration as a plugin reads it from its stdin.
    pub fn of_json(config: &[u8]) -> Self {
        serde_json::from_slice(config).map(|config| Self::of(&config)).unwrap_or_default()
    }

    /// The text without the secrets.
    pub fn hide(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// The output of a program without the secrets.
    pub fn hide_bytes(&self, output: &[u8]) -> Vec<u8> {
        if self.texts.is_empty() { output.to_vec() } else { self.hide(&String::from_utf8_lossy(output)).into_bytes() }
    }
}

/// A configuration, or anything that holds one, as it may be shown: with every secret replaced.
#[must_use]
pub fn without_secrets(config: &Value) -> Value {
    Search::default().value(config, false)
}

/// A text as it may be shown: `CNI_ARGS`, JSON or a message, with every secret replaced.
#[must_use]
pub fn text_without_secrets(text: &str) -> String {
    Search::default().text(text, false)
}

/// Goes through a configuration, and makes the one that may be shown.
#[derive(Default)]
struct Search {
    /// Each secret, and how many texts within texts it is in.
    found: Vec<(String, usize)>,
    depth: usize,
}

impl Search {
    fn value(&mut self, value: &Value, named: bool) -> Value {
        match value {
            Value::String(text) => self.text(text, named).into(),
            Value::Number(number) if named && number.to_string().len() >= SHORTEST => {
                self.hide(&number.to_string()).into()
            }
            Value::Array(items) => match &items[..] {
                // A pair, as annotations are in a request.
                [Value::String(key), value @ Value::String(_)] if names_secret(key) => {
                    vec![Value::from(key.as_str()), self.value(value, true)].into()
                }
                items => items.iter().map(|item| self.value(item, named)).collect(),
            },
            Value::Object(members) => {
                // A pair as an object, as environment variables are in a pod.
                let pair = members.get("name").and_then(Value::as_str).is_some_and(names_secret);
                let shown = members.iter().map(|(key, value)| {
                    let named = named || names_secret(key) || (pair && key == "value");
                    (key.clone(), self.value(value, named))
                });
                Value::Object(shown.collect())
            }
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str, named: bool) -> String {
        if is_secret(text, named) {
            return self.hide(text).into();
        }
        if let Some(value) = inner(text) {
            self.depth += 1;
            let shown = self.value(&value, named);
            self.depth -= 1;
            return if shown == value { text.to_owned() } else { shown.to_string() };
        }
        if !text.contains('=') && !text.contains("://") {
            return text.to_owned();
        }
        let parts = text.split(';').map(|part| match part.split_once('=') {
            Some((key, value)) if is_word(key) => format!("{key}={}", self.text(value, names_secret(key))),
            _ => self.words(part),
        });
        parts.collect::<Vec<_>>().join(";")
    }

    /// Hides secrets in the words of a sentence, or the parameters of an address.
    fn words(&mut self, text: &str) -> String {
        let end = |c: char| c.is_whitespace() || matches!(c, '&' | '?' | ',');
        let words = text.split_inclusive(end).map(|written| {
            let word = written.trim_end_matches(end);
            let shown = match (word.split_once('='), word.split_once("://")) {
                (Some((key, value)), _) if is_secret(value, names_secret(key)) => {
                    format!("{key}={}", self.hide(value))
                }
                (_, Some((scheme, rest))) => format!("{scheme}://{}", self.authority(rest)),
                _ => word.to_owned(),
            };
            shown + written.get(word.len()..).unwrap_or_default()
        });
        words.collect()
    }

    /// The part of an address after `://`, without the user and the password.
    fn authority(&mut self, text: &str) -> String {
        let (authority, path) = text.split_at(text.find(['/', '#']).unwrap_or(text.len()));
        match authority.rsplit_once('@') {
            Some((user, host)) if !user.is_empty() => format!("{}@{host}{path}", self.hide(user)),
            _ => text.to_owned(),
        }
    }

    fn hide(&mut self, secret: &str) -> &'static str {
        self.found.push((secret.to_owned(), self.depth));
        HIDDEN
    }
}

/// The JSON that a text holds, if it is more than a mere word or number.
fn inner(text: &str) -> Option<Value> {
    text.trim_start().starts_with(['{', '[', '"']).then(|| serde_json::from_str(text).ok())?
}

/// A text as JSON writes it between the quotes.
fn as_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// Whether a text may be the key of a pair.
fn is_word(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    !text.is_empty() && text.chars().all(is_part)
}

fn names_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    KEYS.iter().any(|part| key.contains(part))
}

/// Whether a text is a secret. The path of a file that holds one is not: people need it to find the
/// file.
fn is_secret(text: &str, named: bool) -> bool {
    let is_pem = PEM.iter().any(|begin| text.contains(begin)) && inner(text).is_none();
    is_pem || (named && text.len() >= SHORTEST && !text.starts_with('/'))
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
        assert_eq!((&shown["type"], &shown["name"]), (&json!("calico"), &json!("net")));
        assert_eq!(shown["etcd_key_file"], "/etc/calico/key.pem", "where it is helps whoever has to repair it");
    }

    /// The configuration, the same as JSON in a string, and that as JSON in another string.
    fn nested(config: &Value) -> [Value; 3] {
        let once = json!({"spec": {"config": config.to_string()}});
        [config.clone(), once.clone(), json!(["x", {"annotation": once.to_string()}])]
    }

    #[test]
    fn what_is_json_inside_a_text_is_looked_through() {
        for config in nested(&config()) {
            let shown = without_secrets(&config).to_string();
            for part in [TOKEN, "one of it", "two", "MIIB"] {
                assert!(!shown.contains(part), "{part} in {shown}");
            }
            assert!(shown.contains("calico") && shown.contains("/etc/calico/key.pem"), "{shown}");
        }
        let [_, once, _] = nested(&json!({"type": "bridge",  "mtu": 1400}));
        assert_eq!(without_secrets(&once), once, "as it was written");
    }

    #[test]
    fn pairs_and_addresses_in_a_text_are_looked_through() {
        let basic = "https://admin:hunter22@10.0.0.1:6443/api";
        for (text, shown) in [
            (format!("A=1;My_Token={TOKEN};B"), "A=1;My_Token=(secret);B"),
            (format!("A=1;K8S_ANNOT={{\"a/token\":\"{TOKEN}\"}}"), r#"A=1;K8S_ANNOT={"a/token":"(secret)"}"#),
            (basic.into(), "https://(secret)@10.0.0.1:6443/api"),
            (
                format!("{basic} says no, SERVER={basic}"),
                "https://(secret)@10.0.0.1:6443/api says no, \
                SERVER=https://(secret)@10.0.0.1:6443/api",
            ),
            (format!("http://h/?a=1&access_token={TOKEN}&b=2"), "http://h/?a=1&access_token=(secret)&b=2"),
            (format!("run it with --token={TOKEN} x"), "run it with --token=(secret) x"),
            ("x -----BEGIN KEY-----\nMIIB".into(), HIDDEN),
            ("LS0tLS1CRUdJTiBDRVJU".into(), HIDDEN),
            (
                "http://10.0.0.1:2379,http://10.0.0.2:2379 key=short a=b".into(),
                "http://10.0.0.1:2379,http://10.0.0.2:2379 \
                key=short a=b",
            ),
            ("no network is on eth0: write it as calico@eth0".into(), "no network is on eth0: write it as calico@eth0"),
        ] {
            assert_eq!(text_without_secrets(&text), shown);
        }
        let environment =
            json!({"env": [{"name": "DB_PASSWORD", "value": "hunter2222"}, {"name": "A", "value": "hunter2222"}]});
        let shown = json!({"env": [{"name": "DB_PASSWORD", "value": HIDDEN}, {"name": "A", "value": "hunter2222"}]});
        assert_eq!(without_secrets(&environment), shown);
        assert_eq!(
            without_secrets(&json!({"pin_token": 123_456_789, "keepalive_key": 30})),
            json!({"pin_token": HIDDEN, "keepalive_key": 30})
        );
    }

    #[test]
    fn a_program_tells_none_of_what_was_inside_a_text() {
        for config in nested(
            &json!({"password": "quoted \"velvet\" here", "etcd": "http://root:hunter22@h:1", "a": "b;TOKEN=12345678"}),
        ) {
            let secrets = Secrets::of(&config);
            let said = [
                config.to_string(),
                Value::from(config.to_string()).to_string(),
                "quoted \"velvet\" here".into(),
                "hunter22 12345678".into(),
            ];
            for said in said {
                let hidden = secrets.hide(&said);
                for part in ["velvet", "hunter22", "12345678"] {
                    assert!(!hidden.contains(part), "{part} in {hidden}");
                }
            }
        }
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

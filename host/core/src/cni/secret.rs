//! Secrets in the configurations of networks, and texts without them.
//!
//! Plugins get tokens and keys in their configuration, and some print their configuration when they
//! fail. That goes on into errors, logs and the events of pods, which many people can read. So
//! every value under a key that names a secret is hidden there. This includes configurations that
//! are a text inside another: JSON in a string of JSON, `K=V;K=V`, an address with a password in
//! it.
//!
//! Pods' owners write such texts, too. So nothing here goes as deep as a text says, and none takes
//! more than a few times its own length.

#[cfg(test)]
mod tests;

use serde_json::Value;

/// The text in a secret's place.
const HIDDEN: &str = "(secret)";
/// Parts of keys, in lower case, that name a secret.
const KEYS: [&str; 9] =
    ["token", "password", "passwd", "passphrase", "secret", "credential", "key", "cert", "kubeconfig"];
/// Whole words of keys, in lower case, that name a secret. As parts they are in other words, too:
/// `author`, `bypass`.
const WORDS: [&str; 5] = ["auth", "authorization", "pass", "psk", "pwd"];
/// How keys and certificates begin, in whichever field; also in base64, as in a kubeconfig.
const PEM: [&str; 2] = ["-----BEGIN ", "LS0tLS1CRUdJTi"];
/// The least bytes of a secret: of a shorter value every message would be full.
const SHORTEST: usize = 4;
/// How many texts within texts are looked through. What is further inside is hidden as a whole.
const DEEPEST: usize = 8;
/// The most bytes of a secret as it is searched for: no plugin's output is longer.
const LONGEST: usize = 4 << 20;
/// The most bytes of an output, once for each secret, that are searched: some tenths of a second. A text
/// for which that is not enough is hidden as a whole.
const SEARCHED: usize = 1 << 30;

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
            // The password of an address without the user's name, a token without `Bearer`.
            texts.extend(secret.split_once([':', ' ']).map(|(_, password)| password.to_owned()));
            // The secret as JSON writes it at its depth, and once more, as an error would.
            let written = std::iter::successors(Some(secret), |written| Some(as_json(written)));
            texts.extend(written.take(depth + 3).take_while(|written| written.len() <= LONGEST));
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
        if self.texts.len().saturating_mul(text.len()) > SEARCHED {
            return HIDDEN.into();
        }
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
        if let Some(shown) = self.json(text, named) {
            return shown;
        }
        if !text.contains('=') && !text.contains("://") {
            return text.to_owned();
        }
        text.split(';').map(|part| self.pairs(part)).collect::<Vec<_>>().join(";")
    }

    /// A text that holds JSON; none for any other.
    fn json(&mut self, text: &str, named: bool) -> Option<String> {
        let value = inner(text)?;
        if self.depth == DEEPEST {
            return Some(self.hide(text).into());
        }
        self.depth += 1;
        let shown = self.value(&value, named);
        self.depth -= 1;
        Some(if shown == value { text.to_owned() } else { shown.to_string() })
    }

    /// A pair `K=V`, of which the value may be a pair again, and so on to the text's end. That may be a
    /// hundred thousand pairs, so this is a loop. (No PEM is left to look for: [`Self::text`] has.)
    fn pairs(&mut self, text: &str) -> String {
        let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((key, value)) = rest.split_once('=').filter(|(key, _)| is_word(key)) {
            shown.extend([key, "="]);
            let named = names_secret(key);
            let hidden =
                if is_named_secret(value, named) { Some(self.hide(value).into()) } else { self.json(value, named) };
            if let Some(hidden) = hidden {
                return shown + &hidden;
            }
            rest = value;
        }
        shown + &self.words(rest)
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
    let lower = key.to_ascii_lowercase();
    KEYS.iter().any(|part| lower.contains(part)) || words_of(key).split(' ').any(|word| WORDS.contains(&word))
}

/// The words of a key in lower case: `basicAuth`, `basic_auth` and `BASIC-AUTH` have the same two.
fn words_of(key: &str) -> String {
    let mut words = String::with_capacity(key.len());
    let mut after_small = false;
    for c in key.chars() {
        if after_small && c.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
        after_small = c.is_ascii_lowercase();
    }
    words
}

/// Whether a text is a secret. The path of a file that holds one is not: people need it to find the
/// file.
fn is_secret(text: &str, named: bool) -> bool {
    let is_pem = PEM.iter().any(|begin| text.contains(begin)) && inner(text).is_none();
    is_pem || is_named_secret(text, named)
}

fn is_named_secret(text: &str, named: bool) -> bool {
    named && text.len() >= SHORTEST && !text.starts_with('/')
}

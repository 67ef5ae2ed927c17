//! What the imports `pod`, `cluster` and `node` answer, and how answers are recorded.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cni::names::check_interface;
use crate::cni::quoted;
use crate::digest::Digest;
use crate::object::ObjectName;
use crate::object::check::is_label_key;

/// Why a question about the node has no answer when the configuration does not name it.
pub const UNNAMED_NODE: &str =
    "the node's name is not known: set \"nodename\" in the configuration (test-selector: --node NAME)";

/// Answers what selectors ask of the host.
///
/// They are shared (`Arc`), and own what they answer from: the store of a running selector holds them,
/// and may not borrow.
pub trait Facts: Send + Sync {
    /// The answer as JSON, in the form that [`Question`] says. It may cost a read, and must come
    /// within the call's deadline.
    ///
    /// # Errors
    /// The reason why the fact is not available now. The selector gets this text.
    fn answer(&self, question: &Question) -> Result<Value, String>;

    /// Says that these objects are asked for soon, so that they can be fetched beside other work, all
    /// of them at once. Nobody needs to heed it.
    fn expect(&self, _objects: &[ObjectName]) {}
}

/// A question to an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// The pod's labels: an array of `[KEY, VALUE]`, sorted by key.
    Labels,
    /// The name of the pod's service account.
    ServiceAccount,
    /// The pod's controlling owner: `[KIND, NAME]`, or null.
    Owner,
    /// An object of the cluster: its JSON as a text, or null when the object does not exist. Only
    /// granted objects are asked for.
    Object(ObjectName),
    /// The labels of the pod's own namespace: an array of `[KEY, VALUE]`, sorted by key. Whoever may
    /// ask for the Namespace may ask for them.
    NamespaceLabels,
    /// The bytes that all interfaces of the node whose names start with `prefix` have received and
    /// sent: `[BYTES, BYTES]`.
    Traffic {
        /// The beginning of the names; empty for all.
        prefix: String,
    },
    /// The bytes that all interfaces of the node whose names start with `prefix` receive and send in
    /// a second, as the agent counts them: `[BYTES, BYTES]`.
    TrafficRate {
        /// The beginning of the names; empty for all.
        prefix: String,
    },
    /// A label of this node: its value, or null when the node has no such label.
    NodeLabel {
        /// The label's key.
        key: String,
    },
    /// How many addresses are left for a network: a number, or null where its address management
    /// does not tell.
    FreeAddresses {
        /// The network's `file`.
        network: String,
    },
}

/// The longest name of a file, in bytes.
const FILE_NAME: usize = 255;

impl Question {
    /// Fails when a name in the question is not what it claims to be. The error says what is wrong.
    pub fn check_names(&self) -> Result<(), String> {
        match self {
            // An object's name was checked when it was made.
            Self::Labels | Self::ServiceAccount | Self::Owner | Self::Object(_) | Self::NamespaceLabels => Ok(()),
            Self::Traffic { prefix } | Self::TrafficRate { prefix } if prefix.is_empty() => Ok(()),
            Self::Traffic { prefix } | Self::TrafficRate { prefix } => check_interface(prefix)
                .map_err(|error| format!("{} begins no interface's name: {}", quoted(prefix), error.msg)),
            Self::NodeLabel { key } if is_label_key(key) => Ok(()),
            Self::NodeLabel { key } => Err(format!("{} is no key of a label", quoted(key))),
            Self::FreeAddresses { network } => {
                let wrong = |c: char| c == '/' || c.is_control();
                let is_file = !network.is_empty() && network.len() <= FILE_NAME && !network.contains(wrong);
                if is_file { Ok(()) } else { Err(format!("{} is no name of a network's file", quoted(network))) }
            }
        }
    }
}

/// A question and its answer. With the request, these are all that a decision depended on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consulted {
    /// What the selector asked.
    pub question: Question,
    /// What the selector was answered.
    pub answer: Answered,
}

/// An answer in the form in which it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answered {
    /// The answer as JSON.
    Ok(Value),
    /// The reason why there was no answer.
    Err(String),
    /// The digest of an answer that is too large to be kept in every record.
    Digest {
        /// The SHA-256 of the answer as compact JSON, in hexadecimal digits.
        sha256: String,
        /// The answer's size as JSON, in bytes.
        bytes: usize,
    },
}

/// The largest answer that is recorded as it is, in bytes of JSON.
pub const RECORDED: usize = 4 << 10;

impl Answered {
    /// The recorded form of an answer; `bytes` is its size as JSON.
    pub fn of(answer: &Result<Value, String>, bytes: usize) -> Self {
        match answer {
            Ok(answer) if bytes <= RECORDED => Self::Ok(answer.clone()),
            Err(reason) if bytes <= RECORDED => Self::Err(reason.clone()),
            Ok(answer) => Self::digest(&answer.to_string(), bytes),
            Err(reason) => Self::digest(&Value::from(reason.as_str()).to_string(), bytes),
        }
    }

    fn digest(json: &str, bytes: usize) -> Self {
        Self::Digest { sha256: Digest::of(json.as_bytes()).to_string(), bytes }
    }
}

impl From<Answered> for Result<Value, String> {
    fn from(answer: Answered) -> Self {
        match answer {
            Answered::Ok(answer) => Ok(answer),
            Answered::Err(reason) => Err(reason),
            Answered::Digest { sha256, bytes } => {
                Err(format!("recorded only as a digest: {bytes} bytes with the SHA-256 {sha256}"))
            }
        }
    }
}

/// Facts that know nothing, for selectors that are asked without a cluster and a node.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Nothing {
    /// As a call is given them.
    pub fn shared() -> Arc<dyn Facts> {
        Arc::new(Self)
    }
}

/// Facts from a record, so that a decision can be replayed. A question that was not asked then has
/// no answer now.
#[derive(Clone, Debug, Default)]
pub struct Replay(pub Vec<Consulted>);

impl Facts for Nothing {
    fn answer(&self, _: &Question) -> Result<Value, String> {
        Err("not available here".into())
    }
}

impl Facts for Replay {
    fn answer(&self, question: &Question) -> Result<Value, String> {
        match self.0.iter().find(|consulted| consulted.question == *question) {
            Some(consulted) => consulted.answer.clone().into(),
            None => Err("not in the record that is replayed".into()),
        }
    }
}

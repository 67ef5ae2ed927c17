//! What the imports `pod`, `cluster` and `node` answer, and the record of it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;
use crate::cni::names::check_interface;
use crate::cni::quoted;
use crate::object::ObjectName;
use crate::object::check::is_label_key;

/// Where the host's imports get their answers. Each may cost a read; each must
/// return within the call's deadline. An error says why the fact cannot be had
/// now, and the selector gets to read it.
pub trait Facts {
    /// The pod's labels, sorted by key.
    fn labels(&self) -> Result<Vec<(String, String)>, String>;
    /// The name of the pod's service account.
    fn service_account(&self) -> Result<String, String>;
    /// Kind and name of the pod's controlling owner, if it has one.
    fn owner(&self) -> Result<Option<(String, String)>, String>;
    /// One object of the cluster as JSON text; none if it does not exist. Only
    /// asked for what was granted.
    fn object(&self, object: &ObjectName) -> Result<Option<String>, String>;
    /// Bytes received and sent by all interfaces of the node whose names start
    /// with `prefix`, added up.
    fn traffic(&self, prefix: &str) -> Result<(u64, u64), String>;
    /// A label of this node; none if it has no such label.
    fn node_label(&self, key: &str) -> Result<Option<String>, String>;
    /// How many addresses are left for a network, by its `file`; none where its
    /// address management does not tell.
    fn free_addresses(&self, network: &str) -> Result<Option<u64>, String>;
}

/// A question to an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is a method of Facts and its parameters")]
pub enum Question {
    Labels,
    ServiceAccount,
    Owner,
    Object(ObjectName),
    Traffic { prefix: String },
    NodeLabel { key: String },
    FreeAddresses { network: String },
}

/// The longest name of a file, in bytes.
const FILE_NAME: usize = 255;

impl Question {
    /// Fails when what is named in it is not what it claims to be; says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        match self {
            // An object's name was checked when it was made.
            Self::Labels | Self::ServiceAccount | Self::Owner | Self::Object(_) => Ok(()),
            Self::Traffic { prefix } if prefix.is_empty() => Ok(()),
            Self::Traffic { prefix } => check_interface(prefix)
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

    /// Asks, and gives the answer as JSON.
    pub fn ask(&self, facts: &dyn Facts) -> Result<Value, String> {
        match self {
            Self::Labels => json(facts.labels()?),
            Self::ServiceAccount => json(facts.service_account()?),
            Self::Owner => json(facts.owner()?),
            Self::Object(object) => json(facts.object(object)?),
            Self::Traffic { prefix } => json(facts.traffic(prefix)?),
            Self::NodeLabel { key } => json(facts.node_label(key)?),
            Self::FreeAddresses { network } => json(facts.free_addresses(network)?),
        }
    }
}

fn json(fact: impl Serialize) -> Result<Value, String> {
    serde_json::to_value(fact).map_err(|error| error.to_string())
}

/// A question and what was answered: with the request, all that a decision
/// depended on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consulted {
    /// What the selector asked.
    pub question: Question,
    /// What it was told.
    pub answer: Answered,
}

/// An answer, as it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answered {
    /// The answer as JSON.
    Ok(Value),
    /// Why there was none.
    Err(String),
    /// There was one, too large to be kept in every record.
    Digest {
        /// The SHA-256 of the answer as compact JSON, in hexadecimal digits.
        sha256: String,
        /// Its size in bytes.
        bytes: usize,
    },
}

/// An answer up to this size is recorded as it is, in bytes of JSON.
pub const RECORDED: usize = 4 << 10;

impl Answered {
    /// What of an answer is recorded; `bytes` is its size as JSON.
    pub(super) fn of(answer: &Result<Value, String>, bytes: usize) -> Self {
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

/// Knows nothing: where no cluster and no node stand behind a selector.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

/// Answers out of a record, so that a decision can be replayed. A question that
/// was not asked then has no answer now.
#[derive(Clone, Debug, Default)]
pub struct Replay(pub Vec<Consulted>);

/// Something that answers questions as JSON. Whatever does is a [`Facts`].
trait Answers {
    fn answer(&self, question: Question) -> Result<Value, String>;
}

impl Answers for Nothing {
    fn answer(&self, _: Question) -> Result<Value, String> {
        Err("not available here".into())
    }
}

impl Answers for Replay {
    fn answer(&self, question: Question) -> Result<Value, String> {
        match self.0.iter().find(|consulted| consulted.question == question) {
            Some(consulted) => consulted.answer.clone().into(),
            None => Err("not in the record that is replayed".into()),
        }
    }
}

fn typed<T: DeserializeOwned>(answers: &impl Answers, question: Question) -> Result<T, String> {
    serde_json::from_value(answers.answer(question)?).map_err(|error| format!("the answer is malformed: {error}"))
}

impl<A: Answers> Facts for A {
    fn labels(&self) -> Result<Vec<(String, String)>, String> {
        typed(self, Question::Labels)
    }

    fn service_account(&self) -> Result<String, String> {
        typed(self, Question::ServiceAccount)
    }

    fn owner(&self) -> Result<Option<(String, String)>, String> {
        typed(self, Question::Owner)
    }

    fn object(&self, object: &ObjectName) -> Result<Option<String>, String> {
        typed(self, Question::Object(object.clone()))
    }

    fn traffic(&self, prefix: &str) -> Result<(u64, u64), String> {
        typed(self, Question::Traffic { prefix: prefix.into() })
    }

    fn node_label(&self, key: &str) -> Result<Option<String>, String> {
        typed(self, Question::NodeLabel { key: key.into() })
    }

    fn free_addresses(&self, network: &str) -> Result<Option<u64>, String> {
        typed(self, Question::FreeAddresses { network: network.into() })
    }
}

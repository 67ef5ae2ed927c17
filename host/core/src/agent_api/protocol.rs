//! What the plugin and the agent say to each other: one line of JSON each way per connection.
//!
//! Every request carries the version that it is written in. An agent understands its own version
//! and the one before. It refuses any other with the versions that it understands, and the plugin
//! goes on without it. Unknown members are ignored.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::ObjectName;
use crate::pod::{Identity, PodFacts};
use crate::record::Pod;

/// The version that this build speaks.
pub const VERSION: u32 = 1;
/// The oldest version that this build understands.
pub const OLDEST: u32 = 1;
/// The longest line, in bytes.
pub const MAX_LINE: usize = 4 << 20;

/// What the plugin sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The [`VERSION`] of the sender.
    pub version: u32,
    /// What the plugin wants.
    #[serde(flatten)]
    pub body: Body,
}

/// What a request wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// The facts of a pod of this node. The answer is [`Answer::Pod`].
    Pod(Identity),
    /// One object of the cluster. The answer is [`Answer::Object`].
    Object {
        /// The object's name.
        #[serde(flatten)]
        object: ObjectName,
        /// How long the plugin waits, in milliseconds.
        wait_ms: u64,
    },
    /// Several objects of the cluster. The answer is [`Answer::Objects`], when all of them are known.
    Objects {
        /// The objects' names.
        objects: Vec<ObjectName>,
        /// How long the plugin waits, in milliseconds.
        wait_ms: u64,
    },
    /// What interfaces of the node receive and send. The answer is [`Answer::TrafficRate`].
    TrafficRate {
        /// The beginning of the interfaces' names; empty for all.
        prefix: String,
    },
    /// A call has ended. The agent does not answer, and the plugin does not wait.
    Report(Box<CallReport>),
}

/// What the agent answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The version that the agent speaks.
    pub version: u32,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The pod, or null when the agent does not know it (yet); the plugin then asks another source.
    Pod(Option<PodFacts>),
    /// The object, or null when it does not exist.
    Object(Option<Value>),
    /// For each object that was asked for, in their order: [`Answer::Object`] or [`Answer::Error`].
    Objects(Vec<Answer>),
    /// What all of those interfaces together receive and send in a second, in bytes.
    TrafficRate {
        /// Received.
        rx_bytes: u64,
        /// Sent.
        tx_bytes: u64,
    },
    /// The agent has to ask the API server; its answer is the next line. Only for [`Body::Pod`],
    /// whose other answers come at once.
    Later {
        /// How long that takes at most, in milliseconds.
        wait_ms: u64,
    },
    /// The reason why there is no answer.
    Error(String),
    /// The agent does not understand the request's version; these it understands.
    Versions {
        /// The oldest.
        oldest: u32,
        /// The newest.
        newest: u32,
    },
}

/// What a call did, for metrics and logs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallReport {
    /// `ADD`, `DEL`, ….
    pub verb: String,
    /// The CNI error code; none after success.
    pub code: Option<u32>,
    /// The error's message.
    pub message: Option<String>,
    /// The container's id.
    pub container: String,
    /// The interface that the runtime named.
    pub interface: String,
    /// The pod.
    pub pod: Option<Pod>,
    /// How long the whole call took, in microseconds.
    pub micros: u64,
    /// The call's parts in their order, and how long each took, in microseconds.
    pub parts: Vec<(Part, u64)>,
    /// The networks in their order.
    pub networks: Vec<NetworkTime>,
    /// The selectors that ran.
    pub selectors: Vec<SelectorRun>,
}

/// A part of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// From the start of the process to the parsed call.
    Start,
    /// The configuration and the conf dir are read.
    Configuration,
    /// The pod's annotations are found.
    Facts,
    /// The selectors are asked.
    Select,
    /// The selectors are loaded: a part of [`Part::Select`] that is told apart from it.
    Load,
    /// The plan becomes attachments.
    Prepare,
    /// The attachment record is written, or read.
    Record,
    /// The networks' plugins run.
    Delegate,
    /// The results become one.
    Merge,
    /// The record is on disk.
    Sync,
    /// The result is written into the record.
    Finish,
    /// What was attached is taken away again.
    Undo,
    /// The runtime gets its answer.
    Answer,
    /// A part that this version does not know.
    #[serde(other)]
    Other,
}

impl Part {
    /// As it is written in reports, metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Configuration => "configuration",
            Self::Facts => "facts",
            Self::Select => "select",
            Self::Load => "load",
            Self::Prepare => "prepare",
            Self::Record => "record",
            Self::Delegate => "delegate",
            Self::Merge => "merge",
            Self::Sync => "sync",
            Self::Finish => "finish",
            Self::Undo => "undo",
            Self::Answer => "answer",
            Self::Other => "other",
        }
    }
}

/// How long a network's delegates took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkTime {
    /// The network's name.
    pub network: String,
    /// The type of its first plugin.
    pub plugin: String,
    /// The network's interface in the container.
    pub interface: String,
    /// How long the delegates took, in microseconds.
    pub micros: u64,
    /// Whether the network's delegates failed.
    pub failed: bool,
}

/// One run of a selector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SelectorRun {
    /// The selector's name in the configuration.
    pub name: String,
    /// `pass`, `plan`, or the error's kind.
    pub outcome: String,
    /// The fuel that the run used.
    pub fuel: u64,
    /// How long the run took, in microseconds.
    pub micros: u64,
}

//! The lines after the header: what has happened since it was written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How an ADD ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// The merged result that the runtime got.
    pub result: Value,
    /// The annotations to publish.
    pub annotations: Value,
    /// The results of those attachments whose default routes were settled, by their indexes. CHECK
    /// will find these, and not what the plugins answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settled: BTreeMap<usize, Value>,
}

/// One event. `index` is that of an attachment in the header.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// The attachment was made; this is its own result, and how long its plugins took.
    Added {
        index: usize,
        result: Cow<'a, Value>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        micros: Option<u64>,
    },
    /// The attachment's DEL succeeded.
    Deleted { index: usize },
    /// ADD answered.
    Done(Cow<'a, Ending>),
    /// The shadows were asked, after the call; these are their answers.
    Shadows { answers: Cow<'a, Value> },
}

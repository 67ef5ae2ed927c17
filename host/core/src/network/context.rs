//! What a plan is checked against, and its parts that are JSON.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Catalogue;
use super::limits::Limits;
use crate::cni::{Call, CniError, code};
use crate::selector::abi::Attachment;
use crate::selector::chain::Entry;
use crate::selector::sandbox::facts::Facts;

/// All that a plan is checked against.
pub struct Context<'a> {
    /// The runtime's call.
    pub call: &'a Call,
    /// The members of the call's `runtimeConfig`.
    pub runtime_config: &'a Map<String, Value>,
    /// The networks of this node.
    pub catalogue: &'a Catalogue,
    /// Where NetworkAttachmentDefinitions come from.
    pub facts: &'a dyn Facts,
    /// The entry that planned an attachment, if one did.
    pub planner: &'a dyn Fn(&Attachment) -> Option<&'a Entry>,
    /// Plugin types that mean this plugin itself.
    pub own_types: &'a [&'a str],
    /// The directories of plugins; none when the plugins need not be there.
    pub path: Option<&'a [PathBuf]>,
    /// Interfaces that the container has already.
    pub taken: &'a BTreeSet<String>,
    /// Whether an earlier plugin of the runtime's list has made the runtime's interface.
    pub is_served: bool,
    /// The directory of the files in which plugins tell of their devices.
    pub device_info_dir: &'a Path,
    /// What one pod may have.
    pub limits: Limits,
    /// Whether to refuse what a network declares no capability for, instead of asking its plugins
    /// in the old way.
    pub strict: bool,
}

/// The JSON object in this part of a plan; none is an empty one.
///
/// # Errors
/// It is something else.
pub(super) fn object(text: Option<&str>, what: &str) -> Result<Map<String, Value>, CniError> {
    let Some(text) = text else { return Ok(Map::new()) };
    serde_json::from_str(text).map_err(|error| invalid(format!("{what} is no JSON object: {error}")))
}

/// The error for a plan, or a network, that cannot be carried out.
pub(super) fn invalid(message: impl Into<String>) -> CniError {
    CniError::new(code::INVALID_CONFIG, message)
}

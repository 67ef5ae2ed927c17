//! The grant `capabilities`: members of `runtimeConfig`.

use serde_json::{Map, Value, json};

use super::Grants;
use super::missing::{Missing, shortened};
use crate::cni::quoted;
use crate::device_info;

/// Checks the names of a grant, and returns them.
///
/// # Errors
/// A name is that of the file of device information.
pub(super) fn check_names(names: Vec<String>) -> Result<Vec<String>, String> {
    match names.iter().find(|name| device_info::is_capability(name)) {
        Some(name) => Err(format!("grant holds {{\"capabilities\": [\"{name}\"]}}: genie names that file itself")),
        None => Ok(names),
    }
}

impl Grants {
    pub(super) fn check_capabilities(&self, members: &str) -> Result<(), Missing> {
        // A text that is no object is refused when the plan is prepared.
        let Ok(members) = serde_json::from_str::<Map<String, Value>>(members) else { return Ok(()) };
        let Some(name) = members.keys().find(|name| !self.capabilities.contains(*name)) else { return Ok(()) };
        let what = format!("gets the capability {}", quoted(name));
        if device_info::is_capability(name) {
            return Err(Missing::never(format!("{what}, whose file genie names itself")));
        }
        Err(Missing::new(what, json!({"capabilities": [shortened(name)]})))
    }
}

//! The grant `networks`: which installed networks may be chosen.

use serde_json::json;

use super::Grants;
use super::missing::Missing;
use crate::selector::abi::Network;

impl Grants {
    /// `written` is what the plan says. A network that is not installed is somebody
    /// else's matter: the plan is refused for that.
    pub(super) fn check_network(&self, written: &str, installed: &[Network]) -> Result<(), Missing> {
        let Some(patterns) = &self.networks else { return Ok(()) };
        let by_file = installed.iter().find(|network| network.file == written);
        let Some(network) = by_file.or_else(|| installed.iter().find(|network| network.name == written)) else {
            return Ok(());
        };
        let stem = network.file.rsplit_once('.').map_or(network.file.as_str(), |(stem, _)| stem);
        if [network.name.as_str(), network.file.as_str(), stem].iter().any(|name| patterns.matches(name)) {
            return Ok(());
        }
        let what = format!("is chosen, and the entry's networks are {} only", patterns.list());
        Err(Missing::beyond(what, json!({"networks": [network.name]})))
    }
}

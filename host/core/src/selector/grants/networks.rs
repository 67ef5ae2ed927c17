//! The grant `networks`: which installed networks may be chosen.

use serde_json::json;

use super::Grants;
use super::missing::Missing;
use super::pattern::Patterns;
use crate::selector::abi::{self, Network};

impl Grants {
    /// Checks a network that a plan names, `written` as in the plan. A network that is not
    /// installed passes here: the plan is refused for that later.
    pub(super) fn check_network(&self, written: &str, installed: &[Network]) -> Result<(), Missing> {
        let Some(patterns) = &self.networks else { return Ok(()) };
        let Some(network) = abi::installed(installed, written) else { return Ok(()) };
        if is_listed(patterns, network) {
            return Ok(());
        }
        let what = format!("is chosen, and the entry's networks are {} only", patterns.list());
        Err(Missing::beyond(what, json!({"networks": [network.name]})))
    }

    /// The files of the networks that may not be chosen.
    pub fn forbidden<'a>(&'a self, installed: &'a [Network]) -> impl Iterator<Item = String> + 'a {
        let beyond = |patterns: &'a Patterns| installed.iter().filter(|network| !is_listed(patterns, network));
        self.networks.iter().flat_map(beyond).map(|network| network.file.clone())
    }
}

/// Whether the patterns list a network by its name, its file, or its file without the extension.
fn is_listed(patterns: &Patterns, network: &Network) -> bool {
    let stem = network.file.rsplit_once('.').map_or(network.file.as_str(), |(stem, _)| stem);
    [network.name.as_str(), network.file.as_str(), stem].iter().any(|name| patterns.matches(name))
}

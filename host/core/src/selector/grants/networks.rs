//! The grant `networks`: which installed networks may be chosen.

use serde_json::json;

use super::Grants;
use super::missing::Missing;
use super::pattern::Patterns;
use crate::cni::quoted;
use crate::selector::abi::{self, Network};

impl Grants {
    /// Checks a network that a plan names, `written` as in the plan. A network that is not
    /// installed passes here: the plan is refused for that later.
    pub(super) fn check_network(&self, written: &str, installed: &[Network]) -> Result<(), Missing> {
        match abi::installed(installed, written) {
            Some(network) => self.check_installed(&network.name, &network.file, "is chosen"),
            None => Ok(()),
        }
    }

    /// Checks an installed network by its name and its file. `why` says how the plan comes to it.
    fn check_installed(&self, name: &str, file: &str, why: &str) -> Result<(), Missing> {
        match &self.networks {
            Some(patterns) if !is_listed(patterns, name, file) => {
                let what = format!("{why}, and the entry's networks are {} only", patterns.list());
                Err(Missing::beyond(what, json!({"networks": [name]})))
            }
            _ => Ok(()),
        }
    }

    /// Checks the installed network that a definition without a configuration means. No plan names it,
    /// so this is known only when the definition is read.
    pub fn check_meant(&self, name: &str, file: &str) -> Result<(), Missing> {
        self.check_installed(
            name,
            file,
            &format!("holds no configuration and means the installed network {}", quoted(name)),
        )
    }

    /// The files of the networks that may not be chosen.
    pub fn forbidden<'a>(&'a self, installed: &'a [Network]) -> impl Iterator<Item = String> + 'a {
        let beyond = |patterns: &'a Patterns| {
            installed.iter().filter(|network| !is_listed(patterns, &network.name, &network.file))
        };
        self.networks.iter().flat_map(beyond).map(|network| network.file.clone())
    }
}

/// Whether the patterns list a network by its name, its file, or its file without the extension.
fn is_listed(patterns: &Patterns, name: &str, file: &str) -> bool {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    [name, file, stem].iter().any(|name| patterns.matches(name))
}

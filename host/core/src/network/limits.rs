//! What one pod may have of a node's networks. Whoever writes an annotation could take every
//! address of a subnet otherwise.

use std::collections::BTreeMap;

use super::Prepared;
use crate::cni::{CniError, code, quoted};

/// What one pod may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many networks (the key `limits.networks`).
    pub networks: usize,
    /// How many times the same one (the key `limits.same_network`).
    pub same_network: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { networks: 8, same_network: 4 }
    }
}

impl Limits {
    /// # Errors
    /// Code 102: more attachments than a pod may have.
    pub(super) fn check_count(&self, count: usize) -> Result<(), CniError> {
        if count <= self.networks {
            return Ok(());
        }
        Err(denied(format!(
            "it asks for {count} networks, and a pod may have {} (limits.networks in genie's configuration)",
            self.networks
        )))
    }

    /// # Errors
    /// Code 102: one network more often than a pod may have it. A network is what has the
    /// same name: address management counts by that.
    pub(super) fn check_same(&self, attachments: &[Prepared]) -> Result<(), CniError> {
        let mut interfaces: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for attachment in attachments {
            interfaces.entry(&attachment.list.name).or_default().push(&attachment.interface);
        }
        match interfaces.into_iter().find(|(_, on)| on.len() > self.same_network) {
            None => Ok(()),
            Some((network, on)) => Err(denied(format!(
                "it asks for network {} {} times (on {}), and a pod may have the same one {} times \
                 (limits.same_network in genie's configuration)",
                quoted(network),
                on.len(),
                on.join(", "),
                self.same_network
            ))),
        }
    }
}

fn denied(message: String) -> CniError {
    CniError::new(code::REFUSED_DENIED, message)
}

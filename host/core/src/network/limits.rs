//! What one pod may have of a node's networks. Without limits, an annotation could take every
//! address of a subnet.

use std::collections::BTreeMap;

use super::Prepared;
use crate::cni::{CniError, code, quoted};

/// What one pod may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most networks (the key `limits.networks`).
    pub networks: usize,
    /// The most attachments to the same network (the key `limits.same_network`).
    pub same_network: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { networks: 8, same_network: 4 }
    }
}

impl Limits {
    /// The highest limit: more than a pod has use for, and few enough to be undone.
    pub const HIGHEST: usize = 256;

    /// # Errors
    /// [`code::REFUSED_DENIED`] for more attachments than a pod may have.
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
    /// [`code::REFUSED_DENIED`] for more attachments to one network than a pod may have. Networks
    /// of the same name are the same network, since address management counts by name.
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

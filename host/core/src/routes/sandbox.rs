//! The container's network namespace while an ADD works on it.

use std::collections::BTreeSet;
use std::path::Path;

use super::Wanted;
use super::kernel;
use super::message::DefaultRoute;
use super::namespace;
use super::netlink::Netlink;
use crate::cni::{CniError, code};

/// The container's network namespace. It is entered once, to open a socket that speaks to its
/// kernel from then on.
pub struct Sandbox {
    pub(super) netns: String,
    pub(super) kernel: Netlink,
    /// Default routes that were set aside until all delegates have run.
    pub(super) aside: Vec<DefaultRoute>,
    /// Default routes that were removed for good, unless the ADD fails.
    pub(super) removed: Vec<DefaultRoute>,
}

impl Sandbox {
    /// The namespace at the path `netns`. The result is none when the call has no namespace, or one
    /// that does not exist.
    ///
    /// # Errors
    /// [`code::INVALID_ENVIRONMENT`] when the namespace cannot be entered, [`code::IO`] when its
    /// kernel does not answer.
    pub fn open(netns: Option<&str>) -> Result<Option<Self>, CniError> {
        let Some(netns) = netns.filter(|netns| Path::new(netns).exists()) else { return Ok(None) };
        let kernel = namespace::visit(netns, Netlink::open)??;
        Ok(Some(Self { netns: netns.into(), kernel, aside: Vec::new(), removed: Vec::new() }))
    }

    /// Whether the namespace has an interface of this name.
    ///
    /// # Errors
    /// [`code::IO`] when the kernel does not answer.
    pub fn has(&self, interface: &str) -> Result<bool, CniError> {
        Ok(self.kernel.has_link(interface)?)
    }

    /// The names of the namespace's interfaces, `lo` among them.
    ///
    /// # Errors
    /// [`code::IO`] when the kernel does not answer.
    pub fn interfaces(&mut self) -> Result<BTreeSet<String>, CniError> {
        Ok(kernel::links(&mut self.kernel)?.into_keys().collect())
    }

    /// Takes the default routes away until [`settle`](super::settle): a plugin such as calico fails
    /// where there is one already.
    ///
    /// # Errors
    /// [`code::IO`] when the kernel refuses.
    pub fn set_aside(&mut self) -> Result<(), CniError> {
        kernel::set_aside(&mut self.kernel, &mut self.aside)
    }

    /// Brings back what was set aside or removed, after an ADD that failed: default routes from
    /// before it shall be there after it. Those of its own networks go with their interfaces.
    pub fn put_back(&mut self) {
        for route in std::mem::take(&mut self.aside).into_iter().chain(std::mem::take(&mut self.removed)) {
            if let Err(error) = kernel::restore(&mut self.kernel, &route) {
                tracing::debug!(%error, "a default route does not come back");
            }
        }
    }

    pub(super) fn apply(&mut self, wanted: &Wanted<'_>) -> Result<Vec<BTreeSet<super::Family>>, CniError> {
        let Self { netns, kernel, aside, removed } = self;
        kernel::apply(kernel, netns, wanted, aside, removed)
    }
}

/// The namespace of a call whose plan needs one.
///
/// # Errors
/// [`code::INVALID_ENVIRONMENT`] when there is none.
pub(super) fn needed(sandbox: Option<&mut Sandbox>) -> Result<&mut Sandbox, CniError> {
    sandbox.ok_or_else(|| {
        CniError::new(
            code::INVALID_ENVIRONMENT,
            "CNI_NETNS must be a network namespace: whose the default route is has to be settled in it",
        )
    })
}

//! The container's network namespace while an ADD works on it.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread::{self, JoinHandle};

use super::message::DefaultRoute;
use super::netlink::Netlink;
use super::{Wanted, kernel, namespace};
use crate::cni::{CniError, code};

/// The stack of the thread that looks, in bytes.
const STACK: usize = 256 << 10;

/// The container's network namespace, which was entered once: what speaks to its kernel
/// afterwards is a socket that stays in there.
pub struct Sandbox {
    pub(super) netns: String,
    pub(super) kernel: Netlink,
    pub(super) aside: Vec<DefaultRoute>,
    interfaces: BTreeSet<String>,
}

/// A first look, beside other work.
pub struct Look {
    netns: String,
    /// None: there is nothing to look at.
    thread: Option<JoinHandle<Result<Sandbox, CniError>>>,
}

impl Look {
    /// Begins to look at the namespace at the path `netns`.
    pub fn begin(netns: Option<&str>) -> Self {
        let there = netns.filter(|netns| Path::new(netns).exists()).map(ToOwned::to_owned);
        let netns = there.clone().unwrap_or_default();
        let look = |netns| thread::Builder::new().stack_size(STACK).spawn(move || Sandbox::open_here(netns));
        let thread = there.and_then(|netns| look(netns).ok());
        Self { netns, thread }
    }

    /// What was seen; none when the call has no namespace, or one that is not there.
    ///
    /// # Errors
    /// Code 4 when it cannot be entered, code 5 when its kernel does not answer.
    pub fn end(self) -> Result<Option<Sandbox>, CniError> {
        match self.thread.map(JoinHandle::join) {
            Some(Ok(sandbox)) => sandbox.map(Some),
            Some(Err(_)) => Err(namespace::failed(&self.netns, &"the thread for it broke down")),
            None if self.netns.is_empty() => Ok(None),
            None => Err(namespace::failed(&self.netns, &"a thread for it cannot be started")),
        }
    }
}

impl Sandbox {
    /// In a thread of its own, which ends with it.
    fn open_here(netns: String) -> Result<Self, CniError> {
        namespace::enter(&netns)?;
        let mut kernel = Netlink::open()?;
        let interfaces = kernel::links(&mut kernel)?.into_keys().collect();
        Ok(Self { netns, kernel, aside: Vec::new(), interfaces })
    }

    /// The names of the interfaces that were there at the first look, `lo` among them.
    pub fn interfaces(&self) -> &BTreeSet<String> {
        &self.interfaces
    }

    /// Takes the default routes away until [`settle`](super::settle): a plugin such as calico
    /// fails where there is one already.
    ///
    /// # Errors
    /// Code 5: the kernel refuses.
    pub fn set_aside(&mut self) -> Result<(), CniError> {
        kernel::set_aside(&mut self.kernel, &mut self.aside)
    }

    /// Brings back what was set aside, for an ADD that fails: whoever had a default route
    /// before it shall have it after it.
    pub fn put_back(&mut self) {
        for route in std::mem::take(&mut self.aside) {
            if let Err(error) = kernel::restore(&mut self.kernel, &route) {
                tracing::debug!(%error, "a default route that was set aside does not come back");
            }
        }
    }

    pub(super) fn apply(&mut self, wanted: &Wanted<'_>) -> Result<Vec<BTreeSet<super::Family>>, CniError> {
        let aside = std::mem::take(&mut self.aside);
        kernel::apply(&mut self.kernel, &self.netns, wanted, aside)
    }
}

/// The namespace of a call whose plan needs one.
///
/// # Errors
/// Code 4: there is none.
pub(super) fn needed(sandbox: Option<&mut Sandbox>) -> Result<&mut Sandbox, CniError> {
    sandbox.ok_or_else(|| {
        CniError::new(
            code::INVALID_ENVIRONMENT,
            "CNI_NETNS must be a network namespace: whose the default route is has to be settled in it",
        )
    })
}

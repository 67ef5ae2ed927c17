//! Which network owns the pod's default routes (multi-network standard v1.3, 4.1.2.1.9).
//!
//! Every delegate sets its own default route and knows nothing of the others. So before a further
//! one runs, the existing default routes are [set aside](Sandbox::set_aside). Once all of them ran,
//! [`settle`] gives each family's default routes to one network, sets those that the plan asks for,
//! and corrects the results. The owner is the network on the runtime's interface, because its
//! address is the pod's, unless the plan or the configuration says otherwise. A pod with one
//! network needs none of this.

mod decide;
mod kernel;
mod message;
mod namespace;
mod netlink;
mod rewrite;
mod sandbox;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use crate::cni::{CniError, code};
pub use sandbox::Sandbox;

/// What a plan wants for the default routes of one attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Nothing: the default routes are those of their usual owner.
    Usual,
    /// This attachment owns the default route through these gateways, at most one for each address
    /// family. A family without a gateway here is left to the usual owner.
    ///
    /// With no gateways at all, this attachment keeps the default routes that its plugins set. For
    /// the families in which it has any, attachments that do not say so lose theirs. When every
    /// attachment says so, all routes stay as the plugins set them.
    Via(Vec<IpAddr>),
    /// No default route of the attachment stays.
    Never,
}

impl Route {
    fn gateways(&self) -> &[IpAddr] {
        match self {
            Self::Via(gateways) => gateways,
            Self::Usual | Self::Never => &[],
        }
    }

    fn gateway(&self, family: Family) -> Option<IpAddr> {
        self.gateways().iter().copied().find(|gateway| Family::of(gateway) == family)
    }

    /// Whether the attachment keeps the default routes that its plugins set.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Via(gateways) if gateways.is_empty())
    }
}

/// One attachment that is carried out, and what the plan wants for its default routes.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// The attachment's interface inside the container.
    pub interface: &'a str,
    /// The network's `name`, for messages.
    pub network: &'a str,
    /// What the plan wants.
    pub default_route: Route,
}

impl Wish<'_> {
    /// Says in front of an error which attachment it is about.
    fn blame(&self, error: CniError) -> CniError {
        error.context(format!("network {:?} on {}: default route", self.network, self.interface))
    }
}

/// What is wanted for the default routes of a pod.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The wish of each attachment.
    pub wishes: &'a [Wish<'a>],
    /// The interface that owns the default routes where the plan does not say. When it is none,
    /// they stay as the plugins set them.
    pub owner: Option<&'a str>,
}

impl Wanted<'_> {
    /// Whether nothing is to be changed, whatever the plugins set.
    pub fn is_nothing(&self) -> bool {
        let usual = || self.wishes.iter().all(|wish| wish.default_route == Route::Usual);
        (self.owner.is_none() && usual()) || self.wishes.iter().all(|wish| wish.default_route.is_kept())
    }
}

/// An address family. Each has default routes of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    V4,
    V6,
}

impl Family {
    const ALL: [Self; 2] = [Self::V4, Self::V6];

    fn of(address: &IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// Makes the container's default routes as they are wanted, and returns the results, changed
/// accordingly. To be called when every delegate has run.
///
/// `results` are the attachments' CNI 1.1.0 results, in the order of the wishes. When
/// [nothing](Wanted::is_nothing) is wanted, they come back as they are.
///
/// Where an attachment owns a family's default route, every other one of the main routing table is
/// removed, also one that no attachment set: the pod shall have exactly one. An owner whose plugins
/// set none takes nothing from the others. Routes of other tables stay, and so do those that refuse
/// packets instead of forwarding them. For IPv6 the interfaces that lose their routes (and one that
/// gets a gateway) also stop taking default routes from router advertisements, which would bring
/// them back.
///
/// # Errors
/// - [`code::INVALID_ENVIRONMENT`]: there is no namespace.
/// - [`code::INVALID_CONFIG`]: the kernel refuses a gateway, or a wish cannot be granted.
/// - [`code::TRY_AGAIN`]: something else changes the routes at the same time.
/// - [`code::INTERNAL`]: there are not as many results as wishes.
/// - [`code::IO`]: anything else goes wrong between us and the kernel.
///
/// Routes may have changed by then: the caller undoes the attachments.
pub fn settle(sandbox: Option<&mut Sandbox>, wanted: &Wanted<'_>, results: Vec<Value>) -> Result<Vec<Value>, CniError> {
    if wanted.is_nothing() {
        return Ok(results);
    }
    if wanted.wishes.len() != results.len() {
        let message = format!("default routes: {} attachments, but {} results", wanted.wishes.len(), results.len());
        return Err(CniError::new(code::INTERNAL, message));
    }
    decide::check_wishes(wanted.wishes)?;
    let lost = sandbox::needed(sandbox)?.apply(wanted)?;
    let settled = wanted.wishes.iter().zip(&lost).zip(results);
    Ok(settled.map(|((wish, lost), result)| rewrite::result(result, wish, lost)).collect())
}

/// The names of all interfaces in the network namespace at the path `netns`, `lo` among them.
///
/// # Errors
/// [`code::INVALID_ENVIRONMENT`] when the namespace cannot be entered, [`code::IO`] when the kernel
/// does not answer.
pub fn interface_names(netns: &str) -> Result<BTreeSet<String>, CniError> {
    namespace::visit(netns, kernel::interface_names)?
}

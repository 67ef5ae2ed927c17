//! Who owns the pod's default routes (multi-network standard v1.3, 4.1.2.1.9).
//!
//! Every delegate sets its own default route and knows nothing of the others. So once
//! all of them ran, [`settle`] takes away inside the container what a selector's plan
//! gives to another attachment, sets what the plan asks for, and makes the results say
//! what is so. A plan that says nothing about default routes costs nothing here.

mod decide;
mod kernel;
mod message;
mod namespace;
mod netlink;
mod rewrite;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use crate::cni::{CniError, code};

/// What a plan wants for the default routes of one attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// As its plugins set them, unless another attachment owns them.
    Usual,
    /// This attachment owns the default route: through these gateways, at most one per
    /// address family. A family without a gateway here stays as it is for everybody.
    ///
    /// Empty: this attachment keeps what its plugins set, and the others lose theirs of
    /// the families for which it has any.
    Via(Vec<IpAddr>),
    /// None of its default routes stays.
    Never,
}

/// One attachment that is carried out, and what is wanted for its default routes.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// Its interface inside the container.
    pub interface: &'a str,
    /// The network's `name`, for messages.
    pub network: &'a str,
    /// What is wanted.
    pub default_route: Route,
}

impl Wish<'_> {
    /// Says in front of an error which attachment it is about.
    fn blame(&self, error: CniError) -> CniError {
        error.context(format!("network {:?} on {}: default route", self.network, self.interface))
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

/// Makes the container's default routes what the attachments' plan wants, and gives
/// back the results changed accordingly. To be called when every delegate has run.
///
/// `results` are the attachments' CNI 1.1.0 results, in the order of `wishes`. `netns`
/// is the path of the container's network namespace. When every wish is
/// [`Route::Usual`] the namespace is not entered.
///
/// Where an attachment owns a family's default route, every other one of the main
/// routing table goes, also one that no attachment set: the pod shall have exactly one.
/// Routes of other tables, and those that refuse packets instead of forwarding them,
/// are let alone. For IPv6 the interfaces that lose (and one that gets a gateway) also
/// stop taking default routes from router advertisements, which would bring them back.
///
/// # Errors
/// Code 4 without a namespace that can be entered; code 7 for a gateway that the kernel
/// refuses, or a wish that cannot be granted; code 11 when something else changes the
/// routes at the same time; code 5 for anything else between us and the kernel. Routes
/// may have changed by then: the caller undoes the attachments.
pub fn settle(netns: Option<&str>, wishes: &[Wish<'_>], results: Vec<Value>) -> Result<Vec<Value>, CniError> {
    if wishes.iter().all(|wish| wish.default_route == Route::Usual) {
        return Ok(results);
    }
    if wishes.len() != results.len() {
        let message = format!("default routes: {} attachments, but {} results", wishes.len(), results.len());
        return Err(CniError::new(code::INTERNAL, message));
    }
    decide::check(wishes)?;
    let netns = netns.ok_or_else(|| {
        CniError::new(
            code::INVALID_ENVIRONMENT,
            "CNI_NETNS is needed: the selector's plan says which network has the default route",
        )
    })?;
    let lost = namespace::inside(netns, || kernel::apply(wishes))?;
    let settled = wishes.iter().zip(&lost).zip(results);
    Ok(settled.map(|((wish, lost), result)| rewrite::result(result, wish, lost)).collect())
}

/// The names of all interfaces in the network namespace at the path `netns`, `lo` among
/// them. An automatic name must be none of these.
///
/// # Errors
/// Code 4 when the namespace cannot be entered, code 5 when the kernel does not answer.
pub fn interface_names(netns: &str) -> Result<BTreeSet<String>, CniError> {
    namespace::inside(netns, kernel::interface_names)
}

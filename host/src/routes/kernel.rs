//! Reads and changes the default routes of the calling thread's network namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::IpAddr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_REPLACE};
use rustix::io::Errno;

use super::decide::{Decision, Owner, decide};
use super::message::{self, DefaultRoute};
use super::netlink::{Netlink, NetlinkError};
use super::{Family, Wish};
use crate::cni::{CniError, code};

/// The names of all interfaces.
pub fn interface_names() -> Result<BTreeSet<String>, CniError> {
    Ok(links(&mut Netlink::open()?)?.into_keys().collect())
}

/// Makes the default routes what is wished. Returns the families that each attachment
/// lost.
///
/// # Errors
/// See [`super::settle`].
pub fn apply(wishes: &[Wish<'_>]) -> Result<Vec<BTreeSet<Family>>, CniError> {
    let mut kernel = Netlink::open()?;
    let links = links(&mut kernel)?;
    let before = default_routes(&mut kernel)?;
    let decision = decide(wishes, &links, &before)?;
    let owner = Owner::of(wishes, &links);
    if let Some(owner) = owner.as_ref().filter(|owner| owner.has_nothing_to_keep(&before)) {
        tracing::warn!(
            network = owner.wish.network,
            interface = owner.wish.interface,
            "shall keep its default route, but its plugins set none: nothing changes"
        );
    }
    for (wish, lost) in wishes.iter().zip(&decision.lost) {
        let gets = owner
            .as_ref()
            .is_some_and(|owner| owner.wish.interface == wish.interface && owner.gateways.iter().any(IpAddr::is_ipv6));
        if (gets || lost.contains(&Family::V6)) && links.contains_key(wish.interface) {
            ignore_advertised(wish);
        }
    }
    change(&mut kernel, &decision, owner.as_ref())?;

    // What the kernel says is so counts, not that it refused nothing.
    let after = default_routes(&mut kernel)?;
    let left = decide(wishes, &links, &after)?;
    if left.is_done() { Ok(decision.lost) } else { Err(unsettled(&left, owner.as_ref(), &links)) }
}

fn change(kernel: &mut Netlink, decision: &Decision<'_>, owner: Option<&Owner<'_>>) -> Result<(), CniError> {
    for route in &decision.remove {
        match kernel.change(message::DELETE_ROUTE, 0, &route.payload) {
            Ok(()) => {}
            // Somebody else was faster.
            Err(gone) if gone.error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => {}
            Err(error) => {
                let message = format!("a default route cannot be removed: {error}");
                return Err(CniError::new(code::IO, message));
            }
        }
    }
    let Some(Owner { wish, index: Some(index), .. }) = owner else {
        return Ok(());
    };
    for gateway in &decision.add {
        let route = message::new_default_route(*gateway, *index);
        let flags = NLM_F_CREATE | NLM_F_REPLACE;
        kernel.change(message::NEW_ROUTE, flags, &route).map_err(|error| {
            let message = format!(
                "the kernel refuses gateway {gateway}: {error}; a gateway must be reachable \
                 through an address of the interface"
            );
            wish.blame(CniError::new(code::INVALID_CONFIG, message))
        })?;
    }
    Ok(())
}

/// Keeps the next router advertisement from bringing a default route back. Most pods
/// take none anyway, so a system that does not let us write this is no reason to fail.
fn ignore_advertised(wish: &Wish<'_>) {
    let path = format!("/proc/sys/net/ipv6/conf/{}/accept_ra_defrtr", wish.interface);
    match fs::write(&path, "0") {
        Ok(()) => {}
        // No IPv6 in this kernel.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(
            network = wish.network, interface = wish.interface, %error, path,
            "a router advertisement may bring the default route back: cannot write"
        ),
    }
}

fn unsettled(left: &Decision<'_>, owner: Option<&Owner<'_>>, links: &BTreeMap<String, u32>) -> CniError {
    let through = |route: &&DefaultRoute| {
        let names = links.iter().filter(|(_, index)| route.interfaces.contains(index));
        let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
        format!("one through {} came back", names.join(", "))
    };
    let missing = |gateway: &IpAddr| format!("the one through {gateway} is not there");
    let wrong: Vec<_> = left.remove.iter().map(through).chain(left.add.iter().map(missing)).collect();
    let message = format!("something else changes it at the same time: {}", wrong.join("; "));
    let error = CniError::new(code::TRY_AGAIN, message);
    match owner {
        Some(owner) => owner.wish.blame(error),
        None => error.context("default route"),
    }
}

fn links(kernel: &mut Netlink) -> Result<BTreeMap<String, u32>, NetlinkError> {
    let entries = kernel.dump(message::GET_LINK, &message::get_links())?;
    Ok(entries.iter().filter_map(|entry| message::parse_link(entry)).collect())
}

fn default_routes(kernel: &mut Netlink) -> Result<Vec<DefaultRoute>, NetlinkError> {
    let mut routes = Vec::new();
    for family in Family::ALL {
        let entries = kernel.dump(message::GET_ROUTE, &message::get_routes(family))?;
        routes.extend(entries.into_iter().filter_map(DefaultRoute::parse));
    }
    Ok(routes)
}

impl From<NetlinkError> for CniError {
    fn from(error: NetlinkError) -> Self {
        let message = format!("the container's interfaces and routes cannot be read: {error}");
        Self::new(code::IO, message)
    }
}

//! Reads and changes the default routes of the calling thread's network namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_REPLACE};
use rustix::io::Errno;

use super::Family;
use super::Wanted;
use super::Wish;
use super::decide::{Addition, Settlement, decide};
use super::message::{self, DefaultRoute};
use super::namespace;
use super::netlink::{Netlink, NetlinkError};
use crate::cni::{CniError, code};

/// The names of all interfaces.
pub fn interface_names() -> Result<BTreeSet<String>, CniError> {
    Ok(links(&mut Netlink::open()?)?.into_keys().collect())
}

/// Removes all default routes but those that routers advertise, and keeps them in `aside`.
/// Advertised ones come and go by themselves, and no plugin minds them.
pub fn set_aside(kernel: &mut Netlink, aside: &mut Vec<DefaultRoute>) -> Result<(), CniError> {
    for route in default_routes(kernel)?.into_iter().filter(|route| !route.is_advertised()) {
        remove(kernel, &route)?;
        aside.push(route);
    }
    Ok(())
}

/// Makes a route that was there before.
pub fn restore(kernel: &mut Netlink, route: &DefaultRoute) -> Result<(), NetlinkError> {
    match kernel.change(message::NEW_ROUTE, NLM_F_CREATE, &route.to_restore()) {
        // Another program has made it meanwhile.
        Err(there) if there.error.raw_os_error() == Some(Errno::EXIST.raw_os_error()) => Ok(()),
        restored => restored,
    }
}

/// Makes the default routes as they are wanted, those that were set `aside` among them. Returns the
/// families that each attachment lost. Each route that goes is kept in `removed` before.
///
/// # Errors
/// See [`super::settle`].
pub fn apply(
    kernel: &mut Netlink,
    netns: &str,
    wanted: &Wanted<'_>,
    aside: &[DefaultRoute],
    removed: &mut Vec<DefaultRoute>,
) -> Result<Vec<BTreeSet<Family>>, CniError> {
    let links = links(kernel)?;
    let mut routes = aside.to_vec();
    routes.extend(default_routes(kernel)?);
    let decision = decide(wanted, &links, &routes)?;
    for wish in wanted.wishes.iter().filter(|wish| wish.default_route.is_kept()) {
        let index = links.get(wish.interface);
        if !routes.iter().any(|route| index.is_some_and(|index| route.interfaces.contains(index))) {
            tracing::warn!(
                network = wish.network,
                interface = wish.interface,
                "shall keep its default route, but its plugins set none: nothing changes"
            );
        }
    }
    ignore_advertised(netns, wanted, &decision, &links);

    let goes = |route: &DefaultRoute| decision.remove.iter().any(|gone| std::ptr::eq(*gone, route));
    let (aside, present) = routes.split_at(aside.len());
    for route in present.iter().filter(|route| goes(route)) {
        removed.push(route.clone());
        remove(kernel, route)?;
    }
    let back: Vec<_> = aside.iter().filter(|route| !goes(route)).collect();
    for route in &back {
        restore(kernel, route).map_err(|error| {
            let message = format!("a default route that was set aside does not come back: {error}");
            CniError::new(code::IO, message)
        })?;
    }
    for addition in &decision.add {
        add(kernel, wanted, addition)?;
    }

    // What counts is what the kernel lists now, not that it refused nothing.
    let after = default_routes(kernel)?;
    let left = decide(wanted, &links, &after)?;
    let is_there = |route: &&&DefaultRoute| !after.iter().any(|there| there.is_like(route));
    let missing: Vec<_> = back.iter().filter(is_there).copied().collect();
    if left.is_done() && missing.is_empty() {
        Ok(decision.lost)
    } else {
        Err(unsettled(wanted, &left, &missing, &links))
    }
}

fn remove(kernel: &mut Netlink, route: &DefaultRoute) -> Result<(), CniError> {
    match kernel.change(message::DELETE_ROUTE, 0, &route.payload) {
        Ok(()) => Ok(()),
        // Another program was faster.
        Err(gone) if gone.error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(()),
        Err(error) => Err(CniError::new(code::IO, format!("a default route cannot be removed: {error}"))),
    }
}

fn add(kernel: &mut Netlink, wanted: &Wanted<'_>, addition: &Addition) -> Result<(), CniError> {
    let Addition { wish, interface, gateway } = *addition;
    let route = message::new_default_route(gateway, interface);
    kernel.change(message::NEW_ROUTE, NLM_F_CREATE | NLM_F_REPLACE, &route).map_err(|error| {
        let message = format!(
            "the kernel refuses gateway {gateway}: {error}; name a gateway in a subnet of the interface's own \
             addresses, or none"
        );
        wanted.wishes[wish].blame(CniError::new(code::INVALID_CONFIG, message))
    })
}

/// Keeps the next router advertisement from bringing IPv6 default routes back to attachments that
/// lost theirs, and a second route to those that have a gateway. Most pods accept no advertisements
/// anyway, so a system that does not let us write this setting is no reason to fail.
fn ignore_advertised(netns: &str, wanted: &Wanted<'_>, decision: &Settlement<'_>, links: &BTreeMap<String, u32>) {
    let takes_none = |(wish, lost): &(&Wish<'_>, &BTreeSet<Family>)| {
        links.contains_key(wish.interface)
            && (lost.contains(&Family::V6) || wish.default_route.gateway(Family::V6).is_some())
    };
    let wishes: Vec<_> = wanted.wishes.iter().zip(&decision.lost).filter(takes_none).map(|(wish, _)| wish).collect();
    if wishes.is_empty() {
        return;
    }
    // The files below /proc/sys/net are those of the thread's own network namespace.
    let written = namespace::visit(netns, || wishes.into_iter().for_each(ignore_advertised_on));
    if let Err(error) = written {
        tracing::warn!(%error, "router advertisements may bring default routes back");
    }
}

fn ignore_advertised_on(wish: &Wish<'_>) {
    let path = format!("/proc/sys/net/ipv6/conf/{}/accept_ra_defrtr", wish.interface);
    match fs::write(&path, "0") {
        Ok(()) => {}
        // This kernel has no IPv6.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(
            network = wish.network, interface = wish.interface, %error, path,
            "a router advertisement may bring the default route back: cannot write"
        ),
    }
}

fn unsettled(
    wanted: &Wanted<'_>,
    left: &Settlement<'_>,
    missing: &[&DefaultRoute],
    links: &BTreeMap<String, u32>,
) -> CniError {
    let through = |route: &DefaultRoute| {
        let names = links.iter().filter(|(_, index)| route.interfaces.contains(index));
        names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let came_back = left.remove.iter().map(|route| format!("one through {} came back", through(route)));
    let not_back = missing.iter().map(|route| format!("the one through {} is not there", through(route)));
    let not_made = left.add.iter().map(|addition| format!("the one through {} is not there", addition.gateway));
    let wrong: Vec<_> = came_back.chain(not_back).chain(not_made).collect();
    let message = format!("something else changes it at the same time: {}", wrong.join("; "));
    let error = CniError::new(code::TRY_AGAIN, message);
    match left.add.first().and_then(|addition| wanted.wishes.get(addition.wish)) {
        Some(wish) => wish.blame(error),
        None => error.context("default route"),
    }
}

pub fn links(kernel: &mut Netlink) -> Result<BTreeMap<String, u32>, NetlinkError> {
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

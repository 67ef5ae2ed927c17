//! Checks a merged result against the networks' results.

use serde_json::json;

use super::Grants;
use super::Plain;
use super::missing::Missing;
use crate::cni::{CniResult, Dns, Interface, Ip, ListedResult, Version, quoted};
use crate::selector::abi::{Merged, Outcome};

impl Grants {
    /// Fails at the first thing in a merge that the entry does not grant.
    ///
    /// `standard` is the result of the standard merge. Without the grant `result`, a merge may
    /// leave out entries, order them, and pick which is first. All that it holds must come from a
    /// network, or from the standard merge. A text that is no result is refused elsewhere.
    pub fn check_merged(&self, merged: &Merged, outcomes: &[Outcome], standard: &Merged) -> Result<(), Missing> {
        self.check_annotations(&merged.annotations, &standard.annotations)?;
        if self.has(Plain::Result) {
            return Ok(());
        }
        let read = |text: &str| CniResult::parse(text.as_bytes(), Version::CURRENT).ok().map(|result| result.current());
        let said: Vec<_> = outcomes
            .iter()
            .map(|outcome| &outcome.result)
            .chain([&standard.result])
            .filter_map(|text| read(text))
            .collect();
        let Some(merged) = read(&merged.result) else { return Ok(()) };
        match first_invented(&merged, &said) {
            None => Ok(()),
            Some(what) => {
                Err(Missing::new(format!("the merged result has {what}, which no network answered"), json!("result")))
            }
        }
    }
}

/// The first thing in `merged` that none of `said` holds.
fn first_invented(merged: &ListedResult, said: &[ListedResult]) -> Option<String> {
    let interface =
        merged.interfaces.iter().find(|interface| !said.iter().any(|said| said.interfaces.contains(interface)));
    if let Some(interface) = interface {
        return Some(format!("the interface {} with members of its own", quoted(&interface.name)));
    }
    let invented = |ip: &&Ip| !said.iter().any(|said| said.ips.iter().any(|other| is_said(merged, ip, said, other)));
    if let Some(ip) = merged.ips.iter().find(invented) {
        let address = ip.address.map_or_else(|| "(none)".into(), |address| address.to_string());
        return Some(format!("the address {address} (with this gateway, on this interface)"));
    }
    let route = merged.routes.iter().find(|route| !said.iter().any(|said| said.routes.contains(route)));
    if let Some(route) = route {
        let destination = route.dst.map_or_else(|| "(none)".into(), |dst| dst.to_string());
        return Some(format!("the route to {destination} (with these members)"));
    }
    let said: Vec<_> = said.iter().map(|said| &said.dns).collect();
    invented_dns(&merged.dns, &said)
}

/// Whether `other` is the same address as `ip`. A member that is left out is not invented.
fn is_said(merged: &ListedResult, ip: &Ip, said: &ListedResult, other: &Ip) -> bool {
    ip.address == other.address
        && (ip.gateway.is_none() || ip.gateway == other.gateway)
        && (ip.interface.is_none() || at(merged, ip) == at(said, other))
}

fn at<'a>(result: &'a ListedResult, ip: &Ip) -> Option<&'a Interface> {
    result.interfaces.get(usize::try_from(ip.interface?).ok()?)
}

/// A way to one of the lists of names in a result's `dns`.
type List = fn(&Dns) -> &Vec<String>;

fn invented_dns(merged: &Dns, said: &[&Dns]) -> Option<String> {
    if !merged.domain.is_empty() && !said.iter().any(|said| said.domain == merged.domain) {
        return Some(format!("the domain {}", quoted(&merged.domain)));
    }
    let lists: [(&str, List); 3] = [
        ("name server", |dns| &dns.nameservers),
        ("search domain", |dns| &dns.search),
        ("resolver option", |dns| &dns.options),
    ];
    lists.iter().find_map(|(what, list)| {
        let invented = list(merged).iter().find(|text| !said.iter().any(|said| list(said).contains(text)));
        invented.map(|text| format!("the {what} {}", quoted(text)))
    })
}

//! One network's result, read as far as the merge needs it. All other members stay as
//! they are.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::interface_entry;
use super::once::Once;
use crate::Outcome;

pub(super) type Object = Map<String, Value>;

/// The result of one network.
pub(super) struct Answer<'a> {
    pub(super) network: &'a str,
    /// The interface that its plugins were given.
    pub(super) interface: &'a str,
    pub(super) interfaces: Vec<Object>,
    pub(super) ips: Vec<Ip>,
    pub(super) routes: Vec<Route>,
    pub(super) dns: Dns,
    /// Members that CNI does not define.
    pub(super) rest: Object,
}

/// An address.
pub(super) struct Ip {
    pub(super) address: IpAddr,
    pub(super) gateway: Option<IpAddr>,
    /// The position of its interface in the same result, if the result tells it.
    pub(super) interface: Option<usize>,
    pub(super) members: Object,
}

/// A route.
pub(super) struct Route {
    pub(super) destination: IpAddr,
    pub(super) members: Object,
}

/// Name service of one network.
#[derive(Default)]
pub(super) struct Dns {
    domain: Option<String>,
    /// `nameservers`, `search` and `options`.
    lists: [Vec<String>; 3],
}

/// The name service of all networks.
#[derive(Default)]
pub(super) struct MergedDns {
    domain: Option<String>,
    lists: [Once<String>; 3],
}

/// The lists of [`Dns`] and [`MergedDns`], in their order.
const DNS_LISTS: [&str; 3] = ["nameservers", "search", "options"];

impl<'a> Answer<'a> {
    /// Reads an outcome.
    ///
    /// # Errors
    ///
    /// A message that names the network and says what is wrong.
    pub(super) fn read(outcome: &'a Outcome) -> Result<Self, String> {
        let wrong = |why: String| format!("result of network {}: {why}", outcome.network);
        let mut members: Object =
            serde_json::from_str(&outcome.result).map_err(|error| wrong(format!("not a JSON object: {error}")))?;
        let interfaces = objects(&mut members, "interfaces").map_err(wrong)?;
        for (index, interface) in interfaces.iter().enumerate() {
            if interface.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
                return Err(wrong(format!("interfaces[{index}] has no name")));
            }
        }
        let mut answer = Self {
            network: &outcome.network,
            interface: &outcome.interface,
            interfaces,
            ips: each(&mut members, "ips", Ip::read).map_err(wrong)?,
            routes: each(&mut members, "routes", Route::read).map_err(wrong)?,
            dns: Dns::read(members.remove("dns")).map_err(wrong)?,
            rest: members,
        };
        if answer.interfaces.is_empty() {
            // calico's addresses point to an interface that its result lacks.
            answer.ips.iter_mut().for_each(|ip| ip.interface = None);
        }
        Ok(answer)
    }

    /// The network namespace that this result tells.
    pub(super) fn sandbox(&self) -> Option<&str> {
        self.interfaces.iter().map(sandbox_of).find(|path| !path.is_empty())
    }

    /// Adds what the result leaves to its reader: the pod's interface, and the
    /// gateways of routes without one.
    pub(super) fn complete(&mut self, sandbox: &str) {
        self.name_own_interface(sandbox);
        for route in &mut self.routes {
            route.name_gateway(&self.ips);
        }
    }

    /// Adds the pod's interface where the result names no interface, or has addresses
    /// that belong to no interface that it names.
    fn name_own_interface(&mut self, sandbox: &str) {
        if self.interface.is_empty() {
            return;
        }
        let homeless = self.ips.iter().any(|ip| ip.interface.is_none());
        if self.interfaces.is_empty() || (homeless && self.own_position().is_none()) {
            self.interfaces.push(interface_entry(self.interface, sandbox));
        }
    }

    /// The position of the pod's interface among the interfaces. An interface inside of
    /// the pod comes before one of the same name on the node.
    pub(super) fn own_position(&self) -> Option<usize> {
        let own = |entry: &Object| entry.get("name").and_then(Value::as_str) == Some(self.interface);
        let inside = |entry: &Object| own(entry) && !sandbox_of(entry).is_empty();
        self.interfaces.iter().position(inside).or_else(|| self.interfaces.iter().position(own))
    }
}

impl Ip {
    fn read(members: Object) -> Result<Self, String> {
        let address = address_of(&members, "address")?.ok_or("has no address")?;
        let gateway = address_of(&members, "gateway")?;
        let interface = match members.get("interface") {
            None | Some(Value::Null) => None,
            Some(index) => Some(
                index
                    .as_u64()
                    .and_then(|index| usize::try_from(index).ok())
                    .ok_or_else(|| format!("has the interface {index}, which is no index"))?,
            ),
        };
        Ok(Self { address, gateway, interface, members })
    }
}

impl Route {
    fn read(members: Object) -> Result<Self, String> {
        let destination = address_of(&members, "dst")?.ok_or("has no dst")?;
        Ok(Self { destination, members })
    }

    /// Gives a route without a gateway the one that is meant: the first of its family among
    /// the gateways of the network's addresses. A route whose scope says that it needs no
    /// gateway gets none.
    fn name_gateway(&mut self, ips: &[Ip]) {
        /// `RT_SCOPE_LINK`. From this scope on, destinations are reached without a gateway.
        const LINK: u64 = 253;

        let has = |key| self.members.get(key).is_some_and(|value| !value.is_null());
        if has("gw") || self.members.get("scope").and_then(Value::as_u64).is_some_and(|scope| scope >= LINK) {
            return;
        }
        let mut gateways = ips.iter().filter_map(|ip| ip.gateway);
        if let Some(gateway) = gateways.find(|gateway| gateway.is_ipv4() == self.destination.is_ipv4()) {
            self.members.insert("gw".to_owned(), Value::from(gateway.to_string()));
        }
    }
}

impl Dns {
    fn read(dns: Option<Value>) -> Result<Self, String> {
        let mut members = match dns {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Object(members)) => members,
            Some(_) => return Err("dns is no object".to_owned()),
        };
        let domain = match members.remove("domain") {
            None | Some(Value::Null) => None,
            Some(Value::String(domain)) => Some(domain).filter(|domain| !domain.is_empty()),
            Some(_) => return Err("dns.domain is no string".to_owned()),
        };
        let mut lists = <[Vec<String>; 3]>::default();
        for (list, key) in lists.iter_mut().zip(DNS_LISTS) {
            for value in array(&mut members, key).map_err(|why| format!("dns.{why}"))? {
                let Value::String(text) = value else {
                    return Err(format!("dns.{key} holds {value}, which is no string"));
                };
                list.push(text);
            }
        }
        Ok(Self { domain, lists })
    }
}

impl MergedDns {
    /// Adds the name service of a later network: its servers behind the others, and its
    /// domain only if there is none yet.
    pub(super) fn add(&mut self, later: Dns) {
        if self.domain.is_none() {
            self.domain = later.domain;
        }
        for (list, more) in self.lists.iter_mut().zip(later.lists) {
            for text in more {
                list.push(text);
            }
        }
    }

    pub(super) fn into_members(self) -> Object {
        let mut members = Object::new();
        if let Some(domain) = self.domain {
            members.insert("domain".to_owned(), Value::from(domain));
        }
        for (list, key) in self.lists.into_iter().zip(DNS_LISTS) {
            let list = list.into_values();
            if !list.is_empty() {
                members.insert(key.to_owned(), Value::from(list));
            }
        }
        members
    }
}

/// The path in an interface's `sandbox`, which is empty for an interface on the node.
fn sandbox_of(interface: &Object) -> &str {
    interface.get("sandbox").and_then(Value::as_str).unwrap_or_default()
}

/// The address in a member, which may have a prefix length.
fn address_of(members: &Object, key: &str) -> Result<Option<IpAddr>, String> {
    let text = match members.get(key) {
        None | Some(Value::Null) => return Ok(None),
        // Go writes an unset address as an empty string.
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(Value::String(text)) => text,
        Some(other) => return Err(format!("has the {key} {other}, which is no text")),
    };
    let address = text.split_once('/').map_or(&**text, |(address, _)| address);
    match address.parse() {
        Ok(address) => Ok(Some(address)),
        Err(_) => Err(format!("has the {key} `{text}`, which is no address")),
    }
}

/// The list in a member. Go writes an unset one as `null`.
fn array(members: &mut Object, key: &str) -> Result<Vec<Value>, String> {
    match members.remove(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(format!("{key} is no list")),
    }
}

fn objects(members: &mut Object, key: &str) -> Result<Vec<Object>, String> {
    each(members, key, Ok)
}

/// Reads every object of the list in a member.
fn each<T>(members: &mut Object, key: &str, read: impl Fn(Object) -> Result<T, String>) -> Result<Vec<T>, String> {
    array(members, key)?
        .into_iter()
        .enumerate()
        .map(|(index, entry)| match entry {
            Value::Object(entry) => read(entry).map_err(|why| format!("{key}[{index}] {why}")),
            other => Err(format!("{key}[{index}] is {other}, which is no object")),
        })
        .collect()
}

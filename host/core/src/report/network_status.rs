//! The status of a pod's networks, which an annotation publishes (multi-network standard v1.3,
//! section 5).
//!
//! It has two shapes. [`multus`] is Multus' to the byte, because other programs parse that one. It
//! has two things more: an attachment always has an entry that names its interface, and an
//! attachment that was given the default route says so. [`standard`] is what the standard says.

mod device_info;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Value};

use crate::cni::{Dns, Interface, Ip, ListedResult, Route};
use crate::report::publishable::TOTAL_LIMIT;
use crate::selector::grants::NETWORK_STATUS;
use device_info::DeviceInfo;

/// The annotation's key.
pub const KEY: &str = NETWORK_STATUS;

/// The main routing table. A route without a table is in it.
const MAIN_TABLE: i64 = 254;
/// `RT_SCOPE_LINK`. From this scope on, destinations are reached without a gateway.
const SCOPE_LINK: i64 = 253;

/// What became of one attachment.
#[derive(Clone, Debug)]
pub struct Network<'a> {
    /// The network's name: `NAMESPACE/NAME` of a definition, else the configuration's `name`.
    pub name: String,
    /// The interface that its plugins were given.
    pub interface: &'a str,
    /// Whether it is the pod's default network, the one on the runtime's interface.
    pub is_default: bool,
    /// What its plugins answered, with the default routes that the pod really has.
    pub result: &'a ListedResult,
    /// What is known of its device (device information specification v1.1.0).
    pub device_info: Option<&'a Map<String, Value>>,
    /// The gateways through which it was to have the default routes; none when nobody asked for
    /// that. The list is empty when it was to keep those of its plugins.
    pub default_route: Option<Vec<IpAddr>>,
}

/// The annotation's value as Multus writes it.
///
/// An attachment whose result names several interfaces inside the pod has an entry for each.
/// Addresses have no prefix length, `default` is there only when it is true, `dns` always.
///
/// # Errors
/// The value is longer than Kubernetes can hold. The message names the network at which it gets so.
pub fn multus(networks: &[Network<'_>]) -> Result<String, String> {
    text(in_order(networks).into_iter().flat_map(multus_entries))
}

/// The annotation's value as the standard says: an entry for each attachment, of the first interface
/// that its result names inside the pod. Addresses have their prefix length, `default` is always
/// there. `mtu` is not of the standard, whose readers pass over it.
///
/// # Errors
/// As of [`multus`].
pub fn standard(networks: &[Network<'_>]) -> Result<String, String> {
    text(in_order(networks).into_iter().map(standard_entry))
}

/// The default network comes first, the others stay in the plan's order.
fn in_order<'a, 'b>(networks: &'b [Network<'a>]) -> Vec<&'b Network<'a>> {
    let mut ordered: Vec<_> = networks.iter().collect();
    ordered.sort_by_key(|network| !network.is_default);
    ordered
}

/// An entry of the list. The members stand in Multus' order.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Entry<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    interface: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ips: Vec<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    mac: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtu: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dns: Option<DnsMembers<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_info: Option<DeviceInfo<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gateway: Vec<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_route: Option<&'a [IpAddr]>,
}

impl<'a> Entry<'a> {
    /// An entry of the interface, or, when the result names none inside the pod, of the one that
    /// the plugins were given.
    fn new(network: &'a Network<'_>, interface: Option<&'a Interface>) -> Self {
        Self {
            name: &network.name,
            interface: interface.map_or(network.interface, |interface| &interface.name),
            ips: Vec::new(),
            mac: interface.map_or("", |interface| &interface.mac),
            mtu: interface.map(|interface| interface.mtu).filter(|mtu| *mtu != 0),
            default: None,
            dns: None,
            device_info: network.device_info.map(DeviceInfo),
            gateway: Vec::new(),
            default_route: network.default_route.as_deref(),
        }
    }
}

fn multus_entries<'a>(network: &'a Network<'_>) -> Vec<Entry<'a>> {
    let result = network.result;
    let gateway: Vec<_> = result.routes.iter().filter_map(|route| gateway_of(route, &result.ips)).collect();
    let entry = |interface: Option<&'a Interface>, ips: Vec<&Ip>, is_default: bool| Entry {
        ips: ips.into_iter().filter_map(|ip| Some(ip.address?.addr().to_string())).collect(),
        default: is_default.then_some(true),
        dns: Some((&result.dns).into()),
        gateway: gateway.clone(),
        ..Entry::new(network, interface)
    };
    let inside = inside(result);
    let Some(home) = home(&inside, network.interface) else {
        // The address of a plugin that names only the node's end of a pair is the pod's.
        let is_pods = |ip: &&Ip| result.interfaces.len() < 2 || ip.interface.is_none();
        return vec![entry(None, result.ips.iter().filter(is_pods).collect(), network.is_default)];
    };
    let default = network.is_default.then(|| default_among(&inside, home, result));
    let entries = inside.iter().map(|(place, interface)| {
        let ips = result.ips.iter().filter(|ip| ip.interface.unwrap_or(home) == *place);
        Entry {
            // The route leaves through one interface.
            default_route: network.default_route.as_deref().filter(|_| *place == home),
            ..entry(Some(*interface), ips.collect(), default == Some(*place))
        }
    });
    entries.collect()
}

fn standard_entry<'a>(network: &'a Network<'_>) -> Entry<'a> {
    let result = network.result;
    let first = inside(result).into_iter().next();
    let is_its = |ip: &&Ip| match (ip.interface, &first) {
        (None, _) => true,
        (Some(index), Some((place, _))) => index == *place,
        // calico's addresses point to an interface that its result lacks.
        (Some(_), None) => result.interfaces.is_empty(),
    };
    let ips = result.ips.iter().filter(is_its).filter_map(|ip| ip.address);
    Entry {
        ips: ips.map(|address| address.to_string()).collect(),
        default: Some(network.is_default),
        dns: Some(&result.dns).filter(|dns| !dns.is_empty()).map(Into::into),
        ..Entry::new(network, first.map(|(_, interface)| interface))
    }
}

/// The interfaces inside the pod, each with its place in the result.
fn inside(result: &ListedResult) -> Vec<(i64, &Interface)> {
    let placed = (0..).zip(&result.interfaces);
    placed.filter(|(_, interface)| !interface.sandbox.is_empty()).collect()
}

/// The place of the interface that the attachment is about: the one that the plugins were given,
/// else the first one. Addresses that do not say where they are are on it. (With Multus they are on
/// the last one, whichever that is.)
fn home(inside: &[(i64, &Interface)], given: &str) -> Option<i64> {
    let own = inside.iter().find(|(_, interface)| interface.name == given);
    own.or_else(|| inside.first()).map(|(place, _)| *place)
}

/// The place of the pod's default interface among several that the default network made: the first
/// that has an address with a gateway, as Multus decides it. OVN-Kubernetes marks a pod's primary
/// network in this way. (With Multus no interface is the default when that address is on the node.)
fn default_among(inside: &[(i64, &Interface)], home: i64, result: &ListedResult) -> i64 {
    let with_gateway = result.ips.iter().find_map(|ip| ip.gateway.and(ip.interface));
    match with_gateway {
        None => inside.first().map_or(home, |(first, _)| *first),
        Some(place) => inside.iter().map(|(inside, _)| *inside).find(|inside| *inside == place).unwrap_or(home),
    }
}

/// The gateway of a default route. A route that names none means that of the network's address,
/// unless its scope says that it needs none. (Multus writes `<nil>` then, and takes `0.0.0.0/1` for
/// a default route.)
fn gateway_of(route: &Route, ips: &[Ip]) -> Option<IpAddr> {
    let dst = route.dst.filter(|dst| dst.prefix_len() == 0 && route.table.unwrap_or(MAIN_TABLE) == MAIN_TABLE)?;
    route.gw.or_else(|| {
        let mut meant = ips.iter().filter_map(|ip| ip.gateway);
        let meant = meant.find(|gateway| gateway.is_ipv4() == dst.addr().is_ipv4());
        meant.filter(|_| route.scope.is_none_or(|scope| scope < SCOPE_LINK))
    })
}

/// The members of `dns` that say something.
#[derive(Serialize)]
struct DnsMembers<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    nameservers: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    search: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    options: &'a [String],
}

impl<'a> From<&'a Dns> for DnsMembers<'a> {
    fn from(Dns { nameservers, domain, search, options }: &'a Dns) -> Self {
        Self { nameservers, domain, search, options }
    }
}

/// The list as Multus writes it: each entry indented, and the entries joined by commas. Nothing is
/// written any more when it is too long: all gateways and names are in each entry of a network.
fn text<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Result<String, String> {
    let mut text = String::from("[");
    for entry in entries {
        if text.len() > 1 {
            text.push(',');
        }
        text += &object(&entry);
        if text.len() > TOTAL_LIMIT {
            let Entry { name, interface, .. } = entry;
            return Err(format!(
                "the annotation {KEY} cannot be published: with what network {name:?} answered of {interface} it has \
                 more than {TOTAL_LIMIT} bytes, which Kubernetes allows for all annotations of a pod; let the network \
                 have fewer interfaces, routes or entries in dns"
            ));
        }
    }
    Ok(text + "]")
}

fn object(entry: &Entry<'_>) -> String {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    // Members of text and numbers can all be written, and memory takes all that is written.
    let written = entry.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter));
    debug_assert!(written.is_ok(), "{written:?}");
    as_go(&String::from_utf8_lossy(&bytes))
}

/// Escapes what Go escapes so that JSON may stand in a web page. In JSON these characters occur in
/// texts only.
fn as_go(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

//! CNI results of every version (specification, section 5, "Success").
//!
//! Results have had two forms: one address per family (0.1.0, 0.2.0), and lists of interfaces,
//! addresses and routes (since 0.3.0). A result is kept in the form that it came in.
//! [`CniResult::convert`] converts any version to any other, exactly as libcni does.

use std::net::IpAddr;

use ipnet::IpNet;

use super::CniError;
use super::Version;
use super::code;

mod convert;
mod decode;
mod encode;
mod safety;

pub(super) use decode::decode_dns;
pub use decode::prev_result;

/// What a plugin answers to ADD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CniResult {
    /// Version 0.1.0 or 0.2.0.
    Family(FamilyResult),
    /// Version 0.3.0 or later.
    Listed(ListedResult),
}

/// A result of version 0.1.0 or 0.2.0: at most one address of each family, and no
/// interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyResult {
    /// Version 0.1.0 or 0.2.0.
    pub version: Version,
    /// The IPv4 address.
    pub ip4: Option<FamilyIp>,
    /// The IPv6 address.
    pub ip6: Option<FamilyIp>,
    /// Name resolution.
    pub dns: Dns,
}

/// The address of one family in a [`FamilyResult`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyIp {
    /// The address with its prefix length; none when the plugin left it out, which
    /// [`CniResult::check_safe`] refuses.
    pub ip: Option<IpNet>,
    /// The default gateway.
    pub gateway: Option<IpAddr>,
    /// Routes of this family.
    pub routes: Vec<Route>,
}

/// A result of version 0.3.0 or later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedResult {
    /// Version 0.3.0 or later.
    pub version: Version,
    /// The interfaces that the plugin made or changed, in and outside the container.
    pub interfaces: Vec<Interface>,
    /// The addresses that the plugin assigned.
    pub ips: Vec<Ip>,
    /// The routes that the plugin set.
    pub routes: Vec<Route>,
    /// Name resolution.
    pub dns: Dns,
}

/// An interface of a [`ListedResult`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// The interface's name.
    pub name: String,
    /// The hardware address as the plugin wrote it; empty when not given.
    pub mac: String,
    /// The MTU in bytes; 0 when not given. Only 1.x has it.
    pub mtu: i64,
    /// The path of the interface's network namespace; empty for an interface on the host.
    pub sandbox: String,
    /// The path of the socket (userspace networking); empty when there is none. Only 1.x has it.
    pub socket_path: String,
    /// The PCI address of the device; empty when there is none. Only 1.x has it.
    pub pci_id: String,
}

/// An address of a [`ListedResult`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ip {
    /// `"4"` or `"6"`, or whatever the plugin wrote; empty in 1.x. Only 0.3.x and 0.4.0 have it. It
    /// decides, and not the address, which family the address gets in 0.2.0.
    pub version: String,
    /// The index in [`ListedResult::interfaces`] of the interface that has the
    /// address. It may be out of range: see [`CniResult::check_safe`].
    pub interface: Option<i64>,
    /// The address with its prefix length; none when the plugin left it out, which
    /// [`CniResult::check_safe`] refuses.
    pub address: Option<IpNet>,
    /// The default gateway of the address's network.
    pub gateway: Option<IpAddr>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The destination, with its host bits as written; none when the plugin left it out, which
    /// [`CniResult::check_safe`] refuses.
    pub dst: Option<IpNet>,
    /// The next hop; none means the gateway of the address, or on-link.
    pub gw: Option<IpAddr>,
    /// The path MTU in bytes; 0 when not given.
    pub mtu: i64,
    /// The MSS to advertise, in bytes; 0 when not given.
    pub advmss: i64,
    /// The metric; 0 when not given.
    pub priority: i64,
    /// The routing table.
    pub table: Option<i64>,
    /// The scope of the destination.
    pub scope: Option<i64>,
}

/// Name resolution of a result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dns {
    /// Name servers' addresses, most preferred first; not checked.
    pub nameservers: Vec<String>,
    /// The local domain; empty when not given.
    pub domain: String,
    /// Search domains, most preferred first.
    pub search: Vec<String>,
    /// Resolver options.
    pub options: Vec<String>,
}

impl Dns {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl CniResult {
    /// The result's own version, which may differ from the configuration's.
    pub fn version(&self) -> Version {
        match self {
            Self::Family(result) => result.version,
            Self::Listed(result) => result.version,
        }
    }

    /// An empty result.
    pub fn empty(version: Version) -> Self {
        if version < Version::V0_3_0 {
            return Self::Family(FamilyResult { version, ip4: None, ip6: None, dns: Dns::default() });
        }
        Self::Listed(ListedResult {
            version,
            interfaces: Vec::new(),
            ips: Vec::new(),
            routes: Vec::new(),
            dns: Dns::default(),
        })
    }
}

/// The error for a result that cannot be read or must not be used.
fn refuse(msg: String) -> CniError {
    CniError::new(code::DECODE, msg)
}

#[cfg(test)]
mod tests;

//! Converts a result from one version to another. Only the way down to 0.1.0 and 0.2.0 can fail.

use std::net::IpAddr;

use ipnet::IpNet;

use super::CniResult;
use super::FamilyIp;
use super::FamilyResult;
use super::Interface;
use super::Ip;
use super::ListedResult;
use super::Route;
use crate::cni::{CniError, Version, code};

impl CniResult {
    /// The result in version `to`.
    ///
    /// The way down loses what the older version cannot say: below 1.0.0 an interface's MTU, socket
    /// path and PCI address; below 0.3.0 the interfaces, all but the first address of each family,
    /// and routes of a family without address.
    ///
    /// # Errors
    /// [`code::INCOMPATIBLE_VERSION`] when `to` is below 0.3.0 and the result has no address: those
    /// versions cannot express that.
    pub fn convert(&self, to: Version) -> Result<Self, CniError> {
        if to >= Version::V0_3_0 {
            return Ok(Self::Listed(self.listed(to)));
        }
        match self {
            Self::Family(result) => Ok(Self::Family(FamilyResult { version: to, ..result.clone() })),
            Self::Listed(result) => family(result, to).map(Self::Family),
        }
    }

    /// The result in the newest version, which can express every other.
    pub fn current(&self) -> ListedResult {
        self.listed(Version::CURRENT)
    }

    /// The result in version `to`, which is 0.3.0 or later.
    fn listed(&self, to: Version) -> ListedResult {
        let mut result = match self {
            Self::Family(result) => from_family(result, to),
            Self::Listed(result) => ListedResult { version: to, ..result.clone() },
        };
        match (self.version() >= Version::V1_0_0, to >= Version::V1_0_0) {
            (true, false) => {
                result.interfaces.iter_mut().for_each(strip);
                for ip in &mut result.ips {
                    ip.version = if is_v4(ip.address) { "4".into() } else { "6".into() };
                }
            }
            (false, true) => result.ips.iter_mut().for_each(|ip| ip.version.clear()),
            (true, true) | (false, false) => {}
        }
        result
    }
}

/// Removes from an interface what the versions before 1.0.0 do not know.
fn strip(interface: &mut Interface) {
    interface.mtu = 0;
    interface.socket_path.clear();
    interface.pci_id.clear();
}

/// Whether an address is IPv4. A missing one counts as IPv6, as it does for libcni.
fn is_v4(address: Option<IpNet>) -> bool {
    matches!(address, Some(IpNet::V4(_)))
}

fn from_family(result: &FamilyResult, to: Version) -> ListedResult {
    let mut listed = ListedResult {
        version: to,
        interfaces: Vec::new(),
        ips: Vec::new(),
        routes: Vec::new(),
        dns: result.dns.clone(),
    };
    for (version, family) in [("4", &result.ip4), ("6", &result.ip6)] {
        let Some(family) = family else { continue };
        listed.ips.push(Ip { version: version.into(), interface: None, address: family.ip, gateway: family.gateway });
        listed.routes.extend(family.routes.iter().cloned());
    }
    listed
}

fn family(result: &ListedResult, to: Version) -> Result<FamilyResult, CniError> {
    let first = |version: &str| {
        let is_first = |ip: &&Ip| {
            if result.version >= Version::V1_0_0 {
                is_v4(ip.address) == (version == "4")
            } else {
                ip.version == version
            }
        };
        let ip = result.ips.iter().find(is_first)?;
        Some(FamilyIp { ip: ip.address, gateway: ip.gateway, routes: routes(result, version == "4") })
    };
    let (ip4, ip6) = (first("4"), first("6"));
    if ip4.is_none() && ip6.is_none() {
        return Err(CniError::new(code::INCOMPATIBLE_VERSION, "cannot convert: no valid IP addresses").with_details(
            format!(
                "a result of version {to} must have an address; use a configuration of cniVersion \
             0.3.0 or later for a network without addresses"
            ),
        ));
    }
    Ok(FamilyResult { version: to, ip4, ip6, dns: result.dns.clone() })
}

/// The routes of one family: destination and next hop.
fn routes(result: &ListedResult, v4: bool) -> Vec<Route> {
    let plain = |dst: Option<IpNet>, gw: Option<IpAddr>| Route { dst, gw, ..Route::default() };
    result.routes.iter().filter(|route| is_v4(route.dst) == v4).map(|route| plain(route.dst, route.gw)).collect()
}

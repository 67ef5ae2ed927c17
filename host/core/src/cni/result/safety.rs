//! Refuses results that must not reach a runtime.

use super::CniResult;
use super::FamilyResult;
use super::ListedResult;
use super::Route;
use super::{Dns, refuse};
use crate::cni::CniError;

/// The most that a result may list of each kind, far above what networks give a pod. Of `dns` all lists
/// count together.
const INTERFACES: usize = 256;
const ADDRESSES: usize = 1024;
const ROUTES: usize = 4096;
const DNS_ENTRIES: usize = 256;

impl CniResult {
    /// Refuses a delegate's result that would bring down or confuse the program that uses it:
    ///
    /// - an interface index that is negative or past the end of the interfaces (containerd indexes
    ///   with it, and panics),
    /// - an address or route without its address (printed as `<nil>`, which no runtime can read),
    /// - more entries than [`CniResult::check_size`] allows.
    ///
    /// One dangling index passes here: 0 in a result without any interface. calico answers so, and
    /// means "the interface that I was asked for", which the merge then adds. Until then the result
    /// must not be printed; a result that is printed has to pass [`CniResult::check_final`].
    ///
    /// # Errors
    /// [`code::DECODE`](crate::cni::code::DECODE); the message says which entry is wrong, and why.
    pub fn check_safe(&self) -> Result<(), CniError> {
        self.check_size()?;
        self.check_indexes(true)
    }

    /// Refuses a result that lists more than any network gives a pod. A merge, a record and a status
    /// hold all of it, the status some of it once for each interface. With this bound that takes
    /// little next to running the plugins, so none of it looks at the call's deadline.
    ///
    /// # Errors
    /// [`code::DECODE`](crate::cni::code::DECODE); the message says of what there is too much.
    pub fn check_size(&self) -> Result<(), CniError> {
        let (interfaces, ips, routes, dns) = match self {
            Self::Family(FamilyResult { ip4, ip6, dns, .. }) => {
                let routes = [ip4, ip6].into_iter().flatten().map(|family| family.routes.len()).sum();
                (0, 0, routes, dns)
            }
            Self::Listed(ListedResult { interfaces, ips, routes, dns, .. }) => {
                (interfaces.len(), ips.len(), routes.len(), dns)
            }
        };
        let Dns { nameservers, search, options, domain: _ } = dns;
        let dns = nameservers.len() + search.len() + options.len();
        at_most(INTERFACES, interfaces, "interfaces")?;
        at_most(ADDRESSES, ips, "addresses")?;
        at_most(ROUTES, routes, "routes")?;
        at_most(DNS_ENTRIES, dns, "entries in dns")
    }

    /// As [`CniResult::check_safe`], but without the exception: for the result that the runtime
    /// gets.
    ///
    /// # Errors
    /// [`code::DECODE`](crate::cni::code::DECODE); the message says which entry is wrong, and why.
    pub fn check_final(&self) -> Result<(), CniError> {
        self.check_indexes(false)
    }

    fn check_indexes(&self, zero_may_dangle: bool) -> Result<(), CniError> {
        match self {
            Self::Family(result) => {
                for (key, family) in [("ip4", &result.ip4), ("ip6", &result.ip6)] {
                    let Some(family) = family else { continue };
                    if family.ip.is_none() {
                        return Err(refuse(format!("result: {key} has no ip")));
                    }
                    check_routes(&format!("{key}.routes"), &family.routes)?;
                }
                Ok(())
            }
            Self::Listed(result) => {
                check_ips(result, zero_may_dangle)?;
                check_routes("routes", &result.routes)
            }
        }
    }
}

fn at_most(most: usize, count: usize, what: &str) -> Result<(), CniError> {
    if count <= most {
        return Ok(());
    }
    Err(refuse(format!(
        "result: it has {count} {what}, and may have {most}: take the rest out of the network's configuration, or \
         tell the plugin's makers"
    )))
}

fn check_ips(result: &ListedResult, zero_may_dangle: bool) -> Result<(), CniError> {
    let count = result.interfaces.len();
    for (place, ip) in result.ips.iter().enumerate() {
        if ip.address.is_none() {
            return Err(refuse(format!("result: ips[{place}] has no address")));
        }
        let Some(index) = ip.interface else { continue };
        let exists = usize::try_from(index).is_ok_and(|index| index < count);
        let means_the_only_one = zero_may_dangle && count == 0 && index == 0;
        if !exists && !means_the_only_one {
            return Err(refuse(format!(
                "result: ips[{place}] is on interface {index}, but the result lists {count} \
                 interfaces (counted from 0)"
            )));
        }
    }
    Ok(())
}

fn check_routes(place: &str, routes: &[Route]) -> Result<(), CniError> {
    match routes.iter().position(|route| route.dst.is_none()) {
        Some(index) => Err(refuse(format!("result: {place}[{index}] has no dst"))),
        None => Ok(()),
    }
}

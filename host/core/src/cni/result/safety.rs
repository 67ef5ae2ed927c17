//! Refuses results that must not reach a runtime.

use super::CniResult;
use super::ListedResult;
use super::Route;
use super::refuse;
use crate::cni::CniError;

impl CniResult {
    /// Refuses a delegate's result that would bring down or confuse the program that uses it:
    ///
    /// - an interface index that is negative or past the end of the interfaces (containerd indexes
    ///   with it, and panics),
    /// - an address or route without its address (printed as `<nil>`, which no runtime can read).
    ///
    /// One dangling index passes here: 0 in a result without any interface. calico answers so, and
    /// means "the interface that I was asked for", which the merge then adds. Until then the result
    /// must not be printed; a result that is printed has to pass [`CniResult::check_final`].
    ///
    /// # Errors
    /// [`code::DECODE`](crate::cni::code::DECODE); the message says which entry is wrong, and why.
    pub fn check_safe(&self) -> Result<(), CniError> {
        self.check_indexes(true)
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

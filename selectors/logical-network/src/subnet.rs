//! Subnets such as `10.32.0.0/16`.

use std::fmt;
use std::net::IpAddr;

/// A subnet. None of its address' bits behind the prefix is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    first: IpAddr,
    length: u32,
}

impl Subnet {
    /// Reads a subnet.
    ///
    /// # Errors
    ///
    /// A message that says what is wrong with the text, to be read after it.
    pub fn parse(text: &str) -> Result<Self, String> {
        const WANTED: &str = "is no subnet: write it as in 10.32.20.0/24";
        let (address, length) = text.split_once('/').ok_or(WANTED)?;
        let first: IpAddr = address.parse().map_err(|_| WANTED)?;
        let is_number = length.bytes().all(|digit| digit.is_ascii_digit());
        let length = length.parse().ok().filter(|length| is_number && *length <= width(first)).ok_or(WANTED)?;
        let subnet = Self { first, length };
        if number(first) & !subnet.mask() != 0 {
            let meant = subnet.beginning();
            return Err(format!("is an address in a subnet, and no subnet: write {meant}/{length}"));
        }
        Ok(subnet)
    }

    /// Whether an address is inside.
    pub fn holds(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && number(address) & self.mask() == number(self.first)
    }

    /// Whether a whole subnet is inside.
    pub fn covers(&self, inner: &Self) -> bool {
        inner.length >= self.length && self.holds(inner.first)
    }

    /// The bits of an address that say which subnet it is of.
    fn mask(&self) -> u128 {
        let behind = width(self.first) - self.length;
        let whole = u128::MAX >> (u128::BITS - width(self.first));
        whole & u128::MAX.checked_shl(behind).unwrap_or(0)
    }

    fn beginning(&self) -> IpAddr {
        let bits = number(self.first) & self.mask();
        match self.first {
            // A number of at most 32 bits, so nothing is cut.
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(bits).unwrap_or_default().into()),
            IpAddr::V6(_) => IpAddr::V6(bits.into()),
        }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

/// How many bits an address of the same family has.
fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

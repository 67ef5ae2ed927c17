//! Subnets: what is one, and what is inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::super::subnet::Subnet;

fn subnet(text: &str) -> Subnet {
    Subnet::parse(text).unwrap_or_else(|why| panic!("{text} {why}"))
}

#[test]
fn only_subnets_are_read() {
    for text in ["0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32", "::/0", "fd00::/64", "::1/128"] {
        assert_eq!(subnet(text).to_string(), text);
    }
    for (text, why) in [
        ("", "is no subnet"),
        ("10.0.0.0", "is no subnet"),
        ("10.0.0.0/", "is no subnet"),
        ("10.0.0.0/33", "is no subnet"),
        ("fd00::/129", "is no subnet"),
        ("10.0.0.0/+8", "is no subnet"),
        ("10.0.0.0/-8", "is no subnet"),
        ("010.0.0.0/8", "is no subnet"),
        ("10.0.0/8", "is no subnet"),
        ("10.0.0.0/8/8", "is no subnet"),
        (" 10.0.0.0/8", "is no subnet"),
        ("\"}}/8", "is no subnet"),
        ("10.0.0.1/8", "write 10.0.0.0/8"),
        ("fd00::1/64", "write fd00::/64"),
        ("10.0.0.1/0", "write 0.0.0.0/0"),
    ] {
        let told = Subnet::parse(text).expect_err(text);
        assert!(told.contains(why), "{text}: {told}");
    }
}

#[test]
fn a_subnet_covers_itself_and_its_parts() {
    for (outer, inner, expected) in [
        ("10.32.0.0/16", "10.32.0.0/16", true),
        ("10.32.0.0/16", "10.32.255.0/24", true),
        ("10.32.0.0/16", "10.33.0.0/24", false),
        ("10.32.0.0/16", "10.0.0.0/8", false),
        ("0.0.0.0/0", "10.0.0.0/8", true),
        ("::/0", "10.0.0.0/8", false),
        ("0.0.0.0/0", "fd00::/64", false),
        ("fd00::/48", "fd00:0:0:7::/64", true),
    ] {
        assert_eq!(subnet(outer).covers(&subnet(inner)), expected, "{outer} {inner}");
    }
}

proptest! {
    /// An address is inside of exactly the subnet that its first bits name.
    #[test]
    fn an_address_is_in_its_own_subnet_and_in_no_other(bits: u128, other: u128, v6: bool, length in 0u32..=128) {
        let (width, address): (u32, fn(u128) -> IpAddr) = if v6 {
            (128, |bits| Ipv6Addr::from(bits).into())
        } else {
            (32, |bits| Ipv4Addr::from(u32::try_from(bits >> 96).expect("32 bits")).into())
        };
        let length = length.min(width);
        let cut = |bits: u128| if length == 0 { 0 } else { bits >> (128 - length) << (128 - length) };
        let subnet = subnet(&format!("{}/{length}", address(cut(bits))));
        prop_assert!(subnet.holds(address(bits)));
        prop_assert_eq!(subnet.holds(address(other)), cut(bits) == cut(other));
    }
}

//! Results of every version: reading, printing, conversion.

use std::net::IpAddr;

use genie_core::cni::{CniResult, ListedResult, Version, prev_result as read_prev_result};
use serde_json::{Map, json};

use crate::choices::document;
use crate::shapes;

/// Reads what a plugin printed.
pub fn result(bytes: &[u8]) {
    for version in Version::ALL {
        let printed = CniResult::parse(bytes, version);
        if let Ok(result) = &printed {
            laws(result);
        }
        // A result that names its version does not depend on the version of the configuration.
        if printed.is_ok_and(|result| result.version() != version) {
            break;
        }
    }
    let document = document(bytes, shapes::result);
    if let Ok(result) = CniResult::from_value(&document, Version::V0_4_0) {
        laws(&result);
    }
}

/// Reads the `prevResult` of a configuration.
pub fn prev_result(bytes: &[u8]) {
    let document = document(bytes, shapes::result);
    let config = Map::from_iter([("prevResult".to_owned(), document)]);
    for version in Version::ALL {
        if let Ok(Some(result)) = read_prev_result(&config, version) {
            let same_form = |bound| (result.version() < bound) == (version < bound);
            assert!(same_form(Version::V0_3_0) && same_form(Version::V1_0_0), "{version}: {result:?}");
            laws(&result);
        }
    }
}

/// Checks what holds for every result that can be read.
fn laws(result: &CniResult) {
    let safe = result.check_safe().is_ok();
    assert!(safe || result.check_final().is_err(), "final but not safe: {result:?}");
    if safe {
        let printed = result.to_value().to_string();
        assert_eq!(CniResult::parse(printed.as_bytes(), Version::V0_1_0).as_ref(), Ok(result), "{printed}");
    }
    for to in Version::ALL {
        match result.convert(to) {
            Ok(converted) => {
                assert_eq!(converted.version(), to);
                assert_eq!(converted.to_value()["cniVersion"], json!(to.as_str()));
                assert_eq!(converted.convert(to).as_ref(), Ok(&converted), "twice to {to}");
                assert!(result.check_final().is_err() || converted.check_final().is_ok(), "{result:?} to {to}");
                keeps_addresses(result, &converted);
            }
            Err(error) => assert!(to < Version::V0_3_0 && !has_family(result), "{error}: {result:?}"),
        }
    }
    assert_eq!(result.convert(Version::CURRENT), Ok(CniResult::Listed(result.current())));
}

/// Checks that conversion loses no address, except for those that 0.2.0 has no room for.
fn keeps_addresses(from: &CniResult, to: &CniResult) {
    let (all, kept) = (addresses(from), addresses(to));
    match (from, to) {
        (CniResult::Listed(from), CniResult::Family(_)) => {
            let is_first = |family: &str| from.ips.iter().find(|ip| family_of(from, ip) == family).map(|ip| ip.address);
            let first: Vec<_> = [is_first("4"), is_first("6")].into_iter().flatten().collect();
            assert_eq!(kept, first.iter().map(|ip| ip.map(|ip| ip.addr())).collect::<Vec<_>>(), "{from:?}");
        }
        _ => assert_eq!(all, kept),
    }
}

fn addresses(result: &CniResult) -> Vec<Option<IpAddr>> {
    match result {
        CniResult::Family(result) => {
            [&result.ip4, &result.ip6].into_iter().flatten().map(|family| family.ip.map(|ip| ip.addr())).collect()
        }
        CniResult::Listed(result) => result.ips.iter().map(|ip| ip.address.map(|ip| ip.addr())).collect(),
    }
}

/// Whether versions below 0.3.0 can express the result.
fn has_family(result: &CniResult) -> bool {
    match result {
        CniResult::Family(_) => true,
        CniResult::Listed(result) => result.ips.iter().any(|ip| ["4", "6"].contains(&family_of(result, ip))),
    }
}

/// The family that an address counts in.
fn family_of<'a>(result: &ListedResult, ip: &'a genie_core::cni::Ip) -> &'a str {
    if result.version < Version::V1_0_0 {
        return &ip.version;
    }
    if ip.address.is_some_and(|address| address.addr().is_ipv4()) { "4" } else { "6" }
}

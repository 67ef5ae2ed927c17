//! Facts about this node: interface counters and free addresses.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use serde_json::{Map, Value};

use crate::cni::NetworkList;

/// Where the kernel shows the interfaces of the network namespace.
const INTERFACES: &str = "/sys/class/net";
/// host-local's directory when the configuration names none.
const HOST_LOCAL_DIR: &str = "/var/lib/cni/networks";

/// Bytes received and sent by all interfaces whose names start with `prefix`.
///
/// # Errors
/// The kernel's counters cannot be read.
pub fn traffic(prefix: &str) -> Result<(u64, u64), String> {
    let failed = |error: std::io::Error| format!("cannot read {INTERFACES}: {error}");
    let mut sum = (0_u64, 0_u64);
    for entry in fs::read_dir(INTERFACES).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        // An interface that is gone by now counts as zero.
        let counter = |name: &str| {
            let text = fs::read_to_string(entry.path().join("statistics").join(name)).unwrap_or_default();
            text.trim().parse::<u64>().unwrap_or(0)
        };
        sum.0 = sum.0.saturating_add(counter("rx_bytes"));
        sum.1 = sum.1.saturating_add(counter("tx_bytes"));
    }
    Ok(sum)
}

/// How many addresses host-local can still give for a network. The result is none for other address
/// managers, which do not tell.
pub fn free_addresses(list: &NetworkList) -> Option<u64> {
    let ipam = list.plugins.iter().find_map(|plugin| plugin.get("ipam")?.as_object())?;
    if ipam.get("type")?.as_str()? != "host-local" {
        return None;
    }
    let ranges = ranges(ipam);
    let total = ranges.iter().map(|(first, last)| (last - first).saturating_add(1)).fold(0_u128, u128::saturating_add);
    let dir = ipam.get("dataDir").and_then(Value::as_str).filter(|dir| !dir.is_empty()).unwrap_or(HOST_LOCAL_DIR);
    let taken: BTreeSet<u128> = fs::read_dir(Path::new(dir).join(&list.name))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<IpAddr>().ok())
        .map(number)
        .filter(|address| ranges.iter().any(|(first, last)| (first..=last).contains(&address)))
        .collect();
    Some(u64::try_from(total.saturating_sub(taken.len() as u128)).unwrap_or(u64::MAX))
}

/// host-local's ranges, each by its first and last address: `ranges` (a list of range sets) and the
/// older single one beside it. The gateway, by default the first address, is not given away.
fn ranges(ipam: &Map<String, Value>) -> Vec<(u128, u128)> {
    let sets = ipam.get("ranges").and_then(Value::as_array).into_iter().flatten();
    let listed = sets.filter_map(Value::as_array).flatten().filter_map(Value::as_object);
    listed.chain(std::iter::once(ipam)).filter_map(range).collect()
}

fn range(range: &Map<String, Value>) -> Option<(u128, u128)> {
    let text = |key: &str| range.get(key).and_then(Value::as_str);
    let subnet: IpNet = text("subnet")?.parse().ok()?;
    let network = number(subnet.network());
    // The last address of an IPv4 network is its broadcast address.
    let end = number(subnet.broadcast()) - u128::from(subnet.addr().is_ipv4());
    let address = |key: &str| text(key)?.parse().ok().map(number);
    let gateway = address("gateway").unwrap_or(network + 1);
    let mut first = address("rangeStart").unwrap_or(network + 1);
    let last = address("rangeEnd").unwrap_or(end);
    if gateway == first {
        first += 1;
    }
    (first <= last).then_some((first, last))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

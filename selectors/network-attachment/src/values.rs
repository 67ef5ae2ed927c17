//! The values of an element's keys. Each reader says what is wrong with a value, to be read after it.

use std::net::IpAddr;

use genie_selector::interface as interfaces;
use serde_json::{Map, Value, json};

use crate::name;

/// A burst for a rate without one, in bits: some plugins refuse a rate without a burst. Runtimes ask
/// for as much when a pod's annotation limits its rate (section 4.1.2.1.8 leaves the choice to us).
const BURST: u64 = i32::MAX as u64;

type Read<T> = Result<T, String>;

/// A text.
pub fn text(value: &Value) -> Read<String> {
    value.as_str().map(Into::into).ok_or_else(|| "is no text".to_owned())
}

/// A namespace's name.
pub fn namespace(value: &Value) -> Read<String> {
    let namespace = text(value)?;
    name::check(&namespace)?;
    Ok(namespace)
}

/// The name of an `IPAMClaim`.
pub fn claim(value: &Value) -> Read<String> {
    let claim = text(value)?;
    if claim.is_empty() { Err("is empty: name an IPAMClaim".to_owned()) } else { Ok(claim) }
}

/// An object.
pub fn object(value: &Value) -> Read<Map<String, Value>> {
    value.as_object().cloned().ok_or_else(|| "is no object".to_owned())
}

/// An interface's name.
pub fn interface(value: &Value) -> Read<String> {
    let interface = text(value)?;
    interfaces::check(&interface)?;
    Ok(interface)
}

/// At least one address, each with or without a prefix length.
pub fn addresses(value: &Value) -> Read<Vec<String>> {
    let addresses = texts(value)?;
    if addresses.is_empty() {
        return Err("is empty: write at least one address, or leave the key out".to_owned());
    }
    for address in &addresses {
        let (ip, prefix) = address.split_once('/').map_or((&**address, None), |(ip, prefix)| (ip, Some(prefix)));
        let longest = match ip.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return Err(format!("{address:?} is no IP address; write one as 10.1.2.3 or 10.1.2.3/24")),
        };
        if prefix.is_some_and(|prefix| !is_length(prefix, longest)) {
            return Err(format!("{address:?} has no prefix length of 0 to {longest}"));
        }
    }
    Ok(addresses)
}

/// Whether a text is a prefix length as plugins read it: digits alone, without a zero in front.
fn is_length(text: &str, longest: u8) -> bool {
    text.parse::<u8>().is_ok_and(|length| length <= longest && length.to_string() == text)
}

/// Gateways, at most one of each family; there may be none.
pub fn gateways(value: &Value) -> Read<Vec<String>> {
    let gateways = texts(value)?;
    let mut families = Vec::new();
    for gateway in &gateways {
        let address: IpAddr =
            gateway.parse().map_err(|_| format!("{gateway:?} is no gateway; write an IP address without prefix"))?;
        if families.contains(&address.is_ipv4()) {
            return Err("has more than one gateway of the same address family".to_owned());
        }
        families.push(address.is_ipv4());
    }
    Ok(gateways)
}

fn texts(value: &Value) -> Read<Vec<String>> {
    let wrong = || "is no list of texts".to_owned();
    value.as_array().ok_or_else(wrong)?.iter().map(|text| text.as_str().map(Into::into).ok_or_else(wrong)).collect()
}

/// An Ethernet address of six bytes.
pub fn mac(value: &Value) -> Read<String> {
    let mac = text(value)?;
    bytes(&mac, 6).ok_or_else(|| "is no hardware address of 6 bytes; write one as 02:00:00:00:00:01".to_owned())
}

/// An InfiniBand GUID of eight bytes.
pub fn guid(value: &Value) -> Read<String> {
    let guid = text(value)?;
    bytes(&guid, 8).ok_or_else(|| "is no GUID of 8 bytes; write one as 24:8a:07:03:00:8d:ae:2e".to_owned())
}

/// The text with colons between its bytes. People write `-` between them, too.
fn bytes(text: &str, count: usize) -> Option<String> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let parts: Vec<_> = text.split(separator).collect();
    let is_byte = |part: &&str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit());
    (parts.len() == count && parts.iter().all(is_byte)).then(|| parts.join(":"))
}

/// Port mappings (section 4.1.2.1.7), with the protocol written out.
pub fn port_mappings(value: &Value) -> Read<Value> {
    let list = value.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or("is no list with at least one port mapping")?;
    let mut mappings = Vec::new();
    for (index, mapping) in list.iter().enumerate() {
        let at = |why: String| format!("[{index}]: {why}");
        let members = mapping.as_object().ok_or_else(|| at("is no object".to_owned()))?;
        let mut mapping = members.clone();
        for key in ["hostPort", "containerPort"] {
            let port = members.get(key).and_then(Value::as_u64).filter(|port| (1..=65535).contains(port));
            if port.is_none() {
                return Err(at(format!("{key} has to be a number from 1 to 65535")));
            }
        }
        let protocol = match members.get("protocol") {
            None => Some("tcp".to_owned()),
            Some(protocol) => protocol.as_str().map(str::to_ascii_lowercase),
        };
        let protocol = protocol.filter(|protocol| ["tcp", "udp", "sctp"].contains(&&**protocol));
        let protocol = protocol.ok_or_else(|| at("protocol has to be TCP, UDP or SCTP".to_owned()))?;
        mapping.insert("protocol".to_owned(), protocol.into());
        if members.get("hostIP").is_some_and(|ip| ip.as_str().is_none_or(|ip| ip.parse::<IpAddr>().is_err())) {
            return Err(at("hostIP is no IP address".to_owned()));
        }
        mappings.push(Value::Object(mapping));
    }
    Ok(Value::Array(mappings))
}

/// Limits of bandwidth (section 4.1.2.1.8), with a burst for each rate.
pub fn bandwidth(value: &Value) -> Read<Value> {
    let members = value.as_object().ok_or("is no object")?;
    let mut limits = Map::new();
    let number = |key: &str| match members.get(key) {
        None => Ok(None),
        Some(limit) => match limit.as_u64().filter(|limit| *limit > 0) {
            Some(limit) => Ok(Some(limit)),
            None => Err(format!("{key} has to be a whole number above 0, of bits")),
        },
    };
    for (rate, burst) in [("ingressRate", "ingressBurst"), ("egressRate", "egressBurst")] {
        match (number(rate)?, number(burst)?) {
            (None, None) => {}
            (None, Some(_)) => return Err(format!("{burst} needs {rate} beside it")),
            (Some(limit), given) => {
                limits.insert(rate.to_owned(), json!(limit));
                limits.insert(burst.to_owned(), json!(given.unwrap_or(BURST)));
            }
        }
    }
    if let Some(unknown) = members.keys().find(|key| !limits.contains_key(*key)) {
        return Err(format!("{unknown:?} is not known; there are ingressRate, ingressBurst, egressRate, egressBurst"));
    }
    if limits.is_empty() { Err("has to have ingressRate or egressRate".to_owned()) } else { Ok(limits.into()) }
}

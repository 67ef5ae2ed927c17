//! Reads results: those that plugins print, and those that configurations carry.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use serde_json::{Map, Number, Value};

use super::CniResult;
use super::Dns;
use super::FamilyIp;
use super::FamilyResult;
use super::Interface;
use super::Ip;
use super::ListedResult;
use super::Route;
use super::refuse;
use crate::cni::fields::{describe, excerpt, get, integer, object, objects, text, texts, wrong};
use crate::cni::{CniError, Version, code};

impl CniResult {
    /// Reads what a plugin printed after a successful ADD.
    ///
    /// A result without a version has the configuration's; a result with another version keeps its
    /// own. `null` is an empty result. Unknown keys are dropped. A list entry that is `null` is
    /// refused, although libcni reads it: it cannot be kept, and crashes programs that convert it.
    ///
    /// # Errors
    /// [`code::DECODE`] when the output is empty, is not one JSON object, or has a wrong field (the
    /// message says which); [`code::INCOMPATIBLE_VERSION`] when its version is not supported.
    pub fn parse(stdout: &[u8], config_version: Version) -> Result<Self, CniError> {
        if stdout.trim_ascii().is_empty() {
            return Err(refuse("the plugin succeeded but printed no result".into()));
        }
        let value: Value = serde_json::from_slice(stdout).map_err(|error| {
            refuse(format!("the plugin's result is not JSON: {error}"))
                .with_details(format!("{:?}", excerpt(&String::from_utf8_lossy(stdout), 256)))
        })?;
        Self::from_value(&value, config_version)
    }

    /// As [`CniResult::parse`], from a parsed JSON value.
    ///
    /// # Errors
    /// As [`CniResult::parse`].
    pub fn from_value(value: &Value, config_version: Version) -> Result<Self, CniError> {
        let object = match value {
            Value::Object(object) => object,
            Value::Null => return Ok(Self::empty(config_version)),
            other => return Err(refuse(wrong("result", "an object", other))),
        };
        // Here only the exact key names a version, as in libcni.
        match object.get("cniVersion") {
            Some(Value::String(written)) if !written.is_empty() => {
                let version = supported(written)?;
                decode(object, version, version)
            }
            _ => {
                let mut object = object.clone();
                object.insert("cniVersion".into(), config_version.as_str().into());
                rewritten(object, config_version)
            }
        }
    }
}

/// The `prevResult` of a plugin's configuration, whose `cniVersion` is `version`. The result is
/// none when the key is absent or `null`.
///
/// # Errors
/// [`code::DECODE`] when `prevResult` cannot be read, has more entries than a result may have
/// ([`CniResult::check_size`]), or has not the form of `version`: libcni's plugins refuse that, too.
pub fn prev_result(config: &Map<String, Value>, version: Version) -> Result<Option<CniResult>, CniError> {
    let Some(previous) = object(config, "prevResult").map_err(refuse)? else {
        return Ok(None);
    };
    let mut previous = previous.clone();
    if previous.get("CNIVersion").is_none_or(|written| *written == "") {
        previous.insert("CNIVersion".into(), version.as_str().into());
    }
    rewritten(previous, version)
        .and_then(|previous| previous.check_size().map(|()| Some(previous)))
        .map_err(|error| error.context("could not parse prevResult"))
}

/// Reads a result as libcni does after it has written it anew with the configuration's version.
/// libcni then takes the version from all keys that match without regard to case. They are in byte
/// order by then, and the last one counts.
fn rewritten(object: Map<String, Value>, version: Version) -> Result<CniResult, CniError> {
    let is_version = |key: &str, value: &Value| key.eq_ignore_ascii_case("cniVersion") && !value.is_null();
    let keys: BTreeMap<_, _> = object.iter().filter(|(key, value)| is_version(key, value)).collect();
    let mut written = "";
    for value in keys.into_values() {
        written = value.as_str().ok_or_else(|| refuse(wrong("cniVersion", "a string", value)))?;
    }
    let unknown = || refuse(mismatch(version, written));
    if written.is_empty() && form(version) != Form::Family {
        return Err(unknown());
    }
    let of_result = Version::parse(written).ok_or_else(unknown)?;
    decode(&through_floats(object), of_result, version)
}

/// The three forms in which results have been written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Versions 0.1.0 and 0.2.0.
    Family,
    /// Versions 0.3.0, 0.3.1 and 0.4.0: an address names its IP version.
    Versioned,
    /// Version 1.0.0 and later.
    Plain,
}

fn form(version: Version) -> Form {
    match version {
        Version::V0_1_0 | Version::V0_2_0 => Form::Family,
        Version::V0_3_0 | Version::V0_3_1 | Version::V0_4_0 => Form::Versioned,
        Version::V1_0_0 | Version::V1_1_0 => Form::Plain,
    }
}

fn supported(written: &str) -> Result<Version, CniError> {
    Version::parse(written)
        .ok_or_else(|| CniError::new(code::INCOMPATIBLE_VERSION, format!("unsupported CNI result version {written:?}")))
}

fn mismatch(expected: Version, written: &str) -> String {
    let versions: Vec<_> =
        Version::ALL.into_iter().filter(|version| form(*version) == form(expected)).map(Version::as_str).collect();
    format!("result type supports [{}] but unmarshalled CNIVersion is {written:?}", versions.join(" "))
}

fn decode(object: &Map<String, Value>, version: Version, expected: Version) -> Result<CniResult, CniError> {
    if form(version) != form(expected) {
        return Err(refuse(mismatch(expected, version.as_str())));
    }
    match form(version) {
        Form::Family => decode_family(object, version).map(CniResult::Family),
        form => decode_listed(object, version, form).map(CniResult::Listed),
    }
    .map_err(|message| refuse(format!("result: {message}")))
}

fn decode_family(result: &Map<String, Value>, version: Version) -> Result<FamilyResult, String> {
    let family = |key: &str| {
        object(result, key)?
            .map(|entry| decode_family_ip(entry).map_err(|message| format!("{key}.{message}")))
            .transpose()
    };
    Ok(FamilyResult { version, ip4: family("ip4")?, ip6: family("ip6")?, dns: decode_dns(result)? })
}

fn decode_family_ip(entry: &Map<String, Value>) -> Result<FamilyIp, String> {
    Ok(FamilyIp {
        ip: network(entry, "ip")?,
        gateway: address(entry, "gateway")?,
        routes: objects(entry, "routes", decode_route)?,
    })
}

fn decode_listed(result: &Map<String, Value>, version: Version, form: Form) -> Result<ListedResult, String> {
    Ok(ListedResult {
        version,
        interfaces: objects(result, "interfaces", |entry| decode_interface(entry, form))?,
        ips: objects(result, "ips", |entry| decode_ip(entry, form))?,
        routes: objects(result, "routes", decode_route)?,
        dns: decode_dns(result)?,
    })
}

fn decode_interface(entry: &Map<String, Value>, form: Form) -> Result<Interface, String> {
    let mut interface = Interface {
        name: text(entry, "name")?,
        mac: text(entry, "mac")?,
        sandbox: text(entry, "sandbox")?,
        ..Interface::default()
    };
    if form == Form::Plain {
        interface.mtu = integer(entry, "mtu")?.unwrap_or_default();
        interface.socket_path = text(entry, "socketPath")?;
        interface.pci_id = text(entry, "pciID")?;
    }
    Ok(interface)
}

fn decode_ip(entry: &Map<String, Value>, form: Form) -> Result<Ip, String> {
    Ok(Ip {
        version: if form == Form::Versioned { text(entry, "version")? } else { String::new() },
        interface: integer(entry, "interface")?,
        address: network(entry, "address")?,
        gateway: address(entry, "gateway")?,
    })
}

fn decode_route(entry: &Map<String, Value>) -> Result<Route, String> {
    Ok(Route {
        dst: network(entry, "dst")?,
        gw: address(entry, "gw")?,
        mtu: integer(entry, "mtu")?.unwrap_or_default(),
        advmss: integer(entry, "advmss")?.unwrap_or_default(),
        priority: integer(entry, "priority")?.unwrap_or_default(),
        table: integer(entry, "table")?,
        scope: integer(entry, "scope")?,
    })
}

/// Reads the `dns` of a result or of a plugin's configuration.
pub fn decode_dns(parent: &Map<String, Value>) -> Result<Dns, String> {
    let Some(dns) = object(parent, "dns")? else {
        return Ok(Dns::default());
    };
    let read = || {
        Ok(Dns {
            nameservers: texts(dns, "nameservers")?,
            domain: text(dns, "domain")?,
            search: texts(dns, "search")?,
            options: texts(dns, "options")?,
        })
    };
    read().map_err(|message: String| format!("dns.{message}"))
}

/// An address with prefix length. The result is none when the key is absent; `null` and the empty
/// text are errors, as they are for Go.
fn network(object: &Map<String, Value>, key: &str) -> Result<Option<IpNet>, String> {
    let Some(value) = get(object, key) else {
        return Ok(None);
    };
    value
        .as_str()
        .and_then(parse_network)
        .map(Some)
        .ok_or_else(|| format!("{key}: invalid CIDR address: {}", describe(value)))
}

fn parse_network(written: &str) -> Option<IpNet> {
    let (address, prefix) = written.split_once('/')?;
    // Go accepts leading zeros here, but no sign.
    if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let prefix: u32 = prefix.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V6(v6) if prefix <= 128 => match v6.to_ipv4_mapped() {
            Some(v4) => IpNet::new(v4.into(), u8::try_from(prefix.saturating_sub(96)).ok()?).ok(),
            None => IpNet::new(v6.into(), u8::try_from(prefix).ok()?).ok(),
        },
        address => IpNet::new(address, u8::try_from(prefix).ok()?).ok(),
    }
}

/// An address without prefix length; none when it is absent, `null` or empty.
fn address(object: &Map<String, Value>, key: &str) -> Result<Option<IpAddr>, String> {
    let written = text(object, key)?;
    if written.is_empty() {
        return Ok(None);
    }
    let unmapped = |v6: Ipv6Addr| v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4);
    match written.parse() {
        Ok(IpAddr::V6(v6)) => Ok(Some(unmapped(v6))),
        Ok(v4) => Ok(Some(v4)),
        Err(_) => Err(format!("{key}: invalid IP address: {:?}", excerpt(&written, 64))),
    }
}

/// The object as it is after libcni has written it anew: each number goes through a 64-bit float.
/// So `1.0` becomes an integer, and very large numbers change.
fn through_floats(object: Map<String, Value>) -> Map<String, Value> {
    fn value(old: Value) -> Value {
        match old {
            Value::Number(number) => Value::Number(float(number)),
            Value::Array(values) => values.into_iter().map(value).collect(),
            Value::Object(object) => Value::Object(through_floats(object)),
            other => other,
        }
    }
    fn float(number: Number) -> Number {
        let Some(float) = number.as_f64() else {
            return number;
        };
        let whole = float.to_string().parse::<i64>().ok().map(Number::from);
        whole.or_else(|| Number::from_f64(float)).unwrap_or(number)
    }
    object.into_iter().map(|(key, old)| (key, value(old))).collect()
}

//! Writes a result as JSON, with the fields that Go plugins print and leave out.

use std::fmt::Display;

use ipnet::IpNet;
use serde_json::{Map, Value};

use super::CniResult;
use super::Dns;
use super::FamilyIp;
use super::Interface;
use super::Ip;
use super::Route;
use crate::cni::Version;

impl CniResult {
    /// The JSON object for stdout, in the result's own version.
    ///
    /// Empty lists and texts and zero numbers are left out, an empty `dns` only since 1.0.0,
    /// because older programs expect to find it. An absent address is printed as `<nil>`, which no
    /// program can read back: see [`CniResult::check_safe`].
    pub fn to_value(&self) -> Value {
        let mut object = Object::default();
        object.put("cniVersion", self.version().as_str());
        let dns = match self {
            Self::Family(result) => {
                object.put_some("ip4", result.ip4.as_ref().map(family_ip));
                object.put_some("ip6", result.ip6.as_ref().map(family_ip));
                &result.dns
            }
            Self::Listed(result) => {
                let with_version = result.version < Version::V1_0_0;
                object.put_list("interfaces", result.interfaces.iter().map(interface));
                object.put_list("ips", result.ips.iter().map(|entry| ip(entry, with_version)));
                object.put_list("routes", result.routes.iter().map(route));
                &result.dns
            }
        };
        if self.version() < Version::V1_0_0 || !dns.is_empty() {
            object.put("dns", encode_dns(dns));
        }
        object.into()
    }
}

/// A JSON object under construction.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.into(), value.into());
    }

    fn put_some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn put_text(&mut self, key: &str, text: &str) {
        self.put_some(key, (!text.is_empty()).then_some(text));
    }

    fn put_number(&mut self, key: &str, number: i64) {
        self.put_some(key, (number != 0).then_some(number));
    }

    fn put_shown(&mut self, key: &str, value: Option<impl Display>) {
        self.put_some(key, value.map(|value| value.to_string()));
    }

    fn put_list(&mut self, key: &str, values: impl Iterator<Item = Value>) {
        let values: Vec<_> = values.collect();
        self.put_some(key, (!values.is_empty()).then_some(values));
    }

    fn put_texts(&mut self, key: &str, texts: &[String]) {
        self.put_list(key, texts.iter().map(|text| text.as_str().into()));
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}

fn network(address: Option<IpNet>) -> String {
    address.map_or_else(|| "<nil>".into(), |address| address.to_string())
}

fn family_ip(family: &FamilyIp) -> Value {
    let mut object = Object::default();
    object.put("ip", network(family.ip));
    object.put_shown("gateway", family.gateway);
    object.put_list("routes", family.routes.iter().map(route));
    object.into()
}

fn interface(interface: &Interface) -> Value {
    let mut object = Object::default();
    object.put("name", interface.name.as_str());
    object.put_text("mac", &interface.mac);
    object.put_number("mtu", interface.mtu);
    object.put_text("sandbox", &interface.sandbox);
    object.put_text("socketPath", &interface.socket_path);
    object.put_text("pciID", &interface.pci_id);
    object.into()
}

fn ip(ip: &Ip, with_version: bool) -> Value {
    let mut object = Object::default();
    if with_version {
        object.put("version", ip.version.as_str());
    }
    object.put_some("interface", ip.interface);
    object.put("address", network(ip.address));
    object.put_shown("gateway", ip.gateway);
    object.into()
}

fn route(route: &Route) -> Value {
    let mut object = Object::default();
    object.put("dst", network(route.dst));
    object.put_shown("gw", route.gw);
    object.put_number("mtu", route.mtu);
    object.put_number("advmss", route.advmss);
    object.put_number("priority", route.priority);
    object.put_some("table", route.table);
    object.put_some("scope", route.scope);
    object.into()
}

fn encode_dns(dns: &Dns) -> Value {
    let mut object = Object::default();
    object.put_texts("nameservers", &dns.nameservers);
    object.put_text("domain", &dns.domain);
    object.put_texts("search", &dns.search);
    object.put_texts("options", &dns.options);
    object.into()
}

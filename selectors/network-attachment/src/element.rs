//! One element of the list: a network, and what is asked of it (section 4.1.2.1).

use std::fmt;

use genie_selector::{Refusal, log};
use serde_json::{Map, Value};

use crate::list::Place;
use crate::members::Members;
use crate::{name, values};

/// The keys of the standard.
const KEYS: [&str; 11] = [
    "name",
    "namespace",
    "ips",
    "mac",
    "interface",
    "cni-args",
    "portMappings",
    "bandwidth",
    "default-route",
    "infiniband-guid",
    "ipam-claim-reference",
];
/// What Multus reads beside the standard's `interface`.
const OLD_INTERFACE: &str = "interfaceRequest";

/// An element.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// The definition's namespace.
    pub namespace: String,
    /// The definition's name.
    pub name: String,
    /// Where the element stands.
    pub place: Place,
    /// The interface in the pod.
    pub interface: Option<String>,
    /// Addresses, with or without prefix length.
    pub ips: Vec<String>,
    /// The hardware address.
    pub mac: Option<String>,
    /// What plugins get as `args.cni`.
    pub cni_args: Option<Map<String, Value>>,
    /// Gateways of the pod's default routes.
    pub default_route: Option<Vec<String>>,
    /// Members of `runtimeConfig`.
    pub runtime_config: Map<String, Value>,
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)?;
        self.interface.as_ref().map_or(Ok(()), |interface| write!(f, "@{interface}"))
    }
}

impl Element {
    /// An element that names a network and asks for nothing.
    pub fn new(namespace: &str, name: &str, place: Place) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            place,
            interface: None,
            ips: Vec::new(),
            mac: None,
            cni_args: None,
            default_route: None,
            runtime_config: Map::new(),
        }
    }

    /// Reads an object of the JSON form.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the place of the first mistake.
    pub fn of_members(Members(members): Members, namespace: &str, mut place: Place) -> Result<Self, Refusal> {
        let named = members.iter().find(|(key, _)| key == "name").map(|(_, name)| name);
        match named {
            None => return Err(place.refusal("", "has no \"name\": name the NetworkAttachmentDefinition")),
            Some(Value::String(name)) => place.network.clone_from(name),
            Some(_) => {}
        }
        let mut element = Self::new(namespace, "", place);
        let mut has_claim = false;
        for (key, value) in members {
            if value.is_null() {
                // As if it were not there: Go's encoder writes null for what is empty.
                continue;
            }
            has_claim |= key == "ipam-claim-reference";
            element.take(&key, &value)?;
        }
        name::check(&element.name).map_err(|why| element.at("name").refusal(&element.name, why))?;
        if has_claim && !element.ips.is_empty() {
            let message = "stands beside ips: the claim has its addresses, so leave one of the two out";
            return Err(element.at("ipam-claim-reference").refusal("", message));
        }
        Ok(element)
    }

    fn take(&mut self, key: &str, value: &Value) -> Result<(), Refusal> {
        match key {
            "name" => self.name = self.read("name", value, values::text)?,
            // An empty namespace is the pod's own (section 4.1.2.1.2).
            "namespace" if value == "" => {}
            "namespace" => self.namespace = self.read("namespace", value, values::namespace)?,
            "ips" => self.ips = self.read("ips", value, values::addresses)?,
            "mac" => self.mac = Some(self.read("mac", value, values::mac)?),
            "interface" => self.interface = Some(self.read("interface", value, values::interface)?),
            OLD_INTERFACE => {
                log::warn!("{}: {OLD_INTERFACE} is an old name of the key interface", self.place.network);
                self.interface = Some(self.read("interfaceRequest", value, values::interface)?);
            }
            "cni-args" => self.cni_args = Some(self.read("cni-args", value, values::object)?),
            "portMappings" => self.ask("portMappings", self.read("portMappings", value, values::port_mappings)?),
            "bandwidth" => self.ask("bandwidth", self.read("bandwidth", value, values::bandwidth)?),
            "default-route" => self.default_route = Some(self.read("default-route", value, values::gateways)?),
            "infiniband-guid" => self.ask("infinibandGUID", self.read("infiniband-guid", value, values::guid)?.into()),
            // It is for the network's address management, which reads the pod.
            "ipam-claim-reference" => _ = self.read("ipam-claim-reference", value, values::claim)?,
            // Keys with a domain belong to others (section 4.1.2.1).
            other if other.contains('.') => {}
            other => log::warn!(
                "{}: element {} ({}): {other:?} is no key of the standard, and is not heeded; its keys are {}",
                self.place.annotation,
                self.place.number,
                self.place.network,
                KEYS.join(", ")
            ),
        }
        Ok(())
    }

    fn read<T>(&self, key: &'static str, value: &Value, reader: fn(&Value) -> Result<T, String>) -> Result<T, Refusal> {
        reader(value).map_err(|why| self.at(key).refusal(&shown(value), &why))
    }

    fn ask(&mut self, capability: &str, value: Value) {
        self.runtime_config.insert(capability.to_owned(), value);
    }

    fn at(&self, key: &'static str) -> Place {
        Place { key, ..self.place.clone() }
    }
}

/// A value as it stands in a message.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

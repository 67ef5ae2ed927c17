//! The settings of the selector.

use genie_selector::serde::Deserialize;
use genie_selector::{Attachment, Refusal, Request};

use crate::name;

/// The settings.
#[derive(Debug, Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// What becomes of a pod whose annotation is wrong.
    pub invalid: Invalid,
    /// How interfaces without a name are named.
    pub interfaces: Automatic,
    /// The namespace of another default network's definition, and of the definitions in
    /// `defaultNetworks`, where none is written.
    pub namespace: String,
    /// Networks for every pod: definitions, `NAME` or `NAMESPACE/NAME`, or installed networks.
    pub default_networks: Vec<String>,
    /// The namespaces whose pods do not get `defaultNetworks`.
    pub system_namespaces: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            invalid: Invalid::default(),
            interfaces: Automatic::default(),
            namespace: "kube-system".to_owned(),
            default_networks: Vec::new(),
            system_namespaces: vec!["kube-system".to_owned()],
        }
    }
}

/// What becomes of a pod whose annotation is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "lowercase")]
pub enum Invalid {
    /// The pod is refused, and told the place.
    #[default]
    Refuse,
    /// The pod starts as if it had no such annotation, with a warning (section 4.1.2.1).
    Ignore,
}

/// How interfaces without a name are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "lowercase")]
pub enum Automatic {
    /// `net1`, `net2`, …, as Multus does.
    #[default]
    Net,
    /// The lowest free `ethN`, as CNI-Genie does.
    Eth,
}

impl Settings {
    /// The networks that every pod gets, if this one is not of a system namespace.
    pub fn default_networks_of(&self, request: &Request) -> Vec<&str> {
        if self.system_namespaces.contains(&request.pod.namespace) {
            return Vec::new();
        }
        self.default_networks.iter().map(String::as_str).collect()
    }

    /// The attachment of one of `defaultNetworks`: an installed network of that name, else a
    /// definition.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for what can be neither.
    pub fn attachment(&self, written: &str, request: &Request) -> Result<Attachment, Refusal> {
        if let Some(network) = request.find_network(written) {
            return Ok(Attachment::installed(&network.file));
        }
        let (namespace, name) = written.split_once('/').unwrap_or((&self.namespace, written));
        for part in [namespace, name] {
            name::check(part).map_err(|why| {
                let message = format!("{part:?} {why}: write the NAME of a network, or NAMESPACE/NAME of a definition");
                Refusal::invalid("settings.defaultNetworks", written, message)
            })?;
        }
        Ok(Attachment::definition(namespace, name))
    }
}

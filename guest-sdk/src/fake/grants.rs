//! The grants of a selector's entry, as far as a fake host needs them: what may be asked.

use serde_json::Value;

use super::facts::Facts;

/// The kinds that a plain `"cluster"` stands for.
const NETWORK_KINDS: [&str; 2] = ["NetworkAttachmentDefinition", "LogicalNetwork"];

/// What an entry's `grant` allows a selector to ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Grants {
    pod: bool,
    node: bool,
    cluster: Vec<Item>,
}

/// One item `"cluster"` or `{"cluster": …}`.
#[derive(Clone, Debug, Default)]
struct Item {
    kinds: Vec<String>,
    namespaces: Vec<String>,
}

impl Grants {
    /// Reads the `grant` of an entry. Items about answers are left alone.
    ///
    /// # Panics
    ///
    /// When it is no list in JSON.
    pub(super) fn read(grant: &str) -> Self {
        let grant: Value = serde_json::from_str(grant).unwrap_or_else(|error| panic!("grant {grant}: {error}"));
        let list = grant.as_array().unwrap_or_else(|| panic!("grant {grant} is not a list such as [\"pod\"]"));
        let mut grants = Self::default();
        for item in list {
            match (item.as_str(), item.get("cluster")) {
                (Some("pod"), _) => grants.pod = true,
                (Some("node"), _) => grants.node = true,
                (Some("cluster"), _) => {
                    grants.cluster.push(Item { kinds: NETWORK_KINDS.map(String::from).into(), namespaces: vec![] });
                }
                (None, Some(cluster)) => grants.cluster.push(Item::read(cluster)),
                _ => {}
            }
        }
        grants
    }

    /// # Panics
    ///
    /// When the import of these facts is not granted: no host would load the module.
    pub(super) fn hold_import(&self, facts: Facts) {
        let (import, granted) = match facts {
            Facts::Pod => ("pod", self.pod),
            Facts::Node => ("node", self.node),
            Facts::Cluster => ("cluster", !self.cluster.is_empty()),
        };
        assert!(granted, "the selector asks the import {import}, which is not granted to it: add \"{import}\"");
    }

    /// # Panics
    ///
    /// When the object is not granted to a selector of a pod in the namespace `home`: the host ends
    /// the call.
    pub(super) fn hold_object(&self, api_version: &str, kind: &str, namespace: Option<&str>, home: &str) {
        let granted = self.cluster.iter().any(|item| item.allows(api_version, kind, namespace, home));
        let item = match namespace.filter(|namespace| *namespace != home) {
            None => format!(r#"{{"cluster": ["{api_version}/{kind}"]}}"#),
            Some(namespace) => {
                format!(r#"{{"cluster": {{"kinds": ["{api_version}/{kind}"], "namespaces": ["{namespace}"]}}}}"#)
            }
        };
        assert!(granted, "the selector asks for a {kind} of {api_version}, which is not granted to it: add {item}");
    }
}

impl Item {
    fn read(cluster: &Value) -> Self {
        let texts = |list: Option<&Value>| -> Vec<String> {
            let list = list.and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let kinds = if cluster.is_array() { Some(cluster) } else { cluster.get("kinds") };
        let kinds = if kinds.is_some() { texts(kinds) } else { NETWORK_KINDS.map(String::from).into() };
        Self { kinds, namespaces: texts(cluster.get("namespaces")) }
    }

    fn allows(&self, api_version: &str, kind: &str, namespace: Option<&str>, home: &str) -> bool {
        let listed = |namespace: &str| {
            namespace == home || self.namespaces.iter().any(|listed| listed == namespace || listed == "*")
        };
        self.kinds.iter().any(|granted| is_of(granted, api_version, kind)) && namespace.is_none_or(listed)
    }
}

/// Whether a kind as a grant has it (`Namespace`, `v1/Namespace`, `apps/Deployment`,
/// `apps/v1/Deployment`) is this one.
fn is_of(granted: &str, api_version: &str, kind: &str) -> bool {
    let Some((api, name)) = granted.rsplit_once('/') else { return granted == kind };
    let group = api_version.split_once('/').map(|(group, _)| group);
    name == kind && (api == api_version || Some(api) == group)
}

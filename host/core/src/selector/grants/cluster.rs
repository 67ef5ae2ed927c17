//! Which objects of the cluster a selector may read.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cni::quoted;
use crate::object::check::{is_kind, is_label, is_subdomain, is_version};
use crate::object::{ObjectName, is_secret, known_kinds, well_known};
use crate::selector::keys;

/// The kinds that a plain `"cluster"` stands for: those that describe networks.
const NETWORK_KINDS: [&str; 2] = ["LogicalNetwork", "NetworkAttachmentDefinition"];
/// In place of a namespace: every namespace.
const ALL: &str = "*";

/// The grant `cluster`: everything that any of its items grants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    items: Vec<Item>,
}

/// Objects of these kinds, in the pod's own namespace and in the listed ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Item {
    kinds: BTreeSet<Kind>,
    namespaces: BTreeSet<String>,
}

/// A kind, which belongs to its group: the same name in another group is another kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Kind {
    /// The API group; empty for the core group.
    group: String,
    /// The version; none means every version of the group.
    version: Option<String>,
    name: String,
}

/// Where a selector is asked. It may read objects of the granted kinds there.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// The pod's namespace; empty when the runtime names no pod.
    pub namespace: String,
    /// The node's name; empty when it is not known.
    pub node: String,
}

impl Cluster {
    /// Adds an item of `grant`: `"cluster"`, `{"cluster": [KIND, …]}` or `{"cluster": {"kinds":
    /// [KIND, …], "namespaces": [NAMESPACE, …]}}`. Returns whether the item is one of these.
    pub(super) fn add(&mut self, item: &Value) -> Result<bool, String> {
        let granted = match item.as_object().filter(|members| members.len() == 1) {
            _ if item == "cluster" => &Value::Null,
            Some(members) => match members.get("cluster") {
                Some(granted) => granted,
                None => return Ok(false),
            },
            None => return Ok(false),
        };
        self.items.push(Item::read(granted)?);
        Ok(true)
    }

    /// Whether nothing is granted.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The grant in words for people; none when nothing is granted.
    pub(super) fn in_words(&self) -> Option<String> {
        let words: Vec<_> = self.items.iter().map(Item::in_words).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// The item that a selector lacks to read this object; none when it may read it.
    pub(super) fn lacks(&self, object: &ObjectName, home: &Home) -> Option<Value> {
        if self.items.iter().any(|item| item.allows(object, home)) {
            return None;
        }
        let kind = format!("{}/{}", object.api_version(), object.kind());
        Some(match beside_home(object, home) {
            None => json!({"cluster": [kind]}),
            Some(namespace) => json!({"cluster": {"kinds": [kind], "namespaces": [namespace]}}),
        })
    }
}

/// The namespace that a grant has to list for an object; none when it needs none. A Namespace
/// counts as in itself. A Node other than the pod's own needs `*`: a selector that may read all
/// namespaces may read the other nodes.
fn beside_home<'a>(object: &'a ObjectName, home: &Home) -> Option<&'a str> {
    match (object.namespace(), object.group(), object.kind()) {
        (Some(namespace), ..) => Some(namespace).filter(|namespace| *namespace != home.namespace),
        (None, "", "Namespace") => Some(object.name()).filter(|name| *name != home.namespace),
        (None, "", "Node") => Some(ALL).filter(|_| object.name() != home.node),
        (None, ..) => None,
    }
}

impl Item {
    fn read(granted: &Value) -> Result<Self, String> {
        let (kinds, namespaces) = match granted {
            Value::Object(members) => {
                if let Some(key) = members.keys().find(|key| !matches!(key.as_str(), "kinds" | "namespaces")) {
                    return Err(format!("grant: cluster has the key {}: there are kinds and namespaces", quoted(key)));
                }
                (members.get("kinds"), members.get("namespaces"))
            }
            Value::Null => (None, None),
            kinds => (Some(kinds), None),
        };
        let kinds = match kinds {
            Some(kinds) => texts(kinds, "kinds as in \"v1/Namespace\"")?,
            None => NETWORK_KINDS.to_vec(),
        };
        let namespaces = match namespaces {
            Some(namespaces) => texts(namespaces, "namespaces, or \"*\" for all")?,
            None => Vec::new(),
        };
        if let Some(wrong) = namespaces.iter().find(|namespace| !is_label(namespace) && **namespace != ALL) {
            return Err(format!("grant: {} is no name of a namespace, and not \"*\"", quoted(wrong)));
        }
        let kinds = kinds.into_iter().map(Kind::read).collect::<Result<_, _>>()?;
        Ok(Self { kinds, namespaces: namespaces.into_iter().map(String::from).collect() })
    }

    fn in_words(&self) -> String {
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.name.as_str()).collect();
        let own = ["the pod's own namespace"].into_iter();
        let namespaces: Vec<_> = own.chain(self.namespaces.iter().map(String::as_str)).collect();
        format!("{} (of {})", kinds.join(", "), namespaces.join(" and "))
    }

    fn allows(&self, object: &ObjectName, home: &Home) -> bool {
        let listed = |namespace: &str| self.namespaces.contains(namespace) || self.namespaces.contains(ALL);
        self.kinds.iter().any(|kind| kind.is_of(object)) && beside_home(object, home).is_none_or(listed)
    }
}

impl Kind {
    /// Reads `Namespace` of the kinds that are known here, `v1/Namespace`, `apps/v1/Deployment`, or
    /// `apps/Deployment` for every version.
    fn read(written: &str) -> Result<Self, String> {
        let (api, kind) = written.rsplit_once('/').map_or((None, written), |(api, kind)| (Some(api), kind));
        // What a selector asks is kept in the attachment record.
        if is_secret(kind) {
            let why = "no selector gets Secrets, since what it asks is recorded";
            return Err(format!("grant holds the kind {}: {why}", quoted(written)));
        }
        let (group, version) = match api {
            None => {
                let unknown = || {
                    let wanted = "write it with group and version, as in apps/v1/Deployment";
                    format!("grant: {} is no kind that is known here: {}{wanted}", quoted(written), meant(None, kind))
                };
                (well_known(kind).ok_or_else(unknown)?.group, None)
            }
            Some(api) => match api.split_once('/') {
                Some((group, version)) => (group, Some(version)),
                // A kind of the core group is written with the version alone.
                None if begins_as_version(api) => ("", Some(api)),
                None => (api, None),
            },
        };
        let core = group.is_empty() && api.is_none_or(|api| !api.contains('/'));
        if !(core || is_subdomain(group)) || !version.is_none_or(is_version) || !is_kind(kind) {
            let wanted = "write v1/Namespace, or apps/v1/Deployment";
            return Err(format!("grant: {} is no kind: {wanted}", quoted(written)));
        }
        // The core group gets no kinds of anybody else.
        if core && !known_kinds(Some("")).any(|known| known == kind) {
            return Err(format!(
                "grant: {} is no kind of Kubernetes' core group: {}a kind of another group is written as in \
                 apps/v1/Deployment",
                quoted(written),
                meant(Some(""), kind)
            ));
        }
        Ok(Self { group: group.into(), version: version.map(Into::into), name: kind.into() })
    }

    fn is_of(&self, object: &ObjectName) -> bool {
        self.name == object.kind()
            && self.group == object.group()
            && self.version.as_deref().is_none_or(|version| version == object.version())
    }
}

/// The kind that was probably meant, as the start of advice.
fn meant(group: Option<&str>, kind: &str) -> String {
    let known: Vec<_> = known_kinds(group).collect();
    keys::nearest(kind, &known).map(|meant| format!("did you mean {meant}? ")).unwrap_or_default()
}

/// Whether a text begins as a version, such as `v1` or `v2beta1`. No group is named so.
fn begins_as_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        && !text.contains('.')
}

fn texts<'a>(list: &'a Value, of: &str) -> Result<Vec<&'a str>, String> {
    let texts = list.as_array().filter(|list| !list.is_empty());
    let texts = texts.and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    texts.ok_or_else(|| format!("grant: cluster holds {}, not a list of {of}", quoted(&list.to_string())))
}

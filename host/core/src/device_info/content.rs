//! What such a file may hold.

use serde_json::{Map, Value};

use crate::cni::quoted;

/// What is known of a device: the content of a file, as it was checked when it was read.
pub type DeviceInfo = Map<String, Value>;

/// The members of the object, and of each object in it by its name, in the order in which Multus
/// writes them.
pub const MEMBERS: [(&str, &[&str]); 5] = [
    ("", &["type", "version", "pci", "vdpa", "vhost-user", "memif"]),
    ("pci", &["pci-address", "vhost-net", "rdma-device", "pf-pci-address", "representor-device"]),
    ("vdpa", &["parent-device", "driver", "path", "pci-address", "pf-pci-address", "representor-device"]),
    ("vhost-user", &["mode", "path"]),
    ("memif", &["role", "path", "mode"]),
];

/// Reads a file's content. Members that this version of the specification does not know are kept;
/// those that are null are not.
///
/// It is published with what is known of the pod's other networks, and programs that do not
/// understand one member of that read none of it. So each member that is known has to be of its
/// type.
///
/// # Errors
/// The text completes "the file …".
pub(super) fn read(text: &[u8]) -> Result<DeviceInfo, String> {
    let value: Value = serde_json::from_slice(text).map_err(|error| format!("is no JSON: {error}"))?;
    let Value::Object(mut info) = value else { return Err("holds no JSON object".into()) };
    info.retain(|_, value| !value.is_null());
    let Some(kind) = info.get("type").and_then(Value::as_str) else { return Err("says no \"type\"".into()) };
    if !kinds().any(|(known, _)| known == kind) {
        let known: Vec<_> = kinds().map(|(known, _)| format!("{known:?}")).collect();
        return Err(format!("has the type {}; there are {}", quoted(kind), known.join(", ")));
    }
    if info.get("version").and_then(Value::as_str).unwrap_or_default().is_empty() {
        return Err("says no \"version\"".into());
    }
    if !info.contains_key(kind) {
        return Err(format!("has the type {kind:?} and no member of that name"));
    }
    for (name, members) in kinds() {
        let Some(value) = info.get(name) else { continue };
        let Value::Object(object) = value else { return Err(format!("has a member {name:?} that is no object")) };
        if let Some(member) = members.iter().find(|member| object.get(**member).is_some_and(|value| !value.is_string()))
        {
            return Err(format!("has a member {name:?} whose {member:?} is no text"));
        }
    }
    Ok(info)
}

/// The types of devices, each with the members of its object.
fn kinds() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    MEMBERS.into_iter().filter(|(name, _)| !name.is_empty())
}

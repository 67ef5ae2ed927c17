//! Plugins that cannot be attached twice to one container as they are, because they keep their
//! state by container alone, and not by container and interface as the specification asks (section
//! 2, "CNI_CONTAINERID").

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::Prepared;
use crate::cni::{CniError, code};

/// Where flannel keeps what it delegated, unless the configuration says otherwise.
const FLANNEL_DATA_DIR: &str = "/var/lib/cni/flannel";

/// Sets such attachments apart, or refuses them.
///
/// - flannel: the first DEL would consume the state of both attachments, and the second would leak
///   its address. So each further one gets a `dataDir` of its own.
/// - calico: the second ADD answers with the first one's address, and its DEL frees that address
///   while it is in use. No key of its configuration prevents that, so it is refused.
///
/// # Errors
/// [`code::REFUSED_INVALID`] for a plugin that cannot be set apart.
pub fn set_apart(attachments: &mut [Prepared]) -> Result<(), CniError> {
    let mut first_on: BTreeMap<&str, String> = BTreeMap::new();
    for attachment in attachments {
        let interface = attachment.interface.clone();
        for plugin in &mut attachment.list.plugins {
            let Some(kind) = plugin.get("type").and_then(Value::as_str).and_then(by_container_alone) else { continue };
            let Some(first) = first_on.get(kind) else {
                first_on.insert(kind, interface.clone());
                continue;
            };
            if kind == "calico" {
                let message = format!(
                    "network {:?} on {interface}: the plugin calico is attached already on {first}, and can be \
                     attached only once to a pod",
                    attachment.list.name
                );
                return Err(CniError::new(code::REFUSED_INVALID, message));
            }
            let data_dir = plugin.get("dataDir").and_then(Value::as_str).filter(|dir| !dir.is_empty());
            let own = Path::new(data_dir.unwrap_or(FLANNEL_DATA_DIR)).join(&interface);
            plugin.insert("dataDir".into(), own.display().to_string().into());
        }
    }
    Ok(())
}

fn by_container_alone(kind: &str) -> Option<&'static str> {
    ["calico", "flannel"].into_iter().find(|known| *known == kind)
}

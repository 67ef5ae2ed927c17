//! What the manifests of Multus say: of its DaemonSet the flags and the directories, of its ConfigMap
//! the daemon's configuration, and the definitions.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};

use genie_core::sources;

/// The key of the ConfigMap that holds the daemon's configuration.
const DAEMON: &str = "daemon-config.json";
/// What the names of Multus' containers and programs have in them.
const MULTUS: [&str; 2] = ["multus", "thin_entrypoint"];

/// Manifests, and what they hold of Multus.
#[derive(Debug, Default)]
pub struct Manifest {
    /// The arguments of Multus' container.
    pub flags: Vec<String>,
    /// The daemon's configuration.
    pub daemon: Option<Map<String, Value>>,
    /// NetworkAttachmentDefinitions.
    pub(super) definitions: Vec<Value>,
    /// Directories of the container, each with that of the node.
    mounts: Vec<(PathBuf, PathBuf)>,
}

impl Manifest {
    /// Reads what `kubectl get -o yaml` prints, or the file that Multus was installed by.
    ///
    /// # Errors
    /// It is no manifest, or holds nothing of Multus.
    pub fn read(&mut self, name: &str, text: &str) -> Result<()> {
        let mut found = false;
        for object in sources::parse(name, text)? {
            found |= match object["kind"].as_str() {
                Some("DaemonSet") => self.daemon_set(&object),
                Some("ConfigMap") => self.config_map(&object)?,
                Some("NetworkAttachmentDefinition") => {
                    self.definitions.push(object);
                    true
                }
                _ => false,
            };
        }
        ensure!(
            found,
            "{name} holds no DaemonSet of Multus, no ConfigMap with {DAEMON} and no NetworkAttachmentDefinition"
        );
        Ok(())
    }

    fn daemon_set(&mut self, object: &Value) -> bool {
        let pod = &object["spec"]["template"]["spec"];
        let containers = pod["containers"].as_array().into_iter().flatten();
        let mut of_multus = containers.filter(|container| is_multus(container));
        let Some(container) = of_multus.next() else { return false };
        self.flags.extend(words(container, "command").chain(words(container, "args")));
        let volumes = pod["volumes"].as_array().into_iter().flatten();
        let volumes: Vec<_> =
            volumes.filter_map(|volume| Some((&volume["name"], volume["hostPath"]["path"].as_str()?))).collect();
        let mounts = container["volumeMounts"].as_array().into_iter().flatten().filter_map(|mount| {
            let (_, host) = volumes.iter().find(|(name, _)| **name == mount["name"])?;
            Some((mount["mountPath"].as_str()?.into(), host.into()))
        });
        self.mounts.extend(mounts);
        true
    }

    fn config_map(&mut self, object: &Value) -> Result<bool> {
        let Some(text) = object["data"][DAEMON].as_str() else { return Ok(false) };
        let daemon =
            serde_json::from_str(text).with_context(|| format!("{DAEMON} of a ConfigMap is no JSON object"))?;
        self.daemon = Some(daemon);
        Ok(true)
    }

    /// A path of the container as one of the node; none when no mount leads there.
    pub(super) fn of_host(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        let beneath =
            self.mounts.iter().filter_map(|(inner, host)| Some((inner, host.join(path.strip_prefix(inner).ok()?))));
        // The deepest mount is the one that is seen.
        let (_, path) = beneath.max_by_key(|(inner, _)| inner.components().count())?;
        Some(path.components().collect())
    }

    /// The configuration of a definition.
    pub(super) fn definition(&self, namespace: &str, name: &str) -> Option<&str> {
        let is_it = |object: &&Value| {
            let metadata = &object["metadata"];
            metadata["name"] == name && metadata["namespace"].as_str().unwrap_or("default") == namespace
        };
        self.definitions.iter().find(is_it).and_then(|object| object["spec"]["config"].as_str())
    }
}

fn words<'a>(container: &'a Value, key: &str) -> impl Iterator<Item = String> + 'a {
    container[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned)
}

fn is_multus(container: &Value) -> bool {
    let name = container["name"].as_str().unwrap_or_default().to_owned();
    words(container, "command").chain([name]).any(|word| MULTUS.iter().any(|part| word.contains(part)))
}

//! Our configuration, as it is put together.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use genie_core::config::{CONF_DIR, OWN_TYPE};
use genie_core::network::Limits;
use genie_core::pod::ANNOTATIONS_CAPABILITY;
use genie_core::selector::module::Module;

/// The name of a configuration without one.
const NAME: &str = "multus-cni-network";
/// The selector that attaches definitions.
const ATTACHES: &str = "network-attachment";

/// A network that stood inside of Multus' configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkFile {
    /// The file's name in the conf dir.
    pub file: String,
    /// The network's name.
    pub network: String,
    /// The configuration, with whatever secrets are in it.
    pub content: Value,
}

/// Our configuration, as it is put together.
#[derive(Debug)]
pub struct Ours {
    /// `conf_dir`.
    pub conf_dir: PathBuf,
    /// `bin_dirs`; the runtime's own when empty.
    pub bin_dirs: Vec<PathBuf>,
    /// Keys that are the same in ours.
    pub keys: Map<String, Value>,
    /// `capabilities`.
    pub capabilities: Map<String, Value>,
    /// The default networks of a pod.
    pub networks: Vec<String>,
    /// The settings of `network-attachment`.
    pub settings: Map<String, Value>,
    /// The grants `definitions` of `network-attachment`.
    pub definitions: Vec<Value>,
    /// Whether pods get definitions at all.
    pub reads_definitions: bool,
    /// Networks that become files.
    pub files: Vec<NetworkFile>,
}

impl Ours {
    pub(super) fn new(conf_dir: PathBuf) -> Self {
        Self {
            conf_dir,
            bin_dirs: Vec::new(),
            keys: Map::from_iter([("name".to_owned(), json!(NAME))]),
            // The runtime hands over only what is declared.
            capabilities: Map::from_iter([(ANNOTATIONS_CAPABILITY.to_owned(), json!(true))]),
            networks: Vec::new(),
            settings: Map::new(),
            definitions: Vec::new(),
            reads_definitions: true,
            files: Vec::new(),
        }
    }

    /// `limits`: the most that there can be, since pods of Multus have none.
    pub(super) fn limits() -> Value {
        json!({"networks": Limits::HIGHEST, "same_network": Limits::HIGHEST})
    }

    /// The whole, as a file of the conf dir.
    pub(super) fn configuration(self) -> Map<String, Value> {
        let limits = Self::limits();
        let Self {
            conf_dir, bin_dirs, mut keys, capabilities, networks, settings, definitions, reads_definitions, ..
        } = self;
        if conf_dir != Path::new(CONF_DIR) {
            keys.insert("conf_dir".into(), json!(conf_dir));
        }
        if !bin_dirs.is_empty() {
            keys.insert("bin_dirs".into(), json!(bin_dirs));
        }
        let mut default = json!({"module": "default-plugin"});
        if !networks.is_empty() {
            default["settings"] = json!({"networks": networks});
        }
        // An entry's grants take the place of those that it has without any: all that an annotation can ask for.
        let usual = Module::BuiltIn(ATTACHES).default_grant().unwrap_or_default();
        let others = usual.as_array().into_iter().flatten().filter(|grant| grant.get("definitions").is_none());
        let grant: Vec<_> = definitions.into_iter().chain(others.cloned()).collect();
        let mut attachments = json!({"module": ATTACHES, "run": "always", "grant": grant});
        if !settings.is_empty() {
            attachments["settings"] = settings.into();
        }
        keys.insert("type".into(), OWN_TYPE.into());
        keys.insert("capabilities".into(), capabilities.into());
        let chain = if reads_definitions { json!([default, attachments]) } else { json!([default]) };
        keys.insert("limits".into(), limits);
        keys.insert("selectors".into(), chain);
        keys
    }
}

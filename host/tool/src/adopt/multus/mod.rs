//! Makes our configuration of that of Multus, and says key by key what becomes of each.
//!
//! Multus is configured in up to three places: its file in the conf dir ([`Source::File`]), the
//! configuration of its daemon ([`Source::Daemon`]), whose keys go before those of the file, and the
//! flags of its DaemonSet ([`Source::Flags`]), of which the file is made. [`keys`] and [`flags`] are the
//! tables of all that can stand there.

mod account;
mod definitions;
mod flags;
mod keys;
mod manifest;
mod network;
mod ours;
mod paths;
mod read;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

pub use self::account::{Becomes, Fate, Line, Source};
pub use self::flags::{FLAGS, Flag};
pub use self::keys::{KEYS, Key};
pub use self::manifest::Manifest;
pub use self::ours::{NetworkFile, Ours};
pub use self::read::{File, daemon};
use genie_core::cni::without_secrets;
use genie_core::network::Catalogue;

/// The type of Multus' plugin that does the work itself.
const THIN: &str = "multus";
/// The types of Multus' plugins: the thin one, and the one that asks the daemon.
pub const TYPES: [&str; 2] = [THIN, "multus-shim"];

/// Multus as a cluster has it.
#[derive(Debug, Default)]
pub struct Multus {
    /// Its file in the conf dir.
    pub file: File,
    /// The configuration of its daemon.
    pub daemon: Map<String, Value>,
    /// The flags of its DaemonSet.
    pub flags: Vec<String>,
    /// What manifests say beside these.
    pub manifest: Manifest,
}

/// The node that our configuration is for.
#[derive(Debug)]
pub struct Node {
    /// The directory where the runtime reads network configurations; none when Multus' own
    /// configuration has to say it.
    pub conf_dir: Option<PathBuf>,
    /// The directory where the runtime finds plugins; none when the flags of Multus have to say it.
    pub bin_dir: Option<PathBuf>,
    /// That of most runtimes, when nobody says it.
    pub usual_bin_dir: PathBuf,
    /// The networks of the conf dir, if they are known.
    pub networks: Option<Catalogue>,
    /// Whether the files of [`Import::files`] will be written.
    pub takes_files: bool,
}

/// What was made of it.
#[derive(Debug)]
pub struct Import {
    /// Our configuration.
    pub configuration: Map<String, Value>,
    /// What became of each key.
    pub lines: Vec<Line>,
    /// Networks that stood inside of Multus' configuration, each as a file of the conf dir.
    pub files: Vec<NetworkFile>,
}

impl Import {
    /// Whether something is not carried over.
    pub fn is_partial(&self) -> bool {
        self.lines.iter().any(|line| line.fate.becomes.is_lost())
    }
}

/// What is written for one key, in the place that counts.
#[derive(Debug)]
struct Written {
    source: Source,
    /// As it is written there: a flag has its own name.
    name: String,
    value: Value,
}

/// All that a key's rule may look at.
#[derive(Debug)]
struct Given<'a> {
    multus: &'a Multus,
    node: &'a Node,
    /// What counts of each key, under the key in lower case.
    written: BTreeMap<String, Value>,
}

impl Given<'_> {
    /// The value of a key that is there and neither null nor empty.
    fn get(&self, key: &str) -> Option<&Value> {
        self.written.get(&key.to_ascii_lowercase()).filter(|value| !is_empty(value))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// Whether Go would take it for a key that was left out.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Makes our configuration of Multus'.
pub fn import(multus: &Multus, node: &Node) -> Import {
    let (flags, mut lines) = flags::read(&multus.flags);
    let mut counts: BTreeMap<String, Written> = BTreeMap::new();
    let mut overridden = Vec::new();
    let all = members(&multus.daemon, Source::Daemon).chain(members(&multus.file.members, Source::File)).chain(flags);
    for (key, written) in all {
        match counts.get(&key) {
            Some(first) => overridden.push(account::overridden(written, first)),
            None => _ = counts.insert(key, written),
        }
    }
    let written = counts.iter().map(|(key, written)| (key.clone(), written.value.clone())).collect();
    let given = Given { multus, node, written };
    let mut ours = Ours::new(paths::conf_dir(&given));
    for (key, written) in counts {
        keys::apply(&key, written, &given, &mut ours, &mut lines);
    }
    keys::apply_defaults(&given, &mut ours, &mut lines);
    lines.extend(overridden);
    lines.extend(multus.file.beside.iter().map(account::beside));
    for line in &mut lines {
        // A key says whether its value is a secret.
        let shown = without_secrets(&json!({&*line.key: line.value.take()}));
        line.value = shown.get(&line.key).cloned().unwrap_or_default();
    }
    lines.sort_by(|one, other| (one.source, &one.key).cmp(&(other.source, &other.key)));
    let files = std::mem::take(&mut ours.files);
    Import { configuration: ours.configuration(), lines, files }
}

/// The members of an object, with those of its objects that have keys of their own.
fn members(object: &Map<String, Value>, source: Source) -> impl Iterator<Item = (String, Written)> {
    let flat = object.iter().flat_map(|(name, value)| match value {
        Value::Object(inner) if keys::is_group(name) => {
            inner.iter().map(|(member, value)| (format!("{name}.{member}"), value.clone())).collect::<Vec<_>>()
        }
        value => vec![(name.clone(), value.clone())],
    });
    flat.map(move |(name, value)| (name.to_ascii_lowercase(), Written { source, name, value }))
}

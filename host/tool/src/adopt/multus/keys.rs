//! The keys of Multus' file and of its daemon's configuration, which are one set: the daemon hands
//! its own on to each call, and some stand in both places.

use serde_json::{Map, Value, json};

use super::account::Becomes::{self, Cannot, NotNeeded, Translated};
use super::account::{Fate, Line, Source};
use super::ours::Ours;
use super::{Given, Written, definitions, network, paths};
use genie_core::cni::Version;
use genie_core::pod::ANNOTATIONS_CAPABILITY;

/// A key of Multus.
pub struct Key {
    /// Its name. A member of an object has that one's name before it.
    pub name: &'static str,
    rule: Rule,
}

/// What becomes of a key.
enum Rule {
    /// The same, whatever its value.
    Always(Becomes, &'static str),
    /// The first when it is switched on, else nothing: it is not.
    Switch(Becomes, &'static str),
    /// It depends.
    Asks(fn(&Value, &Given<'_>, &mut Ours) -> Fate),
}

use Rule::{Always, Asks, Switch};

const fn key(name: &'static str, rule: Rule) -> Key {
    Key { name, rule }
}

const BY_RUNTIME: &str = "the runtime sets it at each call, whatever stands here";
const OF_FILE: &str = "messages go to the runtime's log, and the agent's log has a line for each call";
const OF_SOCKET: &str = "no daemon serves calls; the agent's socket is /run/genie/agent.sock";
const OF_TOKEN: &str = "the agent's token is bound to its node already (admission policies of deploy/)";
const NOT_READ: &str = "Multus does not read it either";

/// Every key, by its place in Multus' own documents.
pub const KEYS: &[Key] = &[
    key("cniVersion", Asks(version)),
    key("name", Asks(name)),
    key("type", Always(Translated, "\"type\": \"genie\"")),
    key("capabilities", Asks(capabilities)),
    key("prevResult", Always(NotNeeded, BY_RUNTIME)),
    key("runtimeConfig", Always(NotNeeded, BY_RUNTIME)),
    key("ipam", Always(NotNeeded, NOT_READ)),
    key("dns", Always(NotNeeded, NOT_READ)),
    key("disableCheck", Switch(Cannot, "a network's own list can say disableCheck; CHECK asks all the others")),
    key("disableGC", Switch(Cannot, "a network's own list can say disableGC; GC asks all the others")),
    // Which networks a pod gets.
    key("clusterNetwork", Asks(network::cluster_network)),
    key("delegates", Asks(network::delegates)),
    key("defaultNetworks", Asks(definitions::default_networks)),
    key("systemNamespaces", Asks(definitions::system_namespaces)),
    key("multusNamespace", Asks(definitions::multus_namespace)),
    key("namespaceIsolation", Asks(definitions::isolation)),
    key("globalNamespaces", Asks(definitions::global_namespaces)),
    key("auxiliaryCNIChainName", Asks(network::auxiliary_chain)),
    key("readinessindicatorfile", Asks(paths::readiness)),
    key(
        "retryDeleteOnError",
        Always(NotNeeded, "always so: what a DEL could not undo stays in its record, and the next DEL undoes that"),
    ),
    // Where things are.
    key("kubeconfig", Asks(definitions::kubeconfig)),
    key("confDir", Asks(paths::networks_by_name)),
    key("cniDir", Always(NotNeeded, "records are in /var/lib/genie; leave Multus' directory to its own last pods")),
    key("binDir", Asks(paths::bin_dir)),
    // What it tells.
    key("logLevel", Asks(log_level)),
    key("logToStderr", Always(NotNeeded, "messages always go to stderr, which is the runtime's log")),
    key("logFile", Always(NotNeeded, OF_FILE)),
    key("logOptions.maxAge", Always(NotNeeded, OF_FILE)),
    key("logOptions.maxSize", Always(NotNeeded, OF_FILE)),
    key("logOptions.maxBackups", Always(NotNeeded, OF_FILE)),
    key("logOptions.compress", Always(NotNeeded, OF_FILE)),
    // The daemon's.
    key("chrootDir", Always(NotNeeded, "the plugin runs networks' plugins on the host itself")),
    key("socketDir", Always(NotNeeded, OF_SOCKET)),
    key("daemonSocketDir", Always(NotNeeded, OF_SOCKET)),
    key("connectionLimit", Always(NotNeeded, "no daemon serves calls: each is a process of the runtime")),
    key(
        "metricsPort",
        Always(NotNeeded, "the agent serves metrics at 127.0.0.1:9611: listen.address and listen.port of the chart"),
    ),
    key(
        "enablePprof",
        Switch(Cannot, "the agent has no profiler; genie_part_seconds_total tells where a call's time goes"),
    ),
    key("perNodeCertificate.enabled", Always(NotNeeded, OF_TOKEN)),
    key("perNodeCertificate.bootstrapKubeconfig", Always(NotNeeded, OF_TOKEN)),
    key("perNodeCertificate.certDir", Always(NotNeeded, OF_TOKEN)),
    key("perNodeCertificate.certDuration", Always(NotNeeded, OF_TOKEN)),
    key("multusConfigFile", Always(NotNeeded, "the agent writes our file of the ConfigMap, and writes no other")),
    key("multusAutoconfigDir", Asks(paths::runtimes_dir)),
    key("cniConfigDir", Asks(paths::runtimes_dir)),
    key("multusMasterCNI", Asks(network::master)),
    key("forceCNIVersion", Always(NotNeeded, "each network keeps its own version, and results are converted")),
    key("overrideNetworkName", Always(NotNeeded, "\"name\" is what the file says")),
    // What people write and Multus never reads.
    key("cniConf", Always(NotNeeded, "Multus does not read it either, though thin_entrypoint writes it")),
    key("allowTryDeleteOnErr", Always(NotNeeded, "Multus does not read it either: its key is retryDeleteOnError")),
    key("rawNonIsolatedNamespaces", Always(NotNeeded, "Multus does not read it either: its key is globalNamespaces")),
];

/// Whether a key is an object whose members are keys of the table.
pub(super) fn is_group(name: &str) -> bool {
    let start = format!("{}.", name.to_ascii_lowercase());
    KEYS.iter().any(|key| key.name.to_ascii_lowercase().starts_with(&start))
}

/// The key of that name, without regard to case, as Go reads it.
fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name.eq_ignore_ascii_case(name))
}

/// Applies a key that is written.
pub(super) fn apply(name: &str, written: Written, given: &Given<'_>, ours: &mut Ours, lines: &mut Vec<Line>) {
    let fate = match find(name).map(|key| &key.rule) {
        None => Fate::new(Becomes::Unknown, unknown(&written)),
        Some(_) if written.value.is_null() => Fate::not_needed("it is null, which is the same as no key"),
        Some(Always(becomes, how)) => Fate::new(*becomes, *how),
        Some(Switch(becomes, how)) if written.value == true => Fate::new(*becomes, *how),
        Some(Switch(..)) => Fate::not_needed("it is switched off"),
        Some(Asks(rule)) => rule(&written.value, given, ours),
    };
    lines.push(Line::new(written, fate));
}

fn unknown(written: &Written) -> String {
    format!(
        "no {} of Multus 4.3 has this name; find out what it was meant for",
        match written.source {
            Source::Flags => "flag",
            _ => "key",
        }
    )
}

/// A key whose absence may say something: what Multus takes it for then, and when that matters.
type Absent = (&'static str, fn() -> Value, fn(&Given<'_>) -> bool);

const DEFAULTS: [Absent; 4] = [
    (
        "clusterNetwork",
        || Value::Null,
        |given| !["delegates", "multusMasterCNI"].iter().any(|key| given.get(key).is_some()),
    ),
    ("namespaceIsolation", || false.into(), |_| true),
    ("binDir", || paths::DEFAULT_BIN_DIR.into(), paths::is_bin_dir_apart),
    ("kubeconfig", || Value::Null, definitions::is_without_cluster),
];

/// Applies what Multus does when nothing is written.
pub(super) fn apply_defaults(given: &Given<'_>, ours: &mut Ours, lines: &mut Vec<Line>) {
    for (name, value, matters) in DEFAULTS {
        let is_written = given.written.get(&name.to_ascii_lowercase()).is_some_and(|value| !value.is_null());
        let Some(Asks(rule)) = find(name).map(|key| &key.rule) else { continue };
        if !is_written && matters(given) {
            let value = value();
            let fate = rule(&value, given, ours);
            lines.push(Line { source: Source::Default, key: name.into(), value, fate });
        }
    }
    let how = format!("\"limits\": {}: Multus has none; lower them to what your pods need", Ours::limits());
    lines.push(Line { source: Source::Default, key: "limits".into(), value: Value::Null, fate: Fate::translated(how) });
}

fn version(value: &Value, _: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(text) = value.as_str() else { return Fate::wrong("a text") };
    let Some(version) = Version::parse(text) else {
        return Fate::cannot(format!(
            "there is no version {text:?} of CNI: write 1.0.0, or 1.1.0 if the runtime speaks it"
        ));
    };
    ours.keys.insert("cniVersion".into(), json!(version.as_str()));
    match version {
        Version::V1_1_0 => Fate::same("\"cniVersion\""),
        _ => Fate::same("\"cniVersion\"; with 1.1.0 the runtime asks STATUS and GC, too, if it speaks it"),
    }
}

fn name(value: &Value, _: &Given<'_>, ours: &mut Ours) -> Fate {
    if !value.is_string() {
        return Fate::wrong("a text");
    }
    // libcni names its file of an attachment by it: one of before is found and removed as it was.
    ours.keys.insert("name".into(), value.clone());
    Fate::same("\"name\"")
}

fn capabilities(value: &Value, _: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(declared) = value.as_object() else { return Fate::wrong("an object") };
    let declared: Map<_, _> = declared.iter().map(|(name, set)| (name.clone(), set.clone())).collect();
    ours.capabilities.extend(declared);
    // A file that Multus' own users wrote may say otherwise.
    ours.capabilities.insert(ANNOTATIONS_CAPABILITY.into(), json!(true));
    Fate::translated("\"capabilities\", with the one by which the runtime hands over annotations")
}

fn log_level(value: &Value, _: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(level) = value.as_str() else { return Fate::wrong("a text") };
    let level = level.to_ascii_lowercase();
    match level.as_str() {
        "" => Fate::not_needed("it is empty"),
        "panic" | "error" | "verbose" | "debug" => {
            ours.keys.insert("log_level".into(), json!(level));
            Fate::translated(format!("\"log_level\": \"{level}\""))
        }
        _ => Fate::wrong("one of debug, verbose, error, panic"),
    }
}

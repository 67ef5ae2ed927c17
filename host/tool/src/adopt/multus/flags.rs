//! The flags of Multus' thin DaemonSet (`thin_entrypoint`), and those of its daemon.

use serde_json::Value;

use super::Written;
use super::account::Becomes::{self, Cannot, NotNeeded};
use super::account::{Fate, Line, Source};

/// A flag.
pub struct Flag {
    /// Its name, without `--`.
    pub name: &'static str,
    rule: Rule,
}

/// What becomes of a flag.
enum Rule {
    /// It is this key of the file that is made of the flags.
    Is(&'static str),
    /// As [`Rule::Is`], in every file.
    IsAlways(&'static str),
    /// The same, whatever its value.
    Always(Becomes, &'static str),
    /// The first when it is switched on.
    Switch(Becomes, &'static str),
}

use Rule::{Always, Is, IsAlways, Switch};

const fn flag(name: &'static str, rule: Rule) -> Flag {
    Flag { name, rule }
}

/// Every flag.
pub const FLAGS: &[Flag] = &[
    flag("cni-conf-dir", IsAlways("cniConfigDir")),
    flag(BIN_DIR, Always(NotNeeded, "the chart's platform or directories.bin says where the runtime finds plugins")),
    flag("cni-version", Is("cniVersion")),
    flag("multus-conf-file", IsAlways(CONF_FILE)),
    flag("multus-bin-file", Always(NotNeeded, PROGRAMS)),
    flag("multus-cni-conf-dir", Is("cniConf")),
    flag("skip-multus-binary-copy", Always(NotNeeded, PROGRAMS)),
    flag("multus-kubeconfig-file-host", Is("kubeconfig")),
    flag("multus-master-cni-file-name", Is("multusMasterCNI")),
    flag("namespace-isolation", Is("namespaceIsolation")),
    flag("global-namespaces", Is("globalNamespaces")),
    flag("multus-autoconfig-dir", Is("multusAutoconfigDir")),
    flag("multus-log-level", Is("logLevel")),
    flag("multus-log-file", Is("logFile")),
    flag("multus-log-to-stderr", Is("logToStderr")),
    flag("override-network-name", Is("overrideNetworkName")),
    flag(
        "cleanup-config-on-exit",
        Always(NotNeeded, "always so: the agent takes everything away when its DaemonSet is deleted, and only then"),
    ),
    flag("skip-config-watch", Always(NotNeeded, "networks are read at each call, so nothing is watched")),
    flag(
        "rename-conf-file",
        Switch(Cannot, "00-genie.conf comes first anyway: give the default network's file its old name back"),
    ),
    flag("readiness-indicator-file", Is("readinessindicatorfile")),
    flag("additional-bin-dir", Is("binDir")),
    flag(
        "skip-tls-verify",
        Switch(Cannot, "the API server's certificate is always verified: its authority has to be in the kubeconfig"),
    ),
    flag("force-cni-version", Is("forceCNIVersion")),
    // Of the daemon.
    flag("config", Always(NotNeeded, "it names the daemon's configuration")),
    flag("version", Always(NotNeeded, "it only prints")),
];

/// The flag that says where the runtime finds plugins.
pub(super) const BIN_DIR: &str = "cni-bin-dir";
const PROGRAMS: &str = "the agent installs our own programs";
/// The key that says whether the file is made of the flags.
const CONF_FILE: &str = "multusConfigFile";
const AUTO: &str = "auto";

/// Takes the flags apart: those that are keys, each under its key in lower case, and what becomes of
/// the others.
pub(super) fn read(arguments: &[String]) -> (Vec<(String, Written)>, Vec<Line>) {
    let (mut keys, mut lines) = (Vec::new(), Vec::new());
    let written = split(arguments);
    let file = written.iter().find(|(name, _)| name == "multus-conf-file").and_then(|(_, value)| value.as_str());
    let is_made = file.is_none_or(|file| file == AUTO);
    for (name, value) in written {
        let rule = FLAGS.iter().find(|flag| flag.name == name).map(|flag| &flag.rule);
        let written = Written { source: Source::Flags, name: format!("--{name}"), value };
        let fate = match rule {
            Some(IsAlways(key)) => {
                keys.push((key.to_ascii_lowercase(), written));
                continue;
            }
            Some(Is(key)) if is_made => {
                keys.push((key.to_ascii_lowercase(), written));
                continue;
            }
            Some(Is(_)) => Fate::not_needed("Multus does not read it either: --multus-conf-file names a file"),
            Some(Always(becomes, how)) => Fate::new(*becomes, *how),
            Some(Switch(becomes, how)) if written.value == true => Fate::new(*becomes, *how),
            Some(Switch(..)) => Fate::not_needed("it is switched off"),
            None => Fate::new(Becomes::Unknown, "Multus 4.3 has no such flag; find out what it was meant for"),
        };
        lines.push(Line::new(written, fate));
    }
    (keys, lines)
}

/// The value of a flag that is a text.
pub(super) fn text(arguments: &[String], name: &str) -> Option<String> {
    let (_, value) = split(arguments).into_iter().find(|(flag, _)| flag == name)?;
    value.as_str().map(ToOwned::to_owned)
}

/// Flags that have no value of their own.
const SWITCHES: [&str; 9] = [
    "skip-multus-binary-copy",
    "namespace-isolation",
    "multus-log-to-stderr",
    "override-network-name",
    "cleanup-config-on-exit",
    "skip-config-watch",
    "rename-conf-file",
    "skip-tls-verify",
    "force-cni-version",
];

/// The flags and their values. Words that are neither are left out: a program, a script.
fn split(arguments: &[String]) -> Vec<(String, Value)> {
    let mut flags = Vec::new();
    let mut words = arguments.iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-').map(|flag| flag.strip_prefix('-').unwrap_or(flag)) else { continue };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None if SWITCHES.contains(&flag) => (flag, None),
            None => (flag, words.next_if(|next| !next.starts_with('-')).map(String::as_str)),
        };
        if name.is_empty() {
            continue;
        }
        let value = match value {
            None | Some("true") => Value::Bool(true),
            Some("false") => Value::Bool(false),
            Some(text) => text.into(),
        };
        flags.push((name.to_owned(), value));
    }
    flags
}

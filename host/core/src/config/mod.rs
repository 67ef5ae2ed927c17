//! The plugin's own configuration: CNI-Genie's `00-genie.conf`, with new keys that are all
//! optional. Keys match without regard to case, as Go matches them.

pub mod chain;
mod pods;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::agent_api;
use crate::cni::{Call, CniError, Verb, code, get};
use crate::network;
use crate::selector::chain::{Chain, Entry};
use crate::selector::module::{Loader, Program};
use crate::sources::{Access, Api, Manifests, PodSource};

/// The type that this plugin has had since CNI-Genie.
pub const OWN_TYPE: &str = "genie";
/// The directory of networks that runtimes use by default.
pub const CONF_DIR: &str = "/etc/cni/net.d";
/// The directory of attachment records. Records must outlive a reboot, because addresses do.
pub const STATE_DIR: &str = "/var/lib/genie";
/// The directory of libcni's cache, where every runtime keeps what it attached.
pub const CNI_CACHE_DIR: &str = "/var/lib/cni";
/// The directory in which plugins tell of their devices, which the device information specification
/// names.
pub const DEVICE_INFO_DIR: &str = "/var/run/k8s.cni.cncf.io/devinfo/cni";
/// The directory of compiled selectors. It is not under `/run`, which many nodes mount `noexec`.
pub const CACHE_DIR: &str = "/var/cache/genie";
/// How long a call may take by default: less than the 2 minutes that a kubelet waits for a sandbox.
const TIMEOUT: Duration = Duration::from_secs(90);
/// The same of a DEL: CRI-O kills it after a minute, with what it could still have undone.
const DEL_TIMEOUT: Duration = Duration::from_secs(50);
/// The same of a GC: CRI-O kills it after 30 seconds.
const GC_TIMEOUT: Duration = Duration::from_secs(25);

/// The timeouts that can be set. Longer ones do not fit into every clock, and no runtime waits that
/// long.
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(24);

/// The keys that are known: ours, CNI-Genie's and the specification's. Any other one is ignored
/// with a warning.
const KNOWN_KEYS: [&str; 40] = [
    "agent",
    "args",
    "bin_dirs",
    "cache_dir",
    "cadvisor_address",
    "capabilities",
    "cni.dev/attachments",
    "cni.dev/valid-attachments",
    "cniversion",
    "cniversions",
    "conf_dir",
    "cni_cache_dir",
    "datastore_type",
    "default_route",
    "default_plugin",
    "device_info_dir",
    "disablecheck",
    "disablegc",
    "dns",
    "etcd_endpoints",
    "hostname",
    "ipam",
    "ipmasq",
    "kubernetes",
    "limits",
    "log_level",
    "merge",
    "name",
    "network_status",
    "nodename",
    "pods",
    "policy",
    "prevresult",
    "romana_root",
    "runtimeconfig",
    "segment_label_name",
    "selectors",
    "state_dir",
    "strict",
    "timeout",
];

/// The keys that DEL, CHECK and GC need. A mistake in any other key cannot keep them from their
/// work.
#[derive(Clone, Debug)]
pub struct Paths {
    /// `conf_dir`: the directory of the networks.
    pub conf_dir: PathBuf,
    /// `state_dir`: the directory of the attachment records.
    pub state_dir: PathBuf,
    /// `cni_cache_dir`: where runtimes keep what they attached (libcni's cache).
    pub cni_cache_dir: PathBuf,
    /// `cache_dir`: the directory of compiled selectors.
    pub cache_dir: PathBuf,
    /// `agent`: the socket of the node's agent.
    pub agent: PathBuf,
    /// `bin_dirs`: the directories of plugins; when empty, those of `CNI_PATH`.
    pub bin_dirs: Vec<PathBuf>,
    /// `timeout`: how long a call may take, undoing not counted; none when the configuration does
    /// not say ([`Paths::time`]).
    pub timeout: Option<Duration>,
}

/// All keys that ADD and STATUS need.
pub struct Config {
    /// Directories and time.
    pub paths: Paths,
    /// `default_plugin`, in the grammar of the `cni` annotation.
    pub default_plugin: Option<String>,
    /// `pods`: where pod facts come from, in order.
    pub pods: Vec<PodSource>,
    /// `strict`: whether to refuse what a network declares no capability for.
    pub strict: bool,
    /// `limits`: what one pod may have.
    pub limits: network::Limits,
    /// `default_route`: which network owns the default routes when the plan does not say.
    pub default_route: DefaultRoute,
    /// `network_status`: the shape of the networks' status.
    pub network_status: NetworkStatus,
    /// `device_info_dir`: where plugins tell of their devices.
    pub device_info_dir: PathBuf,
    /// `nodename`, else `hostname`; empty when neither is set.
    pub node: String,
    /// `selectors` and `merge`.
    pub chain: Chain,
    /// How modules are found and loaded.
    pub loader: Loader,
}

/// Which network owns the default routes of a pod with several networks when the plan does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefaultRoute {
    /// The network on the runtime's interface, whose address is the pod's.
    #[default]
    Runtime,
    /// The networks whose plugins set them: the routes stay as they are.
    Plugins,
}

/// The shape of the annotation that tells a pod's networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkStatus {
    /// Multus', which other programs read.
    #[default]
    Multus,
    /// That of the multi-network standard.
    Standard,
}

impl Paths {
    /// Reads the keys from the configuration of a call.
    ///
    /// # Errors
    /// A value has the wrong type.
    pub fn from_call(call: &Call) -> Result<Self, CniError> {
        Self::from_map(&call.config)
    }

    /// Reads the keys from a configuration.
    ///
    /// # Errors
    /// A value has the wrong type.
    pub fn from_map(config: &Map<String, Value>) -> Result<Self, CniError> {
        let path = |key, default| path(config, key, default);
        Ok(Self {
            conf_dir: path("conf_dir", CONF_DIR)?,
            state_dir: path("state_dir", STATE_DIR)?,
            cni_cache_dir: path("cni_cache_dir", CNI_CACHE_DIR)?,
            cache_dir: path("cache_dir", CACHE_DIR)?,
            agent: path("agent", agent_api::SOCKET)?,
            bin_dirs: texts(config, "bin_dirs")?.into_iter().map(PathBuf::from).collect(),
            timeout: timeout(config)?,
        })
    }

    /// How long a call of this verb may take. What the configuration says holds for all of them; by
    /// default the answer to a DEL or GC comes while every runtime still waits for it.
    pub fn time(&self, verb: Verb) -> Duration {
        self.timeout.unwrap_or(match verb {
            Verb::Del => DEL_TIMEOUT,
            Verb::Gc => GC_TIMEOUT,
            Verb::Add | Verb::Check | Verb::Status | Verb::Version => TIMEOUT,
        })
    }
}

impl Config {
    /// Reads the configuration of a call.
    ///
    /// # Errors
    /// The first key whose value is wrong.
    pub fn from_call(call: &Call, program: &'static dyn Program) -> Result<Self, CniError> {
        Self::new(&call.config, || chain::entries_of_call(call), program).map_err(for_operator)
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// The first key whose value is wrong.
    pub fn from_map(config: &Map<String, Value>, program: &'static dyn Program) -> Result<Self, CniError> {
        Self::new(config, || chain::entries(config), program)
    }

    fn new(
        config: &Map<String, Value>,
        entries: impl FnOnce() -> Result<Vec<Result<Entry, CniError>>, CniError>,
        program: &'static dyn Program,
    ) -> Result<Self, CniError> {
        let unknown = unknown_keys(config);
        if !unknown.is_empty() {
            tracing::warn!(keys = unknown.join(", "), "unknown keys of the configuration are ignored");
        }
        let paths = Paths::from_map(config)?;
        let node = text(config, "nodename")?.or(text(config, "hostname")?).unwrap_or_default();
        Ok(Self {
            default_plugin: default_plugin(config)?,
            pods: pod_sources(config, &paths.agent, &program.tool())?,
            strict: flag(config, "strict")?,
            limits: pods::limits(config)?,
            default_route: pods::default_route(config)?,
            network_status: pods::network_status(config)?,
            device_info_dir: path(config, "device_info_dir", DEVICE_INFO_DIR)?,
            node: node.to_owned(),
            chain: chain::chain(config, entries()?)?,
            loader: chain::loader(&paths, program),
            paths,
        })
    }
}

/// Adds to an error of the configuration or of a selector that the operator has to correct it. The
/// error shows at a pod, whose owner cannot.
pub fn for_operator(error: CniError) -> CniError {
    const WHO: &str = "the operator of this cluster has to correct it in genie's configuration (ConfigMap \
                       genie-config), the pod's owner cannot";
    match error.code {
        code::INVALID_CONFIG | code::SELECTOR => error.add_detail(WHO),
        _ => error,
    }
}

/// Whether a configuration is that of a drain list's entry, which only undoes what is left of
/// earlier pods.
pub fn is_draining(config: &Map<String, Value>) -> bool {
    get(config, "drain") == Some(&Value::Bool(true))
}

/// The keys that have no meaning.
pub fn unknown_keys(config: &Map<String, Value>) -> Vec<String> {
    let is_known = |key: &str| KNOWN_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key));
    config.keys().filter(|key| *key != "type" && !is_known(key)).cloned().collect()
}

/// The value of `default_plugin`: one list of names in a text, or an array of them.
fn default_plugin(config: &Map<String, Value>) -> Result<Option<String>, CniError> {
    let value = match get(config, "default_plugin") {
        Some(Value::Array(_)) => Some(texts(config, "default_plugin")?.join(",")),
        _ => text(config, "default_plugin")?.map(ToOwned::to_owned),
    };
    Ok(value.filter(|value| !value.trim().is_empty()))
}

/// The sources of pod facts: `"pods": ["runtime", "args", "agent", "api", {"manifests": "DIR"}]`. A
/// single one needs no array. The default is the first four; the API server is among them only if
/// the configuration names one.
fn pod_sources(config: &Map<String, Value>, agent: &Path, tool: &Path) -> Result<Vec<PodSource>, CniError> {
    let access = Access::from_config(config)?;
    let api = access.map(|access| PodSource::Api(Box::new(Api::new(access, tool))));
    let source = |value: &Value| match value {
        Value::String(name) if name == "runtime" => Ok(PodSource::Runtime),
        Value::String(name) if name == "args" => Ok(PodSource::Args),
        Value::String(name) if name == "agent" => Ok(PodSource::Agent(agent.into())),
        Value::String(name) if name == "api" => api.clone().ok_or_else(|| {
            let message = "configuration key \"pods\" names \"api\", but no key tells how to reach the API server; \
                           set kubernetes.kubeconfig";
            CniError::new(code::INVALID_CONFIG, message)
        }),
        Value::Object(object) if object.len() == 1 && object.get("manifests").is_some_and(Value::is_string) => {
            Ok(PodSource::Manifests(Manifests::new(object["manifests"].as_str().unwrap_or_default())))
        }
        _ => Err(wrong(
            "pods",
            value,
            r#""runtime", "args", "agent", "api", {"manifests": "DIR"}, or an array of these"#,
        )),
    };
    match get(config, "pods") {
        None | Some(Value::Null) => {
            let local = [PodSource::Runtime, PodSource::Args, PodSource::Agent(agent.into())];
            Ok(local.into_iter().chain(api).collect())
        }
        Some(Value::Array(sources)) => sources.iter().map(source).collect(),
        Some(value) => Ok(vec![source(value)?]),
    }
}

/// The timeout: seconds as a number, or text such as `"90s"`, `"500ms"`, `"2m"`; within
/// [`TIMEOUTS`].
fn timeout(config: &Map<String, Value>) -> Result<Option<Duration>, CniError> {
    let Some(value) = get(config, "timeout").filter(|value| !value.is_null()) else { return Ok(None) };
    let parsed = match value {
        Value::Number(seconds) => seconds.as_f64(),
        Value::String(text) => {
            let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0)];
            let unit = units.iter().find(|(unit, _)| text.trim().ends_with(unit));
            unit.and_then(|(unit, factor)| Some(text.trim().strip_suffix(unit)?.parse::<f64>().ok()? * factor))
        }
        _ => None,
    };
    parsed
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|timeout| TIMEOUTS.contains(timeout))
        .map(Some)
        .ok_or_else(|| wrong("timeout", value, r#"seconds, or text such as "90s" or "500ms", and at most a day"#))
}

fn text<'a>(config: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, CniError> {
    match get(config, key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(value) => Err(wrong(key, value, "text")),
    }
}

fn path(config: &Map<String, Value>, key: &str, default: &str) -> Result<PathBuf, CniError> {
    Ok(text(config, key)?.filter(|path| !path.is_empty()).unwrap_or(default).into())
}

fn texts(config: &Map<String, Value>, key: &str) -> Result<Vec<String>, CniError> {
    match get(config, key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| value.as_str().map(ToOwned::to_owned).ok_or_else(|| wrong(key, value, "an array of text")))
            .collect(),
        Some(value) => Err(wrong(key, value, "an array of text")),
    }
}

fn flag(config: &Map<String, Value>, key: &str) -> Result<bool, CniError> {
    match get(config, key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(value) => Err(wrong(key, value, "true or false")),
    }
}

/// The error for a wrong value. The value is quoted, since people search the configuration for it.
/// An object or a list is not: it may hold anything, secrets too.
fn wrong(key: &str, value: &Value, expected: &str) -> CniError {
    CniError::new(code::INVALID_CONFIG, format!("configuration key {key:?} is {}; expected {expected}", shown(value)))
}

fn invalid(message: impl Into<String>) -> CniError {
    CniError::new(code::INVALID_CONFIG, message)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".into(),
        Value::Array(_) => "a list".into(),
        scalar => scalar.to_string(),
    }
}

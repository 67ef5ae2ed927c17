//! The runtime's call: `CNI_*` variables and the configuration on stdin (specification, section 2).
//!
//! A call is read in two steps, because two kinds of call must be answered without touching stdin:
//! [`start`] looks at the variables only, [`PendingCall::read`] does the rest. The checks, their
//! order and their messages are those that callers know from Go plugins.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::CniError;
use super::Version;
use super::apart::{apart, list_apart};
use super::code;
use super::fields::{text, wrong};
use super::get;
use super::names;

/// The largest configuration that is read from stdin, in bytes. A kubelet's pods bring all their
/// annotations, which the API server limits to 256 KiB.
pub const STDIN_LIMIT: u64 = 8 << 20;

/// The key of the configuration whose entries keep their settings as text.
const SELECTORS: &str = "selectors";
/// The key of an entry whose value stays text.
const SETTINGS: &str = "settings";

/// Where variables come from: the process, or a map in tests.
pub trait Environment {
    /// The variable's value; none when the variable is not set.
    fn var(&self, name: &str) -> Option<OsString>;
}

/// The environment of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn var(&self, name: &str) -> Option<OsString> {
        env::var_os(name)
    }
}

#[cfg(test)]
impl Environment for std::collections::BTreeMap<&'static str, OsString> {
    fn var(&self, name: &str) -> Option<OsString> {
        self.get(name).cloned()
    }
}

/// What a call asks for: the text of `CNI_COMMAND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Attach a container to the network.
    Add,
    /// Undo ADD.
    Del,
    /// Is what ADD did still there? Since CNI 0.4.0.
    Check,
    /// Could ADD be served? Since CNI 1.1.0.
    Status,
    /// Remove what belongs to containers that are gone. Since CNI 1.1.0.
    Gc,
    /// Which versions are supported?
    Version,
}

impl Verb {
    /// The verb's text in `CNI_COMMAND`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Del => "DEL",
            Self::Check => "CHECK",
            Self::Status => "STATUS",
            Self::Gc => "GC",
            Self::Version => "VERSION",
        }
    }

    /// The verb with exactly this text.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Add, Self::Del, Self::Check, Self::Status, Self::Gc, Self::Version]
            .into_iter()
            .find(|verb| verb.as_str() == text)
    }

    /// Whether the verb is about one attachment: a container and an interface.
    pub const fn is_attachment(self) -> bool {
        matches!(self, Self::Add | Self::Del | Self::Check)
    }

    /// The oldest CNI version that has the verb.
    const fn since(self) -> Version {
        match self {
            Self::Add | Self::Del | Self::Version => Version::V0_1_0,
            Self::Check => Version::V0_4_0,
            Self::Status | Self::Gc => Version::V1_1_0,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to do, as far as the variables tell.
#[derive(Clone, Debug)]
pub enum Start {
    /// There is no `CNI_COMMAND`: a person ran the plugin. Say on stderr what it is, and succeed.
    About,
    /// Print [`version_document`].
    Version,
    /// Read stdin with [`PendingCall::read`].
    Call(PendingCall),
}

/// A call whose variables are checked and whose stdin is not read yet.
#[derive(Clone, Debug)]
pub struct PendingCall {
    command: String,
    container: String,
    netns: Option<String>,
    interface: String,
    args: String,
    path: Vec<PathBuf>,
}

/// A complete, valid call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The verb; never [`Verb::Version`].
    pub verb: Verb,
    /// `CNI_CONTAINERID`, a valid identifier; empty for STATUS and GC.
    pub container: String,
    /// `CNI_NETNS`, not checked. None when it is unset or empty, which happens only for DEL, STATUS
    /// and GC.
    pub netns: Option<String>,
    /// `CNI_IFNAME`, a valid interface name; empty for STATUS and GC.
    pub interface: String,
    /// `CNI_ARGS` as it was written; empty when it is unset, and for STATUS and GC. See
    /// [`CniArgs`](super::CniArgs).
    pub args: String,
    /// `CNI_PATH`: the directories in which delegates are searched. Empty only if the variable held
    /// nothing but `:`.
    pub path: Vec<PathBuf>,
    /// The object on stdin without its key `selectors`. Read it with [`get`].
    pub config: Map<String, Value>,
    /// The value of `selectors`, which only ADD and STATUS read. None when stdin has none, and in a call
    /// that is made of a configuration whose `selectors` are in `config`.
    pub selectors: Option<Selectors>,
    /// The network's name in the configuration, a valid identifier.
    pub name: String,
    /// The configuration's `cniVersion`: the version that the answer must have.
    pub version: Version,
}

/// The value of the key `selectors`.
#[derive(Clone, Debug)]
pub enum Selectors {
    /// The entries, each without its `settings`, and these as JSON text.
    Entries(Vec<(Map<String, Value>, Option<String>)>),
    /// Something else than a list of objects, as JSON text.
    Text(String),
}

/// Reads the variables, and never stdin.
///
/// # Errors
/// [`code::INVALID_ENVIRONMENT`] when a variable that the verb requires is missing or has an
/// unusable value. The message names all that are missing.
pub fn start(environment: &dyn Environment) -> Result<Start, CniError> {
    let variable = |name: &str| environment.var(name).unwrap_or_default();
    let command = variable("CNI_COMMAND").to_string_lossy().into_owned();
    if command.is_empty() {
        return Ok(Start::About);
    }
    let verb = Verb::parse(&command);
    if verb == Some(Verb::Version) {
        return Ok(Start::Version);
    }
    let path = variable("CNI_PATH");
    let mut call = PendingCall {
        command,
        container: String::new(),
        netns: None,
        interface: String::new(),
        args: String::new(),
        path: split_path(&path),
    };
    let mut missing = Vec::new();
    if verb.is_some_and(Verb::is_attachment) {
        call.container = utf8("CNI_CONTAINERID", variable("CNI_CONTAINERID"))?;
        if call.container.is_empty() {
            missing.push("CNI_CONTAINERID");
        } else {
            names::check_container(&call.container)?;
        }
        call.netns = Some(utf8("CNI_NETNS", variable("CNI_NETNS"))?).filter(|s| !s.is_empty());
        if call.netns.is_none() && verb != Some(Verb::Del) {
            missing.push("CNI_NETNS");
        }
        call.interface = utf8("CNI_IFNAME", variable("CNI_IFNAME"))?;
        if call.interface.is_empty() {
            missing.push("CNI_IFNAME");
        } else {
            names::check_interface(&call.interface)?;
        }
        call.args = utf8("CNI_ARGS", variable("CNI_ARGS"))?;
    }
    if verb.is_some() && path.is_empty() {
        missing.push("CNI_PATH");
    }
    if missing.is_empty() {
        return Ok(Start::Call(call));
    }
    let missing = missing.join(",");
    Err(CniError::new(code::INVALID_ENVIRONMENT, format!("required env variables [{missing}] missing")))
}

impl PendingCall {
    /// Reads the configuration, up to [`STDIN_LIMIT`] bytes, and checks what every plugin checks:
    /// it is one JSON object with a valid `name`, the verb exists, and `cniVersion` is supported
    /// and has the verb.
    ///
    /// # Errors
    /// - [`code::IO`]: stdin cannot be read.
    /// - [`code::DECODE`]: stdin cannot be decoded.
    /// - [`code::INVALID_CONFIG`]: the name is missing or invalid.
    /// - [`code::INVALID_ENVIRONMENT`]: the verb does not exist.
    /// - [`code::INCOMPATIBLE_VERSION`]: the version is not supported, or lacks the verb.
    pub fn read(self, stdin: &mut dyn Read) -> Result<Call, CniError> {
        let (config, selectors) = read_object(stdin)?;
        let name = text(&config, "name").map_err(undecodable)?;
        names::check_network(&name)?;
        let Some(verb) = Verb::parse(&self.command) else {
            return Err(CniError::new(code::INVALID_ENVIRONMENT, format!("unknown CNI_COMMAND: {}", self.command)));
        };
        let version = checked_version(verb, &config)?;
        let Self { container, netns, interface, args, path, .. } = self;
        Ok(Call { verb, container, netns, interface, args, path, config, selectors, name, version })
    }
}

/// The answer to VERSION (specification, section "VERSION").
pub fn version_document() -> Value {
    json!({
        "cniVersion": Version::CURRENT.as_str(),
        "supportedVersions": Version::ALL.map(Version::as_str),
    })
}

fn read_object(stdin: &mut dyn Read) -> Result<(Map<String, Value>, Option<Selectors>), CniError> {
    let mut bytes = Vec::new();
    stdin
        .take(STDIN_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| CniError::new(code::IO, format!("error reading from stdin: {error}")))?;
    if bytes.len() as u64 > STDIN_LIMIT {
        return Err(undecodable(format!("it is longer than {STDIN_LIMIT} bytes")));
    }
    if let Ok((config, entries)) = list_apart(&bytes, SELECTORS, SETTINGS) {
        let owned = |(members, settings): (_, Option<&str>)| (members, settings.map(ToOwned::to_owned));
        let entries = entries.map(|entries| Selectors::Entries(entries.into_iter().map(owned).collect()));
        return Ok((config, entries));
    }
    // Go decodes null into anything, leaving it empty; then the name is missing.
    let (config, selectors) = apart(&bytes, SELECTORS).map_err(undecodable)?;
    Ok((config, selectors.map(|text| Selectors::Text(text.to_owned()))))
}

fn undecodable(why: impl fmt::Display) -> CniError {
    CniError::new(code::DECODE, format!("error unmarshall network config: {why}"))
}

fn checked_version(verb: Verb, config: &Map<String, Value>) -> Result<Version, CniError> {
    let written = match get(config, "cniVersion") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(other) => {
            return Err(CniError::new(
                code::DECODE,
                format!("decoding version from network config: {}", wrong("cniVersion", "a string", other)),
            ));
        }
    };
    let refuse = |msg: String| CniError::new(code::INCOMPATIBLE_VERSION, msg);
    if verb.since() > Version::V0_1_0 {
        let Some(numbers) = Version::numbers(written) else {
            return Err(CniError::new(
                code::DECODE,
                format!("decoding version from network config: {written:?} is not a version"),
            ));
        };
        if numbers < verb.since().as_numbers() {
            return Err(refuse(format!("config version does not allow {verb}")).with_details(supported(written)));
        }
        if numbers > Version::CURRENT.as_numbers() {
            return Err(refuse(format!("plugin version does not allow {verb}")).with_details(supported(written)));
        }
    }
    Version::parse(written).ok_or_else(|| refuse("incompatible CNI versions".into()).with_details(supported(written)))
}

fn supported(written: &str) -> String {
    let versions: Vec<_> = Version::ALL.map(|version| format!("\"{version}\"")).into();
    format!("config is {written:?}, plugin supports [{}]", versions.join(" "))
}

fn utf8(name: &str, value: OsString) -> Result<String, CniError> {
    value.into_string().map_err(|value| {
        CniError::new(code::INVALID_ENVIRONMENT, format!("{name} is not valid UTF-8"))
            .with_details(value.to_string_lossy())
    })
}

fn split_path(path: &OsString) -> Vec<PathBuf> {
    path.as_bytes()
        .split(|byte| *byte == b':')
        .filter(|part| !part.is_empty())
        .map(|part| PathBuf::from(OsString::from_vec(part.to_vec())))
        .collect()
}

#[cfg(test)]
mod tests;

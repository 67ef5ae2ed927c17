//! The recorder: a delegate that writes down how it was called, and answers what its script says.
//! The program is `src/bin/recorder.rs`; this module is what it shares with the tests.
//!
//! The program runs under a plugin's name. Beside it are `recorder.log` (a line of JSON for each
//! call), `TYPE.script` and, when it hangs or pauses, the pipes `TYPE.started` and `TYPE.release`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode};
use serde_json::{Map, Value, json};

use crate::Verb;

/// The argument that makes the recorder only keep its files open.
pub const HOLD: &str = "--hold";

/// A script for one verb. With an empty script the recorder succeeds, and answers ADD with
/// [`result`].
#[derive(Clone, Debug, Default)]
pub struct Script(Map<String, Value>);

impl Script {
    /// A script that does nothing special.
    pub fn new() -> Self {
        Self::default()
    }

    /// Prints this on stdout.
    #[must_use]
    pub fn print(self, text: impl Into<String>) -> Self {
        self.with("print", text.into().into())
    }

    /// Prints this JSON on stdout.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.print(value.to_string())
    }

    /// Runs this command of the shell before it answers, with the environment of its call.
    /// `DEVICE_FILE` is the path of the capability `CNIDeviceInfoFile`.
    #[must_use]
    pub fn run(self, command: &str) -> Self {
        self.with("run", command.into())
    }

    /// Prints its stdin, as plugins do that fail to understand it.
    #[must_use]
    pub fn echo(self) -> Self {
        self.with("echo", true.into())
    }

    /// Prints a CNI error and exits with 1.
    #[must_use]
    pub fn error(self, code: u64, msg: &str) -> Self {
        self.json(&json!({"cniVersion": "1.0.0", "code": code, "msg": msg, "details": "of the delegate"})).exit(1)
    }

    /// Prints this on stderr.
    #[must_use]
    pub fn stderr(self, text: &str) -> Self {
        self.with("stderr", text.into())
    }

    /// Exits with this status.
    #[must_use]
    pub fn exit(self, status: i32) -> Self {
        self.with("exit", status.into())
    }

    /// Ends by this signal.
    #[must_use]
    pub fn signal(self, signal: i32) -> Self {
        self.with("signal", signal.into())
    }

    /// Never ends. Reports through the pipe `TYPE.started` that it runs.
    #[must_use]
    pub fn hang(self) -> Self {
        self.with("hang", true.into())
    }

    /// Reports through the pipe `TYPE.started` that it runs, and goes on when [`release`] is
    /// called.
    #[must_use]
    pub fn pause(self) -> Self {
        self.with("pause", true.into())
    }

    /// Prints this many bytes on stdout.
    #[must_use]
    pub fn flood(self, bytes: usize) -> Self {
        self.with("flood", bytes.into())
    }

    /// Leaves a child behind that keeps stdout and stderr open.
    #[must_use]
    pub fn leave_child(self) -> Self {
        self.with("leave_child", true.into())
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.0.insert(key.into(), value);
        self
    }

    /// The script as it is stored.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// One call of a recorder.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The name by which it was called: the plugin's type.
    pub kind: String,
    /// `CNI_COMMAND`.
    pub verb: String,
    /// All `CNI_*` and `GENIE_*` variables.
    pub env: BTreeMap<String, String>,
    /// Its configuration, or a text when that was no JSON.
    pub stdin: Value,
    /// Its working directory.
    pub cwd: PathBuf,
    /// Its process id.
    pub pid: u32,
    /// The process id of the child that it left behind.
    pub child: Option<u32>,
    /// The content of the files that it inherited open and could read.
    pub inherited: Vec<String>,
}

impl Recorded {
    /// Reads a line of the log.
    ///
    /// # Panics
    /// When it is no such line.
    pub fn read(line: &str) -> Self {
        let line: Value = serde_json::from_str(line).expect("the recorder writes JSON");
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| line[key].as_u64().and_then(|number| u32::try_from(number).ok());
        let env = line["env"].as_object().into_iter().flatten();
        Self {
            kind: text("type"),
            verb: line["env"]["CNI_COMMAND"].as_str().unwrap_or_default().to_owned(),
            env: env.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect(),
            stdin: line["stdin"].clone(),
            cwd: text("cwd").into(),
            pid: number("pid").unwrap_or_default(),
            child: number("child"),
            inherited: line["inherited"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|text| text.as_str().unwrap_or_default().to_owned())
                .collect(),
        }
    }

    /// A variable of its environment. It is empty when it was not set.
    pub fn var(&self, name: &str) -> &str {
        self.env.get(name).map_or("", String::as_str)
    }

    /// `VERB TYPE@INTERFACE`, or `VERB TYPE` when the verb has no interface.
    pub fn summary(&self) -> String {
        match self.var("CNI_IFNAME") {
            "" => format!("{} {}", self.verb, self.kind),
            interface => format!("{} {}@{interface}", self.verb, self.kind),
        }
    }
}

/// The address that a recorder of this type gives out, without its prefix length.
pub fn address(kind: &str) -> String {
    let (a, b) = numbers(kind);
    format!("10.{a}.{b}.2")
}

/// A recorder's answer to ADD: an interface with one address (a /24), which is the second one of
/// `ipam.subnet` if the type of `ipam` is `recorder`. If there was a `prevResult`, the answer is that
/// result, as a chained plugin gives it.
pub fn result(kind: &str, interface: &str, netns: &str, config: &Value) -> Value {
    if let Some(previous) = config.get("prevResult") {
        return previous.clone();
    }
    let (a, b) = numbers(kind);
    let own = config["ipam"]["subnet"].as_str().filter(|_| config["ipam"]["type"] == "recorder");
    let start = own
        .and_then(|subnet| subnet.split_once(".0/"))
        .map_or_else(|| format!("10.{a}.{b}"), |(start, _)| start.into());
    let (address, gateway) = (format!("{start}.2/24"), format!("{start}.1"));
    let version = config["cniVersion"].as_str().unwrap_or("0.1.0");
    let interfaces = json!([{"name": interface, "mac": format!("0a:00:0a:{a:02x}:{b:02x}:02"), "sandbox": netns}]);
    match version {
        "0.1.0" | "0.2.0" => {
            json!({"cniVersion": version, "ip4": {"ip": address, "gateway": gateway}, "dns": {}})
        }
        "0.3.0" | "0.3.1" | "0.4.0" => json!({
            "cniVersion": version, "interfaces": interfaces,
            "ips": [{"version": "4", "interface": 0, "address": address, "gateway": gateway}], "dns": {},
        }),
        _ => json!({
            "cniVersion": version, "interfaces": interfaces,
            "ips": [{"interface": 0, "address": address, "gateway": gateway}],
        }),
    }
}

/// Sets what the recorder of a type does on a verb from now on.
///
/// # Errors
/// When the script cannot be written.
pub fn set_script(dir: &Path, kind: &str, verb: Verb, script: Script) -> io::Result<()> {
    let file = script_file(dir, kind);
    let text = fs::read_to_string(&file).unwrap_or_else(|_| "{}".into());
    let mut scripts: Value = serde_json::from_str(&text)?;
    let script = script.into_value();
    let pipes = [(started_pipe(dir, kind), ["hang", "pause"].as_slice()), (release_pipe(dir, kind), &["pause"])];
    for (pipe, of) in pipes {
        if of.iter().any(|key| script.get(key).is_some()) && !pipe.exists() {
            rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
        }
    }
    scripts[verb.as_str()] = script;
    // A recorder that starts now reads either the old script or the new one.
    let new = file.with_extension("new");
    fs::write(&new, scripts.to_string())?;
    fs::rename(new, file)
}

/// The path of the log.
pub fn log_file(dir: &Path) -> PathBuf {
    dir.join("recorder.log")
}

/// The path of a type's script.
pub fn script_file(dir: &Path, kind: &str) -> PathBuf {
    dir.join(format!("{kind}.script"))
}

/// The pipe through which a recorder reports that it hangs or pauses.
pub fn started_pipe(dir: &Path, kind: &str) -> PathBuf {
    dir.join(format!("{kind}.started"))
}

/// The pipe on which a pausing recorder waits.
pub fn release_pipe(dir: &Path, kind: &str) -> PathBuf {
    dir.join(format!("{kind}.release"))
}

/// Lets a pausing recorder go on.
///
/// # Errors
/// When its pipe cannot be written.
pub fn release(dir: &Path, kind: &str) -> io::Result<()> {
    fs::write(release_pipe(dir, kind), "go")
}

fn numbers(kind: &str) -> (u8, u8) {
    // Any spread will do that gives the types in the tests different numbers.
    let sum = kind.bytes().fold(7_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let [a, b] = sum.to_be_bytes();
    (a, b)
}

//! The recorder: a delegate that writes down how it was called and answers what its
//! script says. The program is `src/bin/recorder.rs`; here is what it shares with the
//! tests.
//!
//! Beside the program, which runs under a plugin's name, lie `recorder.log` (a line of
//! JSON for each call), `TYPE.script` and, for one that hangs or pauses, the pipes
//! `TYPE.started` and `TYPE.release`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode};
use serde_json::{Map, Value, json};

use crate::Verb;

/// The argument with which the recorder does nothing but keep its files open.
pub const HOLD: &str = "--hold";

/// What a script says of one verb. Without any of it the recorder succeeds, and gives
/// ADD a result (see [`result`]).
#[derive(Clone, Debug, Default)]
pub struct Script(Map<String, Value>);

impl Script {
    /// Nothing out of the ordinary.
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

    /// Prints what it was handed on stdin, as plugins do that fail to make sense of it.
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

    /// Never ends; says so through the pipe `TYPE.started`.
    #[must_use]
    pub fn hang(self) -> Self {
        self.with("hang", true.into())
    }

    /// Says through the pipe `TYPE.started` that it is there, and goes on when [`release`]
    /// lets it.
    #[must_use]
    pub fn pause(self) -> Self {
        self.with("pause", true.into())
    }

    /// Prints so many bytes on stdout.
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

    /// As it is stored.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// One call of a recorder.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The name it was called by: the plugin's type.
    pub kind: String,
    /// `CNI_COMMAND`.
    pub verb: String,
    /// All `CNI_*` and `GENIE_*` variables.
    pub env: BTreeMap<String, String>,
    /// Its configuration; text where it was no JSON.
    pub stdin: Value,
    /// Its working directory.
    pub cwd: PathBuf,
    /// Its process.
    pub pid: u32,
    /// The child that it left behind.
    pub child: Option<u32>,
    /// What is in the files that it inherited open, and could read.
    pub inherited: Vec<String>,
}

impl Recorded {
    /// Reads a line of the log.
    ///
    /// # Panics
    /// When it is none.
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

    /// A variable of its environment; empty when it was not set.
    pub fn var(&self, name: &str) -> &str {
        self.env.get(name).map_or("", String::as_str)
    }

    /// `VERB TYPE@INTERFACE`; without the interface where the verb has none.
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

/// What a recorder answers to ADD: an interface and one address (a /24), or what came
/// as `prevResult`, as a chained plugin does.
pub fn result(kind: &str, interface: &str, netns: &str, config: &Value) -> Value {
    if let Some(previous) = config.get("prevResult") {
        return previous.clone();
    }
    let (a, b) = numbers(kind);
    let (address, gateway) = (format!("10.{a}.{b}.2/24"), format!("10.{a}.{b}.1"));
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

/// Says what the recorder of a type does on a verb from now on.
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
    // A recorder that starts now reads the old one or the new one.
    let new = file.with_extension("new");
    fs::write(&new, scripts.to_string())?;
    fs::rename(new, file)
}

/// Where the log is.
pub fn log_file(dir: &Path) -> PathBuf {
    dir.join("recorder.log")
}

/// Where the script of a type is.
pub fn script_file(dir: &Path, kind: &str) -> PathBuf {
    dir.join(format!("{kind}.script"))
}

/// Where a recorder that hangs says that it does.
pub fn started_pipe(dir: &Path, kind: &str) -> PathBuf {
    dir.join(format!("{kind}.started"))
}

/// Where a recorder that pauses waits.
pub fn release_pipe(dir: &Path, kind: &str) -> PathBuf {
    dir.join(format!("{kind}.release"))
}

/// Lets a recorder go on that pauses.
///
/// # Errors
/// When its pipe cannot be written.
pub fn release(dir: &Path, kind: &str) -> io::Result<()> {
    fs::write(release_pipe(dir, kind), "go")
}

fn numbers(kind: &str) -> (u8, u8) {
    // Any spread will do that keeps the types of the tests apart.
    let sum = kind.bytes().fold(7_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let [a, b] = sum.to_be_bytes();
    (a, b)
}

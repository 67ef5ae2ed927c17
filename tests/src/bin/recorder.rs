//! The recorder: see `genie_tests::recorder`.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use genie_tests::recorder::{self, HOLD};
use serde_json::{Map, Value, json};

/// The answer to VERSION.
const VERSIONS: [&str; 7] = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

fn main() -> io::Result<ExitCode> {
    if std::env::args().nth(1).as_deref() == Some(HOLD) {
        hang();
    }
    let inherited = inherited();
    // This path is that of the link by which the program was called.
    let program = PathBuf::from(std::env::args_os().next().unwrap_or_default());
    let dir = program.parent().unwrap_or(Path::new("."));
    let kind = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut stdin = Vec::new();
    io::stdin().read_to_end(&mut stdin)?;
    let config: Value =
        serde_json::from_slice(&stdin).unwrap_or_else(|_| String::from_utf8_lossy(&stdin).into_owned().into());

    let verb = std::env::var("CNI_COMMAND").unwrap_or_default();
    let script = script(dir, &kind, &verb);
    let child = match script.get("leave_child") {
        Some(_) => Some(Command::new(std::env::current_exe()?).arg(HOLD).stdin(Stdio::null()).spawn()?.id()),
        None => None,
    };
    log(dir, &kind, &config, child, &inherited)?;

    if let Some(text) = script.get("stderr").and_then(Value::as_str) {
        io::stderr().write_all(text.as_bytes())?;
    }
    if script.contains_key("hang") {
        fs::write(recorder::started_pipe(dir, &kind), std::process::id().to_string())?;
        hang();
    }
    if script.contains_key("pause") {
        fs::write(recorder::started_pipe(dir, &kind), std::process::id().to_string())?;
        fs::read(recorder::release_pipe(dir, &kind))?;
    }
    if let Some(command) = script.get("run").and_then(Value::as_str) {
        let device = config["runtimeConfig"]["CNIDeviceInfoFile"].as_str().unwrap_or_default();
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env("DEVICE_FILE", device).stdin(Stdio::null()).stdout(io::stderr());
        let done = shell.status()?;
        if !done.success() {
            return Err(io::Error::other(format!("{command}: {done}")));
        }
    }
    answer(&script, &kind, &verb, &config)?;
    if let Some(signal) = script.get("signal").and_then(Value::as_i64) {
        let signal = i32::try_from(signal).ok().and_then(rustix::process::Signal::from_named_raw);
        rustix::process::kill_process(rustix::process::getpid(), signal.unwrap_or(rustix::process::Signal::KILL))?;
    }
    let status = script.get("exit").and_then(Value::as_u64).unwrap_or_default();
    Ok(ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX)))
}

fn script(dir: &Path, kind: &str, verb: &str) -> Map<String, Value> {
    let text = fs::read_to_string(recorder::script_file(dir, kind)).unwrap_or_else(|_| "{}".into());
    let scripts: Value = serde_json::from_str(&text).unwrap_or_default();
    scripts[verb].as_object().cloned().unwrap_or_default()
}

/// The content of the files that are open already.
fn inherited() -> Vec<String> {
    let open = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let regular = open.filter(|file| fs::metadata(file.path()).is_ok_and(|file| file.is_file()));
    regular.filter_map(|file| fs::read(file.path()).ok()).map(|bytes| String::from_utf8_lossy(&bytes).into()).collect()
}

fn log(dir: &Path, kind: &str, config: &Value, child: Option<u32>, inherited: &[String]) -> io::Result<()> {
    let env: Map<String, Value> = std::env::vars()
        .filter(|(name, _)| name.starts_with("CNI_") || name.starts_with("GENIE_"))
        .map(|(name, value)| (name, value.into()))
        .collect();
    let cwd = std::env::current_dir().unwrap_or_default();
    let line = json!({
        "type": kind, "env": env, "stdin": config, "cwd": cwd, "pid": std::process::id(), "child": child, "inherited": inherited,
    });
    // The line is written at once, so that lines of concurrent calls stay whole.
    let mut file = OpenOptions::new().append(true).create(true).open(recorder::log_file(dir))?;
    file.write_all(format!("{line}\n").as_bytes())
}

fn answer(script: &Map<String, Value>, kind: &str, verb: &str, config: &Value) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if let Some(bytes) = script.get("flood").and_then(Value::as_u64) {
        // The reader closes the pipe when it has read enough.
        _ = io::copy(&mut io::repeat(b' ').take(bytes), &mut stdout);
    }
    if let Some(text) = script.get("print").and_then(Value::as_str) {
        return stdout.write_all(text.as_bytes());
    }
    if script.contains_key("echo") {
        return write!(stdout, "what is this: {config}");
    }
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    match verb {
        "VERSION" => write!(stdout, "{}", json!({"cniVersion": "1.1.0", "supportedVersions": VERSIONS})),
        "ADD" if !script.contains_key("exit") && !script.contains_key("signal") => {
            write!(stdout, "{}", recorder::result(kind, &var("CNI_IFNAME"), &var("CNI_NETNS"), config))
        }
        _ => Ok(()),
    }
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

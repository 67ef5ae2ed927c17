//! A place where programs run (the namespaces of the control plane or of a node), and the daemons
//! in it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::shell::{await_that, command, output};

/// A script that writes down its own process id as its namespace counts it, and becomes the
/// program.
const BECOME: &str = r#"echo $$ > "$0" && exec "$@""#;
/// How long a killed daemon may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A set of namespaces. A process holds them.
#[derive(Clone, Debug)]
pub struct Place {
    /// The beginning of the names of its daemons' logs.
    name: String,
    /// The process that holds the namespaces. There is none for our own.
    holder: Option<u32>,
    /// The directory with the daemons' process ids, as seen from inside.
    pids: PathBuf,
}

impl Place {
    /// Our own namespaces.
    pub fn here(pids: &Path) -> Self {
        Self { name: "control".into(), holder: None, pids: pids.into() }
    }

    /// The namespaces of a process.
    pub fn of(name: &str, holder: u32, pids: &Path) -> Self {
        Self { name: name.into(), holder: Some(holder), pids: pids.into() }
    }

    /// A command that runs in the place.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let Some(holder) = self.holder else { return command(program) };
        let mut entered = command("nsenter");
        entered.args(["-t", &holder.to_string(), "-n", "-m", "-p", "-u", "-C", "--"]).arg(program);
        entered
    }

    /// The place's network namespace.
    pub fn network(&self) -> PathBuf {
        self.holder.map_or("/proc/self/ns/net".into(), |holder| format!("/proc/{holder}/ns/net").into())
    }

    /// The path by which we reach a path of the place.
    pub fn path(&self, inside: &str) -> PathBuf {
        match self.holder {
            None => inside.into(),
            Some(holder) => PathBuf::from(format!("/proc/{holder}/root{inside}")),
        }
    }

    /// Starts a daemon, which outlives this process.
    pub fn start(&self, daemon: &str, logs: &Path, program: &Path, with: impl FnOnce(&mut Command)) -> Result<()> {
        let log = logs.join(format!("{}-{daemon}.log", self.name));
        let log = File::options().create(true).append(true).open(&log).with_context(|| log.display().to_string())?;
        fs::create_dir_all(self.path(&self.pids.to_string_lossy()))?;
        let mut command = self.command("sh");
        command.args(["-c", BECOME]).arg(self.pid_file(daemon)).arg(program);
        command.stdout(log.try_clone()?).stderr(log);
        with(&mut command);
        let mut child = command.spawn().with_context(|| format!("{daemon} cannot be started"))?;
        // Without this wait the daemon would stay as a zombie after its end.
        std::thread::spawn(move || child.wait());
        await_that(&format!("{daemon} to start"), PATIENCE, || {
            Ok((self.pid(daemon).is_none()).then(|| "no process id yet".into()))
        })
    }

    /// Kills a daemon and waits until it has ended. A daemon that does not run is no error.
    pub fn kill(&self, daemon: &str) -> Result<()> {
        self.stop_with(daemon, "KILL")
    }

    /// Asks a daemon to end and waits until it has.
    pub fn terminate(&self, daemon: &str) -> Result<()> {
        self.stop_with(daemon, "TERM")
    }

    /// Whether a daemon runs.
    pub fn runs(&self, daemon: &str) -> bool {
        self.pid(daemon).is_some_and(|pid| self.path(&format!("/proc/{pid}")).exists())
    }

    fn stop_with(&self, daemon: &str, signal: &str) -> Result<()> {
        if let Some(pid) = self.pid(daemon).filter(|_| self.runs(daemon)) {
            let killed = output(self.command("sh").args(["-c", r#"kill -s "$0" "$1""#, signal, &pid]));
            await_that(&format!("the end of {daemon}"), PATIENCE, || {
                Ok(self.runs(daemon).then(|| format!("{pid} runs; {killed:?}")))
            })?;
        }
        match fs::remove_file(self.path(&self.pid_file(daemon).to_string_lossy())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => bail!("{daemon}: {error}"),
            _ => Ok(()),
        }
    }

    fn pid(&self, daemon: &str) -> Option<String> {
        let text = fs::read_to_string(self.path(&self.pid_file(daemon).to_string_lossy())).ok()?;
        let pid = text.strip_suffix('\n')?;
        (!pid.is_empty()).then(|| pid.to_owned())
    }

    fn pid_file(&self, daemon: &str) -> PathBuf {
        self.pids.join(format!("{daemon}.pid"))
    }
}

//! Pulls the modules of registries that the configuration names and the node lacks.
//!
//! A registry is a stranger: a child asks it, whose memory and time are bounded. The installation
//! says what is missing ([`Pulls::want`]) and looks again when something has come. What cannot be
//! pulled is tried again, at growing intervals.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::install::modules::KEY;
use crate::install::{Layout, Origin};
use crate::registry::access::Mirror;
use crate::registry::certificates::FILE;
use crate::registry::{self, Reference};
use genie_core::text::one_line;

/// The key of the ConfigMap that holds the authority of private registries, in PEM.
const AUTHORITY: &str = "registry-ca.pem";
/// Where nodes have the certificates of public authorities. Each is a file, and no link.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// The time between the first two attempts.
const SOON: Duration = Duration::from_secs(5);
/// The longest time between two attempts.
const LATE: Duration = Duration::from_mins(5);
/// How much longer than its own time the child is waited for.
const GRACE: Duration = Duration::from_secs(10);

/// How registries are reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file of credentials, in docker's format.
    pub auth_file: Option<PathBuf>,
    /// Registries that are asked in place of others.
    pub mirrors: Vec<Mirror>,
    /// How long a pull may take.
    pub time: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { auth_file: None, mirrors: Vec::new(), time: registry::TIME }
    }
}

/// What is to be pulled, shared by the installation and the task that pulls.
#[derive(Debug, Default)]
pub struct Pulls {
    wanted: Mutex<BTreeMap<Reference, Attempt>>,
    /// Wakes the task that pulls.
    wake: Notify,
    /// Wakes the installation.
    changed: Notify,
}

#[derive(Clone, Debug, Default)]
struct Attempt {
    failures: u32,
    /// None: at once.
    due: Option<Instant>,
    why: Option<String>,
}

impl Pulls {
    /// Says what the configuration names and the node lacks. What was wanted before and is not in
    /// the list is forgotten.
    pub fn want(&self, missing: &[Reference]) {
        let mut wanted = self.wanted();
        wanted.retain(|reference, _| missing.contains(reference));
        for reference in missing {
            wanted.entry(reference.clone()).or_default();
        }
        drop(wanted);
        self.wake.notify_one();
    }

    /// Why something could not be pulled so far.
    pub fn failures(&self) -> Vec<String> {
        self.wanted().values().filter_map(|attempt| attempt.why.clone()).collect()
    }

    /// Waits until something was pulled, or could not be.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The task that pulls, which never ends. `done` is told of each attempt whether it succeeded.
    pub async fn run(&self, layout: &Layout, source: &Origin, settings: &Settings, done: impl Fn(bool)) {
        loop {
            let Some(reference) = self.next().await else { continue };
            let pulled = pull(&reference, layout, source, settings).await;
            done(pulled.is_ok());
            match &pulled {
                Ok(()) => tracing::info!(%reference, "pulled"),
                Err(why) => tracing::warn!(%reference, why, "not pulled; it is tried again"),
            }
            self.note(&reference, pulled.err());
            self.changed.notify_one();
        }
    }

    /// Waits for the next attempt. The result is none when something else may be due by now.
    async fn next(&self) -> Option<Reference> {
        let first = {
            let wanted = self.wanted();
            wanted
                .iter()
                .min_by_key(|(_, attempt)| attempt.due)
                .map(|(reference, attempt)| (reference.clone(), attempt.due))
        };
        let (reference, due) = match first {
            Some((reference, None)) => return Some(reference),
            Some((reference, Some(due))) => (reference, due),
            None => {
                self.wake.notified().await;
                return None;
            }
        };
        tokio::select! {
            () = tokio::time::sleep_until(due.into()) => Some(reference),
            () = self.wake.notified() => None,
        }
    }

    /// Notes how an attempt ended. Without a reason nothing is left to be done.
    fn note(&self, reference: &Reference, why: Option<String>) {
        let mut wanted = self.wanted();
        let Some(attempt) = wanted.get_mut(reference) else { return };
        match why {
            None => _ = wanted.remove(reference),
            Some(why) => {
                attempt.due = Some(Instant::now() + pause(attempt.failures));
                attempt.failures += 1;
                attempt.why = Some(why);
            }
        }
    }

    fn wanted(&self) -> MutexGuard<'_, BTreeMap<Reference, Attempt>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pause after so many failures before this one.
fn pause(failures: u32) -> Duration {
    SOON.saturating_mul(2_u32.saturating_pow(failures)).min(LATE)
}

/// Has a child pull a module.
async fn pull(reference: &Reference, layout: &Layout, source: &Origin, settings: &Settings) -> Result<(), String> {
    let child = Command::new(&source.tool)
        .args(arguments(reference, layout, source, settings))
        .env_clear()
        // An option for these would mean that registries of the node itself have TLS, too.
        .envs(certificates(&layout.host_root).map(|file| (FILE, file)))
        .current_dir("/")
        .kill_on_drop(true)
        .output();
    let ended = timeout(settings.time + GRACE, child)
        .await
        .map_err(|_| format!("{reference}: the child that pulls it hangs"))?;
    let output = ended.map_err(|error| format!("{reference}: {} cannot be run: {error}", source.tool.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // What a Rust program prints last when it gets no memory.
    if said.contains("memory allocation of") {
        return Err(format!("{reference}: the registry answers with more than this node takes"));
    }
    let said = one_line(said.trim_start_matches("genie-host: "));
    Err(if said.is_empty() {
        format!("{reference}: the child that pulls it ended with {}", output.status)
    } else {
        said
    })
}

fn arguments(reference: &Reference, layout: &Layout, source: &Origin, settings: &Settings) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["pull".into(), reference.to_string().into(), "--state-dir".into()];
    arguments.push(layout.on_host(&layout.state_dir).into());
    arguments.extend(["--timeout".into(), settings.time.as_secs().to_string().into()]);
    let key = Some(source.config_dir.join(KEY)).filter(|key| key.exists());
    let files = [
        ("--key", key),
        ("--ca-file", Some(source.config_dir.join(AUTHORITY)).filter(|file| file.exists())),
        ("--auth-file", settings.auth_file.clone()),
    ];
    for (option, file) in files {
        arguments.extend(file.into_iter().flat_map(|file| [option.into(), file.into()]));
    }
    arguments.extend(settings.mirrors.iter().flat_map(|mirror| ["--mirror".into(), mirror.to_string().into()]));
    arguments
}

/// The node's certificates of public authorities: the image has none. On the node itself the child
/// finds them.
fn certificates(host_root: &Path) -> Option<PathBuf> {
    let is_mounted = host_root != Path::new("/");
    let of_node = SYSTEM.into_iter().map(|file| crate::install::on_host(host_root, Path::new(file)));
    is_mounted.then(|| of_node.into_iter().find(|file| file.is_file())).flatten()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn reference(name: &str) -> Reference {
        format!("oci://registry/{name}").parse().unwrap()
    }

    #[test]
    fn what_failed_waits_longer_each_time() {
        let pulls = Pulls::default();
        let (one, other) = (reference("one"), reference("other"));
        pulls.want(&[one.clone(), other.clone()]);
        pulls.note(&one, Some("gone".into()));
        pulls.note(&other, None);
        assert_eq!(pulls.failures(), ["gone"]);
        // A look that still wants it does not make it due at once.
        pulls.want(std::slice::from_ref(&one));
        assert!(pulls.wanted().values().all(|attempt| attempt.due.is_some() && attempt.failures == 1));
        pulls.want(&[]);
        assert!(pulls.failures().is_empty());
        assert_eq!([0, 1, 2, 6, 60].map(pause).map(|pause| pause.as_secs()), [5, 10, 20, 300, 300]);
    }

    #[test]
    fn the_nodes_certificates_are_found_where_it_is_mounted() {
        let dir = tempfile::tempdir().unwrap();
        let host = dir.path().join("host");
        fs::create_dir_all(host.join("etc/ssl/certs")).unwrap();
        assert_eq!(certificates(&host), None);
        let of_node = host.join("etc/ssl/certs/ca-certificates.crt");
        fs::write(&of_node, "").unwrap();
        assert_eq!(certificates(&host), Some(of_node));
        assert_eq!(certificates(Path::new("/")), None);
    }
}

//! Keeps what is installed as it should be: follows the ConfigMap and the
//! credentials, notices what others do to our files, and opens the node for pods
//! when everything is in its place.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::install::manifest::Manifest;
use crate::install::watch::Watch;
use crate::install::{Layout, Source, binaries, configuration, configure, credentials, net_d, taint};

/// A look without an event: what is not watched (a directory that was replaced, a
/// mount) is noticed too.
const PERIOD: Duration = Duration::from_secs(30);
/// A change comes as several events, and whoever fights over our file must not
/// keep us busy.
const GATHER: Duration = Duration::from_millis(500);

/// What is wrong with the installation, for readiness and metrics.
#[derive(Debug)]
pub struct Status(Mutex<Vec<String>>);

impl Default for Status {
    fn default() -> Self {
        Self(Mutex::new(vec!["the installation has not been looked at yet".into()]))
    }
}

impl Status {
    /// Everything that is wrong, each with what to do; empty when the runtime calls
    /// us with the ConfigMap's configuration.
    pub fn problems(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes over what a look has found, and says what is new.
    fn set(&self, problems: Vec<String>) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for problem in problems.iter().filter(|problem| !current.contains(problem)) {
            tracing::error!(problem, "installation");
        }
        if problems.is_empty() && !current.is_empty() {
            tracing::info!("the installation is complete and in force");
        }
        *current = problems;
    }
}

/// The task. `client` gives a client of the API server when there is one. It ends
/// some time after `stop`, and never while it writes: then nothing comes between a
/// removal and its end.
pub async fn run(
    layout: Layout,
    source: Source,
    status: Arc<Status>,
    client: impl AsyncFn() -> Option<kube::Client>,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let mut last = Last::default();
    let mut is_open = false;
    loop {
        // Before the look, so that nothing that happens during it is missed.
        let watch = watch(&layout, &source);
        let (at, from, before) = (layout.clone(), source.clone(), last.clone());
        match spawn_blocking(move || look(&at, &from, before)).await {
            Ok((found, problems)) => {
                last = found;
                status.set(problems);
            }
            Err(error) => status.set(vec![format!("defect, please report it: {error}")]),
        }
        let next = async {
            if !is_open && status.problems().is_empty() {
                is_open = open(&source, client().await).await;
            }
            wait(watch).await;
        };
        tokio::select! {
            () = &mut stop => return,
            () = next => {}
        }
    }
}

/// What the last look has found.
#[derive(Clone, Debug, Default)]
struct Last {
    /// The configuration that was written.
    text: Option<String>,
}

fn look(layout: &Layout, source: &Source, last: Last) -> (Last, Vec<String>) {
    let mut problems = Vec::new();
    let mut manifest = match Manifest::load(layout) {
        Ok(manifest) => manifest,
        Err(error) => return (last, vec![format!("{error:#}")]),
    };
    let mut note = |result: Result<()>| problems.extend(result.err().map(|error| format!("{error:#}")));
    note(programs(layout, source, &mut manifest));
    if let Some(account) = &source.service_account {
        note(credentials::refresh(layout, account, &mut manifest));
    }
    let (last, result) = conf(layout, source, last, &mut manifest);
    note(result);
    note(net_d::check(layout, &manifest));
    (last, problems)
}

/// Only what is gone is put back: what differs may be a newer build's that takes our
/// place at this moment.
fn programs(layout: &Layout, source: &Source, manifest: &mut Manifest) -> Result<()> {
    let is_there = |name: &&str| layout.on_host(&layout.bin_dir.join(name)).exists();
    if binaries::PROGRAMS.iter().all(is_there) {
        return Ok(());
    }
    tracing::warn!("somebody removed our programs; they are installed again");
    binaries::install(layout, &source.programs, manifest)
}

/// A new configuration is put in force, a missing file written again. One that
/// somebody else changed is told of and left: two writers would go on for ever.
fn conf(layout: &Layout, source: &Source, last: Last, manifest: &mut Manifest) -> (Last, Result<()>) {
    let wanted = match configuration::prepare(layout, source) {
        Ok(prepared) => prepared.text,
        Err(error) => {
            let restored = net_d::restore(layout, manifest);
            return (last, restored.and(Err(error.context("the configuration before it stays in force"))));
        }
    };
    let is_there = layout.on_host(&layout.conf()).exists();
    if is_there && last.text.as_ref() == Some(&wanted) {
        return (last, Ok(()));
    }
    if !is_there {
        tracing::warn!(path = %layout.conf().display(), "our configuration is not there; it is written");
    }
    match configure(layout, source, manifest) {
        Ok(()) => (Last { text: Some(wanted) }, Ok(())),
        Err(error) => {
            let restored = net_d::restore(layout, manifest);
            (last, restored.and(Err(error.context("the configuration before it stays in force"))))
        }
    }
}

/// Takes the startup taint away. False: try again at the next look.
async fn open(source: &Source, client: Option<kube::Client>) -> bool {
    let Some(node) = &source.node else { return true };
    let Some(client) = client else { return false };
    match timeout(PERIOD, taint::remove(client, node)).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = format!("{error:#}"), "the startup taint");
            false
        }
        Err(_) => false,
    }
}

fn watch(layout: &Layout, source: &Source) -> Option<Watch> {
    let conf_dir = layout.on_host(&layout.conf_dir);
    let account = source.service_account.as_ref().map(|account| account.dir.as_path());
    let directories: [Option<&Path>; 3] = [Some(&conf_dir), Some(&source.config_dir), account];
    let watch = Watch::new(directories.into_iter().flatten());
    watch.inspect_err(|error| tracing::warn!(error = format!("{error:#}"), "changes are noticed late")).ok()
}

/// Waits for the next event, at most for the usual time.
async fn wait(watch: Option<Watch>) {
    let Some(mut watch) = watch else { return tokio::time::sleep(PERIOD).await };
    match timeout(PERIOD, watch.changed()).await {
        Ok(Ok(())) => tokio::time::sleep(GATHER).await,
        Ok(Err(error)) => {
            tracing::warn!(error = format!("{error:#}"), "changes are noticed late");
            tokio::time::sleep(PERIOD).await;
        }
        Err(_) => {}
    }
}

//! Keeps what is installed as it should be: follows the ConfigMap and the
//! credentials, notices what others do to our files, and opens the node for pods
//! when everything is in its place.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::Mutex;
use tokio::sync::watch::Receiver;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::install::manifest::Manifest;
use crate::install::stop::{DaemonSetName, on_stop};
use crate::install::watch::Watch;
use crate::install::{Layout, Source, binaries, configuration, configure, credentials, net_d, taint};

/// A look without an event: what is not watched (a directory that was replaced, a
/// mount) is noticed too.
const PERIOD: Duration = Duration::from_secs(30);
/// A change comes as several events, and whoever fights over our file must not
/// keep us busy.
const GATHER: Duration = Duration::from_millis(500);

/// The installation of this node.
pub struct Installation {
    layout: Layout,
    source: Source,
    /// Held by whoever changes the node: a look that is not yet at its end must not
    /// bring back what a removal takes away.
    turn: Arc<Mutex<()>>,
}

impl Installation {
    /// Nothing is looked at yet.
    pub fn new(layout: Layout, source: Source) -> Self {
        Self { layout, source, turn: Arc::default() }
    }

    /// The task; it does not end. `client` gives a client of the API server when there
    /// is one; `tell` hears after each look what is wrong, none when the runtime calls
    /// us with the ConfigMap's configuration.
    pub async fn run(&self, client: impl AsyncFn() -> Option<kube::Client>, tell: impl Fn(Option<String>)) {
        tell(Some("the installation has not been looked at yet".into()));
        let mut last = Last::default();
        let mut problems = None;
        let mut is_open = false;
        loop {
            // Before the look, so that nothing that happens during it is missed.
            let watch = watch(&self.layout, &self.source);
            let found;
            (last, found) = self.look(last).await;
            if problems.as_ref() != Some(&found) {
                say(&found);
            }
            tell((!found.is_empty()).then(|| found.join("; ")));
            if !is_open && found.is_empty() {
                is_open = open(&self.source, client().await).await;
            }
            problems = Some(found);
            wait(watch).await;
        }
    }

    /// After [`Self::run`] was dropped, because the agent was told to stop: removes
    /// everything if that is what the stop means.
    ///
    /// # Errors
    /// As [`on_stop`].
    pub async fn stop(
        &self,
        client: Option<kube::Client>,
        daemon_set: &DaemonSetName,
        removed: Receiver<bool>,
    ) -> Result<()> {
        let _turn = self.turn.lock().await;
        on_stop(&self.layout, client, daemon_set, removed).await
    }

    async fn look(&self, last: Last) -> (Last, Vec<String>) {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let (layout, source, before) = (self.layout.clone(), self.source.clone(), last.clone());
        let looked = spawn_blocking(move || {
            let found = look(&layout, &source, before);
            drop(turn);
            found
        });
        looked.await.unwrap_or_else(|error| (last, vec![format!("defect, please report it: {error}")]))
    }
}

fn say(problems: &[String]) {
    for problem in problems {
        tracing::error!(problem, "installation");
    }
    if problems.is_empty() {
        tracing::info!("the installation is complete and in force");
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
    match put_in_force(layout, source, &last, manifest) {
        Ok(text) => (Last { text: Some(text) }, Ok(())),
        Err(error) => {
            let restored = net_d::restore(layout, manifest);
            (last, restored.and(Err(error.context("the configuration before it stays in force"))))
        }
    }
}

/// Gives the text that is in force.
fn put_in_force(layout: &Layout, source: &Source, last: &Last, manifest: &mut Manifest) -> Result<String> {
    let prepared = configuration::prepare(layout, source)?;
    let is_there = layout.on_host(&layout.conf()).exists();
    if is_there && last.text.as_ref() == Some(&prepared.text) {
        return Ok(prepared.text);
    }
    if !is_there {
        tracing::warn!(path = %layout.conf().display(), "our configuration is not there; it is written");
    }
    configure(layout, source, &prepared, manifest)?;
    Ok(prepared.text)
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

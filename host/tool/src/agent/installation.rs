//! Keeps what is installed as it should be: follows the ConfigMap and the
//! credentials, notices what others do to our files, and opens the node for pods
//! when everything is in its place.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tokio::sync::Mutex;
use tokio::sync::watch::Receiver;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::install::configuration::Completed;
use crate::install::manifest::Manifest;
use crate::install::ready::{self, Looked};
use crate::install::stop::{DaemonSetName, on_stop};
use crate::install::watch::Watch;
use crate::install::{
    Layout, Origin, approve, binaries, configuration, credentials, is_there, net_d, put_in_force, taint,
};

/// A look without an event: what is not watched (a directory that was replaced, a
/// mount) is noticed too.
const PERIOD: Duration = Duration::from_secs(30);
/// A change comes as several events, and whoever fights over our file must not
/// keep us busy.
const GATHER: Duration = Duration::from_millis(500);

/// The installation of this node.
pub struct Installation {
    layout: Layout,
    source: Origin,
    /// Held by whoever changes the node: a look that is not yet at its end must not
    /// bring back what a removal takes away.
    turn: Arc<Mutex<()>>,
}

impl Installation {
    /// Nothing is looked at yet.
    pub fn new(layout: Layout, source: Origin) -> Self {
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
            let is_watched = self.has_conf_dir();
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
            // A directory that was only made now is watched from the next look on.
            if is_watched || !self.has_conf_dir() {
                wait(watch).await;
            }
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

    fn has_conf_dir(&self) -> bool {
        self.layout.on_host(&self.layout.conf_dir).is_dir()
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
    /// The configuration that was found to be right.
    approved: Option<String>,
    /// Whether pods get a network.
    networks: Looked,
    /// Whether they would get one by the last good configuration.
    restored: Looked,
}

fn look(layout: &Layout, source: &Origin, last: Last) -> (Last, Vec<String>) {
    let elsewhere = ready::runtime(layout, source).err().map(|error| format!("{error:#}"));
    // Directories that nobody reads are not made.
    if let (Some(elsewhere), false) = (&elsewhere, is_there(layout)) {
        return (last, vec![elsewhere.clone()]);
    }
    let mut problems = Vec::from_iter(elsewhere);
    let mut manifest = match Manifest::load(layout) {
        Ok(manifest) => manifest,
        Err(error) => return (last, vec![format!("{error:#}")]),
    };
    let is_elsewhere = !problems.is_empty();
    let mut note = |result: Result<()>| problems.extend(result.err().map(|error| format!("{error:#}")));
    note(programs(layout, source, &mut manifest));
    note(net_d::make_dir(layout));
    if let Some(account) = &source.service_account {
        note(credentials::refresh(layout, account, &mut manifest));
    }
    let (last, results) = conf(layout, source, last, is_elsewhere, &mut manifest);
    results.into_iter().for_each(&mut note);
    note(net_d::check(layout, &manifest));
    (last, problems)
}

/// Only what is gone is put back: what differs may be a newer build's that takes our
/// place at this moment.
fn programs(layout: &Layout, source: &Origin, manifest: &mut Manifest) -> Result<()> {
    let is_there = |name: &&str| layout.on_host(&layout.bin_dir.join(name)).exists();
    if binaries::PROGRAMS.iter().all(is_there) {
        return Ok(());
    }
    tracing::warn!("somebody removed our programs; they are installed again");
    binaries::install(layout, &source.programs, manifest)
}

/// A new configuration is put in force when its time has come, a missing file written again.
/// One that somebody else changed is told of and left: two writers would go on for ever.
fn conf(
    layout: &Layout,
    source: &Origin,
    mut last: Last,
    is_elsewhere: bool,
    manifest: &mut Manifest,
) -> (Last, Vec<Result<()>>) {
    let prepared = match configuration::prepare(layout, source) {
        Ok(prepared) => prepared,
        Err(error) => return not_in_force(layout, source, last, manifest, error),
    };
    let networks = last.networks.networks(layout, source, &prepared.config);
    let is_there = layout.on_host(&layout.conf()).exists();
    if is_there && last.text.as_ref() == Some(&prepared.text) {
        return (last, vec![networks]);
    }
    if !is_there && last.text.is_some() {
        tracing::warn!(path = %layout.conf().display(), "our configuration is not there; it is written");
    }
    match bring_in_force(layout, source, &prepared, &mut last.approved, networks.as_ref().err(), is_elsewhere, manifest)
    {
        Ok(()) => (Last { text: Some(prepared.text), ..last }, vec![networks]),
        Err(error) => not_in_force(layout, source, last, manifest, error),
    }
}

/// One that is there already is only told of when its time is over.
fn bring_in_force(
    layout: &Layout,
    source: &Origin,
    prepared: &Completed,
    approved: &mut Option<String>,
    problem: Option<&anyhow::Error>,
    is_elsewhere: bool,
    manifest: &mut Manifest,
) -> Result<()> {
    // It may have to wait for long, and looking takes processes.
    if approved.as_ref() != Some(&prepared.text) {
        approve(layout, source, prepared)?;
        *approved = Some(prepared.text.clone());
    }
    if !net_d::has(layout, &prepared.text)? {
        if let Some(problem) = problem {
            bail!("{problem:#}");
        }
        ensure!(!is_elsewhere, "a new configuration waits until the runtime reads these directories");
    }
    put_in_force(layout, prepared, manifest)
}

/// The last good one stays. If it is gone, it comes back, unless pods would be refused by it.
fn not_in_force(
    layout: &Layout,
    source: &Origin,
    mut last: Last,
    manifest: &mut Manifest,
    error: anyhow::Error,
) -> (Last, Vec<Result<()>>) {
    let is_there = || layout.on_host(&layout.conf()).exists();
    let mut restore = || {
        let Some(text) = net_d::last_good(layout)? else { return Ok(()) };
        let Ok(config) = serde_json::from_str(&text) else { return Ok(()) };
        match last.restored.networks(layout, source, &config) {
            Ok(()) => net_d::restore(layout, &text, manifest),
            Err(_) => Ok(()),
        }
    };
    let restored = if is_there() { Ok(()) } else { restore() };
    let stays = if is_there() { "the configuration before it stays in force" } else { "nothing of genie is in force" };
    (last, vec![restored, Err(error.context(stays))])
}

/// Takes the startup taint away. False: try again at the next look.
async fn open(source: &Origin, client: Option<kube::Client>) -> bool {
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

fn watch(layout: &Layout, source: &Origin) -> Option<Watch> {
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

//! Keeps the installation as it should be: follows the ConfigMap and the credentials, notices when
//! others change our files, and opens the node for pods when everything is in its place.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tokio::sync::Mutex;
use tokio::sync::watch::Receiver;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::pull::Pulls;
use crate::install::configuration::Completed;
use crate::install::manifest::Manifest;
use crate::install::modules::NotHere;
use crate::install::ready::{self, Looked};
use crate::install::stop::{DaemonSetName, on_stop};
use crate::install::watch::Watch;
use crate::install::{
    Layout, Origin, approve, binaries, configuration, credentials, is_there, net_d, put_in_force, taint,
};
use crate::registry::Reference;

/// The longest time between two looks. Not everything is watched: a directory that was replaced or
/// a mount is noticed only by a look.
const PERIOD: Duration = Duration::from_secs(30);
/// The pause between an event and the look. A change comes as several events; and if another
/// program keeps rewriting our file, the agent must not be kept busy.
const GATHER: Duration = Duration::from_millis(500);

/// The installation of this node.
pub struct Installation {
    layout: Layout,
    source: Origin,
    /// Held while the node is changed: a look that has not finished must not bring back what a
    /// removal takes away.
    turn: Arc<Mutex<()>>,
}

impl Installation {
    /// Makes the task. Nothing is looked at yet.
    pub fn new(layout: Layout, source: Origin) -> Self {
        Self { layout, source, turn: Arc::default() }
    }

    /// The task, which never ends. `client` returns a client of the API server, if there is one.
    /// `tell` is called after each look with what is wrong; with none when the runtime calls us
    /// with the ConfigMap's configuration. What the node lacks is left to `pulls`.
    pub async fn run(
        &self,
        client: impl AsyncFn() -> Option<kube::Client>,
        pulls: &Pulls,
        tell: impl Fn(Option<String>),
    ) {
        let mut last = Last::default();
        let mut problems = None;
        let mut is_open = false;
        loop {
            // Before the look, so that nothing that happens during it is missed.
            let watch = watch(&self.layout, &self.source);
            let is_watched = self.has_conf_dir();
            let mut found;
            (last, found) = self.look(last).await;
            pulls.want(&last.missing);
            found.extend(pulls.failures());
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
                tokio::select! {
                    () = wait(watch) => {}
                    () = pulls.changed() => {}
                }
            }
        }
    }

    /// Call this after [`Self::run`] was dropped because the agent was told to stop. Removes
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

/// The result of the last look.
#[derive(Clone, Debug, Default)]
struct Last {
    /// The configuration that was written to the conf dir.
    text: Option<String>,
    /// The configuration that was approved.
    approved: Option<String>,
    /// Whether pods get a network.
    networks: Looked,
    /// Whether pods would get a network with the last good configuration.
    restored: Looked,
    /// The modules of registries that the configuration names and that are not on the node yet.
    missing: Vec<Reference>,
}

fn look(layout: &Layout, source: &Origin, last: Last) -> (Last, Vec<String>) {
    let elsewhere = ready::runtime(layout, source).err().map(|error| format!("{error:#}"));
    // Nothing is made in directories that the runtime does not read.
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
    note(net_d::check_conf_dir(layout, &manifest));
    (last, problems)
}

/// Puts back programs that are gone. A program that differs is left alone: a newer version of
/// genie-host may be replacing it at this moment.
fn programs(layout: &Layout, source: &Origin, manifest: &mut Manifest) -> Result<()> {
    let is_there = |name: &&str| layout.on_host(&layout.bin_dir.join(name)).exists();
    if binaries::PROGRAMS.iter().all(is_there) {
        return Ok(());
    }
    tracing::warn!("somebody removed our programs; they are installed again");
    binaries::install(layout, &source.programs, manifest)
}

/// Puts a new configuration in force when its time has come, and writes a missing file again. A
/// file that somebody else changed is reported and left alone: otherwise two programs would
/// overwrite each other for ever.
fn conf(
    layout: &Layout,
    source: &Origin,
    mut last: Last,
    is_elsewhere: bool,
    manifest: &mut Manifest,
) -> (Last, Vec<Result<()>>) {
    let prepared = configuration::prepare(layout, source);
    let missing = prepared.as_ref().err().and_then(|error| error.downcast_ref::<NotHere>());
    last.missing = missing.map(|missing| missing.0.clone()).unwrap_or_default();
    let prepared = match prepared {
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

/// Approves the configuration and puts it in force. A problem of the networks or of the runtime's
/// directories holds back only a configuration that is not in the conf dir yet.
fn bring_in_force(
    layout: &Layout,
    source: &Origin,
    prepared: &Completed,
    approved: &mut Option<String>,
    problem: Option<&anyhow::Error>,
    is_elsewhere: bool,
    manifest: &mut Manifest,
) -> Result<()> {
    // An approval is not repeated: it may wait for long, and it starts processes.
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

/// Keeps the last good configuration in force. If its file is gone, the file is written again,
/// unless pods would get no network with it.
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

/// Takes the startup taint away. The result is false when the next look has to try again.
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

/// Waits for the next event, or for [`PERIOD`].
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

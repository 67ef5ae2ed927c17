//! The agent's life: all tasks side by side, until it is told to stop.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::Context;
use super::Options;
use super::daemon_set;
use super::definitions;
use super::gone;
use super::http;
use super::installation::Installation;
use super::pods;
use super::publish::{Publication, Published};
use super::reconcile::Reconciler;
use super::shadow;
use super::socket;
use super::unrecorded;

/// This program, for its children.
const OURSELVES: &str = "/proc/self/exe";

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// The agent cannot use its socket, its state directory or its address.
pub async fn run(options: Options) -> Result<()> {
    let context = Arc::new(Context::new(options));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), node = context.options.node, "agent started");
    let options = &context.options;
    let installation = options.source.clone().map(|source| Installation::new(options.layout.clone(), source));
    let removed = watch::Sender::new(false);
    // Beside all other tasks: the watch goes on while the agent comes to its end.
    if let Some(name) = options.daemon_set.clone() {
        let (context, removed) = (Arc::clone(&context), removed.clone());
        tokio::spawn(async move { daemon_set::watch(&context, &name, &removed).await });
    }
    Box::pin(tasks(&context, installation.as_ref())).await?;
    if let (Some(installation), Some(daemon_set)) = (&installation, &options.daemon_set) {
        installation.stop(context.client().await.ok(), daemon_set, removed.subscribe()).await?;
    }
    Ok(())
}

/// Runs all tasks until a signal comes, or until a task ends that the agent cannot do without.
async fn tasks(context: &Arc<Context>, installation: Option<&Installation>) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("told to stop"),
        _ = interrupt.recv() => tracing::info!("interrupted"),
        served = socket::serve_plugins(context) => served.context("the plugin's socket")?,
        served = health(context) => served?,
        () = follow(context) => {},
        published = publish(context) => published?,
        () = reconcile(context) => {},
        () = shadow::ask(context, Path::new(OURSELVES)) => {},
        () = unrecorded::watch(context) => {},
        () = gone::sweep_for_ever(context) => {},
        () = context.traffic.watch() => {},
        () = keep_installed(context, installation) => {},
        () = pull(context) => {},
    }
    Ok(())
}

/// Follows what the API server tells of this node's pods and of definitions, for ever.
pub async fn follow(context: &Context) {
    tokio::join!(pods::watch(context), definitions::watch(context));
}

async fn keep_installed(context: &Context, installation: Option<&Installation>) {
    match installation {
        Some(installation) => {
            let client = async || context.client().await.ok();
            context.set_problem(Some("the installation has not been looked at yet".into()));
            installation.run(client, &context.pulls, |problem| context.looked(problem)).await;
        }
        None => pending().await,
    }
}

async fn pull(context: &Context) {
    match &context.options.source {
        Some(source) => {
            let done = |succeeded| context.metrics.pulled(succeeded);
            context.pulls.run(&context.options.layout, source, &context.options.registry, done).await;
        }
        None => pending().await,
    }
}

async fn health(context: &Arc<Context>) -> Result<()> {
    match context.options.listen {
        Some(address) => {
            let listener = http::listen(address).await.context("metrics and health")?;
            http::serve_http(context, listener).await;
            Ok(())
        }
        None => pending().await,
    }
}

async fn publish(context: &Context) -> Result<()> {
    let state_dir = context.options.layout.on_host(&context.options.layout.state_dir);
    let mut publication = Publication::new(&state_dir, &context.options.node)?;
    let client = context.await_client().await;
    let lookup = |pod: &genie_core::pod::Identity| context.pods.shown(pod);
    let done = |round: &Published| context.metrics.published(round);
    publication.run(&lookup, &client, &context.publish, done).await;
    Ok(())
}

async fn reconcile(context: &Context) {
    let layout = &context.options.layout;
    let mut reconciler = Reconciler::new(&layout.host_root, &layout.state_dir, Path::new(OURSELVES));
    reconciler.run(|collected| context.metrics.collected(collected)).await;
}

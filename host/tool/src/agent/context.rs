//! What all tasks of the agent share.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};

use super::definitions::Definitions;
use super::files::Files;
use super::metrics::Metrics;
use super::networks::Networks;
use super::pods::Pods;
use super::pull::{Pulls, Settings};
use super::shadow::Shadows;
use super::traffic::Traffic;
use crate::install::stop::DaemonSetName;
use crate::install::{Layout, Origin};
use crate::kubernetes;
use genie_core::record::Pod;
use genie_core::report::spool::{self, Spool};
use genie_core::sources::Access;

/// The time in between two attempts to find credentials.
const AGAIN: Duration = Duration::from_secs(5);

/// How the agent was started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything is on the node.
    pub layout: Layout,
    /// What to keep installed. When none is given, nothing is installed.
    pub source: Option<Origin>,
    /// The DaemonSet of the agent. When it is removed, the installation is removed, too.
    pub daemon_set: Option<DaemonSetName>,
    /// This node's name in the cluster.
    pub node: String,
    /// Path of the plugin's socket on the node.
    pub socket: PathBuf,
    /// Where metrics and health are served. When none is given, they are not served.
    pub listen: Option<SocketAddr>,
    /// The agent's own pod. When none is given, no event tells of a problem of the installation.
    pub pod: Option<Pod>,
    /// How registries are reached.
    pub registry: Settings,
    /// The credentials' file. When none is given, the credentials are those of the agent's own pod.
    pub kubeconfig: Option<PathBuf>,
    /// How often the counters of the node's interfaces are read.
    pub traffic_every: Duration,
}

/// What all tasks share.
pub struct Context {
    /// How the agent was started.
    pub options: Options,
    /// The pods of this node.
    pub pods: Pods,
    /// The definitions that pods of this node use.
    pub definitions: Definitions,
    /// The metrics.
    pub metrics: Metrics,
    /// The networks of this node.
    pub networks: Networks,
    /// Our files on the node's disk.
    pub files: Files,
    /// The ADDs whose shadows have not been asked yet.
    pub shadows: Shadows,
    /// The traffic of the node's interfaces.
    pub traffic: Traffic,
    /// The modules that are to be pulled.
    pub pulls: Pulls,
    /// Wakes the publication task.
    pub publish: Notify,
    /// Wakes the task that removes what DELs leave.
    pub gone: Notify,
    /// Why the node is not as the configuration wants it, if it is not.
    problem: Mutex<Option<String>>,
    client: OnceCell<kube::Client>,
}

impl Context {
    /// Makes the context. Nothing is read or connected yet.
    pub fn new(options: Options) -> Self {
        Self {
            networks: Networks::new(options.layout.clone()),
            files: Files::new(&options.layout),
            traffic: Traffic::new(options.traffic_every),
            options,
            pods: Pods::default(),
            definitions: Definitions::default(),
            metrics: Metrics::new(),
            shadows: Shadows::default(),
            pulls: Pulls::default(),
            publish: Notify::new(),
            gone: Notify::new(),
            problem: Mutex::default(),
            client: OnceCell::new(),
        }
    }

    /// Returns the client of the API server. It is made at the first call. A call that found no
    /// credentials makes no client, and the next call tries again.
    ///
    /// # Errors
    /// There are no credentials, or they are wrong.
    pub async fn client(&self) -> Result<kube::Client, String> {
        let make = || async {
            match &self.options.kubeconfig {
                None => kubernetes::in_cluster(),
                Some(path) => {
                    kubernetes::connect(&Access { kubeconfig: Some(path.clone()), ..Access::default() }).await
                }
            }
        };
        self.client.get_or_try_init(make).await.cloned()
    }

    /// Waits until there is a client, for a task that can do nothing without one.
    pub async fn await_client(&self) -> kube::Client {
        loop {
            match self.client().await {
                Ok(client) => return client,
                Err(why) => tracing::warn!(why, "no client of the API server yet: nothing is watched or published"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Notes why the node is not as the configuration wants it; none when it is.
    pub fn set_problem(&self, problem: Option<String>) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// Notes what an installation's look has found, and leaves an event about a new problem to the
    /// publication.
    pub fn looked(&self, problem: Option<String>) {
        let is_new = self.problem() != problem;
        if let (true, Some(problem), Some(pod)) = (is_new, &problem, &self.options.pod) {
            let state_dir = self.options.layout.on_host(&self.options.layout.state_dir);
            if let Err(error) = Spool::of(&state_dir).write("agent", &spool::problem(pod.clone(), problem)) {
                tracing::warn!(%error, "no event will tell of this problem: it cannot be written to the spool");
            }
            self.publish.notify_one();
        }
        self.set_problem(problem);
    }

    /// All metrics in the format of `OpenMetrics`.
    pub fn metrics_text(&self) -> String {
        self.metrics.text(&self.pods, &self.definitions, &self.files, self.problem().is_none())
    }

    /// Why the node is not as the configuration wants it. The result is none when it is.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

//! What all tasks of the agent share.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};

use super::files::Files;
use super::metrics::Metrics;
use super::networks::Networks;
use super::pods::Pods;
use crate::install::stop::DaemonSetName;
use crate::install::{Layout, Origin};
use crate::kubernetes;
use genie_core::sources::Access;

/// How long is waited for credentials that are not there yet.
const AGAIN: Duration = Duration::from_secs(5);

/// How the agent was started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything is on the node.
    pub layout: Layout,
    /// What to keep installed; none: nothing is installed.
    pub source: Option<Origin>,
    /// What the agent belongs to: when it is removed, so is the installation.
    pub daemon_set: Option<DaemonSetName>,
    /// This node's name in the cluster.
    pub node: String,
    /// Where the plugin finds the agent, as the node names it.
    pub socket: PathBuf,
    /// Where metrics and health are served; none: nowhere.
    pub listen: Option<SocketAddr>,
    /// Credentials; none: those of the pod that the agent runs in.
    pub kubeconfig: Option<PathBuf>,
}

/// What all tasks share.
pub struct Context {
    /// How the agent was started.
    pub options: Options,
    /// The pods of this node.
    pub pods: Pods,
    /// What is counted.
    pub metrics: Metrics,
    /// The networks of this node.
    pub networks: Networks,
    /// Our files on its disk.
    pub files: Files,
    /// Wakes publication.
    pub publish: Notify,
    /// Why the node is not as the configuration wants it.
    problem: Mutex<Option<String>>,
    client: OnceCell<kube::Client>,
}

impl Context {
    /// Nothing is done yet.
    pub fn new(options: Options) -> Self {
        Self {
            networks: Networks::new(options.layout.clone()),
            files: Files::new(&options.layout),
            options,
            pods: Pods::default(),
            metrics: Metrics::new(),
            publish: Notify::new(),
            problem: Mutex::default(),
            client: OnceCell::new(),
        }
    }

    /// The client of the API server. It is made when it is first wanted, and again
    /// as long as the credentials are not there.
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

    /// The same, for a task that can do nothing before: waits until there is one.
    pub async fn await_client(&self) -> kube::Client {
        loop {
            match self.client().await {
                Ok(client) => return client,
                Err(why) => tracing::warn!(why, "no client of the API server yet: nothing is watched or published"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Tells whether the node is as the configuration wants it.
    pub fn set_problem(&self, problem: Option<String>) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// All that is counted, as `OpenMetrics` has it.
    pub fn metrics_text(&self) -> String {
        self.metrics.text(&self.pods, &self.files, self.problem().is_none())
    }

    /// Why the node is not as the configuration wants it; none when it is.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

//! What all tasks of the agent share.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tokio::sync::{Notify, OnceCell};

use super::metrics::Metrics;
use super::pods::Pods;
use crate::kubernetes::{self, Access};

/// How the agent was started. Paths are those of the host; the agent reaches them
/// below `host_root`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the host's file system is for the agent: `/` outside of a container.
    pub host_root: PathBuf,
    /// Attachment records and the spool.
    pub state_dir: PathBuf,
    /// Compiled selectors.
    pub cache_dir: PathBuf,
    /// Where the runtime reads its network configuration.
    pub conf_dir: PathBuf,
    /// Where the runtime finds plugins.
    pub bin_dir: PathBuf,
    /// The directory with the configuration to install, as mounted in the agent's
    /// own container; none: nothing is installed.
    pub config: Option<PathBuf>,
    /// This node's name in the cluster.
    pub node: String,
    /// The namespace of the agent's own `DaemonSet`.
    pub namespace: String,
    /// The name of the agent's own `DaemonSet`; none when it runs by other means.
    pub daemon_set: Option<String>,
    /// Where the plugin finds the agent.
    pub socket: PathBuf,
    /// Where metrics and health are served; none: nowhere.
    pub listen: Option<SocketAddr>,
    /// Credentials; none: those of the pod that the agent runs in.
    pub kubeconfig: Option<PathBuf>,
}

impl Options {
    /// A path of the host as the agent reaches it.
    pub fn on_host(&self, path: &Path) -> PathBuf {
        self.host_root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// What all tasks share.
pub struct Context {
    /// How the agent was started.
    pub options: Options,
    /// The pods of this node.
    pub pods: Pods,
    /// What is counted.
    pub metrics: Metrics,
    /// Wakes publication.
    pub publish: Notify,
    /// Why new pods would not get what the configuration says; none: they would.
    unready: Mutex<Option<String>>,
    client: OnceCell<kube::Client>,
}

impl Context {
    /// Nothing is done yet.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            pods: Pods::default(),
            metrics: Metrics::new(),
            publish: Notify::new(),
            unready: Mutex::new(None),
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

    /// Tells whether the node is as the configuration wants it.
    pub fn set_readiness(&self, problem: Option<String>) {
        let mut unready = self.unready.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *unready = problem;
    }

    /// Why the node is not as the configuration wants it.
    pub fn readiness(&self) -> Option<String> {
        self.unready.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

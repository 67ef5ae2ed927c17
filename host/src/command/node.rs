//! What the commands that work on a node have in common.

use std::path::PathBuf;

use clap::Args;

use crate::config;

/// Where things are on the node.
#[derive(Args)]
pub struct Node {
    /// Where the host's file system is; all other directories are the host's
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub host_root: PathBuf,
    /// Attachment records
    #[arg(long, value_name = "DIR", default_value = config::STATE_DIR)]
    pub state_dir: PathBuf,
    /// Compiled selectors
    #[arg(long, value_name = "DIR", default_value = config::CACHE_DIR)]
    pub cache_dir: PathBuf,
    /// Where the runtime reads its network configuration
    #[arg(long, value_name = "DIR", default_value = config::CONF_DIR)]
    pub conf_dir: PathBuf,
    /// Where the runtime finds plugins
    #[arg(long, value_name = "DIR", default_value = config::BIN_DIR)]
    pub bin_dir: PathBuf,
    /// The directory that holds the configuration to install (00-genie.conf)
    #[arg(long, value_name = "DIR")]
    pub config: Option<PathBuf>,
    /// This node's name in the cluster
    #[arg(long = "node", value_name = "NAME", env = "NODE_NAME", default_value = "")]
    pub name: String,
}

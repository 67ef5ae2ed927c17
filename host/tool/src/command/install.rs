//! `genie-host install`: the first command that the DaemonSet runs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};

use crate::install::runtime::TRUST_DIRS;
use crate::install::{self, Layout, Origin};
use genie_core::config;

/// The directories of the installation.
#[derive(Args)]
pub struct Place {
    /// The directory where the node's file system is mounted
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub host_root: PathBuf,
    /// The runtime's directory of plugins, as a path of the node
    #[arg(long, value_name = "DIR", default_value = install::BIN_DIR)]
    pub bin_dir: PathBuf,
    /// The runtime's directory of configurations, as a path of the node
    #[arg(long, value_name = "DIR", default_value = config::CONF_DIR)]
    pub conf_dir: PathBuf,
    /// The directory of attachment records, selectors and credentials
    #[arg(long, value_name = "DIR", default_value = config::STATE_DIR)]
    pub state_dir: PathBuf,
    /// The directory of compiled selectors
    #[arg(long, value_name = "DIR", default_value = config::CACHE_DIR)]
    pub cache_dir: PathBuf,
    /// Assume that the runtime reads these directories, whatever its configuration seems to say
    #[arg(long, env = TRUST_DIRS, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub trust_dirs: bool,
}

impl Place {
    /// The directories as [`Layout`].
    pub fn layout(&self) -> Layout {
        Layout {
            host_root: self.host_root.clone(),
            bin_dir: self.bin_dir.clone(),
            conf_dir: self.conf_dir.clone(),
            state_dir: self.state_dir.clone(),
            cache_dir: self.cache_dir.clone(),
        }
    }
}

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The directory of the mounted ConfigMap: 00-genie.conf, and the selectors that it names
    #[arg(long, value_name = "DIR", default_value = install::CONFIG_DIR)]
    config: PathBuf,
    /// This node's name
    #[arg(long, value_name = "NAME", env = "NODE_NAME")]
    node: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let source = Origin::of_process(&arguments.config, arguments.node.clone(), arguments.place.trust_dirs)?;
    let layout = arguments.place.layout();
    let installed = install::install(&layout, &source)?;
    let conf = layout.conf();
    let conf = conf.display();
    // Waiting is no failure: after a failure the kubelet pauses longer and longer before it starts
    // this again, while the agent goes on at once.
    super::print(&match (installed.is_in_force, installed.problem) {
        (true, None) => format!("installed: {conf} is in force"),
        (true, Some(problem)) => format!("installed, and {conf} is in force, but: {problem}"),
        (false, problem) => format!(
            "not in force yet: {}. The configuration that was in force, if any, stays. genie-host agent puts this one \
             in force as soon as that is put right; without an agent, run this again then",
            problem.unwrap_or_default()
        ),
    });
    Ok(ExitCode::SUCCESS)
}

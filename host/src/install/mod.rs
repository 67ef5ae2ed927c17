//! What the DaemonSet puts on a node and takes away again: both programs, our
//! configuration, selectors, credentials.
//!
//! Everything is written beside its place and renamed into it, so that a call
//! never meets half of a file. What was written is listed in a [`manifest`]: only
//! such files are ever removed, and only as long as they are still ours.
//!
//! The directories of the node are reached through [`Layout::host_root`]; what
//! is written into files names them as the node does.

pub mod approve;
pub mod binaries;
mod calls;
pub mod compile;
pub mod configuration;
pub mod credentials;
pub mod drain;
pub(crate) mod file;
mod lock;
pub mod manifest;
pub mod net_d;
pub mod stop;
pub mod taint;
#[cfg(test)]
mod tests;
pub mod uninstall;
pub mod watch;

use std::path::{Path, PathBuf};

use anyhow::Result;

use configuration::Prepared;
use manifest::Manifest;

/// Where container runtimes look for plugins unless they are told otherwise.
pub const BIN_DIR: &str = "/opt/cni/bin";
/// Where the ConfigMap is mounted.
pub const CONFIG_DIR: &str = "/etc/genie";

/// Where everything is. Directories are named as the node names them.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Where the node's file system is mounted; `/` on the node itself.
    pub host_root: PathBuf,
    /// Where the runtime looks for plugins.
    pub bin_dir: PathBuf,
    /// Where the runtime looks for configurations.
    pub conf_dir: PathBuf,
    /// Attachment records, selectors, credentials.
    pub state_dir: PathBuf,
    /// Compiled selectors.
    pub cache_dir: PathBuf,
}

impl Layout {
    /// A path of the node, as this process reaches it.
    pub fn on_host(&self, path: &Path) -> PathBuf {
        on_host(&self.host_root, path)
    }

    /// Our configuration, as the node names it.
    pub fn conf(&self) -> PathBuf {
        self.conf_dir.join(net_d::CONF)
    }

    /// The list that stands in for our configuration while we are being removed.
    pub fn drain_list(&self) -> PathBuf {
        self.conf_dir.join(net_d::DRAIN_LIST)
    }

    /// The credentials of the plugin's questions to the API server.
    pub fn kubeconfig(&self) -> PathBuf {
        self.conf_dir.join("genie-kubeconfig")
    }
}

/// A path of the node whose file system is mounted at `root`.
pub fn on_host(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// What to install from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The mounted ConfigMap.
    pub config_dir: PathBuf,
    /// Where `genie` and `genie-host` are.
    pub programs: PathBuf,
    /// The program that compiles selectors and checks configurations: this one.
    pub tool: PathBuf,
    /// This node's name.
    pub node: Option<String>,
    /// How the plugin is to reach the API server; none outside of a cluster.
    pub service_account: Option<credentials::ServiceAccount>,
}

impl Source {
    /// What this process was started with: programs beside its own, the service
    /// account of its pod.
    ///
    /// # Errors
    /// The kernel does not tell where our own program is.
    pub fn of_process(config_dir: &Path, node: Option<String>) -> Result<Self> {
        let own = std::env::current_exe()?;
        Ok(Self {
            config_dir: config_dir.into(),
            programs: own.parent().unwrap_or(Path::new("/")).into(),
            tool: own,
            node,
            service_account: credentials::ServiceAccount::of_pod(),
        })
    }
}

/// Puts everything on the node. The configuration comes last: from then on the
/// runtime calls us. What is there already is left as it is.
///
/// # Errors
/// What could not be written, or what is wrong with the configuration; then the
/// one that was there stays in force, and the programs that read it.
pub fn install(layout: &Layout, source: &Source) -> Result<()> {
    let mut manifest = Manifest::load(layout)?;
    if let Some(account) = &source.service_account {
        credentials::refresh(layout, account, &mut manifest)?;
    }
    let prepared = configuration::prepare(layout, source)?;
    approve(layout, source, &prepared)?;
    binaries::install(layout, &source.programs, &mut manifest)?;
    put_in_force(layout, &prepared, &mut manifest)
}

/// Brings the ConfigMap's configuration onto the node, if it is right.
///
/// # Errors
/// What is wrong with it, or the disk's; the configuration before it stays.
pub fn configure(layout: &Layout, source: &Source, prepared: &Prepared, manifest: &mut Manifest) -> Result<()> {
    approve(layout, source, prepared)?;
    put_in_force(layout, prepared, manifest)
}

fn approve(layout: &Layout, source: &Source, prepared: &Prepared) -> Result<()> {
    configuration::store_modules(layout, prepared)?;
    approve::approve(layout, &source.tool, &prepared.config)
}

fn put_in_force(layout: &Layout, prepared: &Prepared, manifest: &mut Manifest) -> Result<()> {
    net_d::write(layout, &prepared.text, manifest)?;
    configuration::prune_modules(layout, prepared)
}

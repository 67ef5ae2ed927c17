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
pub(crate) mod beneath;
pub mod binaries;
mod calls;
pub mod compile;
pub mod configuration;
pub mod credentials;
pub mod drain;
mod errors;
pub(crate) mod file;
mod lock;
pub mod manifest;
pub mod net_d;
pub mod ready;
pub mod runtime;
pub mod stop;
pub mod taint;
#[cfg(test)]
mod tests;
pub mod uninstall;
pub mod watch;

use std::path::{Path, PathBuf};

use anyhow::Result;

use configuration::Completed;
use manifest::Manifest;
use ready::Looked;

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
pub struct Origin {
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
    /// The runtime reads our directories, whatever its configuration seems to say.
    pub trust_dirs: bool,
}

impl Origin {
    /// What this process was started with: programs beside its own, the service
    /// account of its pod.
    ///
    /// # Errors
    /// The kernel does not tell where our own program is.
    pub fn of_process(config_dir: &Path, node: Option<String>, trust_dirs: bool) -> Result<Self> {
        let own = std::env::current_exe()?;
        Ok(Self {
            config_dir: config_dir.into(),
            programs: own.parent().unwrap_or(Path::new("/")).into(),
            tool: own,
            node,
            service_account: credentials::ServiceAccount::of_pod(),
            trust_dirs,
        })
    }
}

/// What an installation has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The runtime calls us with the configuration.
    pub is_in_force: bool,
    /// Why pods do not all get their networks by it.
    pub problem: Option<String>,
}

/// Puts everything on the node. The configuration comes last: from then on the
/// runtime calls us. What is there already is left as it is. A configuration that is right,
/// but not yet for this node, is left to the agent, which waits for its time.
///
/// # Errors
/// What could not be written, or what is wrong with the configuration; then the
/// one that was there stays in force, and the programs that read it.
pub fn install(layout: &Layout, source: &Origin) -> Result<Installed> {
    let elsewhere = ready::runtime(layout, source).err().map(|error| format!("{error:#}"));
    if elsewhere.is_some() && !is_there(layout) {
        return Ok(Installed { is_in_force: false, problem: elsewhere });
    }
    let mut manifest = Manifest::load(layout)?;
    if let Some(account) = &source.service_account {
        credentials::refresh(layout, account, &mut manifest)?;
    }
    let prepared = configuration::prepare(layout, source)?;
    approve(layout, source, &prepared)?;
    binaries::install(layout, &source.programs, &mut manifest)?;
    let networks = Looked::default().networks(layout, source, &prepared.config);
    let problem = elsewhere.or_else(|| networks.err().map(|error| format!("{error:#}")));
    let is_in_force = problem.is_none() || net_d::has(layout, &prepared.text)?;
    if is_in_force {
        put_in_force(layout, &prepared, &mut manifest)?;
    }
    Ok(Installed { is_in_force, problem })
}

/// Whether the runtime may call us already: then we are kept up to date, wherever it reads.
pub fn is_there(layout: &Layout) -> bool {
    [layout.conf(), layout.drain_list()].iter().any(|file| layout.on_host(file).exists())
}

/// Compiles the ConfigMap's selectors and looks at all of its configuration.
///
/// # Errors
/// What is wrong with it, or the disk's.
pub fn approve(layout: &Layout, source: &Origin, prepared: &Completed) -> Result<()> {
    configuration::store_modules(layout, prepared)?;
    approve::approve(layout, &source.tool, &prepared.config)
}

/// Brings a configuration that is right onto the node.
///
/// # Errors
/// The disk's.
pub fn put_in_force(layout: &Layout, prepared: &Completed, manifest: &mut Manifest) -> Result<()> {
    net_d::write(layout, &prepared.text, manifest)?;
    configuration::prune_modules(layout, prepared)
}

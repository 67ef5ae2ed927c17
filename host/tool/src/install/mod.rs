//! What the DaemonSet puts on a node and takes away again: both programs, our configuration,
//! selectors and credentials.
//!
//! Everything is written beside its place and renamed into it, so that a call never meets half of a
//! file. A [`manifest`] lists what was written: only such files are ever removed, and only as long
//! as nobody changed them.
//!
//! This process reaches the node's directories through [`Layout::host_root`]. Paths that are
//! written into files are those of the node.

pub mod approve;
pub(crate) mod beneath;
pub mod binaries;
mod calls;
pub mod compile;
pub mod config_map;
pub mod configuration;
pub mod credentials;
pub mod drain;
mod errors;
pub(crate) mod file;
mod lock;
pub mod manifest;
pub mod modules;
pub mod net_d;
pub mod pulled;
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
use modules::NotHere;
use ready::Looked;

/// Where container runtimes look for plugins unless they are told otherwise.
pub const BIN_DIR: &str = "/opt/cni/bin";
/// Where the ConfigMap is mounted.
pub const CONFIG_DIR: &str = "/etc/genie";

/// The directories of the installation. Their paths are those of the node.
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
    /// The path by which this process reaches a path of the node.
    pub fn on_host(&self, path: &Path) -> PathBuf {
        on_host(&self.host_root, path)
    }

    /// The path of our configuration on the node.
    pub fn conf(&self) -> PathBuf {
        self.conf_dir.join(net_d::CONF)
    }

    /// The list that stands in for our configuration while we are being removed.
    pub fn drain_list(&self) -> PathBuf {
        self.conf_dir.join(net_d::DRAIN_LIST)
    }

    /// The plugin's credentials for the API server.
    pub fn kubeconfig(&self) -> PathBuf {
        self.conf_dir.join("genie-kubeconfig")
    }
}

/// The path by which this process reaches a path of the node, whose file system is mounted at
/// `root`.
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
    /// The plugin's access to the API server. There is none outside of a cluster.
    pub service_account: Option<credentials::ServiceAccount>,
    /// Whether the runtime is taken to read our directories, whatever its configuration seems to
    /// say.
    pub trust_dirs: bool,
}

impl Origin {
    /// The origin for this process: the programs beside its own, and the service account of its
    /// pod.
    ///
    /// # Errors
    /// The path of our own program is not known.
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

/// The result of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Whether the runtime calls us with the configuration.
    pub is_in_force: bool,
    /// Why not all pods get their networks by the configuration, if so.
    pub problem: Option<String>,
}

/// Puts everything on the node. The configuration comes last: from then on the runtime calls us.
/// What is right already is left as it is. A configuration that is right, but not yet for this
/// node, is left to the agent, which waits for its time.
///
/// # Errors
/// Something cannot be written, or the configuration is wrong. Then the configuration that was
/// there stays in force, with the programs that read it.
pub fn install(layout: &Layout, source: &Origin) -> Result<Installed> {
    let elsewhere = ready::runtime(layout, source).err().map(|error| format!("{error:#}"));
    if elsewhere.is_some() && !is_there(layout) {
        return Ok(Installed { is_in_force: false, problem: elsewhere });
    }
    let mut manifest = Manifest::load(layout)?;
    if let Some(account) = &source.service_account {
        credentials::refresh(layout, account, &mut manifest)?;
    }
    let prepared = match configuration::prepare(layout, source) {
        // The agent pulls, with more time than a start should take.
        Err(error) if error.is::<NotHere>() => {
            binaries::install(layout, &source.programs, &mut manifest)?;
            return Ok(Installed { is_in_force: false, problem: Some(format!("{error:#}")) });
        }
        prepared => prepared?,
    };
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

/// Whether the runtime may call us already. If so, the installation is kept up to date, whatever
/// directories the runtime reads.
pub fn is_there(layout: &Layout) -> bool {
    [layout.conf(), layout.drain_list()].iter().any(|file| layout.on_host(file).exists())
}

/// Compiles the modules that the installation puts on the node, and checks the whole configuration.
///
/// # Errors
/// The configuration is wrong, or its selectors cannot be written.
pub fn approve(layout: &Layout, source: &Origin, prepared: &Completed) -> Result<()> {
    modules::store(layout, &prepared.modules)?;
    approve::approve(layout, &source.tool, &prepared.config)
}

/// Puts a checked configuration on the node.
///
/// # Errors
/// As [`net_d::write`], and as [`modules::prune`].
pub fn put_in_force(layout: &Layout, prepared: &Completed, manifest: &mut Manifest) -> Result<()> {
    net_d::write(layout, &prepared.text, manifest)?;
    modules::prune(layout, &prepared.modules)
}

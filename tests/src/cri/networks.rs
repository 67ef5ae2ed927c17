//! The scenario's conf dir and the plugins, as they are on the node.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{CriNode, ETCD, NAME, SCENARIO};
use crate::call::Verb;
use crate::running::read_pipe;
use crate::{Recorded, Script, programs, recorder};

/// The file of our configuration. It is the first one, so runtimes take it.
const OWN: &str = "00-genie.conf";
const PLUGINS: [&str; 8] =
    ["bridge", "calico", "calico-ipam", "flannel", "host-local", "loopback", "macvlan", "portmap"];
/// The directory of the networks when they are not in the runtime's conf dir.
const NETWORKS: &str = "networks.d";
/// The directory where runtimes look for plugins.
const BIN: &str = "/opt/cni/bin";

/// Writes the conf dir and the plugins, and what flanneld and calico/node would have written.
pub(super) fn write(files: &Path) -> Result<()> {
    let on_node = |path: &str| files.join(path.trim_start_matches('/'));
    for dir in ["net.d", "flannel"] {
        fs::create_dir_all(on_node(SCENARIO).join(dir))?;
    }
    let templates = programs::root().join("tests/scenario/net.d");
    for template in fs::read_dir(&templates).with_context(|| templates.display().to_string())? {
        let path = template?.path();
        if path.is_file() {
            let text = fs::read_to_string(&path)?;
            let text = text.replace("@SCRATCH@", SCENARIO).replace("@ETCD@", ETCD).replace("@NODE@", NAME);
            let name = path.file_name().context("a file has a name")?;
            fs::write(on_node(SCENARIO).join("net.d").join(name), text)?;
        }
    }
    let calico = on_node(SCENARIO).join("net.d/10-calico.conflist");
    edit(&calico, |list| {
        // A runtime tells the pod's name, so calico wants a client of some API server. Without a
        // policy it asks nothing, so no server needs to exist.
        list["plugins"][0]["kubernetes"] = json!({"k8s_api_root": "https://127.0.0.1:6443"});
    })?;
    let subnet = "FLANNEL_NETWORK=172.96.0.0/16\nFLANNEL_SUBNET=172.96.0.1/24\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=true\n";
    fs::write(on_node(SCENARIO).join("flannel/subnet.env"), subnet)?;
    fs::create_dir_all(on_node("/var/lib/calico"))?;
    fs::write(on_node("/var/lib/calico/mtu"), "1440")?;

    fs::create_dir_all(on_node(BIN))?;
    symlink(programs::dist("genie"), on_node(BIN).join("genie"))?;
    // Only the directory is resolved: calico's IPAM is a link to calico, and works by its own name.
    let plugins = programs::plugins().canonicalize().context("the directory of plugins")?;
    for plugin in PLUGINS {
        symlink(plugins.join(plugin), on_node(BIN).join(plugin))?;
    }
    Ok(())
}

fn edit(file: &Path, change: impl FnOnce(&mut Value)) -> Result<()> {
    let mut config = serde_json::from_str(&fs::read_to_string(file)?)?;
    change(&mut config);
    Ok(fs::write(file, config.to_string())?)
}

impl CriNode {
    /// The runtime's conf dir.
    pub fn conf_dir(&self) -> PathBuf {
        self.file(SCENARIO).join("net.d")
    }

    /// The directory of the networks: the runtime's conf dir, until they are moved.
    pub fn networks_dir(&self) -> PathBuf {
        let own = self.file(SCENARIO).join(NETWORKS);
        if own.is_dir() { own } else { self.conf_dir() }
    }

    /// Moves the networks out of the runtime's conf dir.
    ///
    /// # Errors
    /// The networks cannot be moved.
    pub fn move_networks(&self) -> Result<()> {
        let to = self.file(SCENARIO).join(NETWORKS);
        fs::create_dir(&to)?;
        for file in fs::read_dir(self.conf_dir())? {
            let file = file?;
            if file.file_name() != OWN {
                fs::rename(file.path(), to.join(file.file_name()))?;
            }
        }
        self.configure(|own| own["conf_dir"] = json!(format!("{SCENARIO}/{NETWORKS}")))
    }

    /// The file that flanneld would have written.
    pub fn subnet_file(&self) -> PathBuf {
        self.file(SCENARIO).join("flannel/subnet.env")
    }

    /// Our record of a sandbox as text.
    ///
    /// # Errors
    /// There is no record.
    pub fn record(&self, id: &str) -> Result<String> {
        let file = self.file(SCENARIO).join(format!("genie/state/records/{id}@eth0.json"));
        fs::read_to_string(&file).with_context(|| file.display().to_string())
    }

    /// Changes our own configuration.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn configure(&self, change: impl FnOnce(&mut Value)) -> Result<()> {
        edit(&self.conf_dir().join(OWN), change)
    }

    /// Changes a network's file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn change_network(&self, file: &str, change: impl FnOnce(&mut Value)) -> Result<()> {
        edit(&self.networks_dir().join(file), change)
    }

    /// Adds a network whose plugins are chained recorders of these types.
    ///
    /// # Errors
    /// A file or link cannot be written.
    pub fn recorded_network(&self, name: &str, version: &str, kinds: &[&str]) -> Result<()> {
        let plugins: Vec<_> = kinds.iter().map(|kind| json!({"type": kind})).collect();
        let list = json!({"cniVersion": version, "name": name, "plugins": plugins});
        fs::write(self.networks_dir().join(format!("20-{name}.conflist")), list.to_string())?;
        for kind in kinds {
            symlink(programs::recorder(), self.file(BIN).join(kind))?;
        }
        Ok(())
    }

    /// Sets what a recorder does on a verb from now on.
    ///
    /// # Errors
    /// The script cannot be written.
    pub fn script(&self, kind: &str, verb: Verb, script: Script) -> Result<()> {
        Ok(recorder::set_script(&self.file(BIN), kind, verb, script)?)
    }

    /// Waits until the hanging or pausing recorder of this type runs.
    pub fn wait_until_there(&self, kind: &str) {
        read_pipe(&recorder::started_pipe(&self.file(BIN), kind));
    }

    /// Lets the pausing recorder of this type go on.
    ///
    /// # Errors
    /// The recorder does not wait.
    pub fn release(&self, kind: &str) -> Result<()> {
        Ok(recorder::release(&self.file(BIN), kind)?)
    }

    /// The recorders' calls so far, without VERSION.
    pub fn calls(&self) -> Vec<Recorded> {
        let text = fs::read_to_string(recorder::log_file(&self.file(BIN))).unwrap_or_default();
        text.lines().map(Recorded::read).filter(|call| call.verb != "VERSION").collect()
    }
}

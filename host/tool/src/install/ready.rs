//! Whether a configuration can do its work: the runtime reads what we write, there is a network to
//! give, and a pod that asks for nothing gets one. Otherwise no new configuration is put in force:
//! the runtime would call us for pods that we could only refuse.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use super::Layout;
use super::Origin;
use super::approve;
use super::net_d;
use super::runtime::{self, Reads};
use genie_core::digest::Digest;

/// The last answer, and the state that it was found for.
#[derive(Clone, Debug, Default)]
pub struct Looked(Option<(Digest, Option<String>)>);

/// Checks that the runtime reads our directories. Where no runtime is known, the directories are
/// taken to be right.
///
/// # Errors
/// The runtime reads other directories. The message names them.
pub fn runtime(layout: &Layout, source: &Origin) -> Result<()> {
    if source.trust_dirs {
        return Ok(());
    }
    match runtime::look(&layout.host_root, &layout.conf_dir, &layout.bin_dir) {
        Reads::Others { what, advice } => bail!("{what}; {advice}"),
        Reads::Ours(_) | Reads::Unknown => Ok(()),
    }
}

impl Looked {
    /// Checks that pods get a network with this configuration. The answer takes a process, so it is
    /// found again only when something has changed.
    ///
    /// # Errors
    /// No pod would get a network, or none that asks for nothing; or that cannot be found out.
    pub fn networks(&mut self, layout: &Layout, source: &Origin, config: &Map<String, Value>) -> Result<()> {
        let state = state(layout, config);
        let problem = match &self.0 {
            Some((of, problem)) if *of == state => problem.clone(),
            _ => {
                let problem = look(layout, source, config)?;
                self.0 = Some((state, problem.clone()));
                problem
            }
        };
        problem.map_or(Ok(()), |problem| bail!(problem))
    }
}

/// Why pods would get no network. The result is none when they would get one.
fn look(layout: &Layout, source: &Origin, config: &Map<String, Value>) -> Result<Option<String>> {
    let catalogue = net_d::networks(layout)?;
    if catalogue.networks.is_empty() {
        let unusable: Vec<_> = catalogue.unusable.iter().map(|(file, reason)| format!("{file}: {reason}")).collect();
        let unusable = if unusable.is_empty() { String::new() } else { format!(" ({})", unusable.join("; ")) };
        return Ok(Some(format!(
            "{} holds no network that a pod could get{unusable}: whoever installs the node's networks (calico, flannel, \
             …) has not been here yet; as soon as there is one, this goes on by itself",
            layout.conf_dir.display()
        )));
    }
    let conf_dir = layout.on_host(&layout.conf_dir);
    let found = approve::ask(layout, &source.tool, config, &[OsStr::new("--conf-dir"), conf_dir.as_os_str()])?;
    let refused: Vec<_> = found.into_iter().map(|finding| finding.what).collect();
    Ok((!refused.is_empty()).then(|| {
        format!(
            "a pod that asks for nothing would be refused: {}; as soon as that network is there, or the configuration \
             names another, this goes on by itself",
            refused.join("; ")
        )
    }))
}

/// A digest of everything that the answer depends on.
fn state(layout: &Layout, config: &Map<String, Value>) -> Digest {
    let dir = layout.on_host(&layout.conf_dir);
    let mut files = Vec::new();
    list(&dir, true, &mut files);
    // Our own files are no networks.
    files.retain(|file| [net_d::CONF, net_d::DRAIN_LIST].iter().all(|own| !file.starts_with(&format!("{own} "))));
    files.sort();
    Digest::of(format!("{}\n{}", Value::Object(config.clone()), files.join("\n")).as_bytes())
}

/// Notes the files of a directory. With `deeper`, those of its directories, too: a list may have
/// further plugins in a directory of its name.
fn list(dir: &Path, deeper: bool, files: &mut Vec<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        let Ok(metadata) = fs::metadata(&path) else {
            files.push(format!("{name} cannot be looked at"));
            continue;
        };
        if !metadata.is_dir() {
            let (inode, size) = (metadata.ino(), metadata.size());
            files.push(format!("{name} {inode} {size} {}.{}", metadata.mtime(), metadata.mtime_nsec()));
        } else if deeper {
            list(&path, false, files);
        }
    }
}

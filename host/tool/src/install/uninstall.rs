//! Removes everything, in an order that leaves no pod without a network, and no attachment without
//! a plugin that can undo it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Layout;
use super::binaries;
use super::calls;
use super::credentials;
use super::drain;
use super::file;
use super::lock;
use super::manifest::{Manifest, Owner};
use super::net_d;
use genie_core::agent_api::SOCKET;

/// The names of everything that we keep in the state directory.
const STATE: [&str; 13] = [
    "records",
    "new",
    "locks",
    "damaged",
    "gone",
    "spool",
    "refused",
    "selectors",
    "registry",
    "credentials",
    net_d::CONF,
    "installed.json",
    "install.lock",
];

/// What is left on the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing of ours is left.
    Nothing,
    /// Pods that we attached still run. The drain list, the programs and the records stay until
    /// these pods are gone.
    Draining,
    /// What is left are files that somebody else changed, or records that cannot be read.
    Foreign,
}

/// Ends a removal that had to wait for pods. Without such a removal this does nothing: a new
/// installation may have come in between.
///
/// # Errors
/// As [`uninstall`].
pub fn finish(layout: &Layout) -> Result<Left> {
    let is_draining = layout.on_host(&layout.drain_list()).exists() && !layout.on_host(&layout.conf()).exists();
    if is_draining { uninstall(layout) } else { Ok(Left::Foreign) }
}

/// Removes what was installed. May be repeated at any time; what is not ours is not touched.
///
/// # Errors
/// Another installation or removal holds the lock, or a file cannot be read or removed. What comes
/// later in the order is then still there.
pub fn uninstall(layout: &Layout) -> Result<Left> {
    let _guard = lock::take(layout)?;
    let mut manifest = Manifest::load(layout)?;
    // While the node drains, the plugin asks the API server nothing and runs no selector.
    manifest.remove(layout, &layout.kubeconfig())?;
    remove_dir(&layout.on_host(&credentials::dir(layout)))?;
    // If the wrong directory is configured, files of others must not be lost.
    let is_engines = |name: &str| name.contains("+genie.");
    let mut foreign = !remove_from(&layout.on_host(&layout.cache_dir), is_engines)?;
    // The socket goes: the agent ends after this, and answers no call any more.
    if let Some(run_dir) = Path::new(SOCKET).parent() {
        remove_dir(&layout.on_host(run_dir))?;
    }
    if drain::is_needed(layout)? {
        drain::start(layout, &mut manifest)?;
        return Ok(Left::Draining);
    }
    foreign |= manifest.remove(layout, &layout.conf())?;
    foreign |= manifest.remove(layout, &layout.drain_list())?;
    match Aside::put(layout, &manifest)? {
        Aside::Needed(programs) => {
            programs.back()?;
            drain::start(layout, &mut manifest)?;
            return Ok(Left::Draining);
        }
        Aside::Free(programs) => programs.remove()?,
    }
    for name in binaries::PROGRAMS {
        foreign |= manifest.remove(layout, &layout.bin_dir.join(name))?;
    }
    foreign |= !remove_state(layout)?;
    Ok(if foreign { Left::Foreign } else { Left::Nothing })
}

/// The plugin moved out of the runtime's sight: no new call begins, and calls that run come to
/// their end.
enum Aside {
    Needed(Moved),
    Free(Moved),
}

struct Moved(Option<(PathBuf, PathBuf)>);

impl Aside {
    /// Moves the plugin aside, and tells whether it is still needed. A call that began under the
    /// old configuration may still write a record, so this is known only when no call runs any
    /// more.
    fn put(layout: &Layout, manifest: &Manifest) -> Result<Self> {
        let plugin = layout.bin_dir.join("genie");
        let at = layout.on_host(&plugin);
        let moved = if manifest.owner(layout, &plugin)? == Owner::Ours {
            let aside = at.with_file_name(".genie.removed");
            fs::rename(&at, &aside).with_context(|| format!("{} cannot be moved aside", at.display()))?;
            Moved(Some((at, aside)))
        } else {
            Moved(None)
        };
        let is_quiet = moved.0.as_ref().is_none_or(|(_, aside)| calls::end(layout, aside));
        Ok(if !is_quiet || drain::is_needed(layout)? { Self::Needed(moved) } else { Self::Free(moved) })
    }
}

impl Moved {
    fn back(self) -> Result<()> {
        let Some((at, aside)) = self.0 else { return Ok(()) };
        fs::rename(&aside, &at).with_context(|| format!("{} cannot be moved back", at.display()))
    }

    fn remove(self) -> Result<()> {
        let Some((_, aside)) = self.0 else { return Ok(()) };
        file::remove(&aside).with_context(|| format!("{} cannot be removed", aside.display()))
    }
}

/// Removes what is ours in the state directory. Returns whether that was all of it.
fn remove_state(layout: &Layout) -> Result<bool> {
    let dir = layout.on_host(&layout.state_dir);
    let damaged = dir.join("damaged");
    let is_damaged = damaged.read_dir().is_ok_and(|mut files| files.next().is_some());
    if !is_damaged {
        return remove_from(&dir, |name| STATE.contains(&name));
    }
    tracing::warn!(path = %damaged.display(), "attachment records that cannot be read stay for a person to look at");
    Ok(false)
}

/// Removes what is ours in a directory, and the directory when nothing else is in it. Returns
/// whether that was all.
fn remove_from(dir: &Path, is_ours: impl Fn(&str) -> bool) -> Result<bool> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        entries => entries.with_context(|| format!("{} cannot be read", dir.display()))?,
    };
    let mut foreign = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("{} cannot be read", dir.display()))?;
        let path = entry.path();
        match entry.file_name().to_str().filter(|name| is_ours(name)) {
            None => foreign.push(path),
            Some(_) if path.is_dir() && !path.is_symlink() => remove_dir(&path)?,
            Some(_) => file::remove(&path).with_context(|| format!("{} cannot be removed", path.display()))?,
        }
    }
    if !foreign.is_empty() {
        tracing::warn!(directory = %dir.display(), ?foreign, "what is not genie's stays");
        return Ok(false);
    }
    remove_dir(dir).map(|()| true)
}

fn remove_dir(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}

//! Our file in the conf dir.
//!
//! Runtimes watch that directory, each in its own way. containerd reads it anew when a file is
//! written, renamed away or removed, but not when one appears. So a complete file is renamed into
//! place, and then a line end is appended to it. A reader finds either the whole old or the whole
//! new document, and every watcher sees a write after the file was complete.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use super::Layout;
use super::file;
use super::lock;
use super::manifest::{Manifest, Owner};
use genie_core::config::OWN_TYPE;
use genie_core::network::Catalogue;

/// The file of our configuration. Its name sorts before all others that are in use.
pub const CONF: &str = "00-genie.conf";
/// The file of the drain list. Its name sorts right behind [`CONF`]: when both exist, the
/// configuration counts.
pub const DRAIN_LIST: &str = "00-genie.conflist";

/// Puts our configuration in force, and ends a removal that is still waiting for pods. A file that
/// is right is not touched, so that runtimes do not read it for nothing.
///
/// # Errors
/// Another installation or removal holds the lock, or a file cannot be read, written or removed.
pub fn write(layout: &Layout, text: &str, manifest: &mut Manifest) -> Result<()> {
    let _guard = lock::take(layout)?;
    publish(layout, &layout.conf(), text, manifest)?;
    file::place(&last_good_file(layout), text.as_bytes(), 0o600)?;
    manifest.remove(layout, &layout.drain_list()).map(|_| ())
}

/// Puts the last good configuration back if there is none.
///
/// # Errors
/// Another installation or removal holds the lock, or a file cannot be read or written.
pub fn restore(layout: &Layout, text: &str, manifest: &mut Manifest) -> Result<()> {
    let _guard = lock::take(layout)?;
    let conf = layout.conf();
    if layout.on_host(&conf).exists() { Ok(()) } else { publish(layout, &conf, text, manifest) }
}

/// The configuration that was put in force last, if any.
///
/// # Errors
/// The file cannot be read.
pub fn last_good(layout: &Layout) -> Result<Option<String>> {
    Ok(file::read(&last_good_file(layout))?.and_then(|text| String::from_utf8(text).ok()))
}

/// Makes the conf dir. Usually the networks' installers have made it.
///
/// # Errors
/// The directory cannot be created.
pub fn make_dir(layout: &Layout) -> Result<()> {
    file::make_dir(&layout.on_host(&layout.conf_dir), 0o755)
}

/// The configuration that is there. It is empty when there is none, or when it cannot be read.
pub fn in_force(layout: &Layout) -> Map<String, Value> {
    let text = file::read(&layout.on_host(&layout.conf())).ok().flatten();
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Whether this is the configuration that is there.
///
/// # Errors
/// The file cannot be read.
pub fn has(layout: &Layout, text: &str) -> Result<bool> {
    Ok(file::read(&layout.on_host(&layout.conf()))?.as_deref() == Some(text.as_bytes()))
}

fn last_good_file(layout: &Layout) -> PathBuf {
    layout.on_host(&layout.state_dir).join(CONF)
}

/// Writes a file of the conf dir in such a way that watchers see it. `text` must end with a line
/// end.
pub(super) fn publish(layout: &Layout, path: &Path, text: &str, manifest: &mut Manifest) -> Result<()> {
    let at = layout.on_host(path);
    make_dir(layout)?;
    let there = file::read(&at)?;
    manifest.add(layout, path, text.as_bytes())?;
    if there.as_deref() == Some(text.as_bytes()) {
        return Ok(());
    }
    let write = || {
        let body = text.strip_suffix('\n').unwrap_or(text);
        // The file may hold keys of the site that are not for all users.
        file::replace(&at, body.as_bytes(), 0o600)?;
        let mut file = OpenOptions::new().append(true).open(&at)?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    write().with_context(|| format!("{} cannot be written", at.display()))?;
    tracing::info!(path = %path.display(), "configuration written");
    Ok(())
}

/// Checks that our file is in its place, as we wrote it, and is the one that the runtime uses.
///
/// # Errors
/// What is wrong there, and what to do about it.
pub fn check_conf_dir(layout: &Layout, manifest: &Manifest) -> Result<()> {
    let conf = layout.conf();
    match manifest.owner(layout, &conf)? {
        Owner::Ours => {}
        // The configuration waits for its time, which is reported elsewhere.
        Owner::Nobody if !manifest.lists(&conf) => return Ok(()),
        Owner::Nobody => bail!("{} is gone: somebody removed or renamed it", conf.display()),
        Owner::Other => bail!("{} was changed by somebody else: edit the ConfigMap instead", conf.display()),
    }
    if let Some(first) = first(layout)?
        && first != CONF
    {
        let dir = layout.conf_dir.display();
        bail!("{dir}/{first} sorts before {CONF}, so the runtime uses it and not us: rename or remove it");
    }
    Ok(())
}

/// The name of the file that the runtime uses: the first one.
fn first(layout: &Layout) -> Result<Option<String>> {
    let dir = layout.on_host(&layout.conf_dir);
    let mut names = Vec::new();
    for entry in fs::read_dir(&dir).with_context(|| format!("{} cannot be read", dir.display()))? {
        let entry = entry.with_context(|| dir.display().to_string())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_conf = [".conf", ".conflist", ".json"].iter().any(|end| name.ends_with(end));
        if is_conf && !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.push(name);
        }
    }
    Ok(names.into_iter().min())
}

/// The networks of the node, without our own.
pub(super) fn networks(layout: &Layout) -> Result<Catalogue> {
    Catalogue::load(&layout.on_host(&layout.conf_dir), &[OWN_TYPE]).map_err(super::errors::said)
}

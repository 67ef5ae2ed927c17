//! The list of what we have put on the node: `STATE_DIR/installed.json`. Only what it lists is
//! removed, so that a file of somebody else, or one that somebody changed, is never taken away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::Layout;
use super::file;
use genie_core::digest::Digest;

const NAME: &str = "installed.json";

/// The files that we wrote: their path on the node, and the digest of their content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    files: BTreeMap<PathBuf, String>,
}

/// Whose a file is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The file is as we wrote it.
    Ours,
    /// The file differs from what we wrote, or we never wrote it.
    Other,
    /// There is no such file.
    Nobody,
}

impl Manifest {
    /// Reads the list. It is empty when there is none, or when it cannot be read as a list.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn load(layout: &Layout) -> Result<Self> {
        let path = layout.on_host(&layout.state_dir).join(NAME);
        let Some(bytes) = file::read(&path)? else { return Ok(Self::default()) };
        Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!(%error, path = %path.display(), "the list of installed files cannot be read; it is made anew");
            Self::default()
        }))
    }

    /// Notes a file before it is written. A kill in between then leaves no file that the list does
    /// not have.
    ///
    /// # Errors
    /// The list cannot be written.
    pub fn add(&mut self, layout: &Layout, path: &Path, content: &[u8]) -> Result<()> {
        let digest = Digest::of(content).to_string();
        if self.files.get(path) == Some(&digest) {
            return Ok(());
        }
        self.files.insert(path.into(), digest);
        self.save(layout)
    }

    /// Whether the list has this file.
    pub fn lists(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    /// Forgets a file.
    ///
    /// # Errors
    /// The list cannot be written.
    pub fn forget(&mut self, layout: &Layout, path: &Path) -> Result<()> {
        if self.files.remove(path).is_some() { self.save(layout) } else { Ok(()) }
    }

    /// Whose a file is now.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn owner(&self, layout: &Layout, path: &Path) -> Result<Owner> {
        let there = file::digest(&layout.on_host(path))?.map(|digest| digest.to_string());
        Ok(match there {
            None => Owner::Nobody,
            there if there.as_ref() == self.files.get(path) => Owner::Ours,
            _ => Owner::Other,
        })
    }

    /// Removes a file if it is still ours. Returns whether it was somebody else's.
    ///
    /// # Errors
    /// A file cannot be read or removed, or the list cannot be written.
    pub fn remove(&mut self, layout: &Layout, path: &Path) -> Result<bool> {
        match self.owner(layout, path)? {
            Owner::Other if self.files.contains_key(path) => {
                tracing::warn!(path = %path.display(), "somebody changed this file after we wrote it: it stays");
                Ok(true)
            }
            Owner::Other => Ok(true),
            Owner::Nobody => self.forget(layout, path).map(|()| false),
            Owner::Ours => {
                let at = layout.on_host(path);
                file::remove(&at).with_context(|| format!("{} cannot be removed", at.display()))?;
                self.forget(layout, path).map(|()| false)
            }
        }
    }

    fn save(&self, layout: &Layout) -> Result<()> {
        let dir = layout.on_host(&layout.state_dir);
        file::make_dir(&dir, 0o700)?;
        let text = serde_json::to_vec_pretty(self).context("the list of installed files")?;
        file::place(&dir.join(NAME), &text, 0o600).map(|_| ())
    }
}

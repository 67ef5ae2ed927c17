//! What we have put on the node: `STATE_DIR/installed.json`. Removal goes by it,
//! so that a file of somebody else, or one that somebody changed, is never taken
//! away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::Layout;
use super::file;
use genie_core::digest::Digest;

const NAME: &str = "installed.json";

/// The files that we wrote, by their path on the node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    files: BTreeMap<PathBuf, String>,
}

/// Whose a file of the manifest is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// It is as we wrote it.
    Ours,
    /// It is not, or we never wrote it.
    Other,
    /// There is no such file.
    Nobody,
}

impl Manifest {
    /// Reads it; empty when there is none. One that cannot be read is as good as
    /// none: the files are then told apart by their content alone.
    ///
    /// # Errors
    /// The disk's.
    pub fn load(layout: &Layout) -> Result<Self> {
        let path = layout.on_host(&layout.state_dir).join(NAME);
        let Some(bytes) = file::read(&path)? else { return Ok(Self::default()) };
        Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!(%error, path = %path.display(), "the list of installed files cannot be read; it is made anew");
            Self::default()
        }))
    }

    /// Notes a file before it is written, so that a kill in between leaves nothing
    /// that nobody knows.
    ///
    /// # Errors
    /// The disk's.
    pub fn add(&mut self, layout: &Layout, path: &Path, content: &[u8]) -> Result<()> {
        let digest = Digest::of(content).to_string();
        if self.files.get(path) == Some(&digest) {
            return Ok(());
        }
        self.files.insert(path.into(), digest);
        self.save(layout)
    }

    /// Whether we have written a file there.
    pub fn lists(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    /// Forgets a file.
    ///
    /// # Errors
    /// The disk's.
    pub fn forget(&mut self, layout: &Layout, path: &Path) -> Result<()> {
        if self.files.remove(path).is_some() { self.save(layout) } else { Ok(()) }
    }

    /// Whose a file is now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn owner(&self, layout: &Layout, path: &Path) -> Result<Owner> {
        let there = file::digest(&layout.on_host(path))?.map(|digest| digest.to_string());
        Ok(match there {
            None => Owner::Nobody,
            there if there.as_ref() == self.files.get(path) => Owner::Ours,
            _ => Owner::Other,
        })
    }

    /// Removes a file if it is still ours. Gives whether it was somebody else's.
    ///
    /// # Errors
    /// The disk's.
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

//! How many files of ours are on the disk.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::install::Layout;
use genie_core::selector::artefact::engine::ENGINE_ID;

/// What is counted: records of attachments, refusals that wait for their event, compiled
/// selectors of this engine, records that could not be read.
pub const KINDS: [&str; 4] = ["records", "refusals", "selectors", "damaged"];
/// A count is used again for this long: anybody on the node may ask as often as they like.
const FRESH: Duration = Duration::from_millis(500);

/// Counts our files on the node.
pub struct Files {
    /// For each kind: its directory, and the extension of the files that count.
    places: [(PathBuf, Option<&'static str>); 4],
    counted: Mutex<Option<(Instant, [usize; 4])>>,
}

impl Files {
    /// Makes the counter for this node. Nothing is counted yet.
    pub fn new(layout: &Layout) -> Self {
        let state_dir = layout.on_host(&layout.state_dir);
        let places = [
            (state_dir.join("records"), Some("json")),
            (state_dir.join("spool"), Some("json")),
            (layout.on_host(&layout.cache_dir).join(ENGINE_ID), Some("cwasm")),
            (state_dir.join("damaged"), None),
        ];
        Self { places, counted: Mutex::default() }
    }

    /// The number of files of each kind, in the order of [`KINDS`].
    pub fn count(&self) -> [usize; 4] {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        match *counted {
            Some((when, files)) if when.elapsed() < FRESH => files,
            _ => counted.insert((Instant::now(), self.places.each_ref().map(|(dir, ending)| in_dir(dir, *ending)))).1,
        }
    }
}

fn in_dir(dir: &PathBuf, ending: Option<&str>) -> usize {
    let paths = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| ending.is_none_or(|ending| path.extension() == Some(OsStr::new(ending)))).count()
}

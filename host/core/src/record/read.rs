//! Reads a record.

use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde_json::Value;

use super::event::{Ending, Event};
use super::header::{Header, VERSION};
use super::journal::Journal;
use super::line;
use super::lock::Lock;
use super::name;
use crate::cni::{CniError, code};

/// A record as it was when it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The record's first line: what was planned.
    pub header: Header,
    results: Vec<Option<Value>>,
    micros: Vec<Option<u64>>,
    shadows: Option<Value>,
    deleted: Vec<bool>,
    outcome: Option<Ending>,
    path: PathBuf,
}

/// Why a file cannot be read as a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// The header is damaged.
    Damaged(String),
    /// A newer build wrote it.
    Newer(u64),
}

/// How much of a record is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    All,
    /// What undoes: not the decision, which is half of a record, and becomes null.
    Attachments,
}

impl Record {
    /// The record in `bytes`, the content of the file `path`.
    ///
    /// A damaged event is ignored: without it, a step is repeated or done with less knowledge, and
    /// DEL has to bear both anyway.
    pub(super) fn decode(bytes: &[u8], path: &Path, wanted: Wanted) -> Result<Self, Unreadable> {
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let header = decode_header(lines.next().unwrap_or_default(), path, wanted)?;
        let count = header.attachments.len();
        let mut record = Self {
            header,
            results: vec![None; count],
            micros: vec![None; count],
            shadows: None,
            deleted: vec![false; count],
            outcome: None,
            path: path.into(),
        };
        for bytes in lines.filter(|line| !line.is_empty()) {
            let event = line::decode(bytes).and_then(|json| serde_json::from_slice(json).ok());
            if event.and_then(|event| record.apply(event)).is_none() {
                tracing::warn!(record = %path.display(), "a damaged line of an attachment record is ignored");
            }
        }
        Ok(record)
    }

    /// The record in `bytes`, the content of the file `path`, which need not exist.
    ///
    /// # Errors
    /// [`code::RECORD`] when the record is damaged, or a newer build wrote it.
    pub fn read(bytes: &[u8], path: &Path) -> Result<Self, CniError> {
        Self::decode(bytes, path, Wanted::All).map_err(|unreadable| {
            let msg = match unreadable {
                Unreadable::Damaged(reason) => damaged(path, &reason),
                Unreadable::Newer(version) => newer(path, version),
            };
            CniError::new(code::RECORD, msg)
        })
    }

    /// Whether a file is called as a record is.
    pub fn is_name(path: &Path) -> bool {
        name::is_record(path)
    }

    /// Applies an event. The result is none for an event about an attachment that does not exist.
    fn apply(&mut self, event: Event<'_>) -> Option<()> {
        match event {
            Event::Added { index, result, micros } => {
                *self.results.get_mut(index)? = Some(result.into_owned());
                *self.micros.get_mut(index)? = micros;
            }
            Event::Deleted { index } => *self.deleted.get_mut(index)? = true,
            Event::Done(outcome) => self.outcome = Some(outcome.into_owned()),
            Event::Shadows { answers } => self.shadows = Some(answers.into_owned()),
        }
        Some(())
    }

    /// The attachments that DEL has to undo, as indexes into the header's, last first. An
    /// attachment without a result is among them: its plugins may have run.
    pub fn remaining(&self) -> Vec<usize> {
        let indexes = self.deleted.iter().enumerate().rev();
        indexes.filter(|(_, deleted)| !**deleted).map(|(index, _)| index).collect()
    }

    /// The result of one attachment; none when its ADD did not succeed.
    pub fn result(&self, index: usize) -> Option<&Value> {
        self.results.get(index).and_then(Option::as_ref)
    }

    /// How long the plugins of one attachment took, in microseconds; none when its ADD did not
    /// succeed, or an older build wrote the record.
    pub fn micros(&self, index: usize) -> Option<u64> {
        self.micros.get(index).copied().flatten()
    }

    /// What the shadows answered; none when there are none, or they were not asked.
    pub fn shadows(&self) -> Option<&Value> {
        self.shadows.as_ref()
    }

    /// The result of one attachment as it is in the pod: with the default routes that were settled
    /// after all plugins had run.
    pub fn settled(&self, index: usize) -> Option<&Value> {
        let settled = self.outcome.as_ref().and_then(|outcome| outcome.settled.get(&index));
        settled.or_else(|| self.result(index))
    }

    /// What ADD answered; none when it did not get that far.
    pub fn outcome(&self) -> Option<&Ending> {
        self.outcome.as_ref()
    }

    /// The record's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the record for further events.
    ///
    /// # Errors
    /// [`code::IO`] when it cannot be opened, [`code::INTERNAL`] when `lock` is another
    /// container's.
    pub fn journal(&self, lock: &Lock) -> Result<Journal, CniError> {
        belongs(lock, &self.header)?;
        Journal::open(self.path.clone(), lock)
    }
}

/// Checks that the lock is that of the record's container. A call that writes to another
/// container's record is a defect of ours, which must not become a race.
pub(super) fn belongs(lock: &Lock, header: &Header) -> Result<(), CniError> {
    if lock.container() == header.container {
        return Ok(());
    }
    let msg = format!("the record of container {} needs the lock of that container", header.container);
    Err(CniError::new(code::INTERNAL, msg))
}

fn decode_header(line: &[u8], path: &Path, wanted: Wanted) -> Result<Header, Unreadable> {
    let damaged = |why: String| Unreadable::Damaged(why);
    let json = line::decode(line).ok_or_else(|| damaged("the checksum of its header is wrong".into()))?;
    let header = match wanted {
        Wanted::All => serde_json::from_slice(json),
        Wanted::Attachments => serde_json::from_slice::<Header<IgnoredAny>>(json).map(Header::undecided),
    };
    let newer = |version: u64| (version > VERSION.into()).then_some(Unreadable::Newer(version));
    let header: Header = header.map_err(|error| match serde_json::from_slice::<Value>(json) {
        // Of a newer version the shape is not known.
        Ok(value) => value
            .get("version")
            .and_then(Value::as_u64)
            .and_then(newer)
            .unwrap_or_else(|| damaged(format!("its header is incomplete: {error}"))),
        Err(error) => damaged(format!("its header is no JSON: {error}")),
    })?;
    if let Some(newer) = newer(header.version.into()) {
        return Err(newer);
    }
    // A file that was copied or renamed must not undo another container's network.
    match name::record(&header.container, &header.interface) {
        Ok(name) if path.file_name().is_some_and(|file| file == name.as_str()) => Ok(header),
        _ => Err(damaged("its header names another container or interface than its file".into())),
    }
}

pub(super) fn damaged(path: &Path, reason: &str) -> String {
    format!(
        "attachment record {} is damaged ({reason}): what was attached for this container is not known, and its \
         networks may have kept addresses or interfaces; look into the file for what to clean up",
        path.display()
    )
}

pub(super) fn newer(path: &Path, version: u64) -> String {
    format!(
        "attachment record {} has format {version}, which this build does not know: a newer genie wrote it; \
         use that one",
        path.display()
    )
}

//! What is kept of definitions: a bounded number of bytes; what was not asked for longest goes.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Instant;

use super::Key;

/// How much memory all definitions may take, in bytes. One that is used has some thousand.
pub const ALL: usize = 2 << 20;
/// What a definition takes beside its text, in bytes.
const ENTRY: usize = 256;

/// A definition as it was read.
#[derive(Clone, Debug)]
pub struct Content {
    /// All of it as JSON.
    pub text: String,
    /// Its `resourceVersion`.
    pub version: String,
    /// When it was asked for.
    pub read: Instant,
}

impl Content {
    fn size(&self) -> usize {
        self.text.len() + ENTRY
    }
}

/// What the watch tells of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is there, in this version.
    Is(String),
    /// It was deleted, in this version.
    Gone(String),
}

impl Told {
    /// Whether who has read this version (or nothing) knows of what was told.
    pub fn is_known_to(&self, version: Option<&str>) -> bool {
        match (self, version) {
            (Self::Gone(_), None) => true,
            (Self::Is(_), None) => false,
            (Self::Is(told), Some(read)) => order(read, told).is_some_and(Ordering::is_ge),
            (Self::Gone(told), Some(read)) => order(read, told).is_some_and(Ordering::is_gt),
        }
    }
}

/// Versions are numbers that grow (Kubernetes promises that since 1.35, and it was always so). Of
/// others it can only be said whether they are the same.
fn order(one: &str, other: &str) -> Option<Ordering> {
    if one == other {
        return Some(Ordering::Equal);
    }
    let number = |version: &str| version.parse::<u64>().ok();
    Some(number(one)?.cmp(&number(other)?))
}

/// Definitions by namespace and name.
#[derive(Default)]
pub struct Kept {
    contents: BTreeMap<Key, (Content, u64)>,
    /// How often something was asked for so far: the order in which contents were used.
    used: u64,
    size: usize,
}

impl Kept {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.contents.len()
    }

    /// Returns what is kept.
    pub fn get(&self, key: &Key) -> Option<&Content> {
        self.contents.get(key).map(|(content, _)| content)
    }

    /// Returns what is kept, for somebody who uses it.
    pub fn touch(&mut self, key: &Key) -> Option<&Content> {
        self.used += 1;
        let (content, used) = self.contents.get_mut(key)?;
        *used = self.used;
        Some(content)
    }

    /// Keeps a content, unless it is larger than a quarter of all may be.
    pub fn insert(&mut self, key: Key, content: Content) {
        self.remove(&key);
        if content.size() > ALL / 4 {
            return;
        }
        self.size += content.size();
        self.used += 1;
        self.contents.insert(key, (content, self.used));
        while self.size > ALL {
            let oldest = self.contents.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.remove(&oldest);
        }
    }

    /// Forgets a content.
    pub fn remove(&mut self, key: &Key) {
        if let Some((removed, _)) = self.contents.remove(key) {
            self.size -= removed.size();
        }
    }

    /// Forgets a content that is older than what was told. What was read may be newer: a watch
    /// tells late.
    pub fn hear(&mut self, key: &Key, told: &Told) {
        if self.get(key).is_some_and(|content| !told.is_known_to(Some(&content.version))) {
            self.remove(key);
        }
    }

    #[cfg(test)]
    pub fn size(&self) -> usize {
        self.size
    }
}

//! What becomes of each key, with the reason.

use serde_json::Value;

use super::Written;

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// It is in our configuration as it was.
    Same,
    /// Our configuration says the same in its own way.
    Translated,
    /// What it was for is so without it, or is nothing that we have.
    NotNeeded,
    /// It is not carried over, and somebody has to do something about it.
    Cannot,
    /// Nobody knows it, so nobody can say.
    Unknown,
}

impl Becomes {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Translated => "translated",
            Self::NotNeeded => "not-needed",
            Self::Cannot => "cannot",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is not carried over.
    pub const fn is_lost(self) -> bool {
        matches!(self, Self::Cannot | Self::Unknown)
    }
}

/// What becomes of a key, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// What becomes of it.
    pub becomes: Becomes,
    /// What it becomes, why it is not needed, or what to do instead.
    pub how: String,
}

impl Fate {
    pub(super) fn new(becomes: Becomes, how: impl Into<String>) -> Self {
        Self { becomes, how: how.into() }
    }

    pub(super) fn same(how: impl Into<String>) -> Self {
        Self::new(Becomes::Same, how)
    }

    pub(super) fn translated(how: impl Into<String>) -> Self {
        Self::new(Becomes::Translated, how)
    }

    pub(super) fn not_needed(how: impl Into<String>) -> Self {
        Self::new(Becomes::NotNeeded, how)
    }

    pub(super) fn cannot(how: impl Into<String>) -> Self {
        Self::new(Becomes::Cannot, how)
    }

    /// Multus itself could not read such a value.
    pub(super) fn wrong(expected: &str) -> Self {
        Self::cannot(format!("it is not {expected}, so that Multus cannot read it either: correct it"))
    }
}

/// Where a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Multus' file in the conf dir.
    File,
    /// The configuration of its daemon.
    Daemon,
    /// The flags of its DaemonSet.
    Flags,
    /// Nowhere: Multus' default counts.
    Default,
}

impl Source {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Daemon => "daemon",
            Self::Flags => "flags",
            Self::Default => "default",
        }
    }

    /// In a sentence.
    const fn in_words(self) -> &'static str {
        match self {
            Self::File => "the file",
            Self::Daemon => "the daemon's configuration",
            Self::Flags => "the flags",
            Self::Default => "Multus' default",
        }
    }
}

/// One key and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it is written.
    pub source: Source,
    /// The key, or the flag, as it is written there.
    pub key: String,
    /// Its value, without secrets.
    pub value: Value,
    /// What becomes of it.
    pub fate: Fate,
}

impl Line {
    pub(super) fn new(written: Written, fate: Fate) -> Self {
        Self { source: written.source, key: written.name, value: written.value, fate }
    }
}

/// A key that another place says, too, which counts.
pub(super) fn overridden(written: Written, counts: &Written) -> Line {
    let Written { source, name, value } = counts;
    let place = source.in_words();
    let fate = if *value == written.value {
        Fate::not_needed(format!("{place} says the same by {name}"))
    } else {
        Fate::not_needed(format!("{name} in {place} counts, and says otherwise"))
    };
    Line::new(written, fate)
}

/// A plugin that stands beside Multus in its list.
pub(super) fn beside(plugin: &(usize, Value)) -> Line {
    let (index, plugin) = plugin;
    let kind = plugin.get("type").and_then(Value::as_str).unwrap_or_default();
    let how = format!("{kind:?} stands beside Multus in its list: append it to the list of the default network");
    Line { source: Source::File, key: format!("plugins[{index}]"), value: plugin.clone(), fate: Fate::cannot(how) }
}

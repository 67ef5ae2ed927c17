//! How much one call of a selector may use.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmtime::ResourceLimiter;

use crate::selector::keys;

/// How much a configuration entry lets its selector use in one call. The limits are deterministic:
/// a call that fits here fits on every node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Fuel: roughly one for each WebAssembly instruction.
    pub fuel: u64,
    /// Bytes of memory, over all of the selector's memories.
    pub memory: usize,
    /// Bytes of log messages that are kept.
    pub log_bytes: usize,
    /// Number of log messages that are kept.
    pub log_messages: usize,
    /// Bytes that the selector may hand to the host at once: its answer, or the arguments of an
    /// import.
    pub output_bytes: usize,
    /// Bytes that are asked of the imports and answered in one CNI call, by the selector and those
    /// before it.
    pub facts_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 50_000_000,
            memory: 64 << 20,
            log_bytes: 64 << 10,
            log_messages: 256,
            output_bytes: 1 << 20,
            facts_bytes: 4 << 20,
        }
    }
}

/// Core instances of one component. Languages with a runtime need about 20.
pub const INSTANCES: usize = 64;
/// Memories of one component.
pub const MEMORIES: usize = 8;
/// Tables of one component.
pub const TABLES: usize = 64;
/// Elements over all tables of one component.
pub const TABLE_ELEMENTS: usize = 100_000;
/// Handles to resources that exist at the same time.
pub const HANDLES: usize = 256;
/// Bytes of log messages that are accepted in one call, kept or not.
pub const LOGGED: usize = 16 << 20;
/// Questions to the imports `pod`, `cluster` and `node` in one call.
pub const QUESTIONS: usize = 256;

/// The keys of `limits`.
const KEYS: [&str; 6] = ["fuel", "memory", "facts_bytes", "output_bytes", "log_bytes", "log_messages"];

impl Limits {
    /// Reads a configuration entry's `limits`: an object with any of `fuel`, `memory`, `log_bytes`,
    /// `log_messages`, `output_bytes`, `facts_bytes`. Sizes are bytes, as a number or as text with
    /// a suffix (`"16Mi"`, see [`parse_bytes`]). Null means all defaults.
    ///
    /// # Errors
    /// The text says which key is wrong and what would be right.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let mut limits = Self::default();
        let members = match value {
            Value::Null => return Ok(limits),
            Value::Object(members) => members,
            other => {
                return Err(format!("limits is {other}, not an object such as {{\"memory\": \"16Mi\"}}"));
            }
        };
        for (key, value) in members {
            let number = || {
                number(value).filter(|number| *number > 0).ok_or_else(|| {
                    format!("limits.{key} is {value}: write a number above 0, or a text such as \"16Mi\"")
                })
            };
            let size = || usize::try_from(number()?).map_err(|_| format!("limits.{key} is {value}: too large"));
            match key.as_str() {
                "fuel" => limits.fuel = number()?,
                "memory" => limits.memory = size()?,
                "log_bytes" => limits.log_bytes = size()?,
                "log_messages" => limits.log_messages = size()?,
                "output_bytes" => limits.output_bytes = size()?,
                "facts_bytes" => limits.facts_bytes = size()?,
                _ => return Err(format!("limits: {}", keys::unknown(key, KEYS))),
            }
        }
        Ok(limits)
    }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => parse_bytes(text),
        other => other.as_u64(),
    }
}

/// Reads a quantity as Kubernetes writes it: `16777216`, `16Mi` (1024s: `Ki`, `Mi`, `Gi`) or `64M`
/// (1000s: `k`, `M`, `G`).
pub fn parse_bytes(text: &str) -> Option<u64> {
    const SUFFIXES: [(&str, u64); 6] =
        [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)];
    let (digits, unit) =
        SUFFIXES.iter().find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit))).unwrap_or((text, 1));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// A size for people, in the largest of Mi, Ki and bytes that divides it.
pub fn show_bytes(bytes: usize) -> String {
    match bytes {
        0 => "0".into(),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}Mi", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{}Ki", bytes >> 10),
        _ => bytes.to_string(),
    }
}

/// What one call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The fuel used, instantiation included.
    pub fuel: u64,
    /// Bytes of memory at the peak, over all memories.
    pub memory: usize,
    /// Bytes that the selector asked its imports and was answered.
    #[serde(default)]
    pub facts: usize,
}

/// The limit at which the host stopped a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// The memories would have come to `wanted` bytes.
    Memory {
        /// The bytes that the selector wanted.
        wanted: usize,
        /// The bytes that it may have.
        limit: usize,
    },
    /// The tables would have held too many elements.
    TableElements {
        /// The number of elements that the selector wanted.
        wanted: usize,
    },
    /// The selector logged more than [`LOGGED`] bytes.
    Logged,
    /// The selector asked its imports more than [`QUESTIONS`] times.
    Questions,
    /// More was asked and answered than this limit allows.
    Facts {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The CNI call's deadline passed while an import was being answered.
    Deadline,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { wanted, limit } => write!(
                f,
                "went over its memory limit of {}: it wanted {wanted} bytes; if it needs them, raise limits.memory",
                show_bytes(*limit)
            ),
            Self::TableElements { wanted } => {
                write!(f, "went over the limit of {TABLE_ELEMENTS} table elements: it wanted {wanted}")
            }
            Self::Logged => write!(f, "logged more than {} in one call", show_bytes(LOGGED)),
            Self::Questions => write!(f, "asked its imports more than {QUESTIONS} times in one call"),
            Self::Facts { limit } => write!(
                f,
                "went over the limit of {} for what is asked of imports and answered in one call, by it and the \
                 selectors before it; if it needs more, raise limits.facts_bytes",
                show_bytes(*limit)
            ),
            Self::Deadline => f.write_str("was still asking its imports when the time for this CNI call ran out"),
        }
    }
}

impl std::error::Error for Exceeded {}

/// Counts what all memories and tables of a store hold together.
///
/// Wasmtime's own `StoreLimits` bounds each memory by itself, so a component with eight memories
/// would get eight times the limit. Exceeding the limit ends the call and does not just fail the
/// growth: inside the guest, a failed growth looks like any panic.
#[derive(Debug)]
pub struct Meter {
    limit: usize,
    memory: usize,
    /// The last growth that was allowed, to be taken back if it fails after all.
    growth: usize,
    peak: usize,
    elements: usize,
}

impl Meter {
    /// A meter that allows so many bytes of memory, with none used yet.
    pub fn new(limit: usize) -> Self {
        Self { limit, memory: 0, growth: 0, peak: 0, elements: 0 }
    }

    /// Bytes of memory at the peak.
    pub fn peak(&self) -> usize {
        self.peak
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current);
        let wanted = self.memory.saturating_add(growth);
        if wanted > self.limit {
            return Err(wasmtime::Error::new(Exceeded::Memory { wanted, limit: self.limit }));
        }
        self.growth = growth;
        self.memory = wanted;
        self.peak = self.peak.max(wanted);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory = self.memory.saturating_sub(std::mem::take(&mut self.growth));
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.elements.saturating_add(desired.saturating_sub(current));
        if wanted > TABLE_ELEMENTS {
            return Err(wasmtime::Error::new(Exceeded::TableElements { wanted }));
        }
        self.elements = wanted;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }

    fn tables(&self) -> usize {
        TABLES
    }
}

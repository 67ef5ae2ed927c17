//! The networks to choose from, and what is known of each.

use std::fmt;

use genie_selector::{Refusal, Request, node};

use crate::settings::{Settings, Watched};

/// An installed network.
pub struct Candidate<'a> {
    /// Its name in the table.
    name: &'a str,
    /// The beginning of its interfaces' names.
    prefix: &'a str,
    /// Its file in the configuration directory.
    pub file: &'a str,
    /// What its interfaces have received, in bytes, unless that is not known.
    received: Option<u64>,
    /// How many addresses it has left, unless that is not known.
    free: Option<u64>,
}

/// The networks of the table that are installed and that this selector may choose, in the table's order; and why
/// something is not known of one of them, empty when all is.
pub fn candidates<'a>(request: &'a Request, settings: &'a Settings) -> (Vec<Candidate<'a>>, String) {
    let mut found: Vec<Candidate<'a>> = Vec::new();
    let mut missing = String::new();
    for Watched { name, prefix } in &settings.networks {
        let Some(network) = request.find_network(name) else { continue };
        let is_forbidden = request.attributes("forbidden").any(|file| file == network.file);
        if is_forbidden || found.iter().any(|earlier| earlier.file == network.file) {
            continue;
        }
        let received = told(node::traffic(prefix), &mut missing).map(|counters| counters.rx_bytes);
        let free = told(node::free_addresses(&network.file), &mut missing).flatten();
        found.push(Candidate { name, prefix, file: &network.file, received, free });
    }
    (found, missing)
}

/// A fact; or none, and the reason is noted.
fn told<T>(fact: Result<T, Refusal>, missing: &mut String) -> Option<T> {
    let why = match fact {
        Ok(fact) => return Some(fact),
        Err(Refusal::Unavailable(why)) => why,
        Err(other) => other.to_string(),
    };
    if !missing.is_empty() {
        missing.push_str("; ");
    }
    missing.push_str(&why);
    None
}

impl Candidate<'_> {
    /// Whether the node tells anything of it.
    pub fn is_known(&self) -> bool {
        self.received.is_some() || self.free.is_some()
    }

    /// Whether it has no address left.
    pub fn is_full(&self) -> bool {
        self.free == Some(0)
    }

    /// What candidates are compared by. One of unknown traffic comes after all others.
    pub fn load(&self) -> u64 {
        self.received.unwrap_or(u64::MAX)
    }
}

/// Writes the network and its figures: `weave (10-weave.conf), 10 bytes on weav*, 250 addresses left`.
impl fmt::Display for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}), ", self.name, self.file)?;
        match self.received {
            Some(bytes) => write!(f, "{bytes} bytes on {}*", self.prefix)?,
            None => f.write_str("unknown traffic")?,
        }
        match self.free {
            Some(0) => f.write_str(", no address left"),
            Some(count) => write!(f, ", {count} addresses left"),
            None => Ok(()),
        }
    }
}

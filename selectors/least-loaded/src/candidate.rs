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
    /// What its interfaces have received, unless that is not known.
    received: Option<Received>,
    /// How many addresses it has left, unless that is not known.
    free: Option<u64>,
}

/// What interfaces have received. All candidates have figures of one kind: a rate and a sum do not compare.
enum Received {
    /// So many bytes in a second.
    InASecond(u64),
    /// So many bytes since they came up.
    SinceUp(u64),
}

/// The candidates, and what is not known of them.
pub struct Candidates<'a> {
    /// The networks of the table that are installed and that this selector may choose, in the table's order.
    pub all: Vec<Candidate<'a>>,
    /// Why the rates are not known; none when they are compared.
    pub without_rates: Option<String>,
    /// Why something else is not known of one of them, empty when all is.
    pub missing: String,
}

impl<'a> Candidates<'a> {
    /// Finds them, and asks what is known of each.
    pub fn of(request: &'a Request, settings: &'a Settings) -> Self {
        let mut all: Vec<Candidate<'a>> = Vec::new();
        for Watched { name, prefix } in &settings.networks {
            let Some(network) = request.find_network(name) else { continue };
            let is_forbidden = request.attributes("forbidden").any(|file| file == network.file);
            if is_forbidden || all.iter().any(|earlier| earlier.file == network.file) {
                continue;
            }
            all.push(Candidate { name, prefix, file: &network.file, received: None, free: None });
        }
        let mut missing = String::new();
        // Whoever does not tell one rate tells none: a call does not wait again.
        let rates: Result<Vec<_>, _> = all.iter().map(|candidate| node::traffic_rate(candidate.prefix)).collect();
        let without_rates = match rates {
            Ok(rates) => {
                for (candidate, rates) in all.iter_mut().zip(rates) {
                    candidate.received = Some(Received::InASecond(rates.rx_bytes));
                }
                None
            }
            Err(why) => {
                for candidate in &mut all {
                    let counters = told(node::traffic(candidate.prefix), &mut missing);
                    candidate.received = counters.map(|counters| Received::SinceUp(counters.rx_bytes));
                }
                Some(in_words(why))
            }
        };
        for candidate in &mut all {
            candidate.free = told(node::free_addresses(candidate.file), &mut missing).flatten();
        }
        Self { all, without_rates, missing }
    }
}

/// A fact; or none, and the reason is noted.
fn told<T>(fact: Result<T, Refusal>, missing: &mut String) -> Option<T> {
    let why = match fact {
        Ok(fact) => return Some(fact),
        Err(why) => in_words(why),
    };
    if !missing.is_empty() {
        missing.push_str("; ");
    }
    missing.push_str(&why);
    None
}

fn in_words(why: Refusal) -> String {
    match why {
        Refusal::Unavailable(why) => why,
        other => other.to_string(),
    }
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
        match self.received {
            Some(Received::InASecond(bytes) | Received::SinceUp(bytes)) => bytes,
            None => u64::MAX,
        }
    }
}

/// Writes the network and its figures: `weave (10-weave.conf), 10 bytes/s on weav*, 250 addresses left`.
impl fmt::Display for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}), ", self.name, self.file)?;
        match self.received {
            Some(Received::InASecond(bytes)) => write!(f, "{bytes} bytes/s on {}*", self.prefix)?,
            Some(Received::SinceUp(bytes)) => write!(f, "{bytes} bytes on {}*", self.prefix)?,
            None => f.write_str("unknown traffic")?,
        }
        match self.free {
            Some(0) => f.write_str(", no address left"),
            Some(count) => write!(f, ", {count} addresses left"),
            None => Ok(()),
        }
    }
}

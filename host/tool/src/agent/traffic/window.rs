//! Traffic over the last minute.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How many steps in between two readings are kept. At one reading in ten seconds that is a minute: one burst
/// does not decide, and what was an hour ago does not either.
const STEPS: usize = 6;

/// Received and sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    pub received: u64,
    pub sent: u64,
}

/// The last steps of all interfaces. An interface takes some hundred and fifty bytes, however long the agent
/// runs.
#[derive(Debug, Default)]
pub struct Window {
    interfaces: HashMap<Box<str>, Interface>,
    /// How long each step took; zero for one that has not been.
    steps: [Duration; STEPS],
    newest: Option<Instant>,
    /// The number of readings.
    readings: usize,
}

#[derive(Debug)]
struct Interface {
    counters: Bytes,
    /// What it carried in each step.
    steps: [Bytes; STEPS],
    /// The reading that has it.
    reading: usize,
}

impl Window {
    /// Adds a reading of the counters of all interfaces.
    pub fn add<'a>(&mut self, now: Instant, counters: impl Iterator<Item = (&'a str, Bytes)>) {
        self.readings = self.readings.wrapping_add(1);
        let reading = self.readings;
        let slot = reading % STEPS;
        if let Some(earlier) = self.newest.replace(now) {
            self.steps[slot] = now.saturating_duration_since(earlier);
        }
        for (name, counters) in counters {
            if let Some(known) = self.interfaces.get_mut(name) {
                known.steps[slot] = counters.since(known.counters);
                known.counters = counters;
                known.reading = reading;
            } else {
                // Nobody knows when it carried what it carried before.
                let new = Interface { counters, steps: [Bytes::default(); STEPS], reading };
                self.interfaces.insert(name.into(), new);
            }
        }
        self.interfaces.retain(|_, interface| interface.reading == reading);
    }

    /// When the newest reading was.
    pub const fn newest(&self) -> Option<Instant> {
        self.newest
    }

    /// How many interfaces are known.
    #[cfg(test)]
    pub fn known(&self) -> usize {
        self.interfaces.len()
    }

    /// What all interfaces whose names start with `prefix` carry in a second; none before the second reading.
    pub fn rate(&self, prefix: &str) -> Option<Bytes> {
        let lasted = self.steps.iter().sum::<Duration>();
        if lasted.is_zero() {
            return None;
        }
        let meant = self.interfaces.iter().filter(|(name, _)| name.starts_with(prefix));
        let steps = meant.flat_map(|(_, interface)| interface.steps);
        let sum = steps.fold((0_u128, 0_u128), |(received, sent), step| {
            (received + u128::from(step.received), sent + u128::from(step.sent))
        });
        let in_a_second = |bytes: u128| {
            let bytes = bytes.saturating_mul(Duration::from_secs(1).as_nanos()) / lasted.as_nanos();
            u64::try_from(bytes).unwrap_or(u64::MAX)
        };
        Some(Bytes { received: in_a_second(sum.0), sent: in_a_second(sum.1) })
    }
}

impl Bytes {
    /// What was carried since counters stood so.
    const fn since(self, earlier: Self) -> Self {
        Self { received: since(self.received, earlier.received), sent: since(self.sent, earlier.sent) }
    }
}

/// A counter that is lower than before began anew: another interface has the name, or a driver was reset.
const fn since(now: u64, earlier: u64) -> u64 {
    if now < earlier { now } else { now - earlier }
}

//! The figures as text.

use std::fmt;

use super::Beside;

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for l in &self.rounds {
            writeln!(
                f,
                "{:20} {:10} {} add {:7.2} {:7.2} del {:7.2} {:7.2} cpu {:7.2} {:7.2} fail {}",
                l.who.name(),
                l.kind.plugin(),
                l.networks,
                l.add.p50(),
                l.add.p95(),
                l.del.p50(),
                l.del.p95(),
                l.cpu.0,
                l.cpu.1,
                l.failures.len()
            )?;
        }
        for l in &self.bursts {
            writeln!(
                f,
                "{:20} {:10} {} add {:7.2} {:7.2} span {:7.2} cpu {:7.2} fail {}/{} del {:7.2} fail {} rss {} pss {} {:?}",
                l.who.name(),
                l.kind.plugin(),
                l.size,
                l.add.calls.p50(),
                l.add.calls.p95(),
                l.add.makespans.p50(),
                l.add.cpu.p50(),
                l.add.failures.len(),
                l.add.made,
                l.del.makespans.p50(),
                l.del.failures.len(),
                l.resident,
                l.proportional,
                l.add.failures.first()
            )?;
        }
        for l in &self.held {
            writeln!(f, "{:20} {} rss {} pss {}", l.who.name(), l.waiting, l.resident, l.proportional)?;
        }
        writeln!(f, "{:?} {:?}", self.idle, self.effort)
    }
}

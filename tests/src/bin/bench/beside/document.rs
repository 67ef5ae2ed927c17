//! The figures as text: the output of `make bench`, and `docs/performance.md`.

use std::fmt::{self, Write as _};

use genie_tests::Samples;

use super::Beside;
use super::bursts::SIZES;
use super::contender::Who;
use super::site::{Kind, PODS};
use super::targets;
use crate::chart::number;
use crate::table::Table;

/// The contents of the page.
const CONTENTS: &str = "\
[Targets](#targets), [how it is measured](#how-it-is-measured),
[one call after the other](#one-call-after-the-other), [definitions](#definitions), [many at once](#many-at-once), [memory](#memory),
[where our own time goes](#where-our-own-time-goes), [the API server of a large cluster](#the-api-server-of-a-large-cluster)";

/// How the figures were measured, for the page's readers.
const HOW: &str = "\
All programs are measured in one run on one machine, in one cgroup, on the same delegates, with warm
caches: one call each in turn. Each round begins with another program, so that the machine's other work
meets all alike. A program *adds* its time minus the time of its delegates alone in the same round.
Before a program is measured, it is seen to do its work: interfaces in the pod, none after DEL, and,
if it publishes, the status of every network on the pod in the API server.

- **delegate alone**: the benchmark starts the delegates itself, one after the other.
- **cnitool**: libcni's own command line, one network.
- **genie**: annotations from the runtime, no agent.
- **genie, agent**: as `deploy/` installs it: annotations from the runtime; the agent publishes
  the pod's network status after the answer.
- **genie, asks agent**: the same, but the annotations are asked of the agent.
- **genie, asks API**: no agent and no annotations from the runtime: each ADD asks the API server.
  That happens on a node that is set up wrong, and is shown because it is slow.
- **Multus thin, inline**: Multus 4.3.0 in its cheapest configuration: all networks in `delegates`, no
  kubeconfig, no API server, nothing published.
- **Multus thin**: as its entrypoint configures it: the first network in `delegates`, the others from
  NetworkAttachmentDefinitions that the pod's annotation names, status published.
- **Multus thick**: shim and daemon, as its DaemonSet configures them (`auto`, chroot to the host's
  root). Memory and CPU time include the daemon's. The first network is a `.conf`: on DEL this version
  forgets the keys of a `.conflist` that it does not know itself, so that host-local's DEL fails, and
  the shim reports success.

The API server is a real kube-apiserver with etcd on the same machine, so it answers as fast as
possible. The no-op delegate is a static program that reads its configuration and prints a result.
The real one is the bridge plugin with host-local, without masquerading. CPU time is user and system
time of all processes that a call started, and the daemon's until it rests again.

All state is on the same disk. genie writes a record that survives a power cut (`sync` below;
where no agent runs, DEL also gives its blocks back). Multus and cnitool write their state without a sync. So
genie's time depends on the disk and on its other writers, and theirs does not. A plugin
that does something takes longer than the sync, which goes on beside it.

[performance/tried.md](performance/tried.md) lists what was tried to make it less, with the results.";

/// What the figures of definitions are.
const DEFINITIONS: &str = "\
genie in the place of Multus: each pod has its default network and two NetworkAttachmentDefinitions of
the same API server, by the same annotation. All reach the API server by way of a proxy on the same
machine, which delays each of its answers. Requests are those of one call, also those after its answer
(status, events). A daemon's watch is not counted.";

impl Beside {
    /// The whole page. `machine` names the machine, and `command` the command that measured.
    pub fn page(&self, machine: &str, command: &str) -> String {
        let plot = |name: &str, says: &str| format!("![{says}](performance/{name}.svg)\n\n");
        format!(
            "# Performance\n\nWritten by `{command}`; do not edit.\n\n{CONTENTS}\n\n{machine}\n\n## Targets\n\n{}\n\
             ## How it is measured\n\n{HOW}\n\n## One call after the other\n\n{}{}{}\
             ## Definitions\n\n{DEFINITIONS}\n\n{}## Many at once\n\n{}{}## Memory\n\n{}{}## Where our own time goes\n\n{}{}",
            Targets(self),
            plot("added", "What one call adds to its delegate"),
            plot("networks", "ADD of one to three networks"),
            Rounds(self),
            self.definitions,
            plot("bursts", "Bursts of ADDs"),
            Bursts(self),
            plot("memory", "Memory of 96 ADDs"),
            Memory(self),
            plot("parts", "The parts of an ADD"),
            Parts(self),
        )
    }
}

struct Targets<'a>(&'a Beside);
struct Rounds<'a>(&'a Beside);
struct Bursts<'a>(&'a Beside);
struct Memory<'a>(&'a Beside);
struct Parts<'a>(&'a Beside);

impl fmt::Display for Targets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(&["", "ours / theirs", "ratio", "at most", ""]);
        for target in targets::all(self.0) {
            let met = if target.met() { "met" } else { "missed" };
            let (ratio, limit) = (format!("{:.3}", target.ratio), format!("{:.2}", target.limit));
            table.row([target.what, target.figures, ratio, limit, met.into()]);
        }
        writeln!(f, "{table}")
    }
}

impl fmt::Display for Rounds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effort = self.0.effort;
        for (kind, rounds) in [(Kind::Noop, effort.noop), (Kind::Bridge, effort.bridge)] {
            for networks in 1..=3 {
                writeln!(f, "### {}, {networks} network{}\n", kind.name(), if networks == 1 { "" } else { "s" })?;
                let mut table = Table::new(&[
                    "ms, p50 / p95",
                    "ADD",
                    "adds (p50)",
                    "CPU of ADD",
                    "DEL",
                    "adds (p50)",
                    "CPU of DEL",
                    "failed",
                ]);
                for line in Who::ALL.into_iter().filter_map(|who| self.0.rounds_of(who, kind, networks)) {
                    let (add, del) = self.0.added(line.who, kind, networks);
                    table.row([
                        line.who.name().into(),
                        both(&line.add),
                        figure(add),
                        figure(line.cpu.0),
                        both(&line.del),
                        figure(del),
                        figure(line.cpu.1),
                        line.failures.len().to_string(),
                    ]);
                }
                writeln!(f, "{table}\n{rounds} rounds. {}", said(self.0, kind, networks))?;
            }
        }
        Ok(())
    }
}

/// The failures, one for each contender that had any: a number of failures needs a reason.
fn said(measured: &Beside, kind: Kind, networks: usize) -> String {
    let lines = Who::ALL.into_iter().filter_map(|who| measured.rounds_of(who, kind, networks));
    reasons(lines.filter_map(|line| Some((line.who, line.failures.first()?))))
}

pub fn reasons<'a>(failures: impl Iterator<Item = (Who, &'a String)>) -> String {
    let mut text = String::new();
    for (who, message) in failures {
        // The place of a failure is left out; its reason is at the end.
        let line = message.split("msg\": \"").nth(1).unwrap_or(message).lines().next().unwrap_or_default();
        let short: String = line.chars().rev().take(160).collect::<Vec<_>>().into_iter().rev().collect();
        _ = write!(text, "\n- {}: `… {}`", who.name(), short.replace('`', "'"));
    }
    if text.is_empty() { "\n".into() } else { format!("What failed was undone. It said:\n{text}\n") }
}

impl fmt::Display for Bursts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effort = self.0.effort;
        for (kind, rounds) in [(Kind::Noop, effort.noop_bursts), (Kind::Bridge, effort.bridge_bursts)] {
            for size in SIZES {
                writeln!(f, "### {}, {size} at once\n", kind.name())?;
                let mut table = Table::new(&[
                    "ms; MiB",
                    "all ADDs",
                    "one, p50 / p95",
                    "CPU of one",
                    "failed",
                    "all DELs",
                    "failed",
                    "memory",
                ]);
                for line in Who::ALL.into_iter().filter_map(|who| self.0.bursts_of(who, kind, size)) {
                    let failed = |verb: &super::bursts::Verb| format!("{} of {}", verb.failures.len(), verb.made);
                    table.row([
                        line.who.name().into(),
                        figure(line.add.makespans.p50()),
                        both(&line.add.calls),
                        figure(line.add.cpu.p50()),
                        failed(&line.add),
                        figure(line.del.makespans.p50()),
                        failed(&line.del),
                        if line.resident == 0 { "–".into() } else { (line.resident / 1024).to_string() },
                    ]);
                }
                let lines = Who::ALL.into_iter().filter_map(|who| self.0.bursts_of(who, kind, size));
                let failed = lines.filter_map(|line| Some((line.who, line.add.failures.first()?)));
                writeln!(f, "{table}\n{rounds} bursts. {}", reasons(failed))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Memory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{PODS} ADDs at once, all held at their delegates while memory is read: the sum of all their processes\n\
             (the delegates too) and the daemon. \"Resident\" counts a page in each process that has it; the\n\
             other column counts it once. Fewer delegates than {PODS} wait when ADDs have failed before theirs.\n"
        )?;
        let mut table = Table::new(&["MiB", "delegates waiting", "resident", "shared once"]);
        for who in Who::ALL {
            if let Some(held) = self.0.held_of(who) {
                let of = |kibibytes: u64| (kibibytes / 1024).to_string();
                table.row([who.name().into(), held.waiting.to_string(), of(held.resident), of(held.proportional)]);
            }
        }
        writeln!(f, "{table}")?;
        for (who, idle) in &self.0.idle {
            writeln!(f, "The daemon of {} uses {:.2} % of a core when nobody asks it.", who.name(), idle * 100.0)?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "genie, one no-op network, µs, as the plugin tells its agent. `process` is the part that it cannot measure:\n\
             its start until `main`, and its end. `delegate` holds the delegate's own time.\n"
        )?;
        for (verb, parts) in [("ADD", &self.0.parts.0), ("DEL", &self.0.parts.1)] {
            let mut table = Table::new(&[verb, "p50", "p95"]);
            for (name, samples) in &parts.0 {
                let micros = |milliseconds: f64| format!("{:.0}", milliseconds * 1e3);
                table.row([name.clone(), micros(samples.p50()), micros(samples.p95())]);
            }
            writeln!(f, "{table}")?;
        }
        let Some(alone) = self.0.rounds_of(Who::Delegate, Kind::Noop, 1) else { return Ok(()) };
        let parts = &self.0.parts;
        writeln!(
            f,
            "Whose that is: half of all calls, in µs, and in times of the no-op delegate alone ({:.0} µs for ADD, {:.0} for\n\
             DEL), which is a process that reads its configuration and prints a result.\n",
            alone.add.p50() * 1e3,
            alone.del.p50() * 1e3
        )?;
        let mut table = Table::new(&["", "ADD", "no-op processes", "DEL", "no-op processes"]);
        let mut row = |what: &str, add: f64, del: f64| {
            let own = |time: f64, process: f64| [format!("{:.0}", time * 1e3), format!("{:.2}", time / process)];
            let ([add, add_times], [del, del_times]) = (own(add, alone.add.p50()), own(del, alone.del.p50()));
            table.row([what.into(), add, add_times, del, del_times]);
        };
        let (mut added, mut taken) = (0.0, 0.0);
        for (what, names) in WHOSE {
            let own = names.contains(&"delegate");
            let add = parts.0.of(names) - if own { alone.add.p50() } else { 0.0 };
            let del = parts.1.of(names) - if own { alone.del.p50() } else { 0.0 };
            row(what, add, del);
            (added, taken) = (added + add, taken + del);
        }
        row("all that is added", added, taken);
        writeln!(f, "{table}")
    }
}

/// Whose the parts of a call are.
const WHOSE: [(&str, &[&str]); 5] = [
    ("the kernel's: a process more, from its start to `main`, and its end", &["process"]),
    (
        "CNI's: the call, the configuration and the conf dir are read, the plan becomes attachments, the results one answer",
        &["start", "configuration", "facts", "prepare", "merge", "answer"],
    ),
    ("the policy's: a sandboxed selector is loaded and asked", &["load", "select"]),
    ("the record's, which survives a power cut and is all that DEL needs", &["record", "sync", "finish"]),
    ("the delegate's start and end by us, beyond its own time", &["delegate"]),
];

pub fn both(samples: &Samples) -> String {
    if samples.is_empty() { "–".into() } else { format!("{} / {}", number(samples.p50()), number(samples.p95())) }
}

pub fn figure(value: f64) -> String {
    if value.is_finite() { number(value) } else { "–".into() }
}

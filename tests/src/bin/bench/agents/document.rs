//! The figures as text and as pictures.

use std::fmt::Write as _;

use super::{AT_A_TIME, Agents, DEFINITIONS, Phase};
use crate::chart::{self, Series, bars, colour, number};
use crate::table::Table;

/// The heading of the section.
pub const HEADING: &str = "The API server of a large cluster";

/// The points of the curves: a share of the agents, in percent.
const SHARES: [usize; 6] = [0, 20, 40, 60, 80, 100];

impl Agents {
    /// The section of the page.
    pub fn section(&self, machine: &str) -> String {
        let count = self.count;
        let follow = if self.with_pods { "pods and definitions" } else { "definitions" };
        let mut text = format!(
            "## {HEADING}\n\nWritten by `make bench PART=agents DOCS=1`; do not edit. Measured on {machine}.\n\n\
             {count} agents follow {follow}, each by the agent's own code with its own connections and the rights of\n\
             `deploy/`, beside a real kube-apiserver with {DEFINITIONS} NetworkAttachmentDefinitions. All agents are in \
             one process\non the same machine, so they share its cores with the API server: seconds are those of this \
             machine, the\nrequests and the API server's work are those of any. All pods use one definition. A rollout \
             replaces {AT_A_TIME}\nagents at a time.\n\n"
        );
        let mut table = Table::new(&[
            "",
            "GET",
            "LIST",
            "429",
            "watches",
            "MiB out",
            "CPU s",
            "etcd CPU s",
            "peak MiB",
            "half of the agents, s",
            "all, s",
        ]);
        for phase in &self.phases {
            let cost = &phase.cost;
            table.row([
                phase.name.to_owned(),
                whole(phase.requests("GET")),
                whole(phase.requests("LIST")),
                whole(cost.refused),
                phase.watches.to_string(),
                number(cost.bytes / f64::from(1 << 20)),
                number(cost.cpu.0),
                number(cost.cpu.1),
                (cost.peak / 1024).to_string(),
                number(phase.share(50)),
                number(phase.share(100)),
            ]);
        }
        _ = writeln!(text, "{table}");
        let failed: u64 = self.phases.iter().map(|phase| phase.failed).sum();
        _ = write!(
            text,
            "\nBefore the first agent the API server has {} MiB. A list of one name counts as GET. \
             \"Watches\" are those\nthat are open at the end. A \
             change is known\nwhen the agent no longer answers with the old definition. {failed} questions had to be \
             asked again.\n\n\
             ![The API server's work](performance/agents.svg)\n\n\
             ![Until agents know a change](performance/agents-change.svg)\n\n",
            self.before / 1024
        );
        _ = writeln!(
            text,
            "- **An agent lists no definitions.** It asks for a list of one name, for the version of this moment, \
             and watches from there.\n  A list of all metadata is {} MiB here, and {} s of the API server's CPU time; that times \
             {count} is what a start of\n  all agents would cost.",
            number(self.list.bytes / f64::from(1 << 20)),
            number(self.list.cpu.0),
        );
        text.push_str(WHY);
        text
    }

    /// The file names of the pictures, and their SVG.
    pub fn plots(&self) -> [(&'static str, String); 2] {
        let row = |phase: &Phase| Series {
            name: phase.short().into(),
            colour: colour("genie"),
            values: vec![phase.cost.cpu.0, phase.cost.cpu.1],
        };
        let rows: Vec<_> = self.phases.iter().map(row).collect();
        let work = format!("CPU time for what happens to {} agents", self.count);
        let named = |name: &'static str, of: &str, colour: &'static str| {
            let phase = self.phases.iter().find(|phase| phase.name.starts_with(of));
            let values = SHARES.map(|share| phase.map_or(f64::NAN, |phase| phase.share(share) * 1e3));
            Series { name: name.into(), colour, values: values.into() }
        };
        let lines = [
            named("knows it", "one definition", colour("genie")),
            named("has read it", "the next pod on each node, all", colour("cnitool")),
        ];
        let points = SHARES.map(|share| format!("{share} %"));
        let title = format!("One definition is changed: until so many of {} agents know it, and read it", self.count);
        [
            ("agents.svg", bars(&work, "s", &["API server", "etcd"], &rows)),
            ("agents-change.svg", chart::lines(&title, "ms", &points, &lines)),
        ]
    }
}

/// What the figures mean.
const WHY: &str = "\
- **A node that starts no such pod asks for nothing**, and watches nothing: the first question begins the watch.
- **The first question is read before the watch has begun**, so the next one is read once more. From then on no pod
  costs a read.
- **A change is one event for each agent**, and a read only on the nodes that start such a pod next.
- **All agents are one account**, of which the API server serves some requests at once and refuses others (429). These
  are made again when it says or up to twice as late, by chance, so that they do not come again at the same instant. That
  is most of what the last agents wait for.
";

impl Phase {
    fn requests(&self, verb: &str) -> f64 {
        self.cost.requests.iter().filter(|((of, _), _)| of == verb).map(|(_, count)| count).sum()
    }

    /// The seconds after which this share of the agents was done.
    fn share(&self, percent: usize) -> f64 {
        let rank = (self.after.len() * percent).div_ceil(100).saturating_sub(1);
        self.after.get(rank).copied().unwrap_or(self.seconds)
    }

    /// A name that fits beside a bar.
    fn short(&self) -> &'static str {
        match self.name {
            name if name.starts_with("all start") => "all start",
            name if name.starts_with("the next pod on each node, all") => "next pods, changed",
            name if name.starts_with("the next") => "second pods",
            name if name.starts_with("one more") => "third pods",
            name if name.starts_with("one definition") => "a change",
            _ => "all are replaced",
        }
    }
}

/// A count. (The sum of no numbers is -0.)
fn whole(value: f64) -> String {
    format!("{:.0}", value.abs())
}

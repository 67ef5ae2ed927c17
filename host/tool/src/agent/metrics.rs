//! The metrics, in the formats of Prometheus.

mod exposition;
mod labels;
#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text as open_metrics};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::definitions::{Definitions, Word};
use super::files::{self, Files};
use super::networks::Networks;
use super::pods::Pods;
use super::publish::Published;
use crate::publish::Round;
pub use exposition::classic;
use genie_core::agent_api::protocol::CallReport;
use genie_core::call::Difference;
use genie_core::selector::artefact::engine::ENGINE_ID;
use labels::Bounded;

/// Buckets in seconds: from what the plugin adds to what a delegate may take.
const BUCKETS: [f64; 10] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];
/// The verbs that a pod waits for: their time is counted in buckets.
const TIMED: [&str; 2] = ["ADD", "DEL"];
/// The kinds of what is published.
const KINDS: [&str; 2] = ["annotations", "events"];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    verb: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct VerbOf {
    verb: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PartOf {
    verb: &'static str,
    part: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Delegates {
    verb: &'static str,
    network: String,
    plugin: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DelegatesRan {
    verb: &'static str,
    network: String,
    plugin: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Selector {
    selector: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SelectorRan {
    selector: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Shadow {
    selector: String,
    difference: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Of {
    of: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WordOf {
    word: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Outcome {
    fn of(succeeded: bool) -> Self {
        Self { outcome: if succeeded { "ok" } else { "failed" } }
    }
}

type Seconds<L> = Family<L, Counter<f64, AtomicU64>>;

/// All metrics. Their labels are bounded by what the node consists of, and never grow with what
/// pods ask for.
pub struct Metrics {
    registry: Registry,
    calls: Family<Call, Counter>,
    call_seconds: Family<VerbOf, Histogram, fn() -> Histogram>,
    parts: Family<PartOf, Counter>,
    part_seconds: Seconds<PartOf>,
    delegate_runs: Family<DelegatesRan, Counter>,
    delegate_seconds: Seconds<Delegates>,
    selector_runs: Family<SelectorRan, Counter>,
    selector_fuel: Family<Selector, Counter>,
    selector_seconds: Seconds<Selector>,
    shadows: Family<Shadow, Counter>,
    published: Family<Of, Counter>,
    dropped: Family<Of, Counter>,
    waiting: Family<Of, Gauge>,
    files: Family<Of, Gauge>,
    collected: Counter,
    pulls: Family<Outcome, Counter>,
    unrecorded: Gauge,
    watch_failures: Counter,
    watched: Gauge,
    pods: Gauge,
    definitions: Gauge,
    definition_answers: Family<WordOf, Counter>,
    definitions_watched: Gauge,
    definitions_watch_failures: Counter,
    ready: Gauge,
    selector_names: Bounded,
}

impl Metrics {
    /// Makes the metrics, all of them at zero.
    pub fn new() -> Self {
        let metrics = Self {
            registry: Registry::default(),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            parts: Family::default(),
            part_seconds: Family::default(),
            delegate_runs: Family::default(),
            delegate_seconds: Family::default(),
            selector_runs: Family::default(),
            selector_fuel: Family::default(),
            selector_seconds: Family::default(),
            shadows: Family::default(),
            published: Family::default(),
            dropped: Family::default(),
            waiting: Family::default(),
            files: Family::default(),
            collected: Counter::default(),
            pulls: Family::default(),
            unrecorded: Gauge::default(),
            watch_failures: Counter::default(),
            watched: Gauge::default(),
            pods: Gauge::default(),
            definitions: Gauge::default(),
            definition_answers: Family::default(),
            definitions_watched: Gauge::default(),
            definitions_watch_failures: Counter::default(),
            ready: Gauge::default(),
            selector_names: Bounded::at_most(16),
        };
        metrics.begin();
        Self { registry: metrics.registered(), ..metrics }
    }

    /// Makes the series that alerts look at, with zero. Without that zero the first failure would
    /// be no increase, and an alert would not see it.
    fn begin(&self) {
        for call in labels::calls() {
            drop(self.calls.get_or_create(&call));
        }
        for verb in TIMED {
            drop(self.call_seconds.get_or_create(&VerbOf { verb }));
        }
        for of in KINDS {
            drop(self.published.get_or_create(&Of { of }));
            drop(self.dropped.get_or_create(&Of { of }));
            drop(self.waiting.get_or_create(&Of { of }));
        }
        for succeeded in [true, false] {
            drop(self.pulls.get_or_create(&Outcome::of(succeeded)));
        }
        for of in files::KINDS {
            drop(self.files.get_or_create(&Of { of }));
        }
        for word in Word::ALL {
            drop(self.definition_answers.get_or_create(&WordOf { word: word.name() }));
        }
    }

    fn registered(&self) -> Registry {
        let mut all = Registry::with_prefix("genie");
        let unit = || Unit::Seconds;
        all.register("calls", "Calls of the runtime", self.calls.clone());
        all.register_with_unit("call", "Time of the runtime's calls", unit(), self.call_seconds.clone());
        all.register("parts", "How often a part of a call was run", self.parts.clone());
        all.register_with_unit("part", "Time of the parts of calls", unit(), self.part_seconds.clone());
        all.register("delegate_runs", "How often a network's plugins were run", self.delegate_runs.clone());
        all.register_with_unit("delegate", "Time of a network's plugins", unit(), self.delegate_seconds.clone());
        all.register("selector_runs", "Runs of a selector", self.selector_runs.clone());
        all.register("selector_fuel", "Fuel that a selector used", self.selector_fuel.clone());
        all.register_with_unit("selector", "Time that a selector took", unit(), self.selector_seconds.clone());
        all.register("shadow", "Answers of a shadow, by how they differ from what was decided", self.shadows.clone());
        let help = "Pods whose annotations were patched, refusals of which an event was written";
        all.register("published", help, self.published.clone());
        let help = "What was to be published and never will be: the API server does not accept it, or it is too old";
        all.register("dropped", help, self.dropped.clone());
        let help = "Pods whose annotations are still to be patched, refusals of which an event is still to be written";
        all.register("waiting", help, self.waiting.clone());
        all.register("files", "Files of ours on the disk", self.files.clone());
        let help = "Containers that were gone and whose networks were undone";
        all.register("collected", help, self.collected.clone());
        all.register("pulls", "Attempts to pull a module of a registry", self.pulls.clone());
        let help = "Containers of this node that were attached without genie";
        all.register("unrecorded", help, self.unrecorded.clone());
        let help = "How often the watch of the node's pods broke";
        all.register("watch_failures", help, self.watch_failures.clone());
        all.register("watched", "1: the watch of the node's pods works", self.watched.clone());
        all.register("pods", "Pods of this node that may get networks", self.pods.clone());
        let help = "NetworkAttachmentDefinitions that are kept";
        all.register("definitions", help, self.definitions.clone());
        let help = "Answers to questions for a NetworkAttachmentDefinition";
        all.register("definition_answers", help, self.definition_answers.clone());
        let help = "1: the watch of NetworkAttachmentDefinitions works; it begins with the first question for one";
        all.register("definitions_watched", help, self.definitions_watched.clone());
        let help = "How often the watch of NetworkAttachmentDefinitions broke";
        all.register("definitions_watch_failures", help, self.definitions_watch_failures.clone());
        all.register("ready", "1: the node is as the configuration wants it", self.ready.clone());
        let build = Info::new([("version", env!("CARGO_PKG_VERSION")), ("engine", ENGINE_ID)]);
        all.register("build", "This program, and the engine that selectors are compiled for", build);
        all
    }

    /// Counts a call that has ended. `networks` are those of the node.
    pub fn called(&self, report: &CallReport, networks: &Networks) {
        let call = labels::call(report);
        let verb = call.verb;
        self.calls.get_or_create(&call).inc();
        if TIMED.contains(&verb) {
            self.call_seconds.get_or_create(&VerbOf { verb }).observe(seconds(report.micros));
        }
        for (part, micros) in &report.parts {
            let part = PartOf { verb, part: part.name() };
            self.parts.get_or_create(&part).inc();
            self.part_seconds.get_or_create(&part).inc_by(seconds(*micros));
        }
        for run in &report.networks {
            let (network, plugin) = networks.label(&run.network);
            let outcome = if run.failed { "failed" } else { "ok" };
            let ran = DelegatesRan { verb, network: network.clone(), plugin: plugin.clone(), outcome };
            self.delegate_runs.get_or_create(&ran).inc();
            self.delegate_seconds.get_or_create(&Delegates { verb, network, plugin }).inc_by(seconds(run.micros));
        }
        for run in &report.selectors {
            let of = Selector { selector: self.selector_names.name(&run.name) };
            let ran = SelectorRan { selector: of.selector.clone(), outcome: labels::selector_outcome(&run.outcome) };
            self.selector_runs.get_or_create(&ran).inc();
            self.selector_fuel.get_or_create(&of).inc_by(run.fuel);
            self.selector_seconds.get_or_create(&of).inc_by(seconds(run.micros));
        }
    }

    /// Counts a shadow's answer.
    pub fn shadowed(&self, selector: &str, difference: Difference) {
        // All differences of a shadow begin at zero, so that an alert sees the first.
        let selector = self.selector_names.name(selector);
        for of in Difference::ALL {
            let counter = self.shadows.get_or_create(&Shadow { selector: selector.clone(), difference: of.name() });
            counter.inc_by(u64::from(of == difference));
        }
    }

    /// The watch of the node's pods broke.
    pub fn watch_failed(&self) {
        self.watch_failures.inc();
    }

    /// Counts an answer to a question for a definition.
    pub fn definition_answered(&self, word: Word) {
        self.definition_answers.get_or_create(&WordOf { word: word.name() }).inc();
    }

    /// The watch of definitions broke.
    pub fn definition_watch_failed(&self) {
        self.definitions_watch_failures.inc();
    }

    /// Counts a round of publication.
    pub fn published(&self, published: &Published) {
        let rounds: [&Round; 2] = [&published.annotations, &published.events];
        for (of, round) in KINDS.into_iter().zip(rounds) {
            self.published.get_or_create(&Of { of }).inc_by(round.published as u64);
            self.dropped.get_or_create(&Of { of }).inc_by(round.dropped as u64);
            self.waiting.get_or_create(&Of { of }).set(count(round.waiting));
        }
    }

    /// Counts containers that were gone and whose attachments were taken away.
    pub fn collected(&self, containers: usize) {
        self.collected.inc_by(containers as u64);
    }

    /// Counts an attempt to pull a module.
    pub fn pulled(&self, succeeded: bool) {
        self.pulls.get_or_create(&Outcome::of(succeeded)).inc();
    }

    /// Sets how many containers were attached without us.
    pub fn unrecorded(&self, containers: usize) {
        self.unrecorded.set(count(containers));
    }

    /// The text in the format of `OpenMetrics`, with the values of this moment.
    pub fn text(&self, pods: &Pods, definitions: &Definitions, files: &Files, ready: bool) -> String {
        self.pods.set(count(pods.len()));
        self.watched.set(pods.is_watched().into());
        self.definitions.set(count(definitions.count()));
        self.definitions_watched.set(definitions.is_watched().into());
        self.ready.set(ready.into());
        for (of, files) in files::KINDS.into_iter().zip(files.count()) {
            self.files.get_or_create(&Of { of }).set(count(files));
        }
        let mut out = String::new();
        // Writing to a string does not fail.
        _ = open_metrics::encode(&mut out, &self.registry);
        out
    }
}

#[allow(clippy::cast_precision_loss, reason = "microseconds of a call are far below 2^52")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

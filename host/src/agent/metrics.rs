//! What is counted, in the format of Prometheus.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::pods::Pods;
use super::protocol::Report;
use crate::selector::engine::ENGINE_ID;

/// From what the plugin adds to what a delegate may take, in seconds.
const BUCKETS: [f64; 14] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0, 90.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    verb: String,
    /// `ok`, or the CNI error code.
    outcome: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Part {
    verb: String,
    part: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Delegates {
    verb: String,
    network: String,
    plugin: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Selector {
    selector: String,
    outcome: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Of {
    of: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All that is counted.
pub struct Metrics {
    registry: Registry,
    calls: Family<Call, Counter>,
    call_seconds: Histograms<Call>,
    part_seconds: Histograms<Part>,
    delegate_seconds: Histograms<Delegates>,
    selector_runs: Family<Selector, Counter>,
    selector_fuel: Family<Selector, Counter>,
    selector_seconds: Family<Selector, Counter<f64, AtomicU64>>,
    published: Family<Of, Counter>,
    waiting: Family<Of, Gauge>,
    files: Family<Of, Gauge>,
    collected: Counter,
    watch_failures: Counter,
    watched: Gauge,
    pods: Gauge,
    ready: Gauge,
}

fn histograms<L: Clone + std::hash::Hash + Eq>() -> Histograms<L> {
    Family::new_with_constructor(|| Histogram::new(BUCKETS))
}

impl Metrics {
    /// Nothing has been counted.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("genie");
        let metrics = Self {
            calls: Family::default(),
            call_seconds: histograms(),
            part_seconds: histograms(),
            delegate_seconds: histograms(),
            selector_runs: Family::default(),
            selector_fuel: Family::default(),
            selector_seconds: Family::default(),
            published: Family::default(),
            waiting: Family::default(),
            files: Family::default(),
            collected: Counter::default(),
            watch_failures: Counter::default(),
            watched: Gauge::default(),
            pods: Gauge::default(),
            ready: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register(
            "calls",
            "Calls of the runtime, by verb and outcome (ok or the CNI error code)",
            metrics.calls.clone(),
        );
        let unit = Unit::Seconds;
        registry.register_with_unit("call", "Time of a call", unit.clone(), metrics.call_seconds.clone());
        registry.register_with_unit("part", "Time of the parts of a call", unit.clone(), metrics.part_seconds.clone());
        let help = "Time of a network's delegates";
        registry.register_with_unit("delegate", help, unit.clone(), metrics.delegate_seconds.clone());
        registry.register("selector_runs", "Runs of a selector", metrics.selector_runs.clone());
        registry.register("selector_fuel", "Fuel that a selector used", metrics.selector_fuel.clone());
        let help = "Time that a selector took";
        registry.register_with_unit("selector", help, unit, metrics.selector_seconds.clone());
        registry.register("published", "Annotations patched and events written", metrics.published.clone());
        registry.register("waiting", "What waits for being published", metrics.waiting.clone());
        registry.register("files", "Records, refusals in the spool, compiled selectors", metrics.files.clone());
        registry.register("collected", "Containers that were gone and taken away", metrics.collected.clone());
        let help = "How often the watch of the node's pods broke";
        registry.register("watch_failures", help, metrics.watch_failures.clone());
        registry.register("watched", "1: the watch of the node's pods works", metrics.watched.clone());
        registry.register("pods", "Pods of this node that are known", metrics.pods.clone());
        registry.register("ready", "1: the node is as the configuration wants it", metrics.ready.clone());
        let build = Info::new([("version", env!("CARGO_PKG_VERSION")), ("engine", ENGINE_ID)]);
        registry.register("build", "This program, and the engine that selectors are compiled for", build);
        Self { registry, ..metrics }
    }

    /// A call has ended.
    pub fn called(&self, report: &Report) {
        let outcome = report.code.map_or_else(|| "ok".into(), |code| code.to_string());
        let call = Call { verb: report.verb.clone(), outcome };
        self.calls.get_or_create(&call).inc();
        self.call_seconds.get_or_create(&call).observe(seconds(report.micros));
        for (part, micros) in &report.parts {
            let part = Part { verb: report.verb.clone(), part: part.clone() };
            self.part_seconds.get_or_create(&part).observe(seconds(*micros));
        }
        for network in &report.networks {
            let label = Delegates {
                verb: report.verb.clone(),
                network: network.network.clone(),
                plugin: network.plugin.clone(),
                outcome: if network.failed { "failed" } else { "ok" },
            };
            self.delegate_seconds.get_or_create(&label).observe(seconds(network.micros));
        }
        for run in &report.selectors {
            let label = Selector { selector: run.name.clone(), outcome: run.outcome.clone() };
            self.selector_runs.get_or_create(&label).inc();
            self.selector_fuel.get_or_create(&label).inc_by(run.fuel);
            self.selector_seconds.get_or_create(&label).inc_by(seconds(run.micros));
        }
    }

    /// The watch of the node's pods broke.
    pub fn watch_failed(&self) {
        self.watch_failures.inc();
    }

    /// A round of publication.
    pub fn published(&self, annotations: usize, events: usize, waiting: usize) {
        self.published.get_or_create(&Of { of: "annotations" }).inc_by(annotations as u64);
        self.published.get_or_create(&Of { of: "events" }).inc_by(events as u64);
        self.waiting.get_or_create(&Of { of: "annotations" }).set(count(waiting));
    }

    /// Containers that were gone and have been taken away.
    pub fn collected(&self, containers: usize) {
        self.collected.inc_by(containers as u64);
    }

    /// Files of the node, by what they are.
    pub fn files(&self, of: &'static str, files: usize) {
        self.files.get_or_create(&Of { of }).set(count(files));
    }

    /// The text, with what is true at this moment.
    pub fn text(&self, pods: &Pods, ready: bool) -> String {
        self.pods.set(count(pods.len()));
        self.watched.set(pods.is_watched().into());
        self.ready.set(ready.into());
        let mut out = String::new();
        // Writing to a string does not fail.
        _ = text::encode(&mut out, &self.registry);
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

//! What an API server says of itself, and the kernel of it.

use std::collections::BTreeMap;
use std::fs;

use genie_tests::apiserver::ApiServer;

use crate::memory;

/// The processes of a server.
pub struct Server {
    apiserver: u32,
    etcd: u32,
}

/// What a server has done so far.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// Requests that have ended, by verb and resource.
    pub requests: BTreeMap<(String, String), f64>,
    /// The bytes of answers to requests and of events of watches.
    pub bytes: f64,
    /// Seconds on a core: of the API server, and of etcd.
    pub cpu: (f64, f64),
    /// The greatest resident memory of the API server, in KiB.
    pub peak: u64,
    /// Requests that were refused since there were too many.
    pub refused: f64,
}

impl Server {
    /// Finds the processes.
    pub fn of(server: &ApiServer) -> Self {
        let named = |name: &str| server.process(name).unwrap_or_else(|| panic!("no process is named {name}"));
        Self { apiserver: named("kube-apiserver"), etcd: named("etcd") }
    }

    /// The API server's resident memory, in KiB.
    pub fn resident(&self) -> u64 {
        memory::of(self.apiserver, "VmRSS").expect("the API server runs")
    }

    /// Forgets the peak of memory until now.
    pub fn begin(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.apiserver), "5").expect("it takes root");
    }

    /// How many watches of agents are open.
    pub fn watches(server: &ApiServer) -> u64 {
        let samples = samples(server);
        let open = samples.iter().filter(|sample| {
            let ours = [Some("pods"), Some("network-attachment-definitions")].contains(&sample.label("resource"));
            sample.name == "apiserver_longrunning_requests" && sample.label("verb") == Some("WATCH") && ours
        });
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let open = open.map(|sample| sample.value).sum::<f64>() as u64;
        open
    }

    /// What it has done so far.
    pub fn cost(&self, server: &ApiServer) -> Cost {
        let mut cost = Cost {
            cpu: (seconds(self.apiserver), seconds(self.etcd)),
            peak: memory::of(self.apiserver, "VmHWM").expect("the API server runs"),
            ..Cost::default()
        };
        for sample in samples(server) {
            let resource = sample.label("resource").unwrap_or_default();
            let ours = ["pods", "network-attachment-definitions"].contains(&resource);
            match sample.name.as_str() {
                "apiserver_request_total" if ours => {
                    let verb = sample.label("verb").unwrap_or_default().to_owned();
                    if sample.label("code") == Some("429") {
                        cost.refused += sample.value;
                    }
                    *cost.requests.entry((verb, resource.to_owned())).or_default() += sample.value;
                }
                "apiserver_response_sizes_sum" if ours => cost.bytes += sample.value,
                "apiserver_watch_events_sizes_sum" if ours || sample.of_ours() => cost.bytes += sample.value,
                _ => {}
            }
        }
        cost
    }
}

impl Cost {
    /// What was done since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |key: &(String, String)| earlier.requests.get(key).copied().unwrap_or_default();
        let requests = self.requests.iter().map(|(key, count)| (key.clone(), count - before(key)));
        Self {
            requests: requests.filter(|(_, count)| *count > 0.0).collect(),
            bytes: self.bytes - earlier.bytes,
            cpu: (self.cpu.0 - earlier.cpu.0, self.cpu.1 - earlier.cpu.1),
            peak: self.peak,
            refused: self.refused - earlier.refused,
        }
    }
}

/// A line of the server's metrics.
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Sample {
    fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }

    /// Servers before 1.34 name the kind of a watch's events.
    fn of_ours(&self) -> bool {
        [Some("Pod"), Some("NetworkAttachmentDefinition")].contains(&self.label("kind"))
    }
}

fn samples(server: &ApiServer) -> Vec<Sample> {
    parse(&server.kubectl(&["get", "--raw", "/metrics"]))
}

/// Reads the text format of Prometheus. (The values of these labels hold neither commas nor quotes.)
fn parse(text: &str) -> Vec<Sample> {
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        let (name, labels) = name.split_once('{').unwrap_or((name, ""));
        let labels = labels.trim_end_matches('}').split("\",").filter_map(|label| {
            let (name, value) = label.split_once("=\"")?;
            Some((name.to_owned(), value.trim_end_matches('"').to_owned()))
        });
        Some(Sample { name: name.into(), labels: labels.collect(), value: value.parse().ok()? })
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect()
}

/// The seconds that a process has spent on a core.
fn seconds(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    // The line is `1234 (name) S PARENT …`, and the name may hold anything.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = rest.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    #[allow(clippy::cast_precision_loss, reason = "a hundred")]
    let per_second = rustix::param::clock_ticks_per_second() as f64;
    ticks / per_second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_labels_and_a_value() {
        let text = "# HELP a b\napiserver_request_total{code=\"200\",verb=\"GET\"} 1.5e+03\nprocess 2\n";
        let [one, other] = &parse(text)[..] else { panic!("two") };
        assert_eq!(
            (one.name.as_str(), one.label("verb"), one.label("code")),
            ("apiserver_request_total", Some("GET"), Some("200"))
        );
        assert!((one.value - 1500.0).abs() < 1e-9 && other.labels.is_empty());
    }

    #[test]
    fn our_own_work_takes_time() {
        let before = seconds(std::process::id());
        while seconds(std::process::id()) <= before {
            std::hint::black_box(before);
        }
    }
}

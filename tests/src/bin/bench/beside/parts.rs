//! Where the time of a call goes, by what the plugin reports to its agent.

use std::io::Read as _;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use genie_tests::Samples;
use serde_json::Value;

use super::contender::Contenders;
use super::site::{Kind, Pod, Site};

/// The calls before those that count.
const WARM_UP: usize = 10;

/// The parts of one verb, in their order. The first one is the start and end of its process, which
/// the plugin does not see.
#[derive(Default)]
pub struct Parts(pub Vec<(String, Samples)>);

impl Parts {
    /// What half of the calls took for these parts together, in milliseconds.
    pub fn of(&self, names: &[&str]) -> f64 {
        let own = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        own.fold(0.0, |sum, (_, samples)| sum + samples.p50())
    }

    fn take(&mut self, name: &str, time: Duration) {
        let place = self.0.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.0.push((name.to_owned(), Samples::default()));
            self.0.len() - 1
        });
        self.0[place].1.push(time);
    }

    fn take_report(&mut self, wall: Duration, report: &Value) {
        let micros = |value: &Value| Duration::from_micros(value.as_u64().unwrap_or_default());
        self.take("process", wall.saturating_sub(micros(&report["micros"])));
        for part in report["parts"].as_array().into_iter().flatten() {
            self.take(part[0].as_str().unwrap_or_default(), micros(&part[1]));
        }
    }
}

/// Measures ADD and DEL of one no-op network. This function takes the agent's place, and reads what
/// the agent would read.
///
/// # Panics
/// When a call fails, or reports nothing.
pub fn measure(site: &Site, contenders: &Contenders<'_>, pod: &Pod, rounds: usize) -> (Parts, Parts) {
    let socket = site.at("parts.sock");
    let listener = UnixListener::bind(&socket).expect("a new socket");
    let call = |verb| {
        let mut program = contenders.told(verb, Kind::Noop, pod, &socket);
        let started = Instant::now();
        let output = program.start().wait_with_output().expect("a child's output is read");
        let wall = started.elapsed();
        assert!(output.status.success(), "{verb} failed: {output:?}");
        // The plugin reports before its process ends.
        let (mut told, _) = listener.accept().expect("the plugin was here");
        let mut text = String::new();
        told.read_to_string(&mut text).expect("it told in text");
        let line: Value = serde_json::from_str(&text).expect("it told in JSON");
        (wall, line["report"].clone())
    };
    let (mut add, mut del) = (Parts::default(), Parts::default());
    for round in 0..WARM_UP + rounds {
        if round == WARM_UP {
            (add, del) = (Parts::default(), Parts::default());
        }
        for (verb, parts) in [("ADD", &mut add), ("DEL", &mut del)] {
            let (wall, report) = call(verb);
            parts.take_report(wall, &report);
        }
    }
    (add, del)
}

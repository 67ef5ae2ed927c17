//! Runs cases one after the other, prints a line for each, and collects what explains a failure.

use std::fs;
use std::io::{IsTerminal as _, Write as _, stdout};
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use genie_tests::cluster::Cluster;

use crate::cases::Case;
use crate::trial::Trial;

/// Runs the cases. Returns whether all of them passed.
pub fn run(cluster: &Cluster, cases: &[Case]) -> bool {
    let mut failed = 0;
    for case in cases {
        if stdout().is_terminal() {
            print!("     {} …\r", case.name);
            _ = stdout().flush();
        }
        let started = Instant::now();
        match one(cluster, case) {
            Ok(()) => println!("ok   {} ({:.1} s)", case.name, started.elapsed().as_secs_f32()),
            Err(error) => {
                failed += 1;
                println!("FAIL {}: {error:#}", case.name);
            }
        }
    }
    println!("{} of {} cases passed", cases.len() - failed, cases.len());
    if failed > 0 {
        println!("logs of all components: {}", cluster.logs().display());
    }
    failed == 0
}

fn one(cluster: &Cluster, case: &Case) -> Result<()> {
    let trial = Trial::begin(cluster, case.name)?;
    let done = (case.run)(&trial);
    if done.is_err() {
        collect(cluster, &cluster.logs().join(case.name));
    }
    let ended = trial.end();
    if done.is_ok() && ended.is_err() {
        collect(cluster, &cluster.logs().join(case.name));
    }
    done.and(ended)
}

/// Writes down the present state of the cluster.
fn collect(cluster: &Cluster, into: &Path) {
    const NODE: &str = "for file in /etc/cni/net.d/* /var/lib/genie/records/* /var/lib/genie/spool/*; do
        echo \"== $file\"; cat \"$file\"; echo; done 2> /dev/null
        ls -lR /var/lib/genie /var/lib/cni /opt/cni/bin; ip address; ip route; iptables-save; ps ax; true";
    _ = fs::create_dir_all(into);
    let write = |name: &str, text: Result<String>| {
        _ = fs::write(into.join(name), text.unwrap_or_else(|error| format!("{error:#}")));
    };
    let kubectl = cluster.kubectl();
    write("pods.yaml", kubectl.run(&["get", "pods", "-A", "-o", "yaml"]));
    write("pods.txt", kubectl.run(&["describe", "pods", "-A"]));
    write("events.txt", kubectl.run(&["get", "events", "-A", "--sort-by=.lastTimestamp"]));
    for pod in crate::deploy::agents(cluster).unwrap_or_default() {
        let pod = pod.split(' ').next().unwrap_or_default();
        let arguments = ["logs", "-n", "kube-system", pod, "--all-containers", "--prefix"];
        write(&format!("{pod}.log"), kubectl.run(&arguments));
        write(&format!("{pod}.previous.log"), kubectl.run(&[&arguments[..], &["--previous"]].concat()));
    }
    for node in cluster.nodes() {
        write(&format!("{}.txt", node.name), node.run(NODE));
    }
}

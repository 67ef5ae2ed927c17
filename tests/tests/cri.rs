//! Real runtimes, asked through CRI as the kubelet asks them, with the scenario's conf dir, the
//! real calico (on its etcd) and the real flannel. `cri_status.rs` and `cri_crio.rs` have what only
//! one of them does.

use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use genie_tests::cluster::await_that;
use genie_tests::cri::{CriNode, NODE_IP, Pod, Runtime};
use genie_tests::{Script, Verb};

/// Makes a test of each case with each runtime.
macro_rules! cases {
    ($($case:ident)*) => {
        mod containerd_1_6 {
            $(#[test] fn $case() -> anyhow::Result<()> { super::$case(super::Runtime::CONTAINERD_1_6) })*
        }
        mod containerd_2 {
            $(#[test] fn $case() -> anyhow::Result<()> { super::$case(super::Runtime::CONTAINERD_2) })*
        }
        mod crio {
            $(#[test] fn $case() -> anyhow::Result<()> { super::$case(super::Runtime::Crio) })*
        }
    };
}

cases! {
    the_ip_that_cri_reports_is_on_the_runtimes_interface
    two_networks_by_annotation
    eight_at_once
    a_host_port_leads_to_the_pod
    what_a_killed_runtime_attached_is_undone_by_the_next_one
    what_a_runtime_was_killed_over_is_taken_back
    what_a_runtime_was_killed_over_is_stopped_all_the_same
    a_sandbox_whose_network_fails_leaves_nothing_and_says_why
    a_stop_that_fails_says_why_and_is_repeated
    a_sandbox_is_stopped_twice_and_without_its_namespace
    what_the_runtime_attached_before_us_is_undone
}

fn the_ip_that_cri_reports_is_on_the_runtimes_interface(runtime: Runtime) -> Result<()> {
    let node = CriNode::start(runtime)?;
    let before = node.traces()?;
    for (network, pool, prefix, mtu) in [("calico", "172.120.", 32, 1440), ("flannel", "172.96.0.", 24, 1500)] {
        let id = node.run_pod(&Pod::on(network, network))?;
        let reported = node.reported_ips(&id)?;
        assert_eq!(reported.len(), 1, "{reported:?}");
        assert!(reported[0].starts_with(pool), "{reported:?}");
        assert_interface(&node, &id, "eth0", &format!("{}/{prefix}", reported[0]), mtu)?;
        assert!(node.world.reaches(&reported[0]), "{reported:?}");
        remove(&node, &[id], &before)?;
    }
    Ok(())
}

fn two_networks_by_annotation(runtime: Runtime) -> Result<()> {
    let node = CriNode::start(runtime)?;
    let before = node.traces()?;
    let id = node.run_pod(&Pod::on("both", "calico,flannel"))?;
    let reported = node.reported_ips(&id)?;
    assert_interface(&node, &id, "eth0", &format!("{}/32", reported[0]), 1440)?;
    assert!(reported[0].starts_with("172.120."), "{reported:?}");
    let second = node.in_pod(&id, "ip -o -4 address show dev eth1 | sed 's/.*inet \\([^ ]*\\) .*/\\1/'")?;
    let second = second.trim();
    assert!(second.starts_with("172.96.0."), "{second}");
    assert_interface(&node, &id, "eth1", second, 1500)?;
    // containerd reports the addresses of its own interface, and CRI-O all addresses of the result.
    let more: &[&str] = if runtime == Runtime::Crio { &[second.trim_end_matches("/24")] } else { &[] };
    assert_eq!(reported[1..], *more);
    for address in [&reported[0], second.trim_end_matches("/24")] {
        assert!(node.world.reaches(address), "{address}");
    }
    remove(&node, &[id], &before)
}

fn eight_at_once(runtime: Runtime) -> Result<()> {
    let node = &CriNode::start(runtime)?;
    let before = node.traces()?;
    // The first pod of all makes calico's profile. When two pods are the first at once, calico
    // refuses one of them, which the kubelet would try again.
    let first = node.run_pod(&Pod::on("first", "calico"))?;
    remove(node, &[first], &before)?;
    let ids: Vec<_> = thread::scope(|scope| {
        let run = |number: u16| {
            let pod = Pod::on(&format!("pod{number}"), "calico,flannel").host_port(8080 + number, 80);
            scope.spawn(move || node.run_pod(&pod))
        };
        let running: Vec<_> = (0..8).map(run).collect();
        running.into_iter().map(|running| running.join().expect("crictl does not panic")).collect::<Result<_>>()
    })?;
    let mut addresses = BTreeSet::new();
    for id in &ids {
        addresses.extend(
            node.in_pod(id, "ip -o -4 address show scope global | grep -o 'inet [^ ]*'")?.lines().map(str::to_owned),
        );
    }
    assert_eq!(addresses.len(), 16, "two for each: {addresses:?}");
    thread::scope(|scope| {
        let stopping: Vec<_> = ids.iter().map(|id| scope.spawn(|| node.stop_pod(id))).collect();
        stopping.into_iter().try_for_each(|stopping| stopping.join().expect("crictl does not panic"))
    })?;
    ids.iter().try_for_each(|id| node.remove_pod(id))?;
    node.nothing_since(&before)
}

fn a_host_port_leads_to_the_pod(runtime: Runtime) -> Result<()> {
    let node = CriNode::start(runtime)?;
    let before = node.traces()?;
    let mut pods = Vec::new();
    for (network, port) in [("calico", 8080), ("flannel", 8081)] {
        let id = node.run_pod(&Pod::on(network, network).host_port(port, 80))?;
        node.serve(&id, 80, network)?;
        assert_eq!(node.world.run(&format!("busybox wget -q -O - http://{NODE_IP}:{port}/")), network);
        // CRI-O does not hand over host ports.
        let sent = node.record(&id)?.contains(r#""HostPort""#);
        assert_eq!(sent, runtime != Runtime::Crio, "the record's port mappings");
        pods.push(id);
    }
    remove(&node, &pods, &before)
}

fn what_a_killed_runtime_attached_is_undone_by_the_next_one(runtime: Runtime) -> Result<()> {
    let node = CriNode::start(runtime)?;
    let before = node.traces()?;
    let id = node.run_pod(&Pod::on("both", "calico,flannel").host_port(8080, 80))?;
    let reported = node.reported_ips(&id)?;
    node.kill_runtime()?;
    // Meanwhile the networks are taken away.
    for network in ["10-calico.conflist", "10-flannel.conflist"] {
        fs::remove_file(node.conf_dir().join(network))?;
    }
    node.start_runtime()?;
    assert_eq!(node.reported_ips(&id)?, reported);
    assert!(node.world.reaches(&reported[0]), "{reported:?}");
    remove(&node, &[id], &before)
}

fn what_a_runtime_was_killed_over_is_taken_back(runtime: Runtime) -> Result<()> {
    let node = CriNode::start(runtime)?;
    node.recorded_network("last", "1.0.0", &["last"])?;
    node.script("last", Verb::Add, Script::new().pause())?;
    let before = node.traces()?;
    kill_over(&node, || node.run_pod(&Pod::on("unlucky", "calico,flannel,last")).map(drop))?;
    // Only things of the runtime itself are left: the namespace, and its loopback.
    let own = |left: &&String| left.contains("/run/netns/") || left.contains("/cni-loopback-");
    let left: Vec<_> = node.traces()?.difference(&before).filter(|left| !own(left)).cloned().collect();
    ensure!(left.is_empty(), "left on the node: {left:#?}");
    node.start_runtime()?;
    let known = node.pods()?;
    if runtime == Runtime::Crio {
        ensure!(known.is_empty(), "CRI-O learned to find {known:?} again, so nothing at all may stay");
        return Ok(());
    }
    ensure!(known.len() == 1, "{known:?}");
    node.stop_pod(&known[0])?;
    node.remove_pod(&known[0])?;
    node.nothing_since(&before)
}

fn what_a_runtime_was_killed_over_is_stopped_all_the_same(runtime: Runtime) -> Result<()> {
    let node = CriNode::start(runtime)?;
    node.recorded_network("last", "1.0.0", &["last"])?;
    node.script("last", Verb::Del, Script::new().pause())?;
    let before = node.traces()?;
    let id = node.run_pod(&Pod::on("unlucky", "calico,flannel,last").host_port(8080, 80))?;
    kill_over(&node, || node.stop_pod(&id))?;
    node.script("last", Verb::Del, Script::new())?;
    node.start_runtime()?;
    node.stop_pod(&id)?;
    node.remove_pod(&id)?;
    node.nothing_since(&before)
}

/// Kills the runtime in the middle of a request, when the recorder `last` runs. Waits until the
/// call that is left behind has ended.
fn kill_over(node: &CriNode, request: impl FnOnce() -> Result<()> + Send) -> Result<()> {
    thread::scope(|scope| {
        let asked = scope.spawn(request);
        node.wait_until_there("last");
        node.kill_runtime()?;
        node.release("last")?;
        ensure!(asked.join().expect("crictl does not panic").is_err(), "a killed runtime answered");
        Ok(())
    })?;
    await_that("the end of the call", Duration::from_mins(1), || node.run("! pgrep -x genie").map(|_| None))
}

fn a_sandbox_whose_network_fails_leaves_nothing_and_says_why(runtime: Runtime) -> Result<()> {
    let node = CriNode::start(runtime)?;
    let before = node.traces()?;
    let refused = |pod: &Pod, why: &str| -> Result<()> {
        let error = node.run_pod(pod).expect_err("there is no such network").to_string();
        ensure!(error.contains(why), "no {why:?} in {error}");
        assert_eq!(node.pods()?, Vec::<String>::new());
        node.nothing_since(&before)
    };
    refused(&Pod::on("unknown", "calico,weave"), "weave")?;
    // As before flanneld has written it. When flannel fails for that, calico is attached already.
    fs::remove_file(node.subnet_file())?;
    let pod = Pod::on("early", "calico,flannel").host_port(8080, 80);
    refused(&pod, "flannel/subnet.env: no such file or directory")
}

fn a_stop_that_fails_says_why_and_is_repeated(runtime: Runtime) -> Result<()> {
    let node = CriNode::start(runtime)?;
    node.recorded_network("stubborn", "1.0.0", &["stubborn"])?;
    let before = node.traces()?;
    let id = node.run_pod(&Pod::on("both", "calico,stubborn"))?;
    node.script("stubborn", Verb::Del, Script::new().error(123, "not today"))?;
    let error = node.stop_pod(&id).expect_err("a network stays").to_string();
    ensure!(error.contains("not today"), "{error}");
    node.script("stubborn", Verb::Del, Script::new())?;
    remove(&node, &[id], &before)
}

fn a_sandbox_is_stopped_twice_and_without_its_namespace(runtime: Runtime) -> Result<()> {
    let node = CriNode::start(runtime)?;
    let before = node.traces()?;
    let id = node.run_pod(&Pod::on("both", "calico,flannel").host_port(8080, 80))?;
    let netns = node.netns(&id)?;
    // This is a clean-up of the node that went too far.
    node.run(&format!("umount --lazy {netns} && rm {netns}"))?;
    for _ in 0..2 {
        node.stop_pod(&id)?;
    }
    node.remove_pod(&id)?;
    node.nothing_since(&before)
}

fn assert_interface(node: &CriNode, id: &str, interface: &str, address: &str, mtu: u32) -> Result<()> {
    let seen = node.in_pod(id, &format!("ip -o -4 address show dev {interface}; ip -o link show dev {interface}"))?;
    ensure!(seen.contains(&format!(" {address} ")), "no {address} on {interface}: {seen}");
    ensure!(seen.contains(&format!(" mtu {mtu} ")), "no MTU of {mtu} on {interface}: {seen}");
    Ok(())
}

/// Removes sandboxes, and checks that nothing is left of them.
fn remove(node: &CriNode, ids: &[String], before: &BTreeSet<String>) -> Result<()> {
    ensure!(node.traces()? != *before, "a sandbox without any trace cannot show that they go");
    for id in ids {
        node.stop_pod(id)?;
        node.remove_pod(id)?;
    }
    node.nothing_since(before)
}

fn what_the_runtime_attached_before_us_is_undone(runtime: Runtime) -> Result<()> {
    let node = CriNode::without_runtime(runtime)?;
    let (own, aside) = (node.conf_dir().join("00-genie.conf"), node.conf_dir().join("../00-genie.conf"));
    fs::rename(&own, &aside)?;
    node.start_runtime()?;
    let before = node.traces()?;
    let ids = [node.run_pod(&Pod::new("stays"))?, node.run_pod(&Pod::new("loses-its-namespace"))?];
    for id in &ids {
        let reported = node.reported_ips(id)?;
        ensure!(reported[0].starts_with("172.120."), "the first network is calico: {reported:?}");
        ensure!(!node.file("/var/lib/scenario/genie/state/records").join(format!("{id}@eth0.json")).exists());
    }
    node.kill_runtime()?;
    fs::rename(&aside, &own)?;
    node.start_runtime()?;
    let after = node.run_pod(&Pod::on("after", "flannel"))?;
    ensure!(node.reported_ips(&after)?[0].starts_with("172.96.0."), "genie is in force");
    let netns = node.netns(&ids[1])?;
    node.run(&format!("umount --lazy {netns} && rm {netns}"))?;
    let [stays, loses] = ids;
    remove(&node, &[stays, loses, after], &before)
}

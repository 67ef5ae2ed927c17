//! `genie-host install` as the DaemonSet runs it, with the built programs.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::process::Command;

use genie_tests::guests;
use genie_tests::installing::{Pod, succeeds, until};
use serde_json::{Value, json};

#[test]
fn a_selector_of_the_config_map_is_compiled_before_it_is_in_force() {
    let pod = Pod::new();
    fs::copy(guests::module("puppet"), pod.at("config/tenant.wasm")).unwrap();
    pod.config(&json!({"name": "g", "type": "genie", "selectors": [{"module": "tenant.wasm"}]}));
    succeeds(&pod.run("install"));
    let conf = pod.conf();
    assert_eq!(conf["nodename"], "n1");
    let digest = conf["selectors"][0]["sha256"].as_str().unwrap();
    let engines = fs::read_dir(pod.at("host/var/cache/genie")).unwrap();
    let compiled: Vec<_> = engines.map(|engine| engine.unwrap().path().join(format!("{digest}.cwasm"))).collect();
    assert!(compiled.len() == 1 && compiled[0].is_file(), "{compiled:?}");

    // A file that is no module leaves everything as it is.
    fs::write(pod.at("config/tenant.wasm"), "no module").unwrap();
    let refused = pod.run("install");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("tenant.wasm"), "{refused:?}");
    assert_eq!(pod.conf(), conf);

    succeeds(&pod.run("uninstall"));
    assert!(!pod.at("host/var/cache/genie").exists() && !pod.at("host/var/lib/genie").exists());
}

/// Selectors that are not put in force, with words of the message.
fn mistakes() -> [(Value, &'static [&'static str]); 7] {
    [
        (
            json!([{"module": "annotation", "runs": "always"}]),
            &["selectors[0]: annotation", r#"unknown key "runs": did you mean "run"?"#],
        ),
        (json!([{"module": "annotation", "limits": {"feul": 1}}]), &["annotation", "did you mean \"fuel\"?"]),
        (
            json!([{"module": "default-plugin", "settings": {"network": "x"}}]),
            &["default-plugin", "unknown key \"network\": did you mean \"networks\"?"],
        ),
        (json!([{"module": "curious.wasm"}]), &["curious.wasm", "selector/pod@", "selector/node@", "not granted"]),
        (json!([{"module": "garbage.wasm"}]), &["garbage.wasm", "cannot be compiled"]),
        (json!([{"module": "nosuch"}, {"module": "nor this"}]), &["\"nosuch\"", "\"nor this\""]),
        // The message is also about the other entry.
        (
            json!([{"module": "garbage.wasm"}, {"module": "default-plugin", "settings": 7}]),
            &["garbage.wasm", "default-plugin", "settings: want object, but got number"],
        ),
    ]
}

/// A node with a good configuration, and the selectors of [`mistakes`].
fn before_a_mistake() -> Pod {
    let pod = Pod::new();
    fs::copy(guests::module("curious"), pod.at("config/curious.wasm")).unwrap();
    fs::write(pod.at("config/garbage.wasm"), "no module").unwrap();
    pod.config(&json!({"name": "good", "type": "genie"}));
    succeeds(&pod.run("install"));
    pod
}

#[test]
fn a_mistake_of_the_operators_is_not_put_in_force() {
    let pod = before_a_mistake();
    let before = pod.conf();
    // The programs that read it stay as well.
    OpenOptions::new().append(true).open(pod.at("image/genie")).unwrap().write_all(b"newer").unwrap();
    let refused = |conf: Value, says: &[&str]| {
        pod.config(&conf);
        let refused = pod.run("install");
        assert_eq!(refused.status.code(), Some(1), "{conf}: {refused:?}");
        let told = String::from_utf8_lossy(&refused.stderr);
        for part in says {
            assert!(told.contains(part), "{part:?}: {told}");
        }
        assert_eq!(pod.conf(), before, "{conf}");
    };
    for (selectors, says) in mistakes() {
        refused(json!({"name": "bad", "type": "genie", "selectors": selectors}), says);
    }
    let merge = json!({"name": "bad", "type": "genie", "selectors": [{"module": "annotation"}], "merge": "annotation"});
    refused(merge, &["\"merge\"", "annotation", "exports no merge"]);
    assert!(!fs::read(pod.at("host/opt/cni/bin/genie")).unwrap().ends_with(b"newer"));

    let granted = json!([{"module": "curious.wasm", "grant": ["pod", "node"]}]);
    pod.config(&json!({"name": "corrected", "type": "genie", "selectors": granted}));
    succeeds(&pod.run("install"));
    assert_eq!(pod.conf()["name"], "corrected");
}

#[test]
fn what_may_not_be_meant_is_put_in_force_with_a_warning() {
    let pod = Pod::new();
    let guard = json!({"module": "annotation", "run": "always", "settings": {"colour": 1}});
    pod.config(&json!({"name": "g", "type": "genie", "selectors": [guard, {"module": "default-plugin"}]}));
    let installed = pod.run("install");
    succeeds(&installed);
    let told = String::from_utf8_lossy(&installed.stderr);
    for part in ["does not see what", "default-plugin", "publishes no schema"] {
        assert!(told.contains(part), "{part:?}: {told}");
    }
    assert_eq!(pod.conf()["name"], "g");
}

#[test]
fn the_agent_puts_no_mistake_in_force_and_goes_on_when_it_is_corrected() {
    let pod = before_a_mistake();
    let before = pod.conf();
    let agent = pod.agent();
    let log = || fs::read_to_string(&agent.log).unwrap();
    until("the agent has looked", || log().contains("complete and in force"));
    for (selectors, says) in mistakes() {
        let said = log().len();
        pod.config(&json!({"name": "bad", "type": "genie", "selectors": selectors}));
        until("the agent says what is wrong", || {
            let log = log();
            let told = log.get(said..).unwrap_or_default();
            told.contains("stays in force")
                && says.iter().all(|part| told.contains(&part.replace('"', "\\\"")) || told.contains(part))
        });
        assert_eq!(pod.conf(), before, "{selectors}");
    }
    pod.config(&json!({"name": "corrected", "type": "genie"}));
    until("the corrected one is in force", || pod.conf()["name"] == "corrected");
}

#[test]
fn a_default_that_the_node_lacks_is_not_put_in_force_until_it_is_there() {
    let pod = Pod::new();
    pod.config(&json!({"name": "g", "type": "genie", "default_plugin": "flanel"}));
    let told = pod.run("install");
    succeeds(&told);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.starts_with("not in force yet: a pod that asks for nothing would be refused"), "{told}");
    assert!(told.contains("flanel") && told.contains("no such network"), "{told}");
    let conf = pod.at("host/etc/cni/net.d/00-genie.conf");
    assert!(!conf.exists());
    assert!(pod.at("host/opt/cni/bin/genie").exists(), "all else waits on the node");

    let agent = pod.agent();
    agent.until_not_ready("a pod that asks for nothing would be refused");
    assert!(agent.ask("/readyz").unwrap().1.contains("nothing of genie is in force"));
    assert!(!conf.exists());
    // It was no mistake: the network was only late.
    pod.network("flanel");
    agent.until_ready();
    assert_eq!(pod.conf()["default_plugin"], "flanel");

    // A mistake changes nothing on a node that serves.
    let before = pod.conf();
    pod.config(&json!({"name": "g", "type": "genie", "default_plugin": "calicoo"}));
    agent.until_not_ready("the configuration before it stays in force");
    assert!(agent.ask("/readyz").unwrap().1.contains("calicoo"));
    assert_eq!(pod.conf(), before);
    let told = String::from_utf8(pod.run("install").stdout).unwrap();
    assert!(told.contains("calicoo"), "{told}");
    assert_eq!(pod.conf(), before);
    pod.config(&json!({"name": "corrected", "type": "genie", "default_plugin": "own"}));
    agent.until_ready();
    assert_eq!(pod.conf()["name"], "corrected");

    // The configuration in force stays when its network is removed, and that is reported.
    fs::remove_file(pod.network_file("own")).unwrap();
    agent.until_not_ready("a pod that asks for nothing would be refused");
    assert_eq!(pod.conf()["name"], "corrected");
    assert!(pod.doctor().contains("is not ready: "), "{}", pod.doctor());
}

#[test]
fn on_a_fresh_node_the_networks_installer_may_come_last() {
    let pod = Pod::new();
    fs::remove_dir_all(pod.at("host/etc")).unwrap();
    pod.config(&json!({"name": "g", "type": "genie"}));
    let told = pod.run("install");
    succeeds(&told);
    assert!(String::from_utf8_lossy(&told.stdout).contains("/etc/cni/net.d holds no network"), "{told:?}");
    let agent = pod.agent();
    agent.until_not_ready("/etc/cni/net.d holds no network");
    let conf = pod.at("host/etc/cni/net.d/00-genie.conf");
    assert!(!conf.exists(), "a runtime that has no network waits; with ours it would fail every pod");
    // The installer's file is empty at first.
    fs::write(pod.network_file("own"), "").unwrap();
    agent.until_not_ready("10-own.conf: ");
    pod.network("own");
    agent.until_ready();
    assert!(conf.exists());
    assert!(fs::read_to_string(&agent.log).unwrap().contains("complete and in force"));
}

/// A configuration of k3s' containerd.
const K3S: &str = r#"version = 3
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/var/lib/rancher/k3s/data/cni"]
conf_dir = "/var/lib/rancher/k3s/agent/etc/cni/net.d"
"#;

#[test]
fn where_the_runtime_reads_elsewhere_nothing_is_in_force() {
    let pod = Pod::new();
    fs::remove_dir_all(pod.at("host/etc")).unwrap();
    let agent_dir = pod.at("host/var/lib/rancher/k3s/agent");
    fs::create_dir_all(agent_dir.join("etc/containerd")).unwrap();
    fs::create_dir_all(agent_dir.join("etc/cni/net.d")).unwrap();
    fs::write(agent_dir.join("etc/containerd/config.toml"), K3S).unwrap();
    fs::write(
        agent_dir.join("etc/cni/net.d/10-flannel.conflist"),
        r#"{"name": "cbr0", "plugins": [{"type": "flannel"}]}"#,
    )
    .unwrap();
    pod.config(&json!({"name": "g", "type": "genie"}));
    let told = pod.run("install");
    succeeds(&told);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let reads = "k3s reads network configurations in /var/lib/rancher/k3s/agent/etc/cni/net.d, not in /etc/cni/net.d";
    for part in [reads, "--conf-dir=/var/lib/rancher/k3s/agent/etc/cni/net.d --bin-dir=/var/lib/rancher/k3s/data/cni"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!pod.at("host/etc").exists() && !pod.at("host/opt").exists(), "directories that nobody reads");
    let agent = pod.agent();
    agent.until_not_ready(reads);
    assert!(!pod.at("host/etc").exists() && !pod.at("host/opt").exists(), "directories that nobody reads");
    assert!(pod.doctor().contains(&format!("FAIL  runtime        {reads}")), "{}", pod.doctor());
    drop(agent);

    let mut right = Command::new(pod.at("image/genie-host"));
    right.arg("install").arg("--host-root").arg(pod.at("host")).arg("--config").arg(pod.at("config"));
    right.args(["--conf-dir=/var/lib/rancher/k3s/agent/etc/cni/net.d", "--bin-dir=/var/lib/rancher/k3s/data/cni"]);
    let right = right.output().unwrap();
    succeeds(&right);
    assert!(String::from_utf8_lossy(&right.stdout).starts_with("installed: "), "{right:?}");
    assert!(agent_dir.join("etc/cni/net.d/00-genie.conf").exists());
}

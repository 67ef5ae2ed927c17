//! `genie-host uninstall` as the DaemonSet runs it, with the built programs; and draining a node
//! with real networks.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use genie_tests::installing::{Killed, Pod, succeeds, until};
use genie_tests::netns::Namespace;
use genie_tests::programs;
use genie_tests::real::World;
use serde_json::{Value, json};

/// A command of a user without any rights.
fn as_nobody(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

#[test]
fn a_lock_that_anybody_can_take_keeps_nobody_waiting() {
    let pod = Pod::new();
    for dir in ["", "host"] {
        fs::set_permissions(pod.at(dir), fs::Permissions::from_mode(0o755)).unwrap();
    }
    pod.config(&json!({"name": "g", "type": "genie"}));
    succeeds(&pod.run("install"));
    // This user locks every file that it can open, ours and those around them.
    let script = r#"for path in $(find "$1" 2> /dev/null); do
        exec {lock}< "$path" && flock --exclusive --nonblock "$lock" && echo "$path"
    done 2> /dev/null; echo done; read -r _"#;
    let mut locks = as_nobody("bash");
    let mut locks = Killed(locks.args(["-c", script, "locks"]).arg(pod.at("host")).spawn().unwrap());
    let said = BufReader::new(locks.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let locked: Vec<_> = said.take_while(|line| line != "done").collect();
    let conf_dir = pod.at("host/etc/cni/net.d").display().to_string();
    assert!(locked.contains(&conf_dir), "{locked:?}");
    pod.config(&json!({"name": "newer", "type": "genie"}));
    succeeds(&pod.run("install"));
    assert_eq!(pod.conf()["name"], "newer");
    succeeds(&pod.run("uninstall"));
    assert!(!pod.at("host/opt/cni/bin/genie").exists());
}

#[test]
fn a_removal_does_not_wait_for_who_only_keeps_the_plugin_running() {
    let pod = Pod::new();
    for dir in ["", "host"] {
        fs::set_permissions(pod.at(dir), fs::Permissions::from_mode(0o755)).unwrap();
    }
    pod.config(&json!({"name": "g", "type": "genie"}));
    succeeds(&pod.run("install"));
    let plugin = pod.at("host/opt/cni/bin/genie");
    let mut call = as_nobody(plugin.to_str().unwrap());
    call.envs([("CNI_COMMAND", "GC"), ("CNI_PATH", "/nowhere")]);
    let call = Killed(call.spawn().unwrap());
    let name = || fs::read_to_string(format!("/proc/{}/comm", call.0.id())).unwrap_or_default();
    until("he executes it", || name().trim() == "genie");
    let told = pod.run("uninstall");
    succeeds(&told);
    assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), "removed: nothing of genie is left on this node");
    for gone in ["opt/cni/bin/genie", "opt/cni/bin/.genie.removed", "etc/cni/net.d/00-genie.conflist", "var/lib/genie"]
    {
        assert!(!pod.at("host").join(gone).exists(), "{gone}");
    }
    assert_eq!(name().trim(), "genie", "it still runs");
}

#[test]
fn programs_that_run_are_replaced_and_a_removal_waits_for_their_end() {
    let pod = Pod::new();
    pod.config(&json!({"name": "g", "type": "genie"}));
    succeeds(&pod.run("install"));
    let plugin = pod.at("host/opt/cni/bin/genie");
    let call = || {
        let mut call = Command::new(&plugin);
        call.envs([("CNI_COMMAND", "GC"), ("CNI_PATH", "/nowhere")]);
        // The call waits for its configuration.
        call.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut old = call();
    OpenOptions::new().append(true).open(pod.at("image/genie")).unwrap().write_all(b"newer").unwrap();
    succeeds(&pod.run("install"));
    assert!(fs::read(&plugin).unwrap().ends_with(b"newer"));
    drop(old.stdin.take());
    old.wait().unwrap();

    let mut running = call();
    let mut removal = Command::new(pod.at("image/genie-host"));
    removal.arg("uninstall").arg("--host-root").arg(pod.at("host")).stdout(Stdio::null());
    let mut removal = removal.spawn().unwrap();
    until("the configuration is gone first", || !pod.at("host/etc/cni/net.d/00-genie.conf").exists());
    until("no new call can begin", || !plugin.exists());
    assert!(removal.try_wait().unwrap().is_none(), "it waits for the call");
    drop(running.stdin.take());
    running.wait().unwrap();
    assert!(removal.wait().unwrap().success());
    assert!(!pod.at("host/opt/cni/bin/genie-host").exists());
}

#[test]
fn a_drained_node_serves_new_pods_undoes_old_ones_and_is_clean_after_the_last() {
    let world = World::new("1.0.0");
    let dir = world.node.dir();
    let config = dir.join("config");
    fs::create_dir(&config).unwrap();
    fs::write(config.join("00-genie.conf"), json!({"name": "g", "type": "genie", "default_plugin": "red"}).to_string())
        .unwrap();
    let places = |command: &str| {
        let mut run = Command::new(programs::dist("genie-host"));
        run.arg(command);
        for (flag, part) in [("bin", "bin"), ("conf", "net.d"), ("state", "state"), ("cache", "cache")] {
            run.arg(format!("--{flag}-dir")).arg(dir.join(part));
        }
        run
    };
    succeeds(&places("install").arg("--config").arg(&config).output().unwrap());
    let (old, new) = (Namespace::new(), Namespace::new());
    let conf: Value = serde_json::from_slice(&fs::read(dir.join("net.d/00-genie.conf")).unwrap()).unwrap();
    plugin(&world, "ADD", "genie", "old", &old, &conf);
    assert_eq!(old.interfaces(), ["eth0", "lo"]);

    succeeds(&places("uninstall").output().unwrap());
    let list = fs::read(dir.join("net.d/00-genie.conflist")).expect("a pod runs, so the node is drained");
    let list: Value = serde_json::from_slice(&list).unwrap();
    assert_eq!(list["name"], "blue", "the node's own first network");
    run_list(&world, "ADD", "new", &new, &list);
    assert_eq!(new.interfaces(), ["eth0", "lo"]);
    run_list(&world, "DEL", "new", &new, &list);
    assert_eq!(new.interfaces(), ["lo"]);
    assert_eq!(old.interfaces(), ["eth0", "lo"], "the old pod is not touched");

    run_list(&world, "DEL", "old", &old, &list);
    until("the last record takes everything with it", || !dir.join("state").exists());
    for gone in ["net.d/00-genie.conflist", "net.d/00-genie.conf", "bin/genie", "bin/genie-host", "cache"] {
        assert!(!dir.join(gone).exists(), "{gone}");
    }
    world.assert_nothing_left(&[&old, &new]);
}

/// Calls the plugins of a list as libcni does. DEL goes in reverse, without a result.
fn run_list(world: &World, verb: &str, container: &str, pod: &Namespace, list: &Value) {
    let mut plugins = list["plugins"].as_array().unwrap().clone();
    if verb == "DEL" {
        plugins.reverse();
    }
    let mut previous = None;
    for mut config in plugins {
        config["name"] = list["name"].clone();
        config["cniVersion"] = list["cniVersion"].clone();
        if let Some(previous) = previous.take() {
            config["prevResult"] = previous;
        }
        let kind = config["type"].as_str().unwrap().to_owned();
        let answer = plugin(world, verb, &kind, container, pod, &config);
        previous = serde_json::from_str(&answer).ok();
    }
}

/// Runs one plugin of the node's directory, in the node's network namespace.
fn plugin(world: &World, verb: &str, kind: &str, container: &str, pod: &Namespace, config: &Value) -> String {
    let bin = world.node.bin();
    let mut call = Command::new("nsenter");
    call.arg(format!("--net={}", world.host.path().display())).arg("--").arg(bin.join(kind));
    call.env("CNI_COMMAND", verb).env("CNI_CONTAINERID", container).env("CNI_IFNAME", "eth0");
    call.env("CNI_NETNS", pod.path()).env("CNI_PATH", &bin);
    call.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = call.spawn().unwrap();
    running.stdin.take().unwrap().write_all(config.to_string().as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{verb} {kind} for {container}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

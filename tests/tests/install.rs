//! `genie-host install` and `uninstall` as the DaemonSet runs them, with the built programs; and
//! draining a node with real networks.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use genie_tests::netns::Namespace;
use genie_tests::real::World;
use genie_tests::{guests, programs};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a pod of the DaemonSet sees: the image, the ConfigMap and the node.
struct Pod {
    dir: TempDir,
}

impl Pod {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for part in ["image", "config", "host/etc/cni/net.d"] {
            fs::create_dir_all(dir.path().join(part)).unwrap();
        }
        for name in ["genie", "genie-host"] {
            fs::copy(programs::dist(name), dir.path().join("image").join(name)).unwrap();
        }
        let pod = Self { dir };
        pod.network("own");
        pod
    }

    /// Installs a network of the node.
    fn network(&self, name: &str) {
        let conf = json!({"cniVersion": "1.0.0", "name": name, "type": "bridge"});
        fs::write(self.network_file(name), conf.to_string()).unwrap();
    }

    fn network_file(&self, name: &str) -> PathBuf {
        self.at(&format!("host/etc/cni/net.d/10-{name}.conf"))
    }

    /// Starts the agent, with its health on a port of its own.
    fn agent(&self) -> Agent {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = self.at("agent.log");
        let mut agent = Command::new(self.at("image/genie-host"));
        agent.args(["agent", "--node", "n1", "--log-format", "text", "--kubeconfig", "/nonexistent"]);
        agent.arg(format!("--listen=127.0.0.1:{port}"));
        agent.arg("--host-root").arg(self.at("host")).arg("--config").arg(self.at("config"));
        agent.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
        Agent { _process: Killed(agent.spawn().unwrap()), port, log }
    }

    /// Runs `genie-host doctor` on the node.
    fn doctor(&self) -> String {
        let run =
            Command::new(self.at("image/genie-host")).arg("doctor").arg("--host-root").arg(self.at("host")).output();
        String::from_utf8(run.unwrap().stdout).unwrap()
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn config(&self, conf: &Value) {
        fs::write(self.at("config/00-genie.conf"), conf.to_string()).unwrap();
    }

    fn run(&self, command: &str) -> Output {
        let mut run = Command::new(self.at("image/genie-host"));
        run.arg(command).arg("--host-root").arg(self.at("host")).env("NODE_NAME", "n1");
        if command == "install" {
            run.arg("--config").arg(self.at("config"));
        }
        run.output().unwrap()
    }

    fn conf(&self) -> Value {
        serde_json::from_slice(&fs::read(self.at("host/etc/cni/net.d/00-genie.conf")).unwrap()).unwrap()
    }
}

#[track_caller]
fn succeeds(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

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

/// A running agent.
struct Agent {
    _process: Killed,
    port: u16,
    log: PathBuf,
}

impl Agent {
    /// The agent's answer over HTTP: the status and the text.
    fn ask(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, text) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, text.trim().to_owned()))
    }

    /// Waits until the agent is not ready for this reason.
    #[track_caller]
    fn until_not_ready(&self, why: &str) {
        until(why, || self.ask("/readyz").is_some_and(|(status, text)| status == 503 && text.contains(why)));
        assert!(self.ask("/metrics").unwrap().1.contains("genie_ready 0"), "{why}");
    }

    /// Waits until the agent is ready.
    #[track_caller]
    fn until_ready(&self) {
        until("ready", || self.ask("/readyz") == Some((200, "ok".into())));
        assert!(self.ask("/metrics").unwrap().1.contains("genie_ready 1"));
    }
}

/// A process that is killed when this value is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
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

/// Waits for something that is not announced.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

//! Which network a pod gets that leaves the choice to the node: cases of CNI-Genie, with their rows.
//! The figures are those of real interfaces in a network namespace.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use genie_core::agent_api::client;
use genie_core::agent_api::protocol::{Answer as Told, Body};
use genie_tests::agent::Agent;
use genie_tests::fixture::chain::makers;
use genie_tests::fixture::reference_node;
use genie_tests::netns::Namespace;
use genie_tests::{Answer, Call, Node};
use serde_json::{Value, json};

/// A node on which blank annotations are the selector's.
fn node() -> Node {
    reference_node().with("selectors", json!([{"module": "least-loaded"}, {"module": "default-plugin"}]))
}

/// A host's namespace with the interfaces `flan0`, `cali0` and `weav0`.
fn host() -> Namespace {
    let host = Namespace::new();
    for (index, name) in ["flan0", "cali0", "weav0"].into_iter().enumerate() {
        host.run(&format!("ip link add {name} type veth peer name p{index}"));
        host.run(&format!(
            "ip link set {name} up; ip link set p{index} up; ip address add 10.77.{index}.1/24 dev p{index}"
        ));
        host.run(&format!("ip neigh replace 10.77.{index}.2 lladdr 02:00:00:00:00:02 dev p{index} nud permanent"));
    }
    host
}

/// Has an interface of a host receive so many kilobytes, and a little more.
fn receive(host: &Namespace, interface: &str, kilobytes: u32) {
    let index = ["flan0", "cali0", "weav0"].iter().position(|name| *name == interface).expect("an interface");
    let send = format!("printf %01000d 0 > /dev/udp/10.77.{index}.2/9");
    host.run(&format!("bash -c 'for ((i = 0; i < {kilobytes}; i++)); do {send}; done'"));
}

/// Has an interface of a host receive all the time, until it is dropped.
struct Busy(Child);

impl Busy {
    fn start(host: &Namespace, index: u32) -> Self {
        let address = format!("10.77.{index}.2");
        let ping = Command::new("ip")
            .args(["netns", "exec", host.name(), "ping", "-q", "-i", "0.02", "-s", "1000", &address])
            .stdout(Stdio::null())
            .spawn();
        Self(ping.expect("ping starts"))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A node whose agent is at this socket.
fn with_agent(node: Node) -> (Node, PathBuf) {
    let socket = node.dir().join("agent.sock");
    (node.with("agent", json!(socket)).with("log_level", json!("debug")), socket)
}

/// Runs a call with a host's interfaces as the node's own, which takes its own `/sys`.
fn on(call: Call<'_>, host: &Namespace) -> Answer {
    call.through(&["ip", "netns", "exec", host.name()]).run()
}

fn reason(node: &Node, container: &str) -> String {
    node.record(container, "eth0")[0]["decision"]["plan"]["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn row_30_the_network_with_the_fewest_bytes_received_is_attached() {
    let (node, host) = (node(), host());
    for (interface, kilobytes) in [("flan0", 90), ("cali0", 60), ("weav0", 30)] {
        receive(&host, interface, kilobytes);
    }
    on(node.add().cni(""), &host).ok();
    assert_eq!(makers(&node), ["ADD weave-net@eth0"]);
    let told = reason(&node, "c1");
    assert!(told.starts_with("annotation cni is blank, least traffic since the interfaces came up: weave ("), "{told}");
    receive(&host, "weav0", 60);
    on(node.add().container("c2").cni(" "), &host).ok();
    assert_eq!(makers(&node), ["ADD calico@eth0"]);
    // What was chosen is in the record, and nowhere else: DEL asks for no figure.
    on(node.del(), &host).ok();
    assert_eq!(makers(&node), ["DEL weave-net@eth0"]);
}

/// Since they came up, `weav0` has received the most. Of late it receives nothing.
#[test]
fn where_an_agent_counts_the_network_that_receives_the_least_now_is_attached() {
    let (node, host) = (node(), host());
    let (node, socket) = with_agent(node);
    receive(&host, "weav0", 90);
    let nowhere = node.dir().join("no-kubeconfig");
    let agent = Agent::start_in(&host, &node, &nowhere, &["--traffic-period", "200"]);
    let busy = [Busy::start(&host, 0), Busy::start(&host, 1)];
    let rate = |prefix: &str| {
        let question = Body::TrafficRate { prefix: prefix.to_owned() };
        match client::ask(&socket, question, Instant::now() + Duration::from_secs(5)) {
            Ok(Some(Told::TrafficRate { rx_bytes, .. })) => Some(rx_bytes),
            _ => None,
        }
    };
    agent.eventually("more traffic of the busy interfaces than of the idle one", || {
        let (Some(flan), Some(cali), Some(weav)) = (rate("flan"), rate("cali"), rate("weav")) else {
            return Value::Null;
        };
        json!((weav < flan.min(cali) / 4).then_some(true))
    });
    // An agent of a busy machine may answer too late. Then the node goes on without it.
    let mut pods = 0;
    let told = agent.eventually("a choice by rates", || {
        pods += 1;
        let container = format!("c{pods}");
        on(node.add().container(&container).cni(""), &host).ok();
        let (made, told) = (makers(&node), reason(&node, &container));
        json!(told.contains("bytes/s").then_some((made, told)))
    });
    assert_eq!(told[0], json!(["ADD weave-net@eth0"]), "{told}");
    let told = told[1].as_str().unwrap_or_default();
    assert!(told.starts_with("annotation cni is blank, least traffic: weave (10-weave.conf), "), "{told}");
    assert!(!told.contains(" bytes on "), "a rate and a sum do not compare: {told}");
    drop(agent);
    drop(busy);
    let answer = on(node.add().container("last").cni(""), &host);
    answer.ok();
    let told = reason(&node, "last");
    assert!(told.starts_with("annotation cni is blank, least traffic since the interfaces came up: "), "{told}");
    assert!(!told.contains("bytes/s"), "{told}");
    assert!(
        answer.stderr.contains("are compared: the traffic's rate on the node's interfaces flan*: no agent runs"),
        "{answer:?}"
    );
}

/// It says what agents say to a question that came after them.
#[test]
fn an_older_agent_is_asked_once_and_counters_are_compared() {
    let (node, host) = (node(), host());
    let (node, socket) = with_agent(node);
    for (interface, kilobytes) in [("flan0", 60), ("cali0", 60), ("weav0", 30)] {
        receive(&host, interface, kilobytes);
    }
    let listener = UnixListener::bind(&socket).expect("a socket can be made");
    let old = std::thread::spawn(move || {
        let mut asked = 0;
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let mut line = String::new();
            _ = BufReader::new(&stream).read_line(&mut line);
            if line.contains("\"report\"") {
                return asked;
            }
            asked += usize::from(line.contains("\"traffic-rate\""));
            let why = "not understood: no variant of enum Body found in flattened data";
            _ = writeln!(stream, "{}", json!({"version": 1, "error": why}));
        }
        asked
    });
    on(node.add().cni(""), &host).ok();
    assert_eq!(makers(&node), ["ADD weave-net@eth0"]);
    let told = reason(&node, "c1");
    assert!(told.starts_with("annotation cni is blank, least traffic since the interfaces came up: weave "), "{told}");
    assert_eq!(old.join().expect("it ends with the call's report"), 1);
}

#[test]
fn an_agent_that_hangs_keeps_no_pod_waiting() {
    let (node, socket) = with_agent(node());
    // The kernel accepts the connection, and nobody ever answers.
    let _listener = UnixListener::bind(&socket).expect("a socket can be made");
    on(node.add().cni(""), &host()).ok();
    let told = reason(&node, "c1");
    assert!(told.starts_with("annotation cni is blank, least traffic since the interfaces came up: "), "{told}");
}

#[test]
fn row_31_without_figures_the_default_network_is_attached_and_it_is_told() {
    let node = node().with("default_plugin", json!("flannel")).with("log_level", json!("debug"));
    let blind = r#"mount -t tmpfs none /sys && exec "$0""#;
    let blind = ["unshare", "--mount", "--propagation", "private", "sh", "-c", blind];
    let answer = node.add().cni("").through(&blind).run();
    answer.ok();
    assert_eq!(makers(&node), ["ADD flannel@eth0"]);
    let told =
        "the default decides, because nothing is known: traffic of the node's interfaces flan*: cannot read /sys";
    assert!(answer.stderr.contains(told), "{}", answer.stderr);
}

#[test]
fn row_32_other_interfaces_do_not_matter() {
    let (node, host) = (node(), host());
    host.run("ip link add br0 type bridge; ip link add wg type veth peer name q; ip link set wg up");
    for (interface, kilobytes) in [("flan0", 30), ("cali0", 60), ("weav0", 60)] {
        receive(&host, interface, kilobytes);
    }
    on(node.add().cni(""), &host).ok();
    assert_eq!(makers(&node), ["ADD flannel@eth0"]);
}

#[test]
fn row_34_a_network_that_is_not_installed_is_not_chosen() {
    let (node, host) = (node(), host());
    node.remove_network("10-weave.conf");
    receive(&host, "flan0", 60);
    receive(&host, "cali0", 30);
    on(node.add().cni(""), &host).ok();
    assert_eq!(makers(&node), ["ADD calico@eth0"]);
    // With none of its table the default decides.
    let node = node.with(
        "selectors",
        json!([{"module": "least-loaded", "settings": {"networks":
        [{"name": "canal", "prefix": "cali"}]}}, {"module": "default-plugin"}]),
    );
    on(node.add().container("c2").cni(""), &host).ok();
    assert_eq!(reason(&node, "c2"), "first usable network: k8s-pod-network (10-calico.conflist)");
}

#[test]
fn equal_networks_are_chosen_in_the_order_of_the_table() {
    let (node, host) = (node(), Namespace::new());
    for container in ["c1", "c2", "c3"] {
        on(node.add().container(container).cni(""), &host).ok();
        assert_eq!(makers(&node), ["ADD flannel@eth0"]);
    }
}

#[test]
fn a_network_without_an_address_left_is_left_out() {
    let (node, host) = (node(), Namespace::new());
    let leases = node.dir().join("leases");
    let ipam = json!({"type": "host-local", "subnet": "10.88.0.0/30", "dataDir": leases});
    let mut full = genie_tests::fixture::flannel();
    full["plugins"][0]["ipam"] = ipam;
    node.network("10-flannel.conflist", &full);
    fs::create_dir_all(leases.join("cbr0")).expect("a new directory");
    fs::write(leases.join("cbr0/10.88.0.2"), "another").expect("a new file");
    on(node.add().cni(""), &host).ok();
    assert_eq!(makers(&node), ["ADD calico@eth0"]);
    let told = reason(&node, "c1");
    assert!(told.contains("flannel (10-flannel.conflist), 0 bytes on flan*, no address left"), "{told}");
}

#[test]
fn the_entry_is_held_to_its_grants() {
    let with = |entry: Value| reference_node().with("selectors", json!([entry, {"module": "default-plugin"}]));
    let node = with(json!({"module": "least-loaded", "grant": []}));
    node.add().cni("").run().error_code(7).says(&["least-loaded", r#""node""#]);
    let host = host();
    let node = with(json!({"module": "least-loaded", "grant": ["node", {"networks": ["calico", "weave"]}]}));
    for interface in ["cali0", "weav0"] {
        receive(&host, interface, 30);
    }
    on(node.add().cni(""), &host).ok();
    assert_eq!(makers(&node).len(), 1);
    assert!(!reason(&node, "c1").contains("flannel"), "{}", reason(&node, "c1"));
}

#[test]
fn a_wrong_table_is_found_before_it_is_in_force() {
    let node = node().with("selectors", json!([{"module": "least-loaded", "settings": {"networks": [{"name": "a"}]}}]));
    let told = node.genie_host(&["doctor", "--conf-dir", &node.conf_dir().display().to_string()]);
    assert!(told.stdout.contains("settings.networks[0]"), "{told:?}");
    node.add().cni("").run().error_code(7).says(&["least-loaded", "missing field `prefix`"]);
}

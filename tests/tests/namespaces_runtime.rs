//! Real namespaces and plugins as the runtime sees them: calls by libcni itself, host ports, and
//! plugins that are older than genie-host.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use genie_tests::netns::Namespace;
use genie_tests::real::World;
use genie_tests::{Node, Verb, programs};
use serde_json::json;

/// Serves one connection on this port of the pod, and answers with a greeting.
fn greet(pod: &Namespace, port: u16) -> std::thread::JoinHandle<()> {
    let listener = pod.enter(|| TcpListener::bind(("0.0.0.0", port))).expect("the port is free");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        stream.write_all(b"here is the pod").expect("a greeting");
    })
}

fn listen_to(from: &Namespace, address: &str) -> Result<String, String> {
    let address = address.parse().expect("an address");
    from.enter(|| {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(10)).map_err(|e| e.to_string())?;
        let mut text = String::new();
        stream.read_to_string(&mut text).map_err(|error| error.to_string())?;
        Ok(text)
    })
}

#[test]
fn a_host_port_leads_to_the_pod_and_del_takes_it_away() {
    let world = World::new("1.0.0");
    let outside = Namespace::new();
    world.host.run(&format!("ip link add vup type veth peer name vdown netns {}", outside.name()));
    world.host.run("ip address add 192.0.2.1/24 dev vup && ip link set vup up");
    outside.run("ip address add 192.0.2.2/24 dev vdown && ip link set vdown up");
    // containerd writes it in this form.
    let mapping = json!([{"HostPort": 8080, "ContainerPort": 80, "Protocol": "tcp", "HostIP": ""}]);
    let pod = Namespace::new();
    world.node.add().netns(pod.path()).cni("red,blue").runtime_config("portMappings", mapping).run().ok();
    let server = greet(&pod, 80);
    assert_eq!(listen_to(&outside, "192.0.2.1:8080").as_deref(), Ok("here is the pod"));
    server.join().unwrap();
    world.node.del().netns(pod.path()).run().ok();
    world.assert_nothing_left(&[&pod]);
    assert!(listen_to(&outside, "192.0.2.1:8080").is_err());
}

#[test]
fn libcni_itself_is_content_with_us() {
    for version in ["1.1.0", "1.0.0", "0.4.0", "0.3.1"] {
        let world = World::new(version);
        let pod = Namespace::new();
        let annotations = json!({"io.kubernetes.cri.pod-annotations": {"cni": "red,blue@net1"}}).to_string();
        let arguments = [("CAP_ARGS", annotations.as_str()), ("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAME=p")];
        let result = world.node.cnitool("add", &pod, &arguments).ok();
        assert_eq!(result["cniVersion"], version);
        assert_eq!(pod.interfaces(), ["eth0", "lo", "net1"]);
        // Case 35: only the outer attachment is in the runtime's results.
        assert_eq!(fs::read_dir(world.node.dir().join("cni/results")).unwrap().count(), 1);
        if version != "0.3.1" {
            world.node.cnitool("check", &pod, &arguments).ok();
        }
        if version == "1.1.0" {
            world.node.cnitool("status", &pod, &[]).ok();
        }
        world.node.cnitool("del", &pod, &arguments).ok();
        world.node.cnitool("del", &pod, &arguments).ok();
        world.assert_nothing_left(&[&pod]);
    }
}

#[test]
fn libcni_gets_our_errors() {
    let world = World::new("1.0.0");
    let pod = Namespace::new();
    let annotations = json!({"io.kubernetes.cri.pod-annotations": {"cni": "nosuch"}}).to_string();
    let answer = world.node.cnitool("add", &pod, &[("CAP_ARGS", &annotations)]);
    assert_ne!(answer.status, Some(0));
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert!(said.contains("nosuch") && said.contains("2 networks are installed here"), "{said}");
    world.assert_nothing_left(&[&pod]);
}

#[test]
fn old_plugins_are_spared_what_they_do_not_know() {
    let host = Namespace::new();
    let node = Node::new().with("cniVersion", json!("1.1.0")).inside(&host);
    node.install(&programs::old_plugins(), &["bridge", "host-local"]);
    let leases = node.dir().join("leases");
    let list = |version: &str| {
        let ipam = json!({"type": "host-local", "dataDir": leases, "subnet": "10.85.0.0/24"});
        json!({"cniVersion": version, "name": "old", "plugins": [{"type": "bridge", "bridge": "br-old", "ipam": ipam}]})
    };
    node.network("10-old.conflist", &list("1.0.0"));
    let pod = Namespace::new();
    let result = node.add().netns(pod.path()).run().ok();
    assert_eq!(result["cniVersion"], "1.1.0");
    node.del().netns(pod.path()).run().ok();
    // The list says 1.1.0, and its plugins do not speak it.
    node.network("10-old.conflist", &list("1.1.0"));
    node.call(Verb::Status).run().ok();
    node.call(Verb::Gc).key("cni.dev/valid-attachments", json!([])).run().ok();
    node.add().netns(pod.path()).run().error_code(1);
    assert_eq!(pod.interfaces(), ["lo"]);
}

//! A node with the real reference plugins. It is a network namespace, so that bridges and iptables
//! rules stay inside of it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::netns::Namespace;
use crate::{Node, programs};

const KINDS: [&str; 5] = ["bridge", "host-local", "portmap", "macvlan", "ptp"];

/// A node with a network namespace of its own, and with two networks of bridge and host-local.
pub struct World {
    /// The node.
    pub node: Node,
    /// Its network namespace.
    pub host: Namespace,
}

impl World {
    /// A node with the networks `red` (with portmap) and `blue`. Everything has this CNI version.
    ///
    /// # Panics
    /// When there are no plugins, or without root.
    pub fn new(version: &str) -> Self {
        let host = Namespace::new();
        let node = Node::new().with("cniVersion", json!(version)).inside(&host);
        node.install(&programs::plugins(), &KINDS);
        let world = Self { node, host };
        let portmap = json!({"type": "portmap", "capabilities": {"portMappings": true}});
        world.bridge(version, "red", "10.81.0.0/24", &[portmap]).bridge(version, "blue", "10.82.0.0/24", &[]);
        world
    }

    fn bridge(&self, version: &str, name: &str, subnet: &str, chained: &[Value]) -> &Self {
        let bridge = json!({
            "type": "bridge", "bridge": format!("br-{name}"), "isDefaultGateway": true, "ipMasq": true,
            "ipam": {"type": "host-local", "dataDir": self.leases_dir(), "ranges": [[{"subnet": subnet}]]},
        });
        let plugins: Vec<_> = std::iter::once(&bridge).chain(chained).collect();
        let list = json!({"cniVersion": version, "name": name, "plugins": plugins});
        self.node.network(&format!("10-{name}.conflist"), &list);
        self
    }

    /// The directory of host-local.
    pub fn leases_dir(&self) -> PathBuf {
        self.node.dir().join("leases")
    }

    /// The files of host-local, one for each address in use.
    pub fn leases(&self) -> Vec<String> {
        let networks = fs::read_dir(self.leases_dir()).into_iter().flatten().flatten();
        let files = networks.flat_map(|network| fs::read_dir(network.path()).into_iter().flatten().flatten());
        let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        let mut leases: Vec<_> = names.filter(|name| name != "lock" && !name.starts_with("last_reserved")).collect();
        leases.sort();
        leases
    }

    /// The iptables rules that belong to single containers.
    pub fn rules(&self) -> Vec<String> {
        let saved = self.host.run("iptables-save; ip6tables-save");
        let of_container = |line: &&str| line.contains("CNI-DN-") || (line.contains("CNI-") && line.contains("id:"));
        saved.lines().filter(of_container).map(ToOwned::to_owned).collect()
    }

    /// Fails the test when anything is left: in the pods, on the node, or of our own state.
    ///
    /// # Panics
    /// When something is left.
    #[track_caller]
    pub fn assert_nothing_left(&self, pods: &[&Namespace]) {
        for pod in pods {
            assert_eq!(pod.interfaces(), ["lo"]);
        }
        assert_eq!(self.leases(), Vec::<String>::new());
        assert_eq!(self.rules(), Vec::<String>::new());
        let links: Vec<_> = self.host.interfaces().into_iter().filter(|name| name.starts_with("veth")).collect();
        assert_eq!(links, Vec::<String>::new());
        self.node.assert_no_state();
    }
}

/// The first IPv4 address of an interface, without its prefix length.
///
/// # Panics
/// When it has none.
pub fn address(pod: &Namespace, interface: &str) -> String {
    let addresses = pod.addresses(interface);
    let first = addresses.iter().find(|address| address.contains('.')).expect("an IPv4 address");
    first.split('/').next().unwrap_or_default().to_owned()
}

/// The answer of a real plugin to VERSION, as text.
///
/// # Panics
/// When it cannot be run.
pub fn versions(kind: &str) -> String {
    let plugin = programs::plugins().join(kind);
    let answer = Command::new(plugin).env("CNI_COMMAND", "VERSION").stdin(Stdio::null()).output();
    String::from_utf8_lossy(&answer.expect("a plugin starts").stdout).into_owned()
}

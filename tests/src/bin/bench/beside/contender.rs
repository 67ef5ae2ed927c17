//! The contenders that are measured side by side, and how each is called.

use std::fs;
use std::path::{Path, PathBuf};

use genie_tests::programs;
use serde_json::{Value, json};

use super::multus::{self, Daemon};
use super::site::{Kind, NETWORKS, Pod, Site, VERSION, selection};
use crate::program::Program;
use crate::running::Running;

/// The capability by which containerd and CRI-O hand over annotations.
const ANNOTATIONS: &str = "io.kubernetes.cri.pod-annotations";
const INTERFACE: &str = "eth0";

/// A contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The delegates, one after the other, without any program above them.
    Delegate,
    /// cnitool, for one network.
    Cnitool,
    /// genie without an agent.
    Genie,
    /// genie as `deploy/` installs it: the runtime hands annotations over, and the agent publishes.
    GenieAgent,
    /// genie with an agent, which it asks for the annotations.
    GenieAsksAgent,
    /// genie without an agent. It asks the API server for the annotations.
    GenieAsksApi,
    /// Multus thin with inline delegates and no API server.
    Inline,
    /// Multus thin.
    Thin,
    /// Multus thick.
    Thick,
}

impl Who {
    /// All contenders.
    pub const ALL: [Self; 9] = [
        Self::Delegate,
        Self::Cnitool,
        Self::Genie,
        Self::GenieAgent,
        Self::GenieAsksAgent,
        Self::GenieAsksApi,
        Self::Inline,
        Self::Thin,
        Self::Thick,
    ];

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delegate => "delegate alone",
            Self::Cnitool => "cnitool",
            Self::Genie => "genie",
            Self::GenieAgent => "genie, agent",
            Self::GenieAsksAgent => "genie, asks agent",
            Self::GenieAsksApi => "genie, asks API",
            Self::Inline => "Multus thin, inline",
            Self::Thin => "Multus thin",
            Self::Thick => "Multus thick",
        }
    }

    /// The name for paths and identifiers.
    fn id(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Whether the contender is a variant of genie.
    pub fn is_genie(self) -> bool {
        matches!(self, Self::Genie | Self::GenieAgent | Self::GenieAsksAgent | Self::GenieAsksApi)
    }

    /// Whether the contender can attach this many networks.
    pub fn can(self, networks: usize) -> bool {
        self != Self::Cnitool || networks == 1
    }

    /// Whether the contender publishes what it did on the API server.
    pub fn publishes(self) -> bool {
        matches!(self, Self::GenieAgent | Self::GenieAsksAgent | Self::Thin | Self::Thick)
    }

    /// How many addresses the contender answers for this many networks. Multus answers only the
    /// first network's.
    pub fn addresses(self, networks: usize) -> usize {
        if self == Self::Delegate || self.is_genie() { networks } else { 1 }
    }
}

/// How the API server is reached, and by which annotation genie is told the networks.
pub struct Reach {
    /// What its files have in their names.
    pub name: &'static str,
    /// The API server's address.
    pub url: String,
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// genie reads the annotation that Multus reads: the networks after the first one are
    /// definitions for all.
    pub definitions: bool,
}

impl Reach {
    /// The API server itself, and networks of files for genie.
    pub fn direct(site: &Site) -> Self {
        Self { name: "near", url: site.server.url(), kubeconfig: site.server.kubeconfig(), definitions: false }
    }

    /// The name of a file of its own.
    pub fn file(&self, name: &str) -> String {
        format!("{name}-{}", self.name)
    }
}

/// A call: processes that run one after the other. Only the delegates have more than one.
pub struct Call(pub Vec<Program>);

/// All contenders, with the daemons that run beside them.
pub struct Contenders<'s> {
    site: &'s Site,
    reach: Reach,
    agent: Running,
    daemon: Daemon,
    genie: PathBuf,
    cnitool: PathBuf,
    multus: PathBuf,
    shim: PathBuf,
}

impl<'s> Contenders<'s> {
    /// Copies the programs and starts the daemons.
    ///
    /// # Panics
    /// When a program is missing.
    pub fn start(site: &'s Site, reach: Reach) -> Self {
        multus::write_credentials(site, &reach);
        let programs = site.at(&reach.file("programs"));
        fs::create_dir(&programs).expect("a new directory");
        let copy = |program: PathBuf, name: &str| {
            let copied = programs.join(name);
            fs::copy(program, &copied).expect("a program can be copied");
            copied
        };
        let contenders = Self {
            site,
            agent: Running::start(&reach.kubeconfig),
            daemon: Daemon::start(site, &reach),
            genie: copy(programs::dist("genie"), "genie"),
            cnitool: copy(programs::cnitool(), "cnitool"),
            multus: copy(programs::tool("multus"), "multus"),
            shim: copy(programs::tool("multus-shim"), "multus-shim"),
            reach,
        };
        // The plugin finds this program beside itself, and asks the API server by it.
        copy(programs::dist("genie-host"), "genie-host");
        contenders.agent.wait_until_it_knows_its_pods(site.pods.len());
        contenders
    }

    /// The daemon of a contender, if it has one.
    pub fn daemon(&self, who: Who) -> Option<u32> {
        match who {
            Who::GenieAgent | Who::GenieAsksAgent => Some(self.agent.id()),
            Who::Thick => Some(self.daemon.id()),
            _ => None,
        }
    }

    /// A contender's call for a pod.
    pub fn call(&self, who: Who, verb: &str, kind: Kind, networks: usize, pod: &Pod) -> Call {
        let calls = match who {
            Who::Delegate => self.delegates(verb, kind, networks, pod),
            Who::Cnitool => vec![self.cnitool(verb, kind, pod)],
            Who::Inline => vec![self.plugin(&self.multus, &multus::inline(self.site, kind, networks), who, verb, pod)],
            Who::Thin => vec![self.plugin(&self.multus, &multus::thin(self.site, &self.reach, kind), who, verb, pod)],
            Who::Thick => vec![self.plugin(&self.shim, &self.daemon.shim(kind), who, verb, pod)],
            _ => vec![self.plugin(&self.genie, &self.genie_config(who, kind, networks), who, verb, pod)],
        };
        Call(calls)
    }

    /// A call of genie for one network. It reports to `socket`, as it reports to an agent.
    pub fn told(&self, verb: &str, kind: Kind, pod: &Pod, socket: &Path) -> Program {
        let mut config = self.genie_config(Who::Genie, kind, 1);
        config["agent"] = json!(socket);
        self.plugin(&self.genie, &config, Who::Genie, verb, pod)
    }

    fn plugin(&self, program: &Path, config: &Value, who: Who, verb: &str, pod: &Pod) -> Program {
        let container = format!("{}-{}-{}", self.reach.name, who.id(), pod.name);
        let args = format!(
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={};K8S_POD_INFRA_CONTAINER_ID={container};K8S_POD_UID={}",
            pod.name, pod.uid
        );
        Program::new(program, config.to_string().into_bytes())
            .env("CNI_COMMAND", verb)
            .env("CNI_CONTAINERID", &container)
            .env("CNI_NETNS", pod.netns.path())
            .env("CNI_IFNAME", INTERFACE)
            .env("CNI_PATH", self.site.bin())
            .env("CNI_ARGS", args)
    }

    /// The calls of the delegates. DEL is in reverse order.
    fn delegates(&self, verb: &str, kind: Kind, networks: usize, pod: &Pod) -> Vec<Program> {
        let program = self.site.bin().join(kind.plugin());
        let call = |index| {
            let interface = if index == 0 { INTERFACE.to_owned() } else { format!("net{index}") };
            self.plugin(&program, &self.site.plugin_config(kind, index), Who::Delegate, verb, pod)
                .env("CNI_IFNAME", interface)
        };
        if verb == "ADD" { (0..networks).map(call).collect() } else { (0..networks).rev().map(call).collect() }
    }

    fn cnitool(&self, verb: &str, kind: Kind, pod: &Pod) -> Program {
        Program::new(&self.cnitool, Vec::new())
            .arg(verb.to_lowercase())
            .arg(&kind.networks()[0])
            .arg(pod.netns.path())
            .env("CNI_PATH", self.site.bin())
            .env("NETCONFPATH", self.site.conf_dir(kind))
    }

    fn genie_config(&self, who: Who, kind: Kind, networks: usize) -> Value {
        let state = match who {
            Who::GenieAgent | Who::GenieAsksAgent => self.agent.state_dir(),
            _ => self.site.at(&format!("state-{}", who.id())),
        };
        let mut config = json!({
            "cniVersion": VERSION, "name": "k8s-pod-network", "type": "genie",
            "capabilities": {ANNOTATIONS: true, "portMappings": true},
            "conf_dir": self.site.conf_dir(kind), "state_dir": state, "cache_dir": self.site.at("cache"),
            "agent": self.site.at("no-agent"),
            "runtimeConfig": {ANNOTATIONS: {"cni": selection(kind, networks)}},
        });
        if self.reach.definitions {
            let [first, further @ ..] = kind.networks();
            config["default_plugin"] = json!(first);
            config["runtimeConfig"][ANNOTATIONS] = json!({NETWORKS: further[..networks - 1].join(",")});
            config["kubernetes"] = json!({"kubeconfig": self.reach.kubeconfig});
        }
        if matches!(who, Who::GenieAgent | Who::GenieAsksAgent) {
            config["agent"] = json!(self.agent.socket());
        }
        match who {
            Who::GenieAsksAgent | Who::GenieAsksApi => {
                config["pods"] = json!(["agent", "api"]);
                config["kubernetes"] = json!({"kubeconfig": self.reach.kubeconfig});
            }
            _ => {}
        }
        config
    }
}

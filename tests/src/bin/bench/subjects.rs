//! What is measured: the programs, and their nodes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use genie_tests::Samples;
use genie_tests::netns::Namespace;
use genie_tests::{Node, programs};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::memory;
use crate::program::Program;

/// The capability by which containerd and CRI-O hand over annotations.
const ANNOTATIONS: &str = "io.kubernetes.cri.pod-annotations";
const INTERFACE: &str = "eth0";

/// The place of the plugin's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// On a disk, where syncs take time.
    Disk,
    /// In memory, where a sync takes none.
    Memory,
}

/// The kind of a program, for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A process that does nothing.
    Process,
    /// The delegate alone.
    Delegate,
    /// cnitool.
    Cnitool,
    /// The plugin, which attaches this many networks.
    Genie {
        /// The place of its state.
        state: State,
        /// How many times it runs the delegate.
        networks: u32,
    },
}

/// A program, or a pair of calls of one, with its measured times.
pub struct Subject {
    /// The name in the report.
    pub name: &'static str,
    /// The kind of the program.
    pub kind: Kind,
    /// Times of ADD, or of the only call.
    pub add: Samples,
    /// Times of DEL.
    pub del: Samples,
    /// The times of loading and running each selector, as the plugin recorded them.
    pub selectors: BTreeMap<String, Samples>,
    first: Program,
    second: Option<Program>,
    container: String,
}

/// The programs, each freshly copied. The way in which a file came into the page cache changes the
/// time of its start, by up to a third of a millisecond.
struct Programs {
    dir: TempDir,
    genie: PathBuf,
    cnitool: PathBuf,
}

/// Everything that the bench needs. It is removed when this value is dropped.
pub struct Bench {
    /// All programs.
    pub subjects: Vec<Subject>,
    on_disk: Node,
    in_memory: Node,
    memory: TempDir,
    _pod: Namespace,
    _programs: Programs,
}

impl Bench {
    /// Builds the delegate and lays out the nodes.
    ///
    /// # Panics
    /// When something is missing.
    pub fn new() -> Self {
        let programs = Programs::new();
        let memory =
            tempfile::Builder::new().prefix("genie-bench-").tempdir_in("/dev/shm").expect("a directory in memory");
        let (on_disk, in_memory) = (node(programs.dir.path()), node(programs.dir.path()));
        symlink(memory.path(), in_memory.state_dir()).expect("a new link");
        let pod = Namespace::new();
        let noop = on_disk.bin().join("noop");
        let mut subjects = vec![
            Subject::new("no-op process", Kind::Process, Program::new(&noop, Vec::new()), None),
            delegate(&on_disk, &pod),
            cnitool(&programs, &on_disk, &pod),
        ];
        for (state, node) in [(State::Disk, &on_disk), (State::Memory, &in_memory)] {
            for (name, networks, annotation) in [
                ("genie, cni: noop", 1, Some("noop")),
                ("genie, no annotation", 1, None),
                ("genie, two networks", 2, Some("noop,second")),
            ] {
                let kind = Kind::Genie { state, networks };
                subjects.push(genie(&programs.genie, (node, &pod), name, kind, annotation));
            }
        }
        Self { subjects, on_disk, in_memory, memory, _pod: pod, _programs: programs }
    }

    /// The directory with the state on disk.
    pub fn disk(&self) -> &Path {
        self.on_disk.dir()
    }

    /// The directory with the state in memory.
    pub fn memory(&self) -> &Path {
        self.memory.path()
    }

    /// Runs every program once. Each round begins with another one.
    ///
    /// # Panics
    /// When one fails.
    pub fn round(&mut self, round: usize) {
        let (on_disk, in_memory) = (&self.on_disk, &self.in_memory);
        let first = round % self.subjects.len();
        let (later, sooner) = self.subjects.split_at_mut(first);
        for subject in sooner.iter_mut().chain(later) {
            subject.round(on_disk, in_memory);
        }
    }

    /// Forgets all measured times.
    pub fn forget(&mut self) {
        self.subjects.iter_mut().for_each(Subject::forget);
    }

    /// The peaks of memory in ADD, in KiB, with the program's name and kind.
    pub fn peaks(&mut self) -> Vec<(&'static str, Kind, u64)> {
        let measured = self.subjects.iter_mut().filter_map(|subject| {
            let peak = memory::peak(&mut subject.first, subject.second.as_mut()?);
            Some((subject.name, subject.kind, peak))
        });
        measured.collect()
    }

    /// The subject of a kind with only one subject.
    ///
    /// # Panics
    /// When there is no such subject.
    pub fn of_kind(&self, kind: Kind) -> &Subject {
        let mut subjects = self.subjects.iter();
        subjects.find(|subject| subject.kind == kind).expect("it was put there")
    }
}

impl Programs {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        build_noop(dir.path());
        let copy = |program: PathBuf, name: &str| {
            let copied = dir.path().join(name);
            fs::copy(program, &copied).expect("a program can be copied");
            copied
        };
        Self { genie: copy(programs::dist("genie"), "genie"), cnitool: copy(programs::cnitool(), "cnitool"), dir }
    }
}

impl Subject {
    fn new(name: &'static str, kind: Kind, first: Program, second: Option<Program>) -> Self {
        Self {
            name,
            kind,
            add: Samples::default(),
            del: Samples::default(),
            selectors: BTreeMap::new(),
            first,
            second,
            container: String::new(),
        }
    }

    /// Runs the program once.
    pub fn round(&mut self, on_disk: &Node, in_memory: &Node) {
        let (output, time) = self.first.run();
        self.add.push(time);
        let addresses = String::from_utf8_lossy(&output.stdout).matches("10.0.0.2/24").count();
        match self.kind {
            Kind::Process => assert_eq!(addresses, 0),
            Kind::Delegate | Kind::Cnitool => assert_eq!(addresses, 1),
            Kind::Genie { state, networks } => {
                assert_eq!(u32::try_from(addresses), Ok(networks), "{output:?}");
                let node = match state {
                    State::Disk => on_disk,
                    State::Memory => in_memory,
                };
                self.take_selectors(&header(&node.record_file(&self.container, INTERFACE)));
            }
        }
        if let Some(second) = &mut self.second {
            self.del.push(second.run().1);
        }
    }

    /// Forgets all measured times.
    pub fn forget(&mut self) {
        self.add.clear();
        self.del.clear();
        self.selectors.clear();
    }

    fn take_selectors(&mut self, header: &Value) {
        let steps = header["decision"]["trace"].as_array();
        for step in steps.into_iter().flatten() {
            let micros = step["micros"].as_u64().unwrap_or_default();
            let selector = step["selector"].as_str().unwrap_or_default();
            if step["outcome"] != "skipped" {
                let samples = self.selectors.entry(selector.to_owned()).or_default();
                samples.push(Duration::from_micros(micros));
            }
        }
    }
}

/// The first line of a record, without its checksum: what was planned.
fn header(record: &Path) -> Value {
    let text = fs::read_to_string(record).expect("ADD left a record");
    let line = text.lines().next().and_then(|line| line.split_once(' '));
    let header = line.and_then(|(_, json)| serde_json::from_str(json).ok());
    header.unwrap_or_else(|| panic!("{} begins with no header: {text}", record.display()))
}

/// Compiles the delegate, linked statically and optimised as the plugin is.
pub fn build_noop(dir: &Path) {
    let source = programs::root().join("tests/src/bin/noop.rs");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let built = Command::new(compiler)
        .args(["--edition", "2024", "-C", "target-feature=+crt-static"])
        .args(["-C", "opt-level=3", "-C", "panic=abort"])
        .args(["-C", "strip=symbols", "-o"])
        .arg(dir.join("noop"))
        .arg(&source)
        // In this directory the toolchain is the one that the workspace pins.
        .current_dir(programs::root())
        .status();
    assert!(built.is_ok_and(|status| status.success()), "{} does not compile", source.display());
    fs::hard_link(dir.join("noop"), dir.join("second")).expect("a new link");
}

/// A node with two networks of one plugin each.
pub fn node(programs: &Path) -> Node {
    let node = Node::new().with("default_plugin", json!("noop"));
    for (file, name) in [("10-noop.conflist", "noop"), ("20-second.conflist", "second")] {
        let list = json!({"cniVersion": "1.0.0", "name": name, "plugins": [{"type": name}]});
        node.network(file, &list);
    }
    node.install(programs, &["noop", "second"]);
    node
}

/// The two calls of a program, which differ in one variable.
fn calls(make: impl Fn() -> Program) -> (Program, Option<Program>) {
    let call = |verb: &str| make().env("CNI_COMMAND", verb);
    (call("ADD"), Some(call("DEL")))
}

/// What every call of CNI has.
fn plugin(program: &Path, stdin: &Value, node: &Node, pod: &Namespace, container: &str) -> Program {
    Program::new(program, stdin.to_string().into_bytes())
        .env("CNI_CONTAINERID", container)
        .env("CNI_NETNS", pod.path())
        .env("CNI_IFNAME", INTERFACE)
        .env("CNI_PATH", node.bin())
        .env(
            "CNI_ARGS",
            format!(
                "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=bench;K8S_POD_INFRA_CONTAINER_ID={container};K8S_POD_UID=u"
            ),
        )
}

fn delegate(node: &Node, pod: &Namespace) -> Subject {
    let config = json!({"cniVersion": "1.0.0", "name": "noop", "type": "noop"});
    let program: PathBuf = node.bin().join("noop");
    let (add, del) = calls(|| plugin(&program, &config, node, pod, "delegate"));
    Subject::new("no-op delegate", Kind::Delegate, add, del)
}

fn cnitool(programs: &Programs, node: &Node, pod: &Namespace) -> Subject {
    let call = |action: &str| {
        Program::new(&programs.cnitool, Vec::new())
            .arg(action)
            .arg("noop")
            .arg(pod.path())
            .env("CNI_PATH", node.bin())
            .env("NETCONFPATH", node.conf_dir())
    };
    Subject::new("cnitool", Kind::Cnitool, call("add"), Some(call("del")))
}

/// The plugin `program` as a subject.
pub fn genie(
    program: &Path,
    (node, pod): (&Node, &Namespace),
    name: &'static str,
    kind: Kind,
    annotation: Option<&str>,
) -> Subject {
    let container = format!("bench-{}", annotation.unwrap_or("none").replace(',', "-"));
    let mut config = node.config();
    let annotations = annotation.map_or_else(|| json!({}), |cni| json!({"cni": cni}));
    config.insert("runtimeConfig".into(), json!({ANNOTATIONS: annotations}));
    let config = Value::Object(config);
    let (add, del) = calls(|| plugin(program, &config, node, pod, &container));
    Subject { container, ..Subject::new(name, kind, add, del) }
}

//! docs/tutorial.md, command by command: from `genie-host new` to a policy in force. The commands run
//! where a user's would, on a machine outside of the cluster.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use genie_tests::cluster::{Cluster, await_that};
use genie_tests::registry::Registry;
use genie_tests::{documents, programs};
use serde_json::{Value, json};

use super::Group;
use super::networks::pod_ip;
use crate::deploy;
use crate::outside::{self, Way};
use crate::trial::Trial;

pub const CASES: Group = &[
    ("tutorial-rust", |trial| follow(trial, "rust")),
    ("tutorial-js", |trial| follow(trial, "js")),
    ("tutorial-python", |trial| follow(trial, "python")),
];

/// What the tutorial's project is called.
const NAME: &str = "tenant-network";
/// The most commands that it takes from `new` to a policy in force.
const COMMANDS: usize = 8;
/// How long a block may take: it may fetch tools, and build with them.
const LIMIT: &str = "900";

fn follow(trial: &Trial, language: &str) -> Result<()> {
    let reader = Reader::new(trial.cluster, language)?;
    let done = reader.read(trial);
    let cleaned = clean(trial);
    done.and(cleaned)?;
    trial.await_no_trace()
}

/// Takes away what a reader may have left on the cluster.
fn clean(trial: &Trial) -> Result<()> {
    let kubectl = trial.cluster.kubectl();
    kubectl.run(&["delete", "namespace", "shop", "--wait=false", "--ignore-not-found"])?;
    deploy::configure(trial.cluster, &json!({"selectors": null}))?;
    for key in [format!("{NAME}.wasm"), format!("{NAME}.wasm.gz")] {
        deploy::put_module(trial.cluster, &key, None)?;
    }
    kubectl.await_gone(&["namespace", "shop"])
}

/// The blocks of commands of one of its sections.
fn part(title: &str) -> Vec<String> {
    documents::commands("docs/tutorial.md", title)
}

/// The commands of blocks: a line that begins a word's width to the right goes on with the one before.
fn count(blocks: &[String]) -> usize {
    blocks.iter().flat_map(|block| block.lines()).filter(|line| !line.starts_with(' ')).count()
}

/// Who reads the tutorial, with a directory and a way to the cluster.
struct Reader<'a> {
    cluster: &'a Cluster,
    language: &'a str,
    dir: PathBuf,
    way: Way,
    /// The registry that the nodes reach, too, and its expression in place of the module's file.
    registry: Option<(Registry, String)>,
}

impl<'a> Reader<'a> {
    fn new(cluster: &'a Cluster, language: &'a str) -> Result<Self> {
        let dir = programs::target().join("tutorial").join(language);
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        let registry = if language == "python" {
            let registry = Registry::open_in(&outside::network_of_cases());
            let block = part("Python and Go: a module of a registry").concat();
            let expression = block.trim().replace("registry.example.org", &registry.host());
            Some((registry, expression))
        } else {
            None
        };
        Ok(Self { cluster, language, way: Way::open(&dir)?, dir, registry })
    }

    fn read(&self, trial: &Trial) -> Result<()> {
        let (write, test, shadow, enforce) = (part("Write"), part("Test"), part("Shadow"), part("Enforce"));
        let [configure, pod, explain] = &shadow[..] else { bail!("the section Shadow has {} blocks", shadow.len()) };
        let [decide, other_pod] = &enforce[..] else { bail!("the section Enforce has {} blocks", enforce.len()) };
        let commands = count(&write) + count(&test) + count(&shadow) + count(&enforce[..1]);
        ensure!(commands <= COMMANDS, "it takes {commands} commands");

        let project = self.dir.join(NAME);
        self.run(&self.dir, &part("What you need").concat())?;
        self.run(&self.dir, &write.concat())?;
        let told = self.run(&project, &test.concat())?;
        ensure!(told.contains(" passed in "), "the suite did not run: {told}");

        let nodes = self.registry.as_ref().map(|(registry, _)| self.serve_nodes(registry)).transpose()?;
        self.run(&project, configure)?;
        self.await_entry(<[Value]>::last, "shadow")?;
        self.run(&project, pod)?;
        ensure!(!self.is_on_calico("web")?, "a shadow decided");
        await_that("what the shadow would have decided", Duration::from_mins(1), || {
            let told = self.run(&project, explain)?;
            let last = told.trim_end().lines().last().unwrap_or_default();
            Ok((!last.starts_with(&format!("shadow {NAME}.wasm: "))).then_some(told))
        })?;

        self.run(&project, decide)?;
        self.await_entry(<[Value]>::first, "until-decided")?;
        self.run(&project, other_pod)?;
        ensure!(self.is_on_calico("web2")?, "the policy did not decide");
        // A shell that sleeps would take half a minute to end.
        trial.cluster.kubectl().in_namespace("shop").run(&["delete", "pods", "--all", "--wait=false", "--now"])?;
        drop(nodes);
        Ok(())
    }

    /// Serves the registry on the loopback of both nodes, as one that they reach.
    fn serve_nodes(&self, registry: &Registry) -> Result<Vec<genie_tests::installing::Killed>> {
        let nodes = self.cluster.nodes();
        nodes.iter().map(|node| Ok(registry.also_in(&node.place()?.network()))).collect()
    }

    fn await_entry(&self, which: fn(&[Value]) -> Option<&Value>, run: &str) -> Result<()> {
        deploy::await_configuration(self.cluster, |conf| {
            let entry = conf["selectors"].as_array().and_then(|chain| which(chain));
            let module = entry.and_then(|entry| entry["module"].as_str());
            entry.is_some_and(|entry| entry["run"] == run)
                && module.is_some_and(|module| module.ends_with(&format!("/{NAME}.wasm")))
        })
    }

    fn is_on_calico(&self, pod: &str) -> Result<bool> {
        let kubectl = self.cluster.kubectl().in_namespace("shop");
        let pod = kubectl.await_object(&["pod", pod], |pod| {
            (pod["status"]["phase"] != "Running").then(|| format!("it is {}", pod["status"]["phase"]))
        })?;
        Ok(pod_ip(&pod)?.starts_with("172.120."))
    }

    /// Runs commands as this reader writes them, and returns what they print.
    fn run(&self, dir: &Path, commands: &str) -> Result<String> {
        let mut commands = commands.replace("--lang rust", &format!("--lang {}", self.language));
        if let Some((_, expression)) = &self.registry {
            commands = commands.replace(&format!("configure {NAME}.wasm"), &format!("configure {expression}"));
        }
        let bin = programs::tools().join("bin");
        let path = format!("{}:{}:{}", crate::dist().display(), bin.display(), env::var("PATH").unwrap_or_default());
        let mut bash = outside::command("timeout");
        bash.args([LIMIT, "bash", "-euo", "pipefail", "-c", &commands]).current_dir(dir).stdin(Stdio::null());
        bash.env("PATH", path).env("KUBECONFIG", &self.way.kubeconfig);
        // What is built of a project's dependencies serves the next run.
        bash.env("CARGO_TARGET_DIR", programs::target().join("tutorial/target")).env_remove("RUSTFLAGS");
        let output = bash.output().context("bash")?;
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        ensure!(output.status.success(), "{commands}: {}: {}", output.status, last_lines(&told));
        Ok(told)
    }
}

fn last_lines(told: &str) -> String {
    let last: Vec<_> = told.lines().rev().take(20).collect();
    last.into_iter().rev().collect::<Vec<_>>().join("\n")
}

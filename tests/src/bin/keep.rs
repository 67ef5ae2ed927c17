//! Keeps in `kept/VERSION` what a version leaves behind. This is done once, when the version is
//! published: `kept/README.md` tells when and how. It needs root, for the pods whose records are
//! kept.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use genie_tests::guests;
use genie_tests::kept::{CONTRACT, EXPECTED, RECORDS, directory, run_module, run_record};
use genie_tests::netns::Namespace;
use genie_tests::programs::{root, target};
use genie_tests::real::World;
use serde_json::{Map, Value, json};

/// The plugins in the records.
const KINDS: [&str; 2] = ["bridge", "portmap"];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keep: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let version = directory().join(env!("CARGO_PKG_VERSION"));
    ensure!(!version.exists(), "{} is there already, and never changes", version.display());
    // The directory is complete, or it is not made.
    let new = tempfile::tempdir()?;
    keep(new.path())?;
    let copied = Command::new("cp").arg("-r").args([new.path(), &version]).status()?;
    ensure!(copied.success(), "cp: {copied}");
    println!("read {} before you commit it", version.join(EXPECTED).display());
    Ok(())
}

fn keep(version: &Path) -> Result<()> {
    let records = version.join(RECORDS);
    fs::create_dir_all(&records)?;
    fs::copy(root().join("guest-sdk/wit").join(CONTRACT), version.join(CONTRACT))?;

    let (core, component) = (build("wasm32-unknown-unknown"), build("wasm32-wasip2"));
    let mut modules = Map::new();
    for (name, built, mut asked) in [
        ("contract.wasm", core.join("contract.wasm"), contract()),
        ("tenant.wasm", core.join("tenant.wasm"), tenant()),
        ("tenant-wasi.wasm", component.join("tenant.wasm"), tenant()),
    ] {
        let module = version.join(name);
        fs::write(&module, fs::read(&built).with_context(|| built.display().to_string())?)?;
        for (key, value) in run_module(&module, &asked).as_object().into_iter().flatten() {
            asked[key] = value.clone();
        }
        modules.insert(name.to_owned(), asked);
    }

    let mut told = Map::new();
    for (container, networks) in [("one", "red"), ("two", "red,blue@net1")] {
        let name = format!("{container}@eth0.json");
        attach(container, networks, &records.join(&name))?;
        let mut calls = run_record(&records.join(&name), &KINDS);
        calls["kinds"] = json!(KINDS);
        told.insert(name, calls);
    }
    let expected = json!({"modules": modules, "records": told});
    fs::write(version.join(EXPECTED), format!("{expected:#}\n"))?;
    Ok(())
}

/// Builds the selectors without paths of this machine in them.
fn build(wasm: &str) -> PathBuf {
    let home =
        env::var_os("CARGO_HOME").map_or_else(|| env::home_dir().unwrap_or_default().join(".cargo"), PathBuf::from);
    let sources = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    let mut flags = vec![format!("--remap-path-prefix={}=genie", root().display())];
    flags.extend(sources.map(|source| format!("--remap-path-prefix={}=crates", source.path().display())));
    guests::build(wasm, &target().join("kept"), &flags.join(" "))
}

/// Attaches a container with the real plugins and takes it away again. Its record is kept.
fn attach(container: &str, networks: &str, record: &Path) -> Result<()> {
    let world = World::new("1.0.0");
    let pod = Namespace::new();
    let ports = json!([{"hostPort": 18080, "containerPort": 80, "protocol": "tcp"}]);
    let add = world.node.add().container(container).netns(pod.path()).cni(networks);
    add.runtime_config("portMappings", ports).run().ok();
    fs::write(record, fs::read(world.node.record_file(container, "eth0"))?)?;
    world.node.del().container(container).netns(pod.path()).run().ok();
    world.assert_nothing_left(&[&pod]);
    Ok(())
}

/// How the selector of `guests/contract.rs` is asked.
fn contract() -> Value {
    let inline = json!({"cniVersion": "1.0.0", "name": "own", "plugins": [
        {"type": "weave-net", "capabilities": {"ips": true, "mac": true, "bandwidth": true}},
    ]});
    let grant = json!([
        "pod", "node", {"cluster": ["v1/ConfigMap"]}, "addresses", {"inline": ["weave-net"]}, {"args": ["COLOUR"]},
        {"capabilities": ["bandwidth"]}, {"patch": ["mtu"]}, {"annotations": ["example.org/*"]},
    ]);
    let metadata = json!({
        "name": "p", "namespace": "default", "labels": {"tier": "gold"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u", "controller": true}],
    });
    json!({
        "entry": {"grant": grant, "settings": {"installed": "calico", "inline": inline.to_string()}},
        "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"serviceAccountName": "robot"}},
    })
}

/// How the selector `guests/tenant.rs` is asked.
fn tenant() -> Value {
    let metadata = json!({"name": "p", "namespace": "default", "annotations": {"example.org/tenant": "weave"}});
    json!({"entry": {}, "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}})
}

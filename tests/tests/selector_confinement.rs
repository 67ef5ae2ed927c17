//! The process that runs modules with WASI, seen from outside while it runs one.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use genie_tests::fixture::chain::{entry, plan, with};
use genie_tests::fixture::reference_node;
use genie_tests::{Node, guests};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;

/// The user and the group that own nothing.
const NOBODY: &str = "65534";

#[test]
fn it_is_nobody_may_nothing_and_has_its_pipes_and_its_artefact_only() {
    let node = reference_node();
    let pods = node.dir().join("pods");
    let manifest = pods.join("pod.json");
    let pod = json!({"kind": "Pod", "metadata": {"name": "p", "labels": {"network": "weave"}}}).to_string();
    fs::create_dir(&pods).unwrap();
    mknodat(CWD, &manifest, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let module = wasi(&node, "curious");
    let node = node
        .with("selectors", json!([with(entry(&module), "grant", json!(["pod", "node"]))]))
        .with("pods", json!(["runtime", {"manifests": pods}]));

    // The plugin is started with these descriptors, and might pass them on.
    let secret = node.dir().join("secret");
    fs::write(&secret, "of the runtime's").unwrap();
    let script = format!("exec 7<'{}' 9>&2 \"$0\"", secret.display());
    let plugin = node.add().annotations(&[]).through(&["sh", "-c", &script]).start();

    // The pipe opens when the plugin reads it, and the plugin reads it to answer its child.
    let answer = fs::OpenOptions::new().write(true).open(&manifest).unwrap();
    let child = child_of(plugin.id());
    let status = fs::read_to_string(child.join("status")).unwrap();
    for (key, expected) in [
        ("Uid", [NOBODY; 4].join("\t").as_str()),
        ("Gid", &[NOBODY; 4].join("\t")),
        ("Groups", ""),
        ("CapInh", "0000000000000000"),
        ("CapPrm", "0000000000000000"),
        ("CapEff", "0000000000000000"),
        ("CapBnd", "0000000000000000"),
        ("CapAmb", "0000000000000000"),
        ("NoNewPrivs", "1"),
        ("Seccomp", "2"),
        ("Threads", "1"),
    ] {
        let value = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim);
        assert_eq!(value, Some(expected), "{key} of\n{status}");
    }
    let descriptors = descriptors(&child);
    let others: Vec<_> = descriptors.iter().filter(|(number, _)| **number > 2).map(|(_, file)| file).collect();
    assert!(matches!(others[..], [file] if file.contains("/cache/") && file.contains(".cwasm")), "{descriptors:?}");
    assert!(descriptors[&0].starts_with("pipe:") && descriptors[&1].starts_with("pipe:"), "{descriptors:?}");
    // A process that cannot be dumped has files in /proc that belong to root. Otherwise they would
    // be its user's, who could read and trace it.
    assert_eq!(fs::metadata(child.join("mem")).unwrap().uid(), 0);
    let limits = fs::read_to_string(child.join("limits")).unwrap();
    for limit in ["Max open files", "Max processes", "Max core file size"] {
        let values = limits.lines().find_map(|line| line.strip_prefix(limit)).unwrap();
        assert!(values.split_whitespace().take(2).eq(["0", "0"]), "{limit} {values}");
    }

    // The child gets its answer, and decides.
    let other = node.dir().join("pod.json");
    fs::write(&other, &pod).unwrap();
    fs::rename(&other, &manifest).unwrap();
    std::io::Write::write_all(&mut { answer }, pod.as_bytes()).unwrap();
    plugin.wait().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
}

#[test]
fn nothing_runs_in_a_process_that_cannot_be_confined() {
    let node = reference_node();
    let module = wasi(&node, "puppet");
    let node = node.with("selectors", json!([plan(&module, &["weave"])]));
    for (missing, what) in [("-setuid", "user"), ("-setgid", "user"), ("-setpcap", "capabilities")] {
        let answer = node.add().through(&["setpriv", "--inh-caps", missing, "--bounding-set", missing]).run();
        answer.error_code(103).says(&["wasi-puppet.wasm", "is not run", &format!("cannot give up its {what}")]);
    }
    assert!(node.trace().is_empty());
    node.assert_no_state();
}

/// Puts a selector on the node, as a component with WASI.
fn wasi(node: &Node, name: &str) -> PathBuf {
    let module = node.dir().join(format!("modules/wasi-{name}.wasm"));
    fs::copy(guests::wasi_component(name), &module).unwrap();
    module
}

/// The open files of a process, by number.
fn descriptors(process: &Path) -> BTreeMap<u32, String> {
    let entries = fs::read_dir(process.join("fd")).unwrap().map(|entry| entry.unwrap());
    let number = |entry: &fs::DirEntry| entry.file_name().to_str().and_then(|name| name.parse().ok()).unwrap();
    entries.map(|entry| (number(&entry), fs::read_link(entry.path()).unwrap().display().to_string())).collect()
}

/// The directory in /proc of a process's only child.
#[track_caller]
fn child_of(process: u32) -> PathBuf {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let children: Vec<String> = tasks
        .flat_map(|task| {
            let children = fs::read_to_string(task.unwrap().path().join("children")).unwrap();
            children.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(children.len(), 1, "{children:?}");
    let child = Path::new("/proc").join(&children[0]);
    let command = fs::read_to_string(child.join("cmdline")).unwrap();
    assert!(command.contains("run-selector"), "{command:?}");
    child
}

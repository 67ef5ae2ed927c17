//! Modules and artefacts that are cut or damaged, that belong to other users, or that are not where
//! they seem to be; and a module that takes what it can get.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use genie_tests::fixture::chain::{entry, plan, puppet};
use genie_tests::fixture::reference_node;
use genie_tests::{Failure, Node, guests};
use serde_json::{Value, json};

const NO_DELEGATE: [&str; 0] = [];
/// The name of the plugin's engine in every artefact.
const ENGINE: &[u8] = b"48.0.8+genie.";

/// A node with a selector that chooses `weave`, and with the selector's artefact.
struct Compiled {
    node: Node,
    chain: Value,
    module: PathBuf,
    artefact: PathBuf,
    /// The artefact's bytes as they were compiled.
    bytes: Vec<u8>,
}

fn compiled() -> Compiled {
    let node = reference_node();
    let module = node.guest("puppet");
    let chain = json!([plan(&module, &["weave"])]);
    node.add().key("selectors", chain.clone()).run().ok();
    node.del().run().ok();
    node.trace();
    let engines = fs::read_dir(node.dir().join("cache")).unwrap();
    let artefacts = engines.flat_map(|engine| fs::read_dir(engine.unwrap().path()).unwrap());
    let artefacts: Vec<_> = artefacts.map(|artefact| artefact.unwrap().path()).collect();
    let [artefact] = &artefacts[..] else { panic!("one artefact was expected: {artefacts:?}") };
    let bytes = fs::read(artefact).unwrap();
    Compiled { chain, module, artefact: artefact.clone(), bytes, node }
}

impl Compiled {
    /// Replaces the artefact by other bytes, with an artefact's mode.
    fn replace(&self, bytes: &[u8]) {
        fs::remove_file(&self.artefact).unwrap();
        fs::write(&self.artefact, bytes).unwrap();
        fs::set_permissions(&self.artefact, fs::Permissions::from_mode(0o444)).unwrap();
    }

    /// Checks that the chain decides as before.
    #[track_caller]
    fn assert_works(&self, what: &str) {
        self.node.add().key("selectors", self.chain.clone()).run().ok();
        self.node.del().run().ok();
        assert_eq!(self.node.trace(), ["ADD weave-net@eth0", "DEL weave-net@eth0"], "{what}");
    }

    /// Checks that the call is refused and nothing is attached.
    #[track_caller]
    fn assert_refused(&self) -> Failure {
        let error = self.node.add().key("selectors", self.chain.clone()).run().error_code(103);
        assert_eq!(self.node.all_calls().len(), 0);
        self.node.assert_no_state();
        error
    }
}

/// Places to damage: the beginning, the end, and places spread in between.
fn places(length: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |turn| turn * length / count).chain([1, 7, 8, 9, length - 5, length - 4, length - 1])
}

/// Runs a module that may be anything. The answer must always be one of CNI.
fn run_damaged(node: &Node, bytes: &[u8], what: &str) -> Option<Failure> {
    let module = node.dir().join("modules/damaged.wasm");
    fs::write(&module, bytes).unwrap();
    let answer = node.add().key("selectors", json!([plan(&module, &["weave"])])).run();
    let calls: Vec<_> = node.all_calls().iter().map(genie_tests::Recorded::summary).collect();
    if answer.status == Some(0) {
        answer.ok();
        node.del().run().ok();
        node.trace();
        return None;
    }
    let error = answer.error();
    assert_eq!(calls, NO_DELEGATE, "{what}: {error:?}");
    assert!(error.text().contains("damaged.wasm"), "{what}: {error:?}");
    node.assert_no_state();
    Some(error)
}

#[test]
fn a_module_that_was_cut_is_refused_wherever_it_was_cut() {
    let node = reference_node();
    for module in [guests::module("puppet"), guests::wasi_component("puppet")] {
        let bytes = fs::read(module).unwrap();
        for length in places(bytes.len(), 12) {
            let what = format!("{length} of {} bytes", bytes.len());
            let error = run_damaged(&node, &bytes[..length], &what).expect(&what);
            assert_eq!(error.code, 103, "{what}: {error:?}");
        }
    }
}

#[test]
fn a_module_with_flipped_bits_is_refused_or_does_its_work_in_the_sandbox() {
    let node = reference_node();
    let bytes = fs::read(guests::module("puppet")).unwrap();
    let mut refused = 0;
    for (turn, at) in places(bytes.len(), 40).enumerate() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (turn % 8);
        refused += usize::from(run_damaged(&node, &flipped, &format!("byte {at}")).is_some());
    }
    assert!(refused > 0, "none of them did any harm");
}

#[test]
fn an_artefact_that_was_cut_or_rotted_is_compiled_anew() {
    let compiled = compiled();
    let Compiled { bytes, artefact, .. } = &compiled;
    for (turn, at) in places(bytes.len(), 16).enumerate() {
        let mut rotten = bytes.clone();
        rotten[at] ^= 1 << (turn % 8);
        for damaged in [&bytes[..at], &rotten] {
            compiled.replace(damaged);
            compiled.assert_works(&format!("byte {at}"));
            assert_eq!(&fs::read(artefact).unwrap(), bytes, "byte {at}: the artefact is whole again");
        }
    }
    for other in [vec![0; bytes.len()], [bytes.as_slice(), b"more"].concat(), fs::read("/bin/true").unwrap()] {
        compiled.replace(&other);
        compiled.assert_works("another file");
    }
}

#[test]
fn a_rotten_artefact_whose_module_is_gone_is_never_run() {
    let compiled = compiled();
    fs::remove_file(&compiled.module).unwrap();
    compiled.assert_works("it needs the module no more");
    let mut rotten = compiled.bytes.clone();
    rotten[compiled.bytes.len() / 2] ^= 1;
    compiled.replace(&rotten);
    compiled.assert_refused().says(&["puppet.wasm", "cannot be read"]);
}

#[test]
fn an_artefact_of_another_engine_is_compiled_anew() {
    let compiled = compiled();
    let mut other = compiled.bytes[..compiled.bytes.len() - 4].to_vec();
    let at = other.windows(ENGINE.len()).position(|part| part == ENGINE).expect("an artefact names its engine");
    other[at] = b'3';
    let checksum = crc(&other).to_le_bytes();
    other.extend(checksum);
    compiled.replace(&other);
    compiled.assert_works("of wasmtime 38");
    assert_eq!(fs::read(&compiled.artefact).unwrap(), compiled.bytes);
}

/// CRC-32 as in zip.
fn crc(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit))
}

#[test]
fn what_others_could_have_written_is_not_run_and_says_what_to_do() {
    let compiled = compiled();
    let engine = compiled.artefact.parent().unwrap().to_owned();
    let cache = engine.parent().unwrap().to_owned();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for (path, wrong, right) in [
        (&compiled.artefact, 0o666, 0o444),
        (&compiled.artefact, 0o464, 0o444),
        (&engine, 0o777, 0o755),
        (&engine, 0o1777, 0o755),
        (&cache, 0o775, 0o755),
    ] {
        mode(path, wrong);
        let said = format!("(mode {wrong:04o})");
        compiled.assert_refused().says(&["puppet.wasm", &path.display().to_string(), &said, "chmod go-w"]);
        mode(path, right);
        compiled.assert_works("put right");
    }
    for path in [&compiled.artefact, &engine, &cache] {
        chown(path, Some(65534), None).unwrap();
        compiled.assert_refused().says(&["puppet.wasm", &path.display().to_string(), "user 65534", "chown root"]);
        chown(path, Some(0), None).unwrap();
        compiled.assert_works("put right");
    }
}

#[test]
fn what_is_not_where_it_seems_to_be_is_not_run() {
    let compiled = compiled();
    let engine = compiled.artefact.parent().unwrap().to_owned();
    let cache = engine.parent().unwrap().to_owned();
    for path in [&compiled.artefact, &engine, &cache] {
        let elsewhere = compiled.node.dir().join("elsewhere");
        fs::rename(path, &elsewhere).unwrap();
        symlink(&elsewhere, path).unwrap();
        let error = compiled.assert_refused();
        error.says(&["puppet.wasm", &path.display().to_string(), "symbolic link", &elsewhere.display().to_string()]);
        fs::remove_file(path).unwrap();
        fs::rename(&elsewhere, path).unwrap();
        compiled.assert_works("put right");
    }
    fs::remove_file(&compiled.artefact).unwrap();
    for make in ["mkfifo", "mkdir"] {
        assert!(Command::new(make).arg(&compiled.artefact).status().unwrap().success());
        compiled.assert_refused().says(&["puppet.wasm", "is not a regular file"]);
        Command::new("rm").arg("-r").arg(&compiled.artefact).status().unwrap();
    }
    symlink("/nonexistent", &compiled.artefact).unwrap();
    compiled.assert_refused().says(&["puppet.wasm", "symbolic link"]);
    fs::remove_file(&compiled.artefact).unwrap();
    compiled.assert_works("it is compiled again");
}

#[test]
fn another_module_in_its_place_is_refused_by_its_digest() {
    let compiled = compiled();
    fs::remove_file(&compiled.artefact).unwrap();
    fs::copy(guests::module("merging"), &compiled.module).unwrap();
    let [approved, found] = [compiled.chain[0]["sha256"].clone(), entry(&compiled.module)["sha256"].clone()];
    let digests = [approved.as_str().unwrap(), found.as_str().unwrap()];
    compiled.assert_refused().says(&["puppet.wasm", digests[0], digests[1], "approve"]);
    assert!(!compiled.artefact.exists(), "nothing was compiled");
}

#[test]
fn a_module_that_takes_what_it_can_get_gets_nothing() {
    let node = reference_node();
    let module = node.dir().join("modules/grasping.wasm");
    fs::copy(guests::wasi_component("grasping"), &module).unwrap();
    let ask =
        |settings| node.add().env("SECRET", "x").key("selectors", json!([puppet(&module, settings)])).run().error();
    let error = ask(json!({}));
    assert_eq!(error.code, 102, "{error:?}");
    error.says(&["grasping.wasm", "tried 14 things, got []"]);
    for status in [0, 1] {
        let error = ask(json!({"exit": status}));
        assert_eq!(error.code, 103, "{error:?}");
        error.says(&["grasping.wasm", "exit"]);
    }
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

//! What is loaded as native code, and what is not.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::super::PROGRAM;
use super::super::compile;
use super::super::engine::engine;
use super::PASS;
use super::PLAN;
use super::guest;
use super::later;
use super::private_dir;
use super::put;
use super::set_mode;
use genie_core::cni::CniError;
use genie_core::digest::Digest;
use genie_core::selector::artefact::cache;
use genie_core::selector::artefact::claim::Claim;
use genie_core::selector::artefact::load::{LoadError, load_file};
use genie_core::selector::module::{Loader, Module};

/// A cache with the artefact of a guest in it.
pub(super) fn cached() -> (tempfile::TempDir, PathBuf) {
    let dir = private_dir();
    let module = guest(PASS).core();
    let artefact = compile::artefact("guest", &module).expect("it compiles");
    let path = put(dir.path(), Digest::of(&module), &artefact);
    (dir, path)
}

fn load(path: &Path) -> Result<(), LoadError> {
    load_file(engine().expect("the engine starts"), path).map(drop)
}

fn untrusted(path: &Path) -> String {
    match load(path) {
        Err(LoadError::Untrusted(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_artefact_is_written_where_it_is_looked_for_and_loads() {
    let (dir, path) = cached();
    assert_eq!(path, cache::path(dir.path(), Digest::of(&guest(PASS).core())));
    load(&path).expect("it loads");
    let left: Vec<_> = std::fs::read_dir(path.parent().expect("it has one")).expect("it is there").collect();
    assert_eq!(left.len(), 1, "no temporary file is left: {left:?}");
}

#[test]
fn writing_again_replaces() {
    let (dir, path) = cached();
    let digest = Digest::of(&guest(PASS).core());
    put(dir.path(), digest, b"new");
    assert!(std::fs::read(path).expect("it is there").starts_with(b"new"));
}

#[test]
fn an_artefact_that_the_group_can_write_is_refused() {
    let (_dir, path) = cached();
    set_mode(&path, 0o464);
    let reason = untrusted(&path);
    assert!(reason.contains("mode 0464") && reason.contains("chmod go-w"), "{reason}");
}

#[test]
fn an_artefact_in_a_directory_that_others_can_write_is_refused() {
    let (dir, path) = cached();
    set_mode(path.parent().expect("it has one"), 0o1777);
    assert!(untrusted(&path).contains("mode 1777"), "not even a sticky one");
    set_mode(path.parent().expect("it has one"), 0o755);
    set_mode(dir.path(), 0o775);
    assert!(untrusted(&path).contains("mode 0775"), "nor one further up");
}

#[test]
fn a_cache_that_others_can_write_is_not_written() {
    let dir = private_dir();
    set_mode(dir.path(), 0o777);
    let distrust = Claim::take(dir.path(), Digest::of(b""), later()).err().expect("it is refused");
    assert!(distrust.to_string().contains("chmod go-w"), "{distrust}");
}

#[test]
fn neither_an_artefact_nor_a_directory_may_be_a_link() {
    let (dir, path) = cached();
    let link = path.with_file_name("link.cwasm");
    symlink(&path, &link).expect("it can be made");
    assert!(untrusted(&link).contains("symbolic link"));
    let alias = dir.path().join("alias");
    symlink(path.parent().expect("it has one"), &alias).expect("it can be made");
    assert!(untrusted(&alias.join(path.file_name().expect("it has one"))).contains("symbolic link"));
}

#[test]
fn only_a_plain_file_with_an_absolute_path_is_loaded() {
    let (dir, path) = cached();
    assert!(untrusted(Path::new("a/b.cwasm")).contains("absolute"));
    assert!(untrusted(&dir.path().join("../x.cwasm")).contains(".."));
    assert!(untrusted(path.parent().expect("it has one")).contains("regular file"));
    assert!(matches!(load(&dir.path().join("none.cwasm")), Err(LoadError::Missing)));
}

#[test]
fn a_damaged_artefact_is_refused_cleanly() {
    let (_dir, path) = cached();
    let bytes = std::fs::read(&path).expect("it is there");
    for damaged in [&bytes[..bytes.len() / 2], &bytes[..100], b"", b"nonsense"] {
        std::fs::remove_file(&path).expect("it is there");
        std::fs::write(&path, damaged).expect("it can be written");
        assert!(matches!(load(&path), Err(LoadError::Unusable(_))), "{} bytes", damaged.len());
    }
}

#[test]
fn a_bit_that_rots_in_an_artefact_is_found() {
    let (_dir, path) = cached();
    let bytes = std::fs::read(&path).expect("it is there");
    set_mode(&path, 0o644);
    // The changed bit rotates. The last bytes are those of the checksum itself.
    for (turn, at) in (0..bytes.len()).step_by(97).chain(bytes.len() - 4..bytes.len()).enumerate() {
        let mut rotten = bytes.clone();
        rotten[at] ^= 1 << (turn % 8);
        std::fs::write(&path, rotten).expect("it can be written");
        match load(&path) {
            Err(LoadError::Unusable(reason)) => assert!(reason.contains("checksum"), "{reason}"),
            other => panic!("byte {at}: {other:?}"),
        }
    }
    std::fs::write(&path, bytes).expect("it can be written");
    load(&path).expect("it loads");
}

#[test]
fn an_artefact_of_another_engine_is_refused_cleanly() {
    let (dir, path) = cached();
    let mut config = wasmtime::Config::new();
    config.module_version(wasmtime::ModuleVersionStrategy::Custom("1.0.0+genie.0".into())).expect("it is short");
    let other = wasmtime::Engine::new(&config).expect("it starts");
    let component = wat::parse_str("(component)").expect("it is well-formed");
    let artefact = other.precompile_component(&component).expect("it compiles");
    put(dir.path(), Digest::of(&guest(PASS).core()), &artefact);
    match load(&path) {
        Err(LoadError::Unusable(reason)) => assert!(reason.contains("1.0.0+genie.0"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

/// A module in a file of this directory, as a configuration names it.
pub(super) fn module_in(dir: &Path, bytes: &[u8]) -> Module {
    let path = dir.join("guest.wasm");
    std::fs::write(&path, bytes).expect("it can be written");
    Module::File { path, sha256: Digest::of(bytes) }
}

pub(super) fn failure(loader: &Loader, module: &Module) -> CniError {
    loader.load(module, later()).expect_err("it does not load")
}

#[test]
fn a_module_with_another_digest_is_refused() {
    let dir = private_dir();
    let Module::File { path, .. } = module_in(dir.path(), &guest(PASS).core()) else { unreachable!() };
    let approved = Digest::of(&guest(PLAN).core());
    let error =
        failure(&Loader::new(PROGRAM, dir.path(), None), &Module::File { path: path.clone(), sha256: approved });
    assert!(error.msg.contains(&approved.to_string()) && error.msg.contains("approve"), "{error}");
}

#[test]
fn a_module_that_is_not_there_is_named() {
    let dir = private_dir();
    let module = Module::File { path: "/no/such.wasm".into(), sha256: Digest::of(b"") };
    let error = failure(&Loader::new(PROGRAM, dir.path(), None), &module);
    assert!(error.msg.contains("/no/such.wasm"), "{error}");
}

#[test]
fn what_was_compiled_into_the_cache_needs_its_module_no_more() {
    let dir = private_dir();
    let module = module_in(dir.path(), &guest(PASS).core());
    let Module::File { path, sha256 } = &module else { unreachable!() };
    let cache = dir.path().join("cache");
    put(&cache, *sha256, &compile::artefact("guest", &guest(PASS).core()).expect("it compiles"));
    std::fs::remove_file(path).expect("it is there");
    Loader::new(PROGRAM, cache, Some("/no/such/tool".into())).load(&module, later()).expect("it loads");
}

//! Guests for the tests. They are core modules in WebAssembly text, written by hand against the
//! canonical ABI, so they can be as hostile as they like.

mod artefacts;
mod asking;
mod calls;
mod chains;
mod compiling;
mod sandbox;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wit_component::StringEncoding;
use wit_parser::Resolve;

use super::{PROGRAM, compile};
use genie_core::digest::Digest;
use genie_core::selector::abi::{PodName, Request};
use genie_core::selector::artefact::cache;
use genie_core::selector::artefact::claim::Claim;
use genie_core::selector::module::loaded::LoadedSelector;

/// The answer "pass": an address that holds zeros.
const PASS: &str = "(i32.const 64)";

/// The body of a `select` that plans one attachment, to the network `net0`.
const PLAN: &str = r"
    (i32.store8 (i32.const 128) (i32.const 0))  ;; ok
    (i32.store8 (i32.const 132) (i32.const 1))  ;; plan
    (i32.store (i32.const 136) (i32.const 256)) ;; attachments
    (i32.store (i32.const 140) (i32.const 1))
    (i32.store (i32.const 144) (i32.const 1040)) ;; reason
    (i32.store (i32.const 148) (i32.const 7))
    (i32.store (i32.const 260) (i32.const 1024)) ;; installed
    (i32.store (i32.const 264) (i32.const 4))
    (i32.const 128)";

/// The body of a `select` that answers a refusal with one text, "because". Case 1 is denied, 2
/// unavailable, 3 internal.
fn refuse(case: u8) -> String {
    format!(
        r"
        (i32.store8 (i32.const 128) (i32.const 1))
        (i32.store8 (i32.const 132) (i32.const {case}))
        (i32.store (i32.const 136) (i32.const 1040))
        (i32.store (i32.const 140) (i32.const 7))
        (i32.const 128)"
    )
}

/// The parts of a guest.
#[derive(Default)]
struct Guest<'a> {
    /// Fields of the module that must come first: imports.
    imports: &'a str,
    /// The body of `select`. Its parameter is the address of the request, and it leaves the address
    /// of the answer.
    select: &'a str,
    /// Further fields of the module.
    more: &'a str,
    /// The body of `merge`, for a guest that merges.
    merge: Option<&'a str>,
    /// More packages of WIT, and imports of the world.
    packages: &'a [&'a str],
    world: &'a str,
}

impl Guest<'_> {
    /// The core module as wit-bindgen makes it.
    fn core(&self) -> Vec<u8> {
        let merge = self.merge.map_or_else(String::new, |body| {
            format!(r#"(func (export "genie:selector/merge@0.1.0#merge") (param i32) (result i32) {body})"#)
        });
        let text = format!(
            r#"(module {imports}
            (memory (export "memory") 2)
            (data (i32.const 1024) "net0")
            (data (i32.const 1040) "because")
            (data (i32.const 1056) "boom at line 7")
            (global $heap (mut i32) (i32.const 65536))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (global.get $heap))
                (global.set $heap
                    (i32.and (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 7)) (i32.const -8)))
                (local.get $at))
            (func (export "genie:selector/select@0.1.0#describe") (result i32) {PASS})
            (func $select (export "genie:selector/select@0.1.0#select") (param i32) (result i32) {select})
            {merge} {more})"#,
            imports = self.imports,
            select = self.select,
            more = self.more,
        );
        let mut module = wat::parse_str(text).expect("the guest's text is well-formed");

        let mut resolve = Resolve::default();
        resolve.push_path("../../guest-sdk/wit").expect("the ABI parses");
        for package in self.packages {
            resolve.push_str("packages.wit", package).expect("the package parses");
        }
        let base = if self.merge.is_some() { "selector-with-merge" } else { "selector" };
        let world =
            format!("package test:guest; world guest {{ include genie:selector/{base}@0.1.0; {} }}", self.world);
        let package = resolve.push_str("guest.wit", &world).expect("the guest's world parses");
        let world = resolve.select_world(&[package], Some("guest")).expect("the world is there");
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .expect("the guest fits its world");
        module
    }

    fn load(&self) -> LoadedSelector {
        let component = compile::compile("guest", &self.core()).expect("the guest compiles");
        LoadedSelector::new(PROGRAM, "guest", &component, None).expect("the guest is a selector")
    }
}

/// A guest with this `select`.
fn guest(select: &str) -> Guest<'_> {
    Guest { select, ..Guest::default() }
}

fn request() -> Request {
    Request {
        pod: PodName { namespace: "default".into(), name: "web".into(), uid: None },
        annotations: vec![("cni".into(), "net0".into())],
        container: "c0ffee".into(),
        interface: "eth0".into(),
        node: "node-1".into(),
        networks: Vec::new(),
        decided: None,
        attributes: Vec::new(),
    }
}

/// A deadline that no test reaches.
fn later() -> Instant {
    Instant::now() + Duration::from_mins(10)
}

/// A directory that is fit for artefacts. The directory of temporary files is open to all users, so
/// this must be one below it.
fn private_dir() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a temporary directory");
    set_mode(dir.path(), 0o755);
    assert_eq!(dir.path().metadata().expect("it is there").permissions().mode() & 0o7777, 0o755);
    dir
}

/// Puts these bytes into the cache, as the artefact of the module with this digest.
fn put(cache_dir: &Path, digest: Digest, bytes: &[u8]) -> PathBuf {
    let claim = Claim::take(cache_dir, digest, later()).expect("the cache can be used").expect("nobody else has it");
    cache::write(claim, digest, bytes).expect("it can be written");
    cache::path(cache_dir, digest)
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

//! Modules in registries: with a real registry, and with one that lies.

mod agent;
mod liar;
mod signed;

use std::fs;
use std::path::Path;
use std::process::Command;

use genie_core::digest::Digest;
use genie_tests::registry::{PASSWORD, Registry};
use genie_tests::{Answer, Node, guests, programs};
use liar::{Liar, Lie};
use serde_json::Value;

const FAILED: Option<i32> = Some(1);

fn module() -> Vec<u8> {
    fs::read(guests::module("tenant")).unwrap()
}

/// Pushes the module `tenant` and returns its reference by digest.
#[track_caller]
fn push(node: &Node, registry: &Registry, more: &[&str]) -> String {
    let file = guests::module("tenant").display().to_string();
    let reference = registry.reference("policies/tenant:1.0.0");
    let pushed = node.genie_host(&[&["push", &file, &reference], more].concat());
    assert_eq!(pushed.status, Some(0), "{pushed:?}");
    let reference = pushed.stdout.trim().to_owned();
    assert!(reference.starts_with(&registry.reference("policies/tenant@sha256:")), "{reference}");
    reference
}

fn pull(node: &Node, reference: &str, to: &Path, more: &[&str]) -> Answer {
    let to = to.display().to_string();
    node.genie_host(&[&["pull", reference, "-O", &to], more].concat())
}

/// Fails unless the pull failed for this reason, and left no file.
#[track_caller]
fn refused(pulled: &Answer, to: &Path, why: &str) {
    assert_eq!(pulled.status, FAILED, "{pulled:?}");
    assert!(pulled.stderr.contains(why), "{pulled:?}");
    assert!(!to.exists(), "{pulled:?}");
}

#[test]
fn a_machine_without_certificates_of_authorities_reaches_registries_too() {
    let (node, open, tls) = (Node::new(), Registry::open(), Registry::with_tls());
    let authority = tls.authority().display().to_string();
    let (of_open, of_tls) = (push(&node, &open, &[]), push(&node, &tls, &["--ca-file", &authority]));
    let pull = |arguments: &[&str]| {
        let to = node.dir().join("pulled.wasm");
        let mut pull = Command::new(programs::dist("genie-host"));
        pull.arg("pull").args(arguments).arg("-O").arg(&to);
        // As in the image, where there is no such file.
        let pulled = pull.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent").output().unwrap();
        let is_there = fs::remove_file(&to).is_ok();
        (pulled.status.success() && is_there, String::from_utf8_lossy(&pulled.stderr).into_owned())
    };
    assert_eq!(pull(&[&of_open]), (true, String::new()));
    assert_eq!(pull(&[&of_tls, "--ca-file", &authority]), (true, String::new()));
    let (is_pulled, said) = pull(&[&of_tls.replace("oci://127.0.0.1", "oci://localhost.localdomain")]);
    assert!(!is_pulled && !said.contains("panicked"), "{said}");
    let empty = node.dir().join("empty.pem");
    fs::write(&empty, "").unwrap();
    let (is_pulled, said) = pull(&[&of_tls, "--ca-file", &empty.display().to_string()]);
    assert!(!is_pulled && said.contains("holds no certificate"), "{said}");
}

#[test]
fn what_was_pushed_is_pulled_and_shown() {
    let (node, registry) = (Node::new(), Registry::open());
    let pinned = push(&node, &registry, &[]);
    // The same module is the same package.
    assert_eq!(push(&node, &registry, &[]), pinned);
    for reference in [&pinned, &registry.reference("policies/tenant:1.0.0")] {
        let to = node.dir().join("pulled.wasm");
        let pulled = pull(&node, reference, &to, &[]);
        assert_eq!(pulled.status, Some(0), "{pulled:?}");
        assert!(pulled.stdout.contains(&pinned), "{pulled:?}");
        assert_eq!(fs::read(&to).unwrap(), module());
        fs::remove_file(&to).unwrap();
    }
    let shown = node.genie_host(&["inspect", &registry.reference("policies/tenant:1.0.0"), "-o", "json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap_or_else(|error| panic!("{error}: {shown:?}"));
    assert_eq!(shown["registry"]["reference"], pinned.as_str());
    assert_eq!(shown["registry"]["mediaType"], "application/wasm");
    assert_eq!(shown["registry"]["signatures"], 0);
    assert_eq!(shown["registry"]["annotations"]["org.opencontainers.image.title"], shown["name"]);
    assert_eq!(shown["sha256"], Digest::of(&module()).to_string());
    let table = node.genie_host(&["inspect", &pinned]);
    assert!(table.stdout.contains(&pinned), "{table:?}");
}

#[test]
fn what_is_not_there_is_an_error() {
    let (node, registry) = (Node::new(), Registry::open());
    let to = node.dir().join("pulled.wasm");
    refused(&pull(&node, &registry.reference("policies/tenant:1.0.0"), &to, &[]), &to, "no such module");
    let pinned = push(&node, &registry, &[]);
    let other = pinned.replace("policies/tenant", "policies/other");
    refused(&pull(&node, &other, &to, &[]), &to, "no such module");
    let gone = Registry::open().reference("tenant:1");
    refused(&pull(&node, &gone, &to, &[]), &to, "Connection refused");
    let untagged = node.genie_host(&["push", &guests::module("tenant").display().to_string(), &pinned]);
    assert!(untagged.stderr.contains("write a tag"), "{untagged:?}");
    let no_selector = node.dir().join("text.wasm");
    fs::write(&no_selector, "no module").unwrap();
    let pushed = node.genie_host(&["push", &no_selector.display().to_string(), &registry.reference("text:1")]);
    assert_eq!(pushed.status, FAILED, "{pushed:?}");
    refused(&pull(&node, &registry.reference("text:1"), &to, &[]), &to, "no such module");
}

#[test]
fn credentials_open_a_closed_registry_and_are_never_shown() {
    let (node, registry) = (Node::new(), Registry::closed());
    let (right, wrong) = (registry.credentials(PASSWORD), registry.credentials("a-wrong-one"));
    let [right, wrong] = [right, wrong].map(|file| file.display().to_string());
    let pinned = push(&node, &registry, &["--auth-file", &right]);
    let to = node.dir().join("pulled.wasm");
    assert_eq!(pull(&node, &pinned, &to, &["--auth-file", &right]).status, Some(0));
    fs::remove_file(&to).unwrap();
    refused(&pull(&node, &pinned, &to, &[]), &to, "asks for credentials");
    let answer = pull(&node, &pinned, &to, &["--auth-file", &wrong]);
    refused(&answer, &to, "asks for credentials");
    assert!(!answer.stderr.contains("a-wrong-one"), "{answer:?}");
}

#[test]
fn only_its_own_authority_vouches_for_a_registry() {
    let (node, registry) = (Node::new(), Registry::with_tls());
    let ours = registry.authority().display().to_string();
    let pinned = push(&node, &registry, &["--ca-file", &ours]);
    let to = node.dir().join("pulled.wasm");
    assert_eq!(pull(&node, &pinned, &to, &["--ca-file", &ours]).status, Some(0));
    fs::remove_file(&to).unwrap();
    let another = Registry::with_tls();
    let another = another.authority().display().to_string();
    refused(&pull(&node, &pinned, &to, &["--ca-file", &another]), &to, "certificate");
    let text = node.dir().join("text.crt");
    fs::write(&text, "no certificate").unwrap();
    refused(&pull(&node, &pinned, &to, &["--ca-file", &text.display().to_string()]), &to, "no certificate in PEM");
}

#[test]
fn a_mirror_answers_in_place_of_its_registry() {
    let (node, registry) = (Node::new(), Registry::open());
    let pinned = push(&node, &registry, &[]);
    let to = node.dir().join("pulled.wasm");
    let away = pinned.replace(&registry.host(), "registry.invalid").replace("policies/", "");
    let mirror = format!("registry.invalid={}/policies", registry.host());
    let pulled = pull(&node, &away, &to, &["--mirror", &mirror]);
    assert_eq!(pulled.status, Some(0), "{pulled:?}");
    assert!(pulled.stdout.contains(&away), "{pulled:?}");
    assert_eq!(fs::read(&to).unwrap(), module());
}

#[test]
fn no_lie_of_a_registry_gets_through() {
    let (node, module) = (Node::new(), module());
    let to = node.dir().join("pulled.wasm");
    let honest = Liar::new(&module, Lie::None);
    assert_eq!(pull(&node, &honest.reference(), &to, &[]).status, Some(0));
    fs::remove_file(&to).unwrap();
    for (lie, why) in [
        (Lie::Manifest, "digest"),
        (Lie::Content, "digest"),
        (Lie::Short, "digest"),
        (Lie::Size, "by its manifest"),
        (Lie::Long, "more than the"),
        (Lie::Endless, "more than the"),
        (Lie::Huge, "are taken"),
        (Lie::Redirect, "redirect"),
        (Lie::Token, "a token that no request can hold"),
    ] {
        let liar = Liar::new(&module, lie);
        refused(&pull(&node, &liar.reference(), &to, &[]), &to, why);
    }
}

#[test]
fn a_registry_that_says_nothing_is_not_waited_for() {
    let node = Node::new();
    let to = node.dir().join("pulled.wasm");
    let silent = Liar::new(&module(), Lie::Silent);
    refused(&pull(&node, &silent.reference(), &to, &["--timeout", "1"]), &to, "longer than 1 s");
}

/// The client has no bound of its own here: the process has.
#[test]
fn an_endless_manifest_ends_the_process_that_asked_for_it() {
    let node = Node::new();
    let to = node.dir().join("pulled.wasm");
    let endless = Liar::new(&module(), Lie::EndlessManifest);
    let pulled = pull(&node, &endless.reference(), &to, &[]);
    assert_ne!(pulled.status, Some(0), "{pulled:?}");
    assert!(pulled.stderr.contains("memory allocation of"), "{pulled:?}");
    assert!(!to.exists());
}

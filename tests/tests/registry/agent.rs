//! What the agent pulls, puts in force, refuses and removes.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use genie_core::digest::Digest;
use genie_tests::Node;
use genie_tests::installing::{Pod, succeeds, until};
use genie_tests::registry::{PASSWORD, Registry};
use serde_json::{Value, json};

use super::liar::{Liar, Lie};
use super::signed::{Keys, digest_of};
use super::{module, push};

fn config(module: &str) -> Value {
    json!({"name": "k8s-pod-network", "type": "genie", "selectors": [
        {"module": module, "grant": ["pod"]}, {"module": "default-plugin"}]})
}

/// Whether the configuration in force has the module `tenant` first.
fn has_tenant(pod: &Pod) -> bool {
    let entry = &pod.conf()["selectors"][0];
    entry["sha256"] == Digest::of(&module()).to_string() && entry["module"].as_str().unwrap().ends_with("/tenant.wasm")
}

fn packages(pod: &Pod) -> usize {
    fs::read_dir(pod.at("host/var/lib/genie/registry")).map_or(0, Iterator::count)
}

#[test]
fn a_module_is_pulled_before_it_is_in_force_and_goes_when_nothing_names_it() {
    let (node, registry, pod) = (Node::new(), Registry::open(), Pod::new());
    let pinned = push(&node, &registry, &[]);
    // What the node has for others says nothing of a registry on its own loopback.
    let certificates = pod.at("host/etc/ssl/certs");
    fs::create_dir_all(&certificates).unwrap();
    fs::copy(Registry::with_tls().authority(), certificates.join("ca-certificates.crt")).unwrap();
    pod.config(&config(&pinned));
    let installed = pod.run("install");
    succeeds(&installed);
    let said = String::from_utf8(installed.stdout).unwrap();
    assert!(said.contains("not in force yet") && said.contains(&pinned), "{said}");
    assert!(pod.at("host/opt/cni/bin/genie").exists());
    let agent = pod.agent();
    agent.until_ready();
    assert!(has_tenant(&pod), "{}", pod.conf());
    agent.until_counted("genie_pulls_total{outcome=\"ok\"} 1");
    assert_eq!(packages(&pod), 1);
    pod.config(&config("annotation"));
    until("the module is removed", || packages(&pod) == 0);
    assert_eq!(fs::read_dir(pod.at("host/var/lib/genie/selectors")).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_pulled_or_is_no_selector_leaves_the_last_good_one_in_force() {
    let (node, registry, pod) = (Node::new(), Registry::open(), Pod::new());
    let pinned = push(&node, &registry, &[]);
    pod.config(&config(&pinned));
    let agent = pod.agent_with(&["--registry-timeout", "5"]);
    agent.until_ready();
    let other = registry.reference(&format!("policies/tenant@sha256:{}", "0".repeat(64)));
    let lying = Liar::new(&module(), Lie::Content);
    let silent = Liar::new(&module(), Lie::Silent);
    let endless = Liar::new(&module(), Lie::EndlessManifest);
    let wrong = Liar::new(b"\0asm\x0d\0\x01\0", Lie::None);
    for (reference, why) in [
        (other, "no such module"),
        (lying.reference(), "digest"),
        (silent.reference(), "longer than 5 s"),
        (endless.reference(), "the registry answers with more than this node takes"),
        (wrong.reference(), "cannot be compiled"),
        (registry.reference("policies/tenant:1.0.0"), "has no digest"),
    ] {
        pod.config(&config(&reference));
        agent.until_not_ready(why);
        assert!(has_tenant(&pod), "{why}: {}", pod.conf());
    }
    assert!(agent.ask("/metrics").unwrap().1.contains("genie_pulls_total{outcome=\"failed\"}"));
    pod.config(&config(&pinned));
    agent.until_ready();
}

#[test]
fn a_registry_that_is_gone_stops_no_node_that_has_the_module() {
    let (node, registry, pod) = (Node::new(), Registry::open(), Pod::new());
    let pinned = push(&node, &registry, &[]);
    pod.config(&config(&pinned));
    pod.agent().until_ready();
    drop(registry);
    succeeds(&pod.run("install"));
    let agent = pod.agent();
    agent.until_ready();
    agent.until_counted("genie_pulls_total{outcome=\"failed\"} 0");
    assert!(has_tenant(&pod));
}

#[test]
fn credentials_a_mirror_an_authority_and_a_key_are_those_of_the_agent() {
    let (node, pod) = (Node::new(), Pod::new());
    let (closed, tls) = (Registry::closed(), Registry::with_tls());
    let credentials = closed.credentials(PASSWORD).display().to_string();
    let pinned = push(&node, &closed, &["--auth-file", &credentials]);
    let away = pinned.replace(&closed.host(), "registry.invalid");
    let mirror = format!("registry.invalid={}", closed.host());
    pod.config(&config(&away));
    {
        let agent = pod.agent_with(&["--registry-auth-file", &credentials, "--registry-mirror", &mirror]);
        agent.until_ready();
    }
    assert!(has_tenant(&pod));
    let authority = tls.authority();
    let pinned = push(&node, &tls, &["--ca-file", &authority.display().to_string()]);
    let pinned = pinned.replace("tenant@", "tenant:1.0.0@");
    pod.config(&config("annotation"));
    let agent = pod.agent();
    agent.until_ready();
    until("nothing is kept", || packages(&pod) == 0);
    fs::copy(&authority, pod.at("config/registry-ca.pem")).unwrap();
    pod.config(&config(&pinned));
    agent.until_ready();
    until("the module is in force", || has_tenant(&pod));
    // With a key, what is here already counts no longer.
    let keys = Keys::new(node.dir(), "ours");
    fs::copy(keys.public(), pod.at("config/registry-key.pub")).unwrap();
    agent.until_not_ready("is not signed");
    assert!(has_tenant(&pod));
}

#[test]
fn a_signed_module_is_in_force_with_its_key() {
    let (node, registry, pod) = (Node::new(), Registry::open(), Pod::new());
    let pinned = push(&node, &registry, &[]);
    let keys = Keys::new(node.dir(), "ours");
    keys.sign(&registry, digest_of(&pinned), digest_of(&pinned));
    fs::copy(keys.public(), pod.at("config/registry-key.pub")).unwrap();
    pod.config(&config(&pinned));
    pod.agent().until_ready();
    assert!(has_tenant(&pod));
}

#[test]
fn a_node_without_a_registry_loads_its_modules() {
    let (node, registry, pod) = (Node::new(), Registry::open(), Pod::new());
    let pinned = push(&node, &registry, &[]);
    let archive = node.dir().join("tenant.tar").display().to_string();
    assert_eq!(node.genie_host(&["save", &pinned, &archive]).status, Some(0));
    drop(registry);
    let agent = pod.agent_with(&["--registry-timeout", "1"]);
    // Another configuration in between does not take it away.
    let host = pod.at("host").display().to_string();
    let loaded = node.genie_host(&["load", "--host-root", &host, &archive]);
    assert_eq!(loaded.status, Some(0), "{loaded:?}");
    pod.config(&config("annotation"));
    agent.until_ready();
    pod.config(&config(&pinned));
    until("the module is in force", || has_tenant(&pod));
    agent.until_ready();
}

/// The module as gzip writes it.
fn compressed(content: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip").arg("-9").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = gzip.stdin.take().unwrap();
    let content = content.to_vec();
    let writing = std::thread::spawn(move || input.write_all(&content).unwrap());
    let output = gzip.wait_with_output().unwrap();
    writing.join().unwrap();
    output.stdout
}

#[test]
fn a_compressed_module_of_the_config_map_is_in_force_and_a_bomb_is_not() {
    let pod = Pod::new();
    fs::write(pod.at("config/tenant.wasm.gz"), compressed(&module())).unwrap();
    for name in ["tenant.wasm", "tenant.wasm.gz"] {
        pod.config(&config(name));
        succeeds(&pod.run("install"));
        assert!(has_tenant(&pod), "{name}");
    }
    let before = pod.conf();
    fs::write(pod.at("config/bomb.wasm.gz"), compressed(&vec![0; 33 << 20])).unwrap();
    pod.config(&config("bomb.wasm"));
    let refused = pod.run("install");
    assert!(String::from_utf8(refused.stderr).unwrap().contains("larger than 32 MiB"));
    assert_eq!(pod.conf(), before);
}

//! Signatures by key, in cosign's format: a manifest beside the one that is signed. `make signing`
//! has the real cosign make one.

use std::fs;
use std::path::Path;
use std::process::Command;

use genie_core::digest::Digest;
use genie_tests::Node;
use genie_tests::registry::Registry;
use serde_json::{Value, json};

use super::{pull, push, refused};

/// A pair of keys on P-256.
pub struct Keys<'a> {
    dir: &'a Path,
    name: &'a str,
}

impl<'a> Keys<'a> {
    /// Makes the keys in a directory.
    pub fn new(dir: &'a Path, name: &'a str) -> Self {
        let keys = Self { dir, name };
        keys.openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &format!("{name}.key")]);
        keys.openssl(&["pkey", "-in", &format!("{name}.key"), "-pubout", "-out", &format!("{name}.pub")]);
        keys
    }

    /// The file of the public key.
    pub fn public(&self) -> String {
        self.dir.join(format!("{}.pub", self.name)).display().to_string()
    }

    /// Puts a signature of the manifest `about` beside the manifest `of`.
    pub fn sign(&self, registry: &Registry, of: &str, about: &str) {
        const REPOSITORY: &str = "policies/tenant";
        let document =
            json!({"critical": {"identity": {"docker-reference": ""}, "image": {"docker-manifest-digest": about},
            "type": "cosign container image signature"}, "optional": null})
            .to_string();
        fs::write(self.dir.join("document"), &document).unwrap();
        let key = format!("{}.key", self.name);
        self.openssl(&["dgst", "-sha256", "-sign", &key, "-out", "signature", "document"]);
        self.openssl(&["base64", "-A", "-in", "signature", "-out", "signature.base64"]);
        let signature = fs::read_to_string(self.dir.join("signature.base64")).unwrap();
        for content in [document.as_str(), "{}"] {
            registry.put_blob(REPOSITORY, content.as_bytes(), &digest(content));
        }
        let part = |media_type: &str, content: &str| -> Value {
            json!({"mediaType": media_type, "digest": digest(content), "size": content.len()})
        };
        let mut layer = part("application/vnd.dev.cosign.simplesigning.v1+json", &document);
        layer["annotations"] = json!({"dev.cosignproject.cosign/signature": signature});
        let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": part("application/vnd.oci.image.config.v1+json", "{}"), "layers": [layer]});
        let tag = format!("{}.sig", of.replace(':', "-"));
        registry.put_manifest(REPOSITORY, &tag, manifest.to_string().as_bytes());
    }

    fn openssl(&self, arguments: &[&str]) {
        let made = Command::new("openssl").args(arguments).current_dir(self.dir).output().unwrap();
        assert!(made.status.success(), "{made:?}");
    }
}

fn digest(content: &str) -> String {
    format!("sha256:{}", Digest::of(content.as_bytes()))
}

/// The digest of a reference.
pub fn digest_of(reference: &str) -> &str {
    reference.split_once('@').unwrap().1
}

#[test]
fn only_what_the_key_has_signed_is_pulled() {
    let (node, registry) = (Node::new(), Registry::open());
    let (ours, other) = (Keys::new(node.dir(), "ours"), Keys::new(node.dir(), "other"));
    let pinned = push(&node, &registry, &[]);
    let digest = digest_of(&pinned);
    let to = node.dir().join("pulled.wasm");
    let key = ours.public();
    refused(&pull(&node, &pinned, &to, &["--key", &key]), &to, "is not signed");
    other.sign(&registry, digest, digest);
    refused(&pull(&node, &pinned, &to, &["--key", &key]), &to, "no signature of");
    ours.sign(&registry, digest, &format!("sha256:{}", "0".repeat(64)));
    refused(&pull(&node, &pinned, &to, &["--key", &key]), &to, "another digest");
    ours.sign(&registry, digest, digest);
    let pulled = pull(&node, &pinned, &to, &["--key", &key]);
    assert_eq!(pulled.status, Some(0), "{pulled:?}");
    fs::remove_file(&to).unwrap();
    refused(&pull(&node, &pinned, &to, &["--key", &other.public()]), &to, "no signature of");
    let text = node.dir().join("text.pub");
    fs::write(&text, "no key").unwrap();
    refused(&pull(&node, &pinned, &to, &["--key", &text.display().to_string()]), &to, "no public key");
    let shown = node.genie_host(&["inspect", &pinned, "--key", &key]);
    assert!(shown.stdout.contains("signatures") && shown.status == Some(0), "{shown:?}");
}

#[test]
fn an_archive_has_the_signatures_too() {
    let (node, registry) = (Node::new(), Registry::open());
    let (ours, other) = (Keys::new(node.dir(), "ours"), Keys::new(node.dir(), "other"));
    let pinned = push(&node, &registry, &[]);
    ours.sign(&registry, digest_of(&pinned), digest_of(&pinned));
    let archive = node.dir().join("tenant.tar").display().to_string();
    let saved = node.genie_host(&["save", &pinned, &archive]);
    assert_eq!(saved.status, Some(0), "{saved:?}");
    let state_dir = node.dir().join("loaded");
    let state_dir = state_dir.display().to_string();
    let load = |key: &str| node.genie_host(&["load", &archive, "--state-dir", &state_dir, "--key", key]);
    let wrong = load(&other.public());
    assert!(wrong.status == Some(1) && wrong.stderr.contains("no signature of"), "{wrong:?}");
    assert!(!Path::new(&state_dir).exists());
    let loaded = load(&ours.public());
    assert!(loaded.status == Some(0) && loaded.stdout.contains(digest_of(&pinned)), "{loaded:?}");
    fs::write(&archive, &fs::read(&archive).unwrap()[..4000]).unwrap();
    let damaged = load(&ours.public());
    assert_eq!(damaged.status, Some(1), "{damaged:?}");
}

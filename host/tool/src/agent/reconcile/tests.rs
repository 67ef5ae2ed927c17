//! Which containers are gone.

use std::os::unix::fs::symlink;
use std::time::Instant;

use serde_json::json;

use super::*;
use genie_core::record::VERSION;

const STATE: &str = "/var/lib/genie";

struct Host {
    root: tempfile::TempDir,
}

impl Host {
    /// A host whose `/var/run` is a link to `/run`, as on most distributions.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("run/netns")).unwrap();
        fs::create_dir_all(root.path().join("var/lib")).unwrap();
        symlink("/run", root.path().join("var/run")).unwrap();
        Self { root }
    }

    fn netns(&self, name: &str) -> PathBuf {
        let path = self.root.path().join("run/netns").join(name);
        fs::write(&path, "").unwrap();
        path
    }

    fn record(&self, container: &str, netns: &str, boot_id: &str) {
        let store = Store::open(&on_host(self.root.path(), Path::new(STATE))).unwrap();
        let mut lock = store.lock(container, Instant::now() + Duration::from_secs(5)).unwrap();
        lock.keep_file();
        let header = Header {
            version: VERSION,
            boot_id: boot_id.into(),
            container: container.into(),
            interface: "eth0".into(),
            netns: netns.into(),
            network: "n".into(),
            cni_args: String::new(),
            pod: None,
            created: 1000,
            path: Vec::new(),
            attachments: Vec::new(),
            decision: json!({}),
        };
        store.create(&lock, &header).unwrap();
    }

    fn reconciler(&self) -> Reconciler {
        Reconciler::new(self.root.path(), Path::new(STATE), Path::new("/nonexistent"))
    }
}

fn ids(gone: Result<Vec<Container>, CniError>) -> Vec<String> {
    gone.unwrap().into_iter().map(|container| container.id).collect()
}

#[test]
fn a_missing_namespace_counts_when_it_is_seen_twice() {
    let host = Host::new();
    let netns = host.netns("cni-1");
    host.record("lives", "/var/run/netns/cni-2", &boot_id());
    host.netns("cni-2");
    host.record("c1", "/var/run/netns/cni-1", &boot_id());
    let mut reconciler = host.reconciler();
    assert_eq!(ids(reconciler.gone(2000)), [""; 0]);
    fs::remove_file(&netns).unwrap();
    assert_eq!(ids(reconciler.gone(2000)), [""; 0], "its DEL may be on the way");
    assert_eq!(ids(reconciler.gone(2000)), ["c1"]);
    host.netns("cni-1");
    assert_eq!(ids(reconciler.gone(2000)), [""; 0], "it is back");
    fs::remove_file(&netns).unwrap();
    assert_eq!(ids(reconciler.gone(2000)), [""; 0]);
}

#[test]
fn a_young_record_is_left_alone() {
    let host = Host::new();
    host.record("c1", "/run/netns/none", &boot_id());
    let mut reconciler = host.reconciler();
    for _ in 0..3 {
        assert_eq!(ids(reconciler.gone(1000 + GRACE - 1)), [""; 0]);
    }
}

#[test]
fn a_host_that_we_do_not_see_whole_loses_nothing() {
    let host = Host::new();
    host.record("c1", "/run/elsewhere/cni-1", &boot_id());
    host.record("c2", "", &boot_id());
    let mut reconciler = host.reconciler();
    for _ in 0..3 {
        assert_eq!(ids(reconciler.gone(2000)), [""; 0]);
    }
}

#[test]
fn a_container_of_an_earlier_boot_is_gone_at_once() {
    let host = Host::new();
    host.netns("cni-1");
    host.record("c1", "/run/netns/cni-1", "another boot");
    assert_eq!(ids(host.reconciler().gone(1000)), ["c1"]);
}

#[test]
fn what_cannot_be_looked_at_counts_as_present() {
    let host = Host::new();
    symlink("loop", host.root.path().join("run/loop")).unwrap();
    assert!(!is_missing(host.root.path(), Path::new("/run/loop")));
    assert!(!is_missing(host.root.path(), Path::new("")));
    assert!(!is_missing(Path::new("/"), Path::new("/proc/self/ns/net")));
    assert!(is_missing(Path::new("/"), Path::new("/proc/4194305/ns/net")));
    assert!(is_missing(host.root.path(), Path::new("/run/netns/none")));
}

#[test]
fn a_record_that_is_too_large_is_passed_over() {
    let host = Host::new();
    for container in ["large", "small"] {
        host.record(container, "/var/run/netns/none", "another boot");
    }
    let large = on_host(host.root.path(), Path::new(STATE)).join("records/large@eth0.json");
    fs::File::options().write(true).open(large).unwrap().set_len(MODERATE + 1).unwrap();
    let mut reconciler = host.reconciler();
    for _ in 0..2 {
        assert_eq!(ids(reconciler.gone(10_000)), ["small"]);
    }
}

#[test]
fn a_directory_among_the_records_hides_no_container() {
    let host = Host::new();
    host.record("c1", "/var/run/netns/none", "another boot");
    let records = on_host(host.root.path(), Path::new(STATE)).join("records");
    fs::create_dir_all(records.join("locks")).unwrap();
    // Not even one with the name of a record.
    fs::create_dir_all(records.join("c0@eth0.json")).unwrap();
    assert_eq!(ids(host.reconciler().gone(10_000)), ["c1"]);
}

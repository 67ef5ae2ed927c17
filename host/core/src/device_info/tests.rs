use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{CAPABILITY, DeviceFile, path};

fn vhost() -> Value {
    json!({"type": "vhost-user", "version": "1.1.0", "vhost-user": {"mode": "client", "path": "/run/vhost.sock"}})
}

/// A directory that is not there yet, in one that is.
fn directory() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let below = dir.path().join("devinfo/cni");
    (dir, below)
}

fn told(path: &Path) -> Map<String, Value> {
    [(CAPABILITY.to_owned(), json!(path))].into_iter().collect()
}

/// What is read of a file with this text.
fn read(text: &str) -> Result<Option<Value>, String> {
    let (_dir, below) = directory();
    let path = path(&below, "net", "c", "net1");
    let told = told(&path);
    let file = DeviceFile::of(&told, "net", "c", "net1").unwrap();
    file.make_room().unwrap();
    fs::write(&path, text).unwrap();
    file.read().map(|info| info.map(Value::Object))
}

#[test]
fn row_46_the_directory_is_made_and_what_was_left_there_is_taken_away() {
    let (_dir, below) = directory();
    let path = path(&below, "net", "c", "net1");
    let told = told(&path);
    let file = DeviceFile::of(&told, "net", "c", "net1").unwrap();
    for _ in 0..2 {
        file.make_room().unwrap();
        assert_eq!(file.read(), Ok(None));
        fs::write(&path, vhost().to_string()).unwrap();
    }
    assert_eq!(fs::metadata(&below).unwrap().permissions().mode() & 0o7022, 0, "root's alone to write");
    assert_eq!(file.read().unwrap().map(Value::Object), Some(vhost()));
    for _ in 0..2 {
        file.remove().unwrap();
        assert!(!path.exists());
    }
}

#[test]
fn row_46_each_attachment_has_a_name_of_its_own_that_every_disk_takes() {
    let long = "n".repeat(300);
    let attachments = [
        ["a", "b-c", "d"],
        ["a-b", "c", "d"],
        ["a", "b", "c@d"],
        ["a", "b", "d"],
        [&long, "b", "d"],
        ["a", &long, "d"],
        ["../../etc/passwd", "b", "d"],
    ];
    let dir = Path::new("/devices");
    let mut paths: Vec<_> =
        attachments.iter().map(|[network, container, interface]| path(dir, network, container, interface)).collect();
    for path in &paths {
        assert_eq!(path.parent(), Some(dir), "{path:?}");
        assert!(path.file_name().unwrap().len() <= 200, "{path:?}");
    }
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), attachments.len(), "{paths:?}");
}

#[test]
fn row_47_a_path_that_is_not_the_attachments_own_is_nobodys() {
    let own = told(Path::new("/devices/net@c@net1.json"));
    assert!(DeviceFile::of(&own, "net", "c", "net1").is_some());
    for (network, container, interface) in [("other", "c", "net1"), ("net", "d", "net1"), ("net", "c", "net2")] {
        assert_eq!(DeviceFile::of(&own, network, container, interface), None);
    }
    for path in ["/etc/shadow", "/devices/net@c@net1.json/..", ""] {
        assert_eq!(DeviceFile::of(&told(Path::new(path)), "net", "c", "net1"), None, "{path}");
    }
    let mut number = own;
    number.insert(CAPABILITY.into(), json!(7));
    assert_eq!(DeviceFile::of(&number, "net", "c", "net1"), None);
}

#[test]
fn row_48_every_type_is_read_and_what_is_not_known_is_kept() {
    for info in [
        vhost(),
        json!({"type": "pci", "version": "1.0.0", "pci": {"pci-address": "0000:18:02.5", "new": 1}, "more": {}}),
        json!({"type": "vdpa", "version": "1.1.0", "vdpa": {"driver": "vhost", "path": "/dev/v"}, "pci": {}}),
        json!({"type": "memif", "version": "1.2.0", "memif": {"role": "slave", "path": "/m", "mode": "ethernet"}}),
    ] {
        assert_eq!(read(&info.to_string()), Ok(Some(info)));
    }
    let mut null = vhost();
    null["pci"] = Value::Null;
    assert_eq!(read(&null.to_string()), Ok(Some(vhost())), "a null of Go's means nothing");
}

#[test]
fn row_48_anything_else_is_refused_and_says_why() {
    let with = |key: &str, value: Value| {
        let mut info = vhost();
        info[key] = value;
        info.to_string()
    };
    let padded = |bytes: usize| {
        let text = vhost().to_string();
        format!("{text}{}", " ".repeat(bytes - text.len()))
    };
    for (text, says) in [
        (String::new(), "is no JSON"),
        ("{\"type\": \"pci\"".into(), "is no JSON"),
        ("[]".into(), "no JSON object"),
        (json!(vhost().to_string()).to_string(), "no JSON object"),
        ("{}".into(), "no \"type\""),
        (with("type", json!(7)), "no \"type\""),
        (with("type", json!("gpu")), "the type \"gpu\"; there are \"pci\", \"vdpa\", \"vhost-user\", \"memif\""),
        (with("type", json!("VHOST-USER")), "there are"),
        (with("version", Value::Null), "no \"version\""),
        (with("version", json!("")), "no \"version\""),
        (with("type", json!("pci")), "the type \"pci\" and no member of that name"),
        (with("vhost-user", json!("/run/vhost.sock")), "\"vhost-user\" that is no object"),
        (with("vhost-user", json!({"path": 7})), "\"vhost-user\" whose \"path\" is no text"),
        (with("pci", json!({"pci-address": []})), "\"pci\" whose \"pci-address\" is no text"),
        (padded((16 << 10) + 1), "larger than 16 KiB"),
        ("[".repeat(10_000), "is no JSON"),
    ] {
        let why = read(&text).unwrap_err();
        assert!(why.contains(says), "{says}: {why}");
    }
    assert_eq!(read(&padded(16 << 10)), Ok(Some(vhost())));
}

#[test]
fn row_48_only_a_regular_file_is_read() {
    let (dir, below) = directory();
    let path = path(&below, "net", "c", "net1");
    let told = told(&path);
    let file = DeviceFile::of(&told, "net", "c", "net1").unwrap();
    file.make_room().unwrap();
    let target = dir.path().join("target");
    fs::write(&target, vhost().to_string()).unwrap();
    symlink(&target, &path).unwrap();
    assert_eq!(file.read(), Err("is a symbolic link".into()));
    file.remove().unwrap();
    assert!(target.exists(), "the link goes, and not what it leads to");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert_eq!(file.read(), Err("is not a regular file".into()), "and nobody waits for a writer");
    file.remove().unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(file.read(), Err("is not a regular file".into()));
    assert!(file.make_room().is_err());
}

//! What is told of each key and flag, and what is no configuration of Multus.

use std::collections::BTreeSet;
use std::fs;

use genie_host::adopt::multus::{FLAGS, KEYS};
use genie_tests::documents::first_column;
use serde_json::{Value, json};

use super::{CALICO, fate, fixture, import, imported, node, piped};

#[test]
fn every_key_and_flag_is_known_and_documented() {
    let written = |name: &str| serde_json::from_str::<Value>(&fs::read_to_string(fixture(name)).unwrap()).unwrap();
    let flags = fs::read_to_string(fixture("every-flag")).unwrap();
    let mut expected = BTreeSet::new();
    for object in [written("every-key.conf"), written("every-key.daemon.json")] {
        for (key, value) in object.as_object().unwrap() {
            match value.as_object().filter(|_| ["logOptions", "perNodeCertificate"].contains(&key.as_str())) {
                Some(members) => expected.extend(members.keys().map(|member| format!("{key}.{member}"))),
                None => _ = expected.insert(key.clone()),
            }
        }
    }
    let keys: BTreeSet<_> = KEYS.iter().map(|key| key.name.to_owned()).collect();
    assert_eq!(keys, expected);
    let expected: BTreeSet<_> =
        flags.lines().map(|flag| flag.trim_start_matches("--").split('=').next().unwrap().to_owned()).collect();
    let known: BTreeSet<_> = FLAGS.iter().map(|flag| flag.name.to_owned()).collect();
    assert_eq!(known, expected);

    let told = imported(
        &[
            &fixture("every-key.conf"),
            "--daemon-config",
            &fixture("every-key.daemon.json"),
            "--flags",
            &flags.replace('\n', " "),
        ],
        1,
    );
    let lines = told["keys"].as_array().unwrap();
    let told_of: BTreeSet<_> = lines.iter().map(|line| line["key"].as_str().unwrap().to_owned()).collect();
    // Multus has no limits, which is told, too.
    let limits = ["limits".to_owned()];
    let all: BTreeSet<_> =
        keys.iter().cloned().chain(known.iter().map(|flag| format!("--{flag}"))).chain(limits).collect();
    assert_eq!(told_of, all);
    for line in lines {
        assert!(line["becomes"] != "unknown" && !line["how"].as_str().unwrap().is_empty(), "{line}");
    }
    let documented: BTreeSet<_> = first_column("docs/multus.md", "## Key by key").into_iter().collect();
    assert_eq!(documented, all);
}

#[test]
fn what_nobody_knows_is_told_and_not_dropped_silently() {
    let node = node();
    let multus = json!({
        "type": "multus", "clusterNetwork": "/etc/cni/net.d/10-calico.conflist", "newKey": {"password": "hidden-one"},
        "logOptions": {"maxAge": 1, "color": true}, "READINESSINDICATORFILE": null,
    });
    let arguments = ["import", "multus", "-", "-o", "json", "--flags", "--new-flag --skip-tls-verify=false"];
    let answer = node.genie_host_reads(&arguments, &multus.to_string());
    assert_eq!(answer.status, Some(1), "{answer:?}");
    let told = answer.json();
    for key in ["newKey", "logOptions.color", "--new-flag"] {
        assert_eq!(fate(&told, key).0, "unknown", "{key}");
    }
    assert_eq!(fate(&told, "READINESSINDICATORFILE").0, "not-needed", "keys match without regard to case");
    assert_eq!(fate(&told, "--skip-tls-verify").0, "not-needed");
    assert!(!answer.stdout.contains("hidden-one"), "{answer:?}");

    let plugins = json!([{"type": "multus", "clusterNetwork": CALICO}, {"type": "tuning"}]);
    let (_, told) = piped(&json!({"name": "n", "cniVersion": "1.0.0", "plugins": plugins}), &[]);
    assert_eq!(fate(&told, "plugins[1]").0, "cannot");
}

#[test]
fn people_get_the_configuration_alone_and_the_account_beside_it() {
    let node = node();
    let answer = import(&node, &[&fixture("platform.conf"), "--conf-dir", "/etc/kubernetes/cni/net.d"]);
    assert_eq!(answer.status, Some(1), "{answer:?}");
    let configuration = answer.json();
    assert_eq!(
        (&configuration["type"], &configuration["conf_dir"]),
        (&json!("genie"), &json!("/etc/kubernetes/cni/net.d"))
    );
    let mut lines = answer.stderr.lines();
    assert_eq!(lines.next().unwrap().split_whitespace().collect::<Vec<_>>(), ["IN", "KEY", "BECOMES", "HOW"]);
    let row = lines.find(|line| line.contains("clusterNetwork")).unwrap();
    assert!(row.starts_with("file") && row.contains("  cannot  "), "{row}");
}

#[test]
fn what_is_no_multus_is_wrong_usage() {
    let node = node();
    let own = node.conf_dir().join("10-calico.conflist").display().to_string();
    let thin = fixture("thin.conf");
    for (arguments, says) in [
        (vec!["/nonexistent"], "/nonexistent"),
        (vec![&*own], "no configuration of Multus"),
        (vec![&fixture("every-flag")], "not JSON"),
        (vec![&thin, "--manifest", &thin], "no DaemonSet of Multus"),
        (vec![&thin, "--daemon-config", &fixture("thin.yaml")], "not JSON"),
        (vec![&thin, "--networks", "/nonexistent"], "no directory /nonexistent"),
        (vec![], "FILE"),
    ] {
        let answer = import(&node, &arguments);
        assert!(answer.status == Some(2) && answer.stdout.is_empty(), "{arguments:?}: {answer:?}");
        assert!(answer.stderr.contains(says), "{arguments:?}: {answer:?}");
    }
}

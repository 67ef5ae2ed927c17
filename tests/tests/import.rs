//! `genie-host import multus`: what it makes of Multus' configurations as clusters have them (`import/`), and what it
//! says becomes of each key.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use boon::{Compiler, Draft, Schemas};
use genie_host::adopt::multus::{FLAGS, KEYS};
use genie_tests::documents::first_column;
use genie_tests::netns::Namespace;
use genie_tests::{Answer, Node, programs};
use serde_json::{Value, json};

/// A file of `import/`.
fn fixture(name: &str) -> String {
    programs::root().join("tests/import").join(name).display().to_string()
}

fn import(node: &Node, arguments: &[&str]) -> Answer {
    node.genie_host(&[&["import", "multus"], arguments].concat())
}

/// Imports Multus' file as one document, and holds the configuration against what a node would put in force.
#[track_caller]
fn imported(arguments: &[&str], status: i32) -> Value {
    let node = node();
    let answer = import(&node, &[arguments, &["-o", "json"]].concat());
    assert_eq!(answer.status, Some(status), "{answer:?}");
    let told = answer.json();
    assert_eq!(told["complete"], json!(status == 0));
    let lost =
        told["keys"].as_array().unwrap().iter().any(|key| key["becomes"] == "cannot" || key["becomes"] == "unknown");
    assert_eq!(lost, status != 0, "{told:#}");
    assert_approved(&node, &told["configuration"]);
    assert_is_a_value_of_the_chart(&told["configuration"]);
    told
}

/// As helm holds the value `config` against the chart's schema.
#[track_caller]
fn assert_is_a_value_of_the_chart(configuration: &Value) {
    let values = fs::read_to_string(programs::root().join("deploy/chart/values.schema.json")).unwrap();
    let values: Value = serde_json::from_str(&values).unwrap();
    let mut schema = values["properties"]["config"].clone();
    schema["definitions"] = values["definitions"].clone();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.set_default_draft(Draft::V7);
    compiler.add_resource("genie:///config", schema).unwrap();
    let index = compiler.compile("genie:///config", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(configuration, index) {
        panic!("{error:#}\n{configuration:#}");
    }
}

/// The path of a default network.
const CALICO: &str = "/etc/cni/net.d/10-calico.conflist";

/// Imports a file of Multus that is piped in. Returns the exit status, and the document.
#[track_caller]
fn piped(multus: &Value, more: &[&str]) -> (i32, Value) {
    let arguments = [&["import", "multus", "-", "-o", "json"], more].concat();
    let answer = node().genie_host_reads(&arguments, &multus.to_string());
    (answer.status.expect("it ends by itself"), answer.json())
}

/// As the agent asks before it puts a configuration in force.
#[track_caller]
fn assert_approved(node: &Node, configuration: &Value) {
    let cache = node.dir().join("cache").display().to_string();
    let answer = node.genie_host_reads(&["approve", "--cache-dir", &cache], &format!("{configuration}\n"));
    assert_eq!((answer.status, &*answer.stdout), (Some(0), ""), "{answer:?}");
}

/// A node with a calico, a flannel and Multus.
fn node() -> Node {
    let node = Node::new();
    let list = |name: &str, kinds: &[&str]| {
        let plugins: Vec<_> = kinds.iter().map(|kind| json!({"type": kind})).collect();
        json!({"cniVersion": "1.0.0", "name": name, "plugins": plugins})
    };
    node.network("10-calico.conflist", &list("k8s-pod-network", &["calico", "portmap", "bandwidth"]));
    node.network("10-flannel.conflist", &list("cbr0", &["flannel", "portmap"]));
    node.network("00-multus.conf", &json!({"type": "multus", "name": "multus-cni-network"}));
    node
}

/// What becomes of a key, and how.
#[track_caller]
fn fate<'a>(told: &'a Value, key: &str) -> (&'a str, &'a str) {
    let keys = told["keys"].as_array().unwrap();
    let line = keys.iter().find(|line| line["key"] == key).unwrap_or_else(|| panic!("no {key}: {told:#}"));
    (line["becomes"].as_str().unwrap(), line["how"].as_str().unwrap())
}

/// The default networks.
fn networks(told: &Value) -> &Value {
    &told["configuration"]["selectors"][0]["settings"]["networks"]
}

/// The entry of `network-attachment`.
fn attachments(told: &Value) -> &Value {
    &told["configuration"]["selectors"][1]
}

/// The grants `definitions` of that entry.
fn definitions(told: &Value) -> Vec<&Value> {
    attachments(told)["grant"].as_array().unwrap().iter().filter_map(|grant| grant.get("definitions")).collect()
}

#[test]
fn a_thin_multus_is_carried_over_whole() {
    let node = node();
    let dir = node.conf_dir().display().to_string();
    let told = imported(&[&fixture("thin.conf"), "--networks", &dir], 0);
    assert_eq!(networks(&told), &json!(["10-flannel.conflist"]), "the network inside of it is the node's own");
    let configuration = &told["configuration"];
    assert_eq!(configuration["type"], "genie");
    assert_eq!((&configuration["name"], &configuration["cniVersion"]), (&json!("multus-cni-network"), &json!("0.3.1")));
    let capabilities = json!({"portMappings": true, "io.kubernetes.cri.pod-annotations": true});
    assert_eq!(configuration["capabilities"], capabilities);
    assert_eq!(fate(&told, "cniConf").0, "not-needed");
    assert_eq!(definitions(&told), [&json!(["*"])], "Multus isolates nobody unless it is told to");
    assert!(fate(&told, "namespaceIsolation").1.contains("every namespace"));

    // Since CNI 1.0.0 its file is a list. The flags say that the network inside is a copy of the node's.
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    assert_eq!(networks(&told), &json!(["k8s-pod-network"]));
    assert_eq!(told["files"], json!([]));
    let (becomes, how) = fate(&told, "--namespace-isolation");
    assert!(becomes == "not-needed" && how.contains("the file says the same by namespaceIsolation"), "{how}");
}

#[test]
fn a_thick_multus_is_carried_over_whole() {
    let told = imported(&[&fixture("thick.conf"), "--manifest", &fixture("thick.yaml")], 0);
    assert_eq!(networks(&told), &json!(["10-calico.conflist"]), "{told:#}");
    // The daemon's keys go before those of the file.
    assert_eq!(told["configuration"]["log_level"], "debug");
    assert_eq!(fate(&told, "logLevel").0, "not-needed", "that of the file");
    assert!(fate(&told, "metricsPort").1.contains("listen.port"));
    for key in ["chrootDir", "socketDir", "connectionLimit", "multusConfigFile", "cniConfigDir"] {
        assert_eq!(fate(&told, key).0, "not-needed", "{key}");
    }
    assert!(told["configuration"].get("conf_dir").is_none() && told["configuration"].get("bin_dirs").is_none());
}

#[test]
fn an_additional_binary_directory_is_searched_before_the_runtimes() {
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    assert_eq!(told["configuration"]["bin_dirs"], json!(["/opt/more/bin", "/opt/cni/bin"]));
    // Where the runtime looks may be said by a flag, too.
    let flags = "--cni-bin-dir=/host/usr/libexec/cni --cni-conf-dir=/host/etc/cni/net.d";
    let told = imported(&[&fixture("thin.conflist"), "--flags", flags], 0);
    assert_eq!(told["configuration"]["bin_dirs"], json!(["/opt/more/bin", "/usr/libexec/cni"]));
    // The runtime's own directory is none to add.
    let told = imported(&[&fixture("platform.conf"), "--bin-dir", "/var/lib/cni/bin"], 1);
    assert!(told["configuration"].get("bin_dirs").is_none());
    assert_eq!(fate(&told, "binDir").0, "not-needed");
}

#[test]
fn the_readiness_indicator_is_the_default_network_itself() {
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    let (becomes, how) = fate(&told, "readinessindicatorfile");
    assert!(becomes == "translated" && how.contains("STATUS"), "{how}");
    // A file elsewhere is one that nothing looks at.
    let told = imported(&[&fixture("platform.conf")], 1);
    let (becomes, how) = fate(&told, "readinessindicatorfile");
    assert!(becomes == "cannot" && how.contains("/run/multus/cni/net.d/10-ovn.conf"), "{how}");
}

#[test]
fn isolation_becomes_what_the_entry_is_granted() {
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    assert_eq!(definitions(&told), [&json!("own"), &json!(["default", "shared"])]);
    // Without globalNamespaces Multus means `default`.
    let (_, told) = piped(&json!({"type": "multus", "clusterNetwork": CALICO, "namespaceIsolation": true}), &[]);
    assert_eq!(definitions(&told), [&json!("own"), &json!(["default"])]);
    // Without isolation they except nobody.
    let (status, told) = piped(&json!({"type": "multus", "clusterNetwork": CALICO, "globalNamespaces": "a"}), &[]);
    assert_eq!((status, definitions(&told)), (0, vec![&json!(["*"])]));
    assert_eq!(fate(&told, "globalNamespaces").0, "not-needed");
}

#[test]
fn default_networks_and_system_namespaces_are_settings() {
    let dir = tempfile::tempdir().unwrap();
    let write = dir.path().display().to_string();
    let told = imported(&[&fixture("by-hand.conf"), "--write", &write], 0);
    let settings = json!({
        "defaultNetworks": ["storage", "backup/nightly"], "systemNamespaces": ["kube-system", "monitoring"],
        "namespace": "networks",
    });
    assert_eq!(attachments(&told)["settings"], settings);
    assert_eq!(
        (&attachments(&told)["module"], &attachments(&told)["run"]),
        (&json!("network-attachment"), &json!("always"))
    );
    // What the operator gives every pod is granted, and that this grants more is told.
    assert_eq!(definitions(&told), [&json!("own"), &json!(["default", "backup", "networks"])]);
    assert!(fate(&told, "namespaceIsolation").1.contains("backup, networks for defaultNetworks, so pods may ask for"));

    let written = json!(["storage", "/host/etc/cni/net.d/20-macvlan.conf", "/run/networks"]);
    let (status, told) = piped(&json!({"type": "multus", "clusterNetwork": CALICO, "defaultNetworks": written}), &[]);
    let settings = json!({"defaultNetworks": ["storage", "20-macvlan.conf"]});
    assert_eq!((status, &attachments(&told)["settings"]), (1, &settings));
    let (becomes, how) = fate(&told, "defaultNetworks");
    assert!(becomes == "cannot" && how.starts_with("/run/networks: no file of /etc/cni/net.d"), "{how}");
}

#[test]
fn networks_inside_of_its_file_become_files_for_root_alone() {
    let told = imported(&[&fixture("by-hand.conf")], 1);
    let (becomes, how) = fate(&told, "delegates");
    assert!(becomes == "cannot" && how.contains("--write DIR writes it (80-pods.conf)"), "{how}");

    let dir = tempfile::tempdir().unwrap();
    let write = dir.path().join("net.d").display().to_string();
    let node = node();
    let arguments = [&fixture("by-hand.conf"), "--write", &write];
    let answer = import(&node, &arguments);
    assert_eq!(answer.status, Some(0), "{answer:?}");
    assert_eq!(answer.json()["selectors"][0]["settings"]["networks"], json!(["80-pods.conf", "81-audit.conf@net1"]));
    for printed in [&answer.stdout, &answer.stderr, &import(&node, &[&arguments[..], &["-o", "json"]].concat()).stdout]
    {
        assert!(!printed.contains("of-the-example"), "{printed}");
    }
    let given: Value = serde_json::from_str(&fs::read_to_string(fixture("by-hand.conf")).unwrap()).unwrap();
    for (index, file) in ["80-pods.conf", "81-audit.conf"].iter().enumerate() {
        let path = dir.path().join("net.d").join(file);
        let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(written, given["delegates"][index]);
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Nothing of somebody else's is written over.
    fs::write(dir.path().join("net.d/80-pods.conf"), "mine").unwrap();
    let answer = import(&node, &arguments);
    assert!(answer.status == Some(2) && answer.stderr.contains("80-pods.conf"), "{answer:?}");
}

#[test]
fn a_definition_as_the_default_network_becomes_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let write = dir.path().display().to_string();
    let more = ["--manifest", &fixture("thick.yaml"), "--write", &write];
    let (status, told) = piped(&json!({"type": "multus", "clusterNetwork": "storage"}), &more);
    assert_eq!((status, networks(&told)), (0, &json!(["80-storage.conf"])), "{told:#}");
    let written: Value =
        serde_json::from_str(&fs::read_to_string(dir.path().join("80-storage.conf")).unwrap()).unwrap();
    assert_eq!((&written["name"], &written["type"]), (&json!("storage"), &json!("macvlan")));
}

#[test]
fn the_default_network_is_one_of_the_conf_dir() {
    let node = node();
    let dir = node.conf_dir().display().to_string();
    let ask = |cluster_network: &str, more: &[&str]| {
        piped(&json!({"type": "multus", "clusterNetwork": cluster_network}), more)
    };
    for (written, expected) in [
        ("/etc/cni/net.d/10-flannel.conflist", "10-flannel.conflist"),
        ("/hostroot/etc/cni/net.d/10-flannel.conflist", "10-flannel.conflist"),
        ("cbr0", "10-flannel.conflist"),
        // The first, but Multus' own.
        ("/etc/cni/net.d", "10-calico.conflist"),
        ("/host/etc/cni/net.d/", "10-calico.conflist"),
    ] {
        let (status, told) = ask(written, &["--networks", &dir]);
        assert_eq!((status, networks(&told)), (0, &json!([expected])), "{written}: {told:#}");
    }
    // Which one is the first is known on a node only.
    let (status, told) = ask("/etc/cni/net.d", &[]);
    assert!(status == 1 && fate(&told, "clusterNetwork").1.contains("--networks DIR"), "{told:#}");
    for (written, says) in [
        ("/etc/cni/net.d/10-weave.conf", "no such network"),
        ("weave", "no network of that name"),
        ("/run/elsewhere/10-flannel.conflist", "/etc/cni/net.d alone"),
    ] {
        let (status, told) = ask(written, &["--networks", &dir]);
        assert!(status == 1 && fate(&told, "clusterNetwork").1.contains(says), "{written}: {told:#}");
    }
    // A directory of its own has to be named once more, for the chart.
    let (status, told) = ask("/etc/other/net.d/10-flannel.conflist", &["--conf-dir", "/etc/other/net.d"]);
    assert_eq!((status, &told["configuration"]["conf_dir"]), (0, &json!("/etc/other/net.d")), "{told:#}");
}

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
    let all: BTreeSet<_> = keys.iter().cloned().chain(known.iter().map(|flag| format!("--{flag}"))).collect();
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

/// What a node with that configuration would attach to a pod: interfaces and networks, or why it refuses.
#[track_caller]
fn decided(told: &Value, namespace: &str, annotations: &Value) -> Result<Vec<String>, String> {
    let node = node();
    let objects = node.dir().join("objects");
    fs::create_dir(&objects).unwrap();
    let every = ["ips", "mac", "infinibandGUID", "portMappings", "bandwidth"];
    let capabilities: Value = every.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
    let definitions =
        [("shop", "own"), ("shared", "all"), ("other", "theirs"), ("networks", "storage"), ("backup", "nightly")];
    for (namespace, name) in definitions {
        let config = json!({"cniVersion": "1.0.0", "type": "macvlan", "capabilities": capabilities}).to_string();
        let definition = json!({
            "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
            "metadata": {"namespace": namespace, "name": name}, "spec": {"config": config},
        });
        fs::write(objects.join(format!("{name}.json")), definition.to_string()).unwrap();
    }
    for file in told["files"].as_array().unwrap() {
        node.network(file["file"].as_str().unwrap(), &file["content"]);
    }
    let [configuration, pod] =
        ["configuration.json", "pod.json"].map(|file| node.dir().join(file).display().to_string());
    fs::write(&configuration, told["configuration"].to_string()).unwrap();
    let metadata = json!({"namespace": namespace, "name": "web", "annotations": annotations});
    fs::write(&pod, json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}).to_string()).unwrap();
    let (conf_dir, objects) = (node.conf_dir().display().to_string(), objects.display().to_string());
    let ask = ["--config", &configuration, "--conf-dir", &conf_dir, "--pod", &pod, "--objects", &objects, "-o", "json"];
    let answer = node.genie_host(&[&["test-selector", "--chain"], &ask[..]].concat());
    let told = answer.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match answer.status {
        Some(0) => {
            let attachments = told["attachments"].as_array().unwrap().iter();
            Ok(attachments.map(|one| format!("{} {}", text(&one["interface"]), text(&one["network"]))).collect())
        }
        Some(1) if told["error"]["code"] == 102 => Err(text(&told["error"]["msg"])),
        _ => panic!("{answer:?}"),
    }
}

#[test]
fn isolation_holds_for_each_way_to_name_a_definition() {
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    let networks = |annotation: &str| json!({"k8s.v1.cni.cncf.io/networks": annotation});
    let default = "eth0 k8s-pod-network".to_owned();
    let got = decided(&told, "shop", &networks("own,shared/all@net7"));
    assert_eq!(got, Ok(vec![default.clone(), "net1 own".into(), "net7 all".into()]));
    // All that an annotation can ask for is granted.
    let all = json!([{
        "name": "own", "ips": ["10.1.1.5/24"], "mac": "02:00:00:00:00:01", "cni-args": {"a": 1},
        "portMappings": [{"hostPort": 80, "containerPort": 80}], "bandwidth": {"ingressRate": 1000},
        "default-route": ["10.1.1.1"], "infiniband-guid": "c2:11:22:33:44:55:66:77",
    }]);
    assert_eq!(decided(&told, "shop", &networks(&all.to_string())), Ok(vec![default, "net1 own".into()]));
    for annotations in [networks("other/theirs"), json!({"v1.multus-cni.io/default-network": "other/theirs"})] {
        let refused = decided(&told, "shop", &annotations).unwrap_err();
        assert!(refused.contains("NetworkAttachmentDefinition"), "{annotations}: {refused}");
    }
    // Without isolation there is none.
    let told = imported(&[&fixture("thick.conf")], 0);
    assert!(decided(&told, "shop", &networks("other/theirs")).is_ok());
}

#[test]
fn pods_get_the_default_networks_but_those_of_system_namespaces() {
    let dir = tempfile::tempdir().unwrap();
    let told = imported(&[&fixture("by-hand.conf"), "--write", &dir.path().display().to_string()], 0);
    let inside = ["eth0 pods".to_owned(), "net1 audit".to_owned()];
    let further = ["net2 storage".to_owned(), "net3 nightly".to_owned()];
    assert_eq!(decided(&told, "shop", &json!({})), Ok([inside.clone(), further].concat()));
    assert_eq!(decided(&told, "monitoring", &json!({})), Ok(inside.to_vec()));
}

/// The runtime's file of the pod (here the real libcni's) names Multus, which undoes from its own state.
#[test]
fn a_pod_that_multus_attached_is_undone_by_multus() {
    let (node, pod) = (Node::new(), Namespace::new());
    let multus = json!({
        "cniVersion": "1.0.0", "name": "multus-cni-network", "type": "multus",
        "delegates": [{"cniVersion": "1.0.0", "name": "pods", "type": "bridge"}],
    });
    node.network("00-multus.conf", &multus).recorders(&["multus"]);
    node.cnitool_of("multus-cni-network", "add", &pod, &[("CNI_ARGS", "K8S_POD_NAME=before")]).ok();
    assert_eq!(node.trace(), ["ADD multus@eth0"]);
    node.remove_network("00-multus.conf");
    let kept = fs::read_dir(node.dir().join("cni/results")).unwrap().next().unwrap().unwrap().path();
    let kept: Value = serde_json::from_str(&fs::read_to_string(kept).unwrap()).unwrap();
    node.del().container(kept["containerId"].as_str().unwrap()).netns(pod.path()).run().ok();
    let calls = node.calls();
    assert_eq!(calls.iter().map(genie_tests::Recorded::summary).collect::<Vec<_>>(), ["DEL multus@eth0"]);
    assert_eq!((calls[0].var("CNI_ARGS"), &calls[0].stdin["delegates"]), ("K8S_POD_NAME=before", &multus["delegates"]));
}

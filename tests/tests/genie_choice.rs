//! Which network a pod gets: cases of CNI-Genie, with their rows.

use genie_tests::fixture::{calico, reference_node};
use genie_tests::{Answer, Node, Recorded, Verb, recorder};
use serde_json::json;

const NO_DELEGATE: [&str; 0] = [];

/// The pod's address in a result of 0.2.0.
fn ip4(answer: &Answer) -> String {
    answer.ok()["ip4"]["ip"].as_str().expect("an ip4").to_owned()
}

fn address_of(kind: &str) -> String {
    format!("{}/24", recorder::address(kind))
}

#[test]
fn row_01_the_annotation_names_a_list_of_plugins() {
    for version in [Some("0.2.0"), None] {
        let node = reference_node();
        let call = match version {
            Some(version) => node.add().key("cniVersion", json!(version)),
            None => node.add().without_key("cniVersion"),
        };
        assert_eq!(ip4(&call.cni("calico").run()), address_of("calico"));
        let calls = node.calls();
        let summary: Vec<_> = calls.iter().map(Recorded::summary).collect();
        assert_eq!(summary, ["ADD calico@eth0", "ADD portmap@eth0"]);
        assert_eq!(calls[0].stdin.get("prevResult"), None);
        assert_eq!(calls[1].stdin["prevResult"]["ips"][0]["address"], address_of("calico"));
        assert_eq!(node.published("c1", "multi-ip-preferences"), None);
    }
}

#[test]
fn row_02_the_annotation_wins_over_nothing_else() {
    let node = reference_node().with("default_plugin", json!("calico")).with("cniVersion", json!("0.2.0"));
    assert_eq!(ip4(&node.add().cni("flannel").run()), address_of("flannel"));
    assert_eq!(node.trace(), ["ADD flannel@eth0", "ADD portmap@eth0"]);
}

#[test]
fn row_03_a_pod_without_annotations_gets_the_default_plugin() {
    let node = reference_node().with("default_plugin", json!("flannel"));
    node.add().run().ok();
    assert_eq!(node.trace(), ["ADD flannel@eth0", "ADD portmap@eth0"]);
}

#[test]
fn row_04_other_annotations_do_not_matter_and_a_missing_version_is_filled_in() {
    let node = reference_node().with("default_plugin", json!("weave"));
    node.add().annotations(&[("build", "two")]).run().ok();
    let calls = node.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].summary(), "ADD weave-net@eth0");
    assert_eq!(calls[0].stdin["cniVersion"], "0.3.0");
}

#[test]
fn row_05_the_default_plugin_may_be_a_list() {
    for default in [json!("flannel,weave,flannel"), json!(["flannel", "weave", "flannel"])] {
        let node = reference_node().with("default_plugin", default);
        node.add().run().ok();
        let trace = node.trace();
        let made: Vec<_> = trace.iter().filter(|call| !call.contains("portmap")).collect();
        assert_eq!(made, ["ADD flannel@eth0", "ADD weave-net@eth1", "ADD flannel@eth2"]);
        let preferences = node.published("c1", "multi-ip-preferences").expect("three networks");
        assert_eq!(preferences["multi_entry"], 3);
        assert_eq!(preferences["ips"]["ip3"], json!({"ip": recorder::address("flannel"), "interface": "eth2"}));
    }
}

#[test]
fn row_06_without_annotation_and_default_the_first_usable_file_is_taken() {
    let node = reference_node();
    node.raw_network("05-broken.conflist", "{");
    node.add().run().ok();
    assert_eq!(node.trace(), ["ADD calico@eth0", "ADD portmap@eth0"]);
}

#[test]
fn row_08_a_node_without_networks_says_so() {
    let node = Node::new();
    let error = node.add().run().error();
    error.says(&["no CNI plugin installed"]);
    node.assert_no_state();
}

#[test]
fn the_loopback_is_no_network_of_a_pod() {
    let node = Node::new();
    node.network("99-loopback.conf", &json!({"cniVersion": "0.3.1", "name": "lo", "type": "loopback"}));
    node.recorders(&["loopback", "bridge"]);
    let error = node.add().run().error_code(11);
    error.says(&["no CNI plugin installed", "99-loopback.conf is the loopback only"]);
    let default = node.add().key("default_plugin", json!("loopback")).run().error_code(11);
    default.says(&["99-loopback.conf"]);
    // The loopback stays no network when its file is before all others, and when a pod names it.
    node.network("99-net.conf", &json!({"cniVersion": "0.3.1", "name": "net", "type": "bridge"}));
    node.add().run().ok();
    assert_eq!(node.trace(), ["ADD bridge@eth0"]);
    for cni in ["loopback", "net,lo"] {
        node.add().container("c2").cni(cni).run().error_code(101);
    }
    node.add().container("c2").cni("net,99-loopback").run().error_code(101).says(&["is the loopback"]);
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn a_file_that_is_not_written_yet_is_waited_for_and_named() {
    let node = reference_node();
    for content in ["", "\n", "{\"cniV"] {
        node.raw_network("20-late.conflist", content);
        let defaulted = node.add().key("default_plugin", json!("late")).run().error_code(11);
        let asked = node.add().cni("calico,late").run().error_code(11);
        for error in [defaulted, asked] {
            error.says(&["20-late.conflist", "cannot be used", "whoever installs that network has to mend it"]);
        }
    }
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn a_list_is_one_whatever_its_file_is_called() {
    let node = reference_node();
    node.network(
        "05-list.conf",
        &json!({"cniVersion": "0.3.1", "name": "l", "plugins": [{"type": "flannel"}, {"type": "portmap"}]}),
    );
    node.network("06-single.conflist", &json!({"cniVersion": "0.3.1", "name": "s", "type": "weave-net"}));
    let answer = node.add().cni("list,single").run();
    answer.ok();
    assert_eq!(node.trace(), ["ADD flannel@eth0", "ADD portmap@eth0", "ADD weave-net@eth1"]);
    for told in ["name it 05-list.conflist", "name it 06-single.conf"] {
        assert_eq!(answer.stderr.matches(told).count(), 1, "{}", answer.stderr);
    }
    // A file that runtimes read as a list is a list: its plugins are in the directory of its name.
    std::fs::create_dir(node.conf_dir().join("s")).unwrap();
    node.network("s/10-a.conf", &json!({"type": "portmap"}));
    node.add().container("c2").cni("single").run().ok();
    assert_eq!(node.trace(), ["ADD portmap@eth0"]);
    let conf_dir = node.conf_dir().display().to_string();
    let bin = node.bin().display().to_string();
    for command in [vec!["doctor", "--bin-dir", &bin], vec!["test-selector", "--chain"]] {
        let command: Vec<_> = command.into_iter().chain(["--conf-dir", &conf_dir]).collect();
        let told = node.genie_host(&command);
        assert!(told.stdout.contains("name it 05-list.conflist"), "{told:?}");
    }
}

#[test]
fn what_a_selector_may_not_choose_is_not_offered() {
    let node = reference_node();
    let only_weave =
        json!([{"module": "annotation", "grant": [{"networks": ["weave"]}]}, {"module": "default-plugin"}]);
    let error = node.add().key("selectors", only_weave).cni("flanel").run().error_code(101);
    error.says(&["no such network", "3 networks are installed here"]);
    assert!(!error.text().contains("did you mean"), "{error:?}");
}

#[test]
fn what_is_nearly_a_list_of_networks_is_told_as_it_should_be() {
    let node = reference_node();
    for (cni, hint) in [
        ("calico:eth0", "write calico@eth0"),
        ("calico\u{ff0c}flannel", "write calico,flannel"),
        ("calico flannel", "write calico,flannel"),
        ("[\"calico\", \"flannel\"]", "write calico,flannel"),
    ] {
        node.add().cni(cni).run().error_code(101).says(&[hint]);
    }
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn row_14_an_empty_interface_name_means_the_next_one() {
    let node = reference_node();
    node.add().cni("weave@").run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
}

#[test]
fn row_18_an_unknown_network_is_refused_with_those_that_may_be_meant() {
    let node = reference_node();
    let error = node.add().cni("nosuch").run().error_code(101);
    error.says(&["nosuch", "no such network", "3 networks are installed here"]);
    assert!(!["calico", "flannel", "weave"].iter().any(|name| error.text().contains(name)), "{error:?}");
    for (written, meant) in [("flanel", "flannel"), ("Calico", "calico"), ("weave", "")] {
        let answer = node.add().container("c3").cni(&format!("{written}@eth0")).run();
        if meant.is_empty() {
            answer.ok();
            node.trace();
        } else {
            let error = answer.error_code(101);
            error.says(&[&format!("did you mean {meant}? 3 networks are installed here")]);
        }
    }
    node.del().container("c3").run().ok();
    node.trace();
    let second = node.add().container("c2").cni("flannel,nosuch").run().error_code(101);
    second.says(&["nosuch"]);
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn row_19_any_plugin_name_works() {
    for name in ["romana", "Romana", "myplugin"] {
        let node = reference_node();
        node.network(&format!("20-{name}.conf"), &json!({"cniVersion": "0.3.1", "name": "x", "type": "some"}));
        node.recorders(&["some"]).add().cni(name).run().ok();
        assert_eq!(node.trace(), ["ADD some@eth0"], "{name}");
    }
}

#[test]
fn row_20_a_conf_file_comes_before_a_list_of_the_same_name() {
    let node = reference_node();
    node.network("10-calico.conf", &json!({"cniVersion": "0.3.1", "name": "single", "type": "single"}));
    node.recorders(&["single"]).add().cni("calico").run().ok();
    assert_eq!(node.trace(), ["ADD single@eth0"]);
}

#[test]
fn row_21_a_broken_file_gives_way_to_a_usable_one() {
    let node = reference_node();
    node.raw_network("10-calico.conf", "{\"name\": ");
    let answer = node.add().cni("calico").run();
    answer.ok();
    assert_eq!(node.trace(), ["ADD calico@eth0", "ADD portmap@eth0"]);
    assert!(answer.stderr.contains("10-calico.conf"), "no warning: {answer:?}");
}

#[test]
fn row_22_a_broken_file_without_alternative_is_quoted_and_not_the_owners_fault() {
    let node = reference_node();
    node.raw_network("30-half.conf", "{\"name\": ");
    node.add().cni("half").run().error_code(11).says(&["half", "30-half.conf"]);
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn row_23_a_prefix_of_the_file_name_is_not_part_of_the_name() {
    let node = Node::new();
    node.network("calico.conf", &json!({"cniVersion": "0.3.1", "name": "a", "type": "one"}))
        .network("10-my-net.conf", &json!({"cniVersion": "0.3.1", "name": "b", "type": "two"}))
        .recorders(&["one", "two"]);
    node.add().cni("calico,my-net").run().ok();
    assert_eq!(node.trace(), ["ADD one@eth0", "ADD two@eth1"]);
}

#[test]
fn row_24_a_name_with_a_hyphen_needs_no_number_in_front() {
    let node = Node::new();
    node.network("my-net.conf", &json!({"cniVersion": "0.3.1", "name": "b", "type": "two"})).recorders(&["two"]);
    node.add().cni("my-net").run().ok();
    node.add().container("c2").cni("net").run().ok();
    assert_eq!(node.trace(), ["ADD two@eth0", "ADD two@eth0"]);
}

#[test]
fn row_25_a_network_is_found_by_its_name_and_by_its_plugin_too() {
    let node = reference_node();
    node.add().cni("cbr0").run().ok();
    assert_eq!(node.trace(), ["ADD flannel@eth0", "ADD portmap@eth0"]);
    node.add().container("c2").cni("weave-net").run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
}

#[test]
fn row_25_the_file_name_comes_before_the_network_name() {
    let node = reference_node();
    let mut other = calico();
    other["name"] = json!("weave");
    node.network("05-other.conflist", &other);
    node.add().cni("weave").run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
}

#[test]
fn row_71_annotations_in_the_arguments_serve_where_the_runtime_sends_none() {
    let node = reference_node();
    let args = r#"K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;K8S_ANNOT={"cni":"flannel","note":"a;b=c"};K8S_POD_UID=u"#;
    node.add().args(args).run().ok();
    let calls = node.calls();
    assert_eq!(calls[0].summary(), "ADD flannel@eth0");
    assert_eq!(calls[0].var("CNI_ARGS"), args);
}

#[test]
fn row_71_a_runtime_that_sends_annotations_is_believed_first() {
    let node = reference_node();
    node.add().args(r#"K8S_POD_NAME=p;K8S_ANNOT={"cni":"flannel"}"#).cni("weave").run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
}

#[test]
fn row_71_malformed_annotations_in_the_arguments_are_an_error() {
    let node = reference_node();
    node.add().args("K8S_POD_NAME=p;K8S_ANNOT={\"cni\":").run().error_code(4).says(&["K8S_ANNOT"]);
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn malformed_annotations_change_nothing_and_are_quoted() {
    for wrong in ["flannel,", "a,,b", "@eth1", "weave@eth1@eth2", "weave@a/b", "weave@abcdefghijklmnop"] {
        let node = reference_node();
        let error = node.call(Verb::Add).cni(wrong).run().error_code(101);
        error.says(&["cni"]);
        assert_eq!(node.trace(), NO_DELEGATE, "{wrong}");
        node.assert_no_state();
    }
}

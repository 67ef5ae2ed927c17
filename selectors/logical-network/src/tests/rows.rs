//! What a pod gets.

use genie_selector::{Plan, Verdict, log};
use serde_json::json;

use super::{PASSED, asking, cluster, flannel, mistake, node, objects, planned, select, weave, with_subnet};

#[test]
fn row_35_a_logical_network_gives_its_plugin_and_its_subnet() {
    let host = objects();
    let plan = planned(select(&host, &asking("net1")));
    assert_eq!(plan.attachments, [with_subnet(weave(), "10.32.20.0/24")]);
    assert_eq!(plan.reason, "annotation networks: \"net1\": net1 is 10-weave.conf with 10.32.20.0/24");
    assert_eq!(host.asked(), ["cluster::get LogicalNetwork net1"]);
    let plan = planned(select(&host, &asking("plain")));
    assert_eq!(plan.attachments, [flannel()], "without a subnet nothing is changed");
}

#[test]
fn row_36_a_list_names_interfaces_and_a_dedicated_physical_network_its_plugin() {
    let host = objects();
    let request = node().with_annotation("cni", " ").with_annotation("networks", "net1@eth0, net3@eth4");
    let plan = planned(select(&host, &request));
    let first = with_subnet(weave().on("eth0"), "10.32.20.0/24");
    let second = with_subnet(weave().on("eth4"), "10.32.0.0/24");
    assert_eq!(plan.attachments, [first, second]);
    let plan = planned(select(&host, &asking("net4")));
    assert_eq!(plan.attachments, [with_subnet(weave(), "10.32.0.0/16")], "the whole, where no part is named");
}

#[test]
fn row_38_a_shared_physical_network_is_carried_by_the_logical_networks_plugin() {
    let plan = planned(select(&objects(), &asking("net2")));
    assert_eq!(plan.attachments, [with_subnet(flannel(), "10.244.7.0/24")]);
    let status = json!({"sharedStatus": {"plugin": "weave", "subnet": "10.244.0.0/16"}});
    let both = cluster(&[("net2", json!({"physicalNet": "phynet2"}))], &[("phynet2", status)]);
    let plan = planned(select(&both, &asking("net2")));
    assert_eq!(plan.attachments, [with_subnet(weave(), "10.244.0.0/16")], "the physical one's, where it names none");
}

#[test]
fn row_39_a_logical_network_that_is_not_there_or_names_nothing_is_told() {
    let (key, value, message) = mistake(select(&objects(), &asking("net1,nosuch")));
    assert_eq!((&*key, &*value), ("networks", "nosuch"));
    assert!(message.contains("there is no LogicalNetwork demo/nosuch"), "{message}");
    let empty = cluster(&[("net1", json!({"sub_subnet": "10.0.0.0/24", "plugin": ""}))], &[]);
    let (key, _, message) = mistake(select(&empty, &asking("net1")));
    assert_eq!(key, "LogicalNetwork demo/net1: spec.plugin");
    assert!(message.contains("no network carries it"), "{message}");
}

#[test]
fn row_40_a_pod_whose_cni_names_networks_is_not_ours() {
    let host = objects();
    for request in [
        node().with_annotation("cni", "flannel").with_annotation("networks", "net1"),
        asking("net1").after(Plan::new("annotation cni", vec![flannel()])),
        node().with_annotation("cni", ""),
        asking(" "),
        node(),
    ] {
        assert_eq!(select(&host, &request), PASSED, "{request:?}");
    }
    assert!(host.asked().is_empty(), "nobody else pays: {:?}", host.asked());
    let warnings: Vec<_> = host.log().into_iter().filter(|(level, _)| *level == log::Level::Warn).collect();
    assert_eq!(warnings.len(), 2, "a list that has no effect is told: {warnings:?}");
    assert!(warnings.iter().all(|(_, text)| text.contains("the annotation networks is not heeded")), "{warnings:?}");
}

#[test]
fn row_41_networks_without_cni_are_logical_ones_and_it_is_logged() {
    let host = objects();
    let plan = planned(select(&host, &node().with_annotation("networks", "net1")));
    assert_eq!(plan.attachments, [with_subnet(weave(), "10.32.20.0/24")]);
    assert!(host.logged("annotation networks decides without cni"), "{:?}", host.log());
    assert!(host.log().iter().all(|(level, _)| *level == log::Level::Info), "it is nobody's mistake");
    let host = objects();
    assert!(matches!(select(&host, &asking("net1")), Ok(Verdict::Plan(_))));
    assert!(host.log().is_empty(), "{:?}", host.log());
}

#[test]
fn an_object_is_asked_for_once() {
    let host = objects();
    let plan = planned(select(&host, &asking("net3,net4@eth3,net3@eth5")));
    assert_eq!(plan.attachments.len(), 3);
    let expected = ["LogicalNetwork net3", "PhysicalNetwork phynet1", "LogicalNetwork net4"];
    assert_eq!(host.asked(), expected.map(|object| format!("cluster::get {object}")));
}

#[test]
fn the_samples_of_cni_genie_work_as_they_are_written() {
    let host = cluster(
        &[("net1", json!({"physicalNet": "phynet1", "sub_subnet": "10.32.0.0/24"}))],
        &[("phynet1", json!({"sharedStaus": {"dedicatedNet": true, "plugin": "weave", "subnet": "10.32.0.0/16"}}))],
    );
    let plan = planned(select(&host, &asking("net1")));
    assert_eq!(plan.attachments, [with_subnet(weave(), "10.32.0.0/24")]);
}

#[test]
fn another_plugin_beside_a_dedicated_one_has_no_effect_and_that_is_told() {
    let dedicated = json!({"sharedStatus": {"dedicatedNet": true, "plugin": "weave"}});
    for (plugin, warned) in [("flannel", true), ("weave", false)] {
        let logical = json!({"physicalNet": "phynet1", "plugin": plugin, "sub_subnet": "10.32.0.0/24"});
        let host = cluster(&[("net1", logical)], &[("phynet1", dedicated.clone())]);
        let plan = planned(select(&host, &asking("net1")));
        assert_eq!(plan.attachments, [with_subnet(weave(), "10.32.0.0/24")]);
        assert_eq!(host.logged("\"flannel\" has no effect"), warned, "{:?}", host.log());
    }
}

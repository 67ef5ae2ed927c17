//! What somebody wrote wrong, and where.

use genie_selector::Refusal;
use genie_selector::testing::{Facts, Host};
use serde_json::{Value, json};

use super::{asking, cluster, mistake, node, objects, select};

#[test]
fn mistakes_in_the_list_are_told_with_their_place() {
    for (networks, value, why) in [
        ("net1,", "net1,", "element 2 of the list is empty"),
        ("net1@eth0@eth1", "net1@eth0@eth1", "more than one `@`"),
        ("net1@a/b", "net1@a/b", "is no interface name"),
        ("net1@eth1,net3@eth1", "net3@eth1", "eth1 is asked for twice"),
        ("net1@eth1", "net1@eth1", "no network is on eth0"),
        ("Net1", "Net1", "is no name of a LogicalNetwork"),
        ("demo/net1", "demo/net1", "is no name of a LogicalNetwork"),
        ("../net1", "../net1", "is no name of a LogicalNetwork"),
    ] {
        let host = objects();
        let (key, told, message) = mistake(select(&host, &asking(networks)));
        assert_eq!((&*key, &*told), ("networks", value));
        assert!(message.contains(why), "{networks}: {message}");
        assert!(host.asked().iter().all(|asked| asked.ends_with("net1")), "{:?}", host.asked());
    }
}

#[test]
fn mistakes_in_the_objects_are_told_with_their_place() {
    let logical = |spec: Value| cluster(&[("net1", spec)], &[]);
    let both =
        |spec: Value, status: Value| cluster(&[("net1", spec)], &[("phynet1", json!({ "sharedStatus": status }))]);
    let under = |part: &str| json!({"physicalNet": "phynet1", "plugin": "weave", "sub_subnet": part});
    let (plugin, net) = ("LogicalNetwork demo/net1: spec.plugin", "LogicalNetwork demo/net1: spec.physicalNet");
    let (part, status) =
        ("LogicalNetwork demo/net1: spec.sub_subnet", "PhysicalNetwork demo/phynet1: spec.sharedStatus");
    for (host, place, value, why) in [
        (logical(json!({"plugin": "weav"})), plugin, "weav", "did you mean weave?"),
        (logical(json!({"plugin": "genie"})), plugin, "genie", "refers to itself"),
        (logical(json!({"plugin": 7})), plugin, "7", "is no text"),
        (logical(json!({"physicalNet": "phynet1"})), net, "phynet1", "there is no PhysicalNetwork demo/phynet1"),
        (logical(json!({"physicalNet": "a/b"})), net, "a/b", "is no name of a PhysicalNetwork"),
        (logical(json!({"plugin": "weave", "sub_subnet": "10.0.0.0/33"})), part, "10.0.0.0/33", "is no subnet"),
        (logical(json!({"plugin": "weave", "sub_subnet": "10.1.2.3/24"})), part, "10.1.2.3/24", "write 10.1.2.0/24"),
        (
            both(under("10.33.0.0/24"), json!({"subnet": "10.32.0.0/16"})),
            part,
            "10.33.0.0/24",
            "is not inside of 10.32.0.0/16, the subnet of PhysicalNetwork phynet1",
        ),
        (
            both(under("10.32.0.0/24"), json!({"subnet": "nonsense"})),
            &format!("{status}.subnet"),
            "nonsense",
            "is no subnet",
        ),
        (
            both(under("10.32.0.0/24"), json!({"dedicatedNet": "yes"})),
            &format!("{status}.dedicatedNet"),
            "\"yes\"",
            "is neither true nor false",
        ),
        (
            both(json!({"physicalNet": "phynet1"}), json!({"dedicatedNet": true})),
            &format!("{status}.plugin"),
            "",
            "no network carries it",
        ),
    ] {
        let (key, told, message) = mistake(select(&host, &asking("net1")));
        assert_eq!((&*key, &*told), (place, value));
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn an_object_that_cannot_be_had_now_is_tried_again() {
    let host = Host::new().unavailable(Facts::Cluster, "the API server does not answer");
    match select(&host, &asking("net1")) {
        Err(Refusal::Unavailable(why)) => assert!(why.contains("LogicalNetwork demo/net1"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_namespace_there_is_no_network() {
    let request = asking("net1").for_pod("", "");
    let (key, _, message) = mistake(select(&objects(), &request));
    assert!(key == "networks" && message.contains("the runtime names no pod"), "{message}");
}

#[test]
fn a_network_of_another_namespace_is_not_found() {
    let request = node().with_annotation("networks", "net1").for_pod("shop", "web");
    let host = objects().in_namespace("shop");
    let (_, _, message) = mistake(select(&host, &request));
    assert!(message.contains("there is no LogicalNetwork shop/net1"), "{message}");
}

//! The kinds of logical networks on a real API server: what their schema and their policies refuse.

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use genie_tests::apiserver::ApiServer;
use genie_tests::programs;
use serde_json::{Value, json};

/// How long to wait for a policy, which takes effect soon after it was created and sees an object soon
/// after that was created.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server with the kinds, and in the namespace `default` a dedicated network, a shared one, and a part of each.
static SERVER: LazyLock<ApiServer> = LazyLock::new(|| {
    let server = ApiServer::start();
    let kinds = programs::root().join("deploy/kinds/logical-networks.yaml");
    server.kubectl(&["apply", "-f", &kinds.display().to_string()]);
    for kind in ["logicalnetworks", "physicalnetworks"] {
        let kind = format!("customresourcedefinition/{kind}.alpha.network.k8s.io");
        server.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", &kind]);
    }
    server.create_all(&[
        physical("phynet1", &json!({"dedicatedNet": true, "plugin": "green", "subnet": "10.32.0.0/16"})),
        physical("phynet2", &json!({"subnet": "fd00:7::/48"})),
        logical("net1", &json!({"physicalNet": "phynet1", "sub_subnet": "10.32.1.0/24"})),
        logical("net2", &json!({"physicalNet": "phynet2", "plugin": "blue", "sub_subnet": "fd00:7:0:1::/64"})),
        logical("net3", &json!({"plugin": "blue", "sub_subnet": "10.99.0.0/24"})),
    ]);
    server
});

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "alpha.network.k8s.io/v1", "kind": kind,
        "metadata": {"name": name, "namespace": "default"}, "spec": spec})
}

fn logical(name: &str, spec: &Value) -> Value {
    object("LogicalNetwork", name, spec)
}

fn physical(name: &str, status: &Value) -> Value {
    object("PhysicalNetwork", name, &json!({"sharedStatus": status}))
}

#[track_caller]
fn taken(object: &Value) {
    SERVER.would_take(&object.to_string()).unwrap_or_else(|said| panic!("{object}: {said}"));
}

/// Checks that the server would take a change of an object that is there.
#[track_caller]
fn changed(kind: &str, name: &str, spec: &Value) {
    let patch = json!({ "spec": spec }).to_string();
    SERVER.kubectl(&["patch", kind, name, "--dry-run=server", "--type=merge", "--patch", &patch]);
}

/// Waits until the server refuses an object with these words.
#[track_caller]
fn refused(object: &Value, why: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = SERVER.would_take(&object.to_string()).err().unwrap_or_default();
        if said.contains(why) {
            return;
        }
        assert!(Instant::now() < deadline, "{object} is not refused with {why:?}: {said}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_schema_refuses_what_is_wrong_by_itself() {
    const NO_SUBNET: &str = "is no subnet: write it as in 10.32.20.0/24";
    for subnet in ["10.1.2.3/24", "10.1.2.0/33", "10.1.2.0", "fd00::1/64", "x", "::ffff:10.0.0.0/104"] {
        refused(&logical("new", &json!({"plugin": "green", "sub_subnet": subnet})), NO_SUBNET);
        refused(&physical("new", &json!({ "subnet": subnet })), NO_SUBNET);
    }
    for (spec, why) in [
        (json!({}), "no network carries it: write plugin"),
        (json!({"sub_subnet": "10.7.0.0/24"}), "no network carries it: write plugin"),
        (json!({"plugin": ""}), "spec.plugin"),
        (json!({"plugin": 7}), "spec.plugin"),
        (json!({"physicalNet": "A/b"}), "spec.physicalNet"),
        (json!({"plugin": "green", "subnet": "10.7.0.0/24"}), "unknown field \"spec.subnet\""),
    ] {
        refused(&logical("new", &spec), why);
    }
    refused(&physical("new", &json!({"dedicatedNet": true})), "a dedicated network names its plugin");
    refused(&physical("new", &json!({"dedicatedNet": "yes"})), "spec.sharedStatus.dedicatedNet");
    let both = json!({"sharedStatus": {"plugin": "green"}, "sharedStaus": {"plugin": "green"}});
    refused(&object("PhysicalNetwork", "new", &both), "keep one of them");
}

#[test]
fn row_35_36_and_38_their_objects_are_taken() {
    for object in [
        logical("new", &json!({"plugin": "weave", "sub_subnet": "10.32.20.0/24"})),
        logical("new", &json!({"physicalNet": "phynet1", "sub_subnet": "10.32.0.0/24"})),
        logical("new", &json!({"physicalNet": "phynet2", "plugin": "flannel", "sub_subnet": "fd00:7:0:2::/64"})),
        logical("new", &json!({"plugin": "flannel"})),
        logical("new", &json!({"physicalNet": "later", "sub_subnet": "10.1.0.0/16"})),
        object(
            "PhysicalNetwork",
            "new",
            &json!({"refer_nic": "eth0", "sharedStaus": {"dedicatedNet": true, "plugin": "weave"}}),
        ),
        object("PhysicalNetwork", "new", &json!({"refer_nic": "eth0"})),
    ] {
        taken(&object);
    }
}

#[test]
fn networks_of_one_carrier_do_not_overlap() {
    for (spec, other) in [
        (json!({"physicalNet": "phynet1", "sub_subnet": "10.32.1.0/24"}), "10.32.1.0/24 of LogicalNetwork net1"),
        (json!({"physicalNet": "phynet1", "sub_subnet": "10.32.1.128/25"}), "10.32.1.0/24 of LogicalNetwork net1"),
        (json!({"physicalNet": "phynet1", "sub_subnet": "10.32.0.0/20"}), "10.32.1.0/24 of LogicalNetwork net1"),
        (json!({"plugin": "blue", "sub_subnet": "10.99.0.64/26"}), "10.99.0.0/24 of LogicalNetwork net3"),
        (json!({"plugin": "blue", "sub_subnet": "fd00:7::/48"}), "fd00:7:0:1::/64 of LogicalNetwork net2"),
    ] {
        refused(&logical("new", &spec), &format!("overlaps with {other}, which is on the same network"));
    }
    // On another network, next to it, in another family, and itself.
    taken(&logical("new", &json!({"plugin": "red", "sub_subnet": "10.99.0.0/24"})));
    taken(&logical("new", &json!({"physicalNet": "later", "sub_subnet": "10.32.1.0/24"})));
    taken(&logical("new", &json!({"physicalNet": "phynet1", "sub_subnet": "10.32.2.0/24"})));
    taken(&logical("new", &json!({"plugin": "blue", "sub_subnet": "fd00:99::/64"})));
    changed("logicalnetwork", "net3", &json!({"sub_subnet": "10.99.0.0/25"}));
    let mut elsewhere = logical("new", &json!({"plugin": "blue", "sub_subnet": "10.99.0.0/24"}));
    elsewhere["metadata"]["namespace"] = json!("kube-system");
    taken(&elsewhere);
}

#[test]
fn a_part_is_inside_of_the_whole() {
    for (spec, whole) in [
        (json!({"physicalNet": "phynet1", "sub_subnet": "10.33.0.0/24"}), "10.32.0.0/16"),
        (json!({"physicalNet": "phynet1", "sub_subnet": "fd00:7:0:9::/64"}), "10.32.0.0/16"),
        (json!({"physicalNet": "phynet2", "plugin": "x", "sub_subnet": "fd00:8::/64"}), "fd00:7::/48"),
    ] {
        let part = spec["sub_subnet"].as_str().unwrap_or_default();
        refused(
            &logical("new", &spec),
            &format!("{part} is not inside of {whole}, the subnet of PhysicalNetwork phynet"),
        );
    }
    // The other way round: the whole changes.
    let smaller = json!({"dedicatedNet": true, "plugin": "green", "subnet": "10.32.128.0/17"});
    refused(
        &physical("phynet1", &smaller),
        "10.32.128.0/17 does not hold 10.32.1.0/24, a part of it by LogicalNetwork net1",
    );
    changed("physicalnetwork", "phynet1", &json!({"sharedStatus": {"subnet": "10.32.0.0/17"}}));
}

#[test]
fn the_objects_of_the_page_are_taken() {
    let page = fs::read_to_string(programs::root().join("docs/logical-networks.md")).expect("the page");
    let manifests = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    // The third kind is not in this cluster.
    let mut manifests = manifests.filter(|text| text.contains("\nkind: ") && !text.contains("MultiNetworkPolicy"));
    let (objects, policy) = (manifests.next().expect("objects"), manifests.next().expect("a policy"));
    for text in [&objects.replace("namespace: default", "namespace: kube-public"), policy] {
        SERVER.would_take(text).unwrap_or_else(|said| panic!("{text}: {said}"));
    }
    assert_eq!(manifests.next(), None);
}

#[test]
fn who_edits_a_namespace_creates_no_logical_network() {
    for resource in ["logicalnetworks", "physicalnetworks"] {
        for role in ["edit", "admin"] {
            let rules = SERVER.get(&["clusterrole", role])["rules"].to_string();
            assert!(!rules.contains(resource), "{role}");
        }
    }
}

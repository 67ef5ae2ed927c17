//! The rows are those of the table of CNI-Genie's behaviour.

mod held;
mod mistakes;
mod rows;
mod subnets;

use genie_selector::testing::{self, Host};
use genie_selector::{Attachment, Plan, Refusal, Request, Verdict};
use serde_json::{Value, json};

use super::LogicalNetwork;

/// What the entry of a built-in selector is granted.
const GRANT: &str = r#"[{"cluster": ["LogicalNetwork", "PhysicalNetwork"]}, {"patch": ["ipam.subnet"]}]"#;
/// The pod is left to others.
const PASSED: Result<Verdict, Refusal> = Ok(Verdict::Pass);

/// The node of the table.
fn node() -> Request {
    testing::request()
        .with_network("10-calico.conflist", "k8s-pod-network", &["calico", "portmap"])
        .with_network("10-flannel.conflist", "cbr0", &["flannel", "portmap"])
        .with_network("10-weave.conf", "weave", &["weave-net"])
}

/// A pod of the namespace `demo` with a blank `cni`.
fn asking(networks: &str) -> Request {
    node().with_annotation("cni", "").with_annotation("networks", networks)
}

/// A cluster with these LogicalNetworks and PhysicalNetworks, each by its `spec`.
fn cluster(logical: &[(&str, Value)], physical: &[(&str, Value)]) -> Host {
    let host = Host::new().granted(GRANT);
    let add = |kind: &'static str| {
        move |host: Host, (name, spec): &(&str, Value)| {
            host.object("alpha.network.k8s.io/v1", kind, Some("demo"), name, &json!({ "spec": spec }).to_string())
        }
    };
    let host = logical.iter().fold(host, add("LogicalNetwork"));
    physical.iter().fold(host, add("PhysicalNetwork"))
}

/// The objects of the table.
fn objects() -> Host {
    let shared = |spec: Value| json!({"refer_nic": "eth0", "sharedStatus": spec});
    cluster(
        &[
            ("net1", json!({"plugin": "weave", "sub_subnet": "10.32.20.0/24"})),
            ("net2", json!({"physicalNet": "phynet2", "plugin": "flannel", "sub_subnet": "10.244.7.0/24"})),
            ("net3", json!({"physicalNet": "phynet1", "sub_subnet": "10.32.0.0/24"})),
            ("net4", json!({"physicalNet": "phynet1"})),
            ("plain", json!({"plugin": "flannel"})),
        ],
        &[
            ("phynet1", shared(json!({"dedicatedNet": true, "plugin": "weave", "subnet": "10.32.0.0/16"}))),
            ("phynet2", shared(json!({"dedicatedNet": false, "subnet": "10.244.0.0/16"}))),
        ],
    )
}

fn select(host: &Host, request: &Request) -> Result<Verdict, Refusal> {
    host.run(|| testing::select::<LogicalNetwork>(request, "{}"))
}

#[track_caller]
fn planned(answer: Result<Verdict, Refusal>) -> Plan {
    match answer {
        Ok(Verdict::Plan(plan)) => plan,
        other => panic!("{other:?}"),
    }
}

/// Key, value and message of a refusal.
#[track_caller]
fn mistake<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> (String, String, String) {
    match answer {
        Err(Refusal::Invalid(mistake)) => (mistake.key, mistake.value, mistake.message),
        other => panic!("{other:?}"),
    }
}

fn weave() -> Attachment {
    Attachment::installed("10-weave.conf")
}

fn flannel() -> Attachment {
    Attachment::installed("10-flannel.conflist")
}

fn with_subnet(attachment: Attachment, subnet: &str) -> Attachment {
    attachment.patch(json!({"ipam": {"subnet": subnet}}).to_string())
}

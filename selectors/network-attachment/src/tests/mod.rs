//! Rows of the multi-network standard's checklist are `row_N`, rows of CNI-Genie's table `genie_N`.

use genie_selector::testing::{self, Host};
use genie_selector::{Attachment, Plan, Refusal, Request, Verdict};
use serde_json::{Value, json};

use super::{DEFAULT_NETWORK, NETWORKS, NetworkAttachment};

mod default_network;
mod element;
mod list;
mod order;

/// The grants of the built-in selector.
const GRANTS: &str = r#"[{"definitions": "own"}, "addresses", "default-route", {"patch": ["args.cni"]},
    {"capabilities": ["portMappings", "bandwidth", "infinibandGUID"]}]"#;

/// A request of the pod `demo/pod`.
fn node() -> Request {
    testing::request()
        .with_network("10-calico.conflist", "k8s-pod-network", &["calico", "portmap"])
        .with_network("10-flannel.conflist", "cbr0", &["flannel", "portmap"])
        .with_network("30-storage.conf", "storage", &["macvlan"])
}

fn asking(networks: &str) -> Request {
    node().with_annotation(NETWORKS, networks)
}

/// What the selector answers, and its warnings.
fn told(request: &Request, settings: &Value) -> (Result<Verdict, Refusal>, Vec<String>) {
    let host = Host::new().granted(GRANTS);
    let verdict = host.run(|| testing::select::<NetworkAttachment>(request, &settings.to_string()));
    (verdict, host.log().into_iter().map(|(_, message)| message).collect())
}

fn select(request: &Request) -> Result<Verdict, Refusal> {
    told(request, &json!({})).0
}

/// The plan of a pod with this annotation.
fn plan_of(networks: &str) -> Plan {
    planned(&asking(networks))
}

fn planned(request: &Request) -> Plan {
    match select(request) {
        Ok(Verdict::Plan(plan)) => plan,
        other => panic!("{other:?}"),
    }
}

/// The attachments behind the default network.
fn further(networks: &str) -> Vec<Attachment> {
    let mut attachments = plan_of(networks).attachments;
    assert_eq!(attachments.remove(0), calico());
    attachments
}

/// The one attachment of a JSON element with these members beside its name.
fn element(members: &Value) -> Attachment {
    let mut element = json!({"name": "neta"});
    element.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    further(&json!([element]).to_string()).remove(0)
}

/// The part of the annotation that is wrong, and what is said of it.
fn mistake(networks: &str) -> (String, String) {
    match select(&asking(networks)) {
        Err(Refusal::Invalid(mistake)) => {
            assert_eq!(mistake.key, NETWORKS);
            (mistake.value, mistake.message)
        }
        other => panic!("{networks}: {other:?}"),
    }
}

/// What is said of an element with these members beside its name.
fn wrong(members: &Value) -> String {
    let mut element = json!({"name": "neta"});
    element.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    mistake(&json!([element]).to_string()).1
}

fn calico() -> Attachment {
    Attachment::installed("10-calico.conflist")
}

fn neta() -> Attachment {
    Attachment::definition("demo", "neta").on("net1")
}

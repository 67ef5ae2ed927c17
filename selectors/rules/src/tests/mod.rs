//! The table on a node with calico, flannel and a macvlan with the name `storage`.

use genie_selector::testing::{self, Host};
use genie_selector::{Attachment, Plan, Refusal, Request, Verdict};
use serde_json::{Value, json};

use super::Rules;

mod actions;
mod conditions;
mod guard;
mod labels;
mod settings;

/// A request of the pod `demo/pod`.
fn node() -> Request {
    testing::request()
        .with_network("10-calico.conflist", "k8s-pod-network", &["calico", "portmap"])
        .with_network("10-flannel.conflist", "cbr0", &["flannel", "portmap"])
        .with_network("30-storage.conf", "storage", &["macvlan"])
}

/// A host that holds every question against the grants that `rules` has by default.
fn host() -> Host {
    Host::new().granted(r#"["pod", "node", {"cluster": ["v1/Namespace"]}]"#)
}

fn calico() -> Attachment {
    Attachment::installed("10-calico.conflist")
}

fn flannel() -> Attachment {
    Attachment::installed("10-flannel.conflist")
}

fn storage() -> Attachment {
    Attachment::installed("30-storage.conf")
}

/// What the rules answer; they are an array in JSON.
fn select(host: &Host, request: &Request, rules: &Value) -> Result<Verdict, Refusal> {
    let settings = json!({"rules": rules}).to_string();
    host.run(|| testing::select::<Rules>(request, &settings))
}

/// Whether a rule with this `when` decides.
fn holds(host: &Host, request: &Request, when: &Value) -> bool {
    let rules = json!([{"when": when, "networks": "calico"}]);
    match select(host, request, &rules) {
        Ok(Verdict::Plan(_)) => true,
        Ok(Verdict::Pass) => false,
        Err(refusal) => panic!("{when}: {refusal}"),
    }
}

#[allow(clippy::unnecessary_wraps)] // compared with what `select` answers
fn plan(reason: &str, attachments: Vec<Attachment>) -> Result<Verdict, Refusal> {
    Ok(Plan::new(reason, attachments).into())
}

/// The words of a refusal.
fn refused(answer: Result<Verdict, Refusal>) -> String {
    match answer {
        Err(refusal) => refusal.to_string(),
        Ok(verdict) => panic!("{verdict:?}"),
    }
}

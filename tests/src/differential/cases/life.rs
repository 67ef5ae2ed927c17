//! What happens when something fails or changes, and when a pod goes.

use serde_json::json;

use super::{Expected, case, cap, neta};
use crate::differential::NETWORKS;
use crate::{Script, Verb};

pub fn all() -> Vec<Expected> {
    [failures(), changes(), checks(), pods()].concat()
}

fn failures() -> Vec<Expected> {
    let no = || Script::new().error(123, "no");
    let again = || Script::new().error(11, "try again");
    let three = |name: &str| case(name).networks("neta,netb,cap");
    vec![
        (three("28-the-second-fails").script("mac2", Verb::Add, no()), &[]),
        (three("28-the-second-fails-half-way").script("mac3", Verb::Add, no()), &[]),
        (three("28-try-again").script("mac2", Verb::Add, again()), &[]),
        (case("28-the-default-network-fails").networks("neta").script("main", Verb::Add, no()), &[]),
        (three("28-undoing-fails-too").script("mac2", Verb::Add, no()).script("mac1", Verb::Del, no()), &[]),
        (three("28-no-result").script("mac2", Verb::Add, Script::new().print("")), &[]),
        (three("28-no-json").script("mac2", Verb::Add, Script::new().print("oops")), &[]),
        (case("30-one-del-fails").networks("netb,neta").script("mac1", Verb::Del, no()).calls(&["ADD", "DEL"]).then_script(
            "mac1",
            Verb::Del,
            Script::new(),
        ).calls(&["DEL", "DEL"]), &[]),
        (case("30-the-default-networks-del-fails").networks("neta").script("main", Verb::Del, no()), &[]),
    ]
}

fn changes() -> Vec<Expected> {
    let add = |name: &str| case(name).networks("neta,netb").calls(&["ADD"]);
    let other = json!({"spec": {"config": json!({"cniVersion": "1.0.0", "name": "neta", "type": "mac2"}).to_string()}}).to_string();
    let definition = "network-attachment-definitions.k8s.cni.cncf.io/neta";
    vec![
        (add("31-api-server-down").api_down().calls(&["DEL"]), &[]),
        (add("31-del-twice").calls(&["DEL", "DEL"]), &[]),
        (add("32-definition-edited").kubectl(&["patch", definition, "--type=merge", "--patch", &other]).calls(&["DEL"]), &[]),
        (add("32-definition-deleted").kubectl(&["delete", definition]).calls(&["DEL"]), &[]),
        (add("32-pod-deleted").kubectl(&["delete", "pod", "p", "--grace-period=0", "--force"]).calls(&["DEL"]), &[]),
        (add("32-annotation-edited").kubectl(&["annotate", "--overwrite", "pod", "p", &format!("{NETWORKS}=cap")]).calls(&["DEL"]), &[]),
        (case("32-what-was-asked-for-is-undone").elements(&json!([{
            "name": "cap", "ips": ["10.1.1.5/24"], "mac": "02:00:00:00:00:05", "cni-args": {"a": 1},
            "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}],
        }])), &[]),
        (case("33-del-without-add").networks("neta").calls(&["DEL"]), &[]),
        (case("33-del-after-a-failed-add").networks("neta,nosuch").calls(&["ADD", "DEL"]), &[]),
        (case("33-add-after-a-failed-add").networks("neta,netb").script("mac2", Verb::Add, Script::new().error(123, "no")).calls(&["ADD"])
            .then_script("mac2", Verb::Add, Script::new()).calls(&["DEL", "ADD", "DEL"]), &[]),
    ]
}

fn checks() -> Vec<Expected> {
    let old = |mut config: serde_json::Value, version: &str| {
        config["cniVersion"] = version.into();
        config["name"] = "older".into();
        config.to_string()
    };
    vec![
        (case("36-check").networks("neta,netb").calls(&["ADD", "CHECK", "DEL"]), &[]),
        (case("36-check-without-networks").calls(&["ADD", "CHECK", "DEL"]), &[]),
        (case("36-check-of-0-4-0").raw_definition("", "older", Some(&old(neta(), "0.4.0"))).networks("older").calls(&["ADD", "CHECK", "DEL"]), &[]),
        (case("36-check-of-0-3-1").raw_definition("", "older", Some(&old(cap(), "0.3.1"))).networks("older").calls(&["ADD", "DEL"]), &[]),
        (case("36-check-fails").networks("neta").script("mac1", Verb::Check, Script::new().error(123, "no")).calls(&["ADD", "CHECK", "DEL"]), &[]),
    ]
}

fn pods() -> Vec<Expected> {
    vec![
        (case("34-another-uid").networks("neta").uid("other"), &[]),
        (case("34-no-uid").networks("neta").uid(""), &[]),
        (case("35-pod-is-gone").networks("neta").kubectl(&["delete", "pod", "p", "--grace-period=0", "--force"]).calls(&["ADD", "DEL"]), &[]),
        (case("35-api-server-down").networks("neta").api_down().calls(&["ADD", "DEL"]), &[]),
    ]
}

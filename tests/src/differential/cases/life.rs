//! What happens when something fails or changes, and when a pod goes.

use serde_json::json;

use super::{Expected, cap, case, neta};
use crate::differential::{Case, NETWORKS};
use crate::{Script, Verb};

pub fn all() -> Vec<Expected> {
    [failures(), changes(), checks(), pods()].concat()
}

fn failures() -> Vec<Expected> {
    let no = || Script::new().error(123, "no");
    let again = || Script::new().error(11, "try again");
    let twice = json!({"cniVersion": "1.0.0", "name": "netc", "plugins": [{"type": "mac2", "mode": "a"}, {"type": "mac3"}, {"type": "mac2", "mode": "b"}]});
    let three = |name: &str| case(name).networks("neta,netb,cap");
    vec![
        (
            three("28-the-second-fails").script("mac2", Verb::Add, no()),
            &["del-of-what-was-added", "error-code", "nothing-to-undo"],
        ),
        (three("28-the-second-fails-half-way").script("mac3", Verb::Add, no()), &["error-code", "nothing-to-undo"]),
        (
            three("28-try-again").script("mac2", Verb::Add, again()),
            &["del-of-what-was-added", "error-code", "nothing-to-undo"],
        ),
        (
            case("28-the-default-network-fails").networks("neta").script("main", Verb::Add, no()),
            &["error-code", "nothing-to-undo"],
        ),
        (
            three("28-undoing-fails-too").script("mac2", Verb::Add, no()).script("mac1", Verb::Del, no()),
            &["del-of-what-was-added", "error-code"],
        ),
        (
            three("28-no-result").script("mac2", Verb::Add, Script::new().print("")),
            &["del-of-what-was-added", "error-code", "nothing-to-undo"],
        ),
        (
            three("28-no-json").script("mac2", Verb::Add, Script::new().print("oops")),
            &["del-of-what-was-added", "error-code", "nothing-to-undo"],
        ),
        (
            Case::new("28-a-plugin-twice-in-a-list").definition("netc", &twice).networks("netc").script(
                "mac3",
                Verb::Add,
                no(),
            ),
            &["error-code", "nothing-to-undo", "del-of-what-was-added"],
        ),
        (
            case("30-one-del-fails")
                .networks("netb,neta")
                .script("mac1", Verb::Del, no())
                .calls(&["ADD", "DEL"])
                .then_script("mac1", Verb::Del, Script::new())
                .calls(&["DEL", "DEL"]),
            &["del-of-what-was-added", "error-code", "nothing-to-undo", "whole-result"],
        ),
        (
            case("30-the-default-networks-del-fails").networks("neta").script("main", Verb::Del, no()),
            &["error-code", "whole-result"],
        ),
    ]
}

fn changes() -> Vec<Expected> {
    let add = |name: &str| case(name).networks("neta,netb").calls(&["ADD"]);
    let other = json!({"spec": {"config": json!({"cniVersion": "1.0.0", "name": "neta", "type": "mac2"}).to_string()}})
        .to_string();
    let definition = "network-attachment-definitions.k8s.cni.cncf.io/neta";
    vec![
        (add("31-api-server-down").api_down().calls(&["DEL"]), &["whole-result"]),
        (add("31-del-twice").calls(&["DEL", "DEL"]), &["nothing-to-undo", "whole-result"]),
        (
            add("32-definition-edited")
                .kubectl(&["patch", definition, "--type=merge", "--patch", &other])
                .calls(&["DEL"]),
            &["whole-result"],
        ),
        (add("32-definition-deleted").kubectl(&["delete", definition]).calls(&["DEL"]), &["whole-result"]),
        (
            add("32-pod-deleted").kubectl(&["delete", "pod", "p", "--grace-period=0", "--force"]).calls(&["DEL"]),
            &["whole-result"],
        ),
        (
            add("32-annotation-edited")
                .kubectl(&["annotate", "--overwrite", "pod", "p", &format!("{NETWORKS}=cap")])
                .calls(&["DEL"]),
            &["whole-result"],
        ),
        (
            case("32-what-was-asked-for-is-undone").elements(&json!([{
                "name": "cap", "ips": ["10.1.1.5/24"], "mac": "02:00:00:00:00:05", "cni-args": {"a": 1},
                "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}],
            }])),
            &["addresses-by-capability-only", "requests-on-del", "whole-result"],
        ),
        (case("33-del-without-add").networks("neta").calls(&["DEL"]), &["nothing-to-undo"]),
        (
            case("33-del-after-a-failed-add").networks("neta,nosuch").calls(&["ADD", "DEL"]),
            &["error-code", "nothing-to-undo"],
        ),
        (
            case("33-add-after-a-failed-add")
                .networks("neta,netb")
                .script("mac2", Verb::Add, Script::new().error(123, "no"))
                .calls(&["ADD"])
                .then_script("mac2", Verb::Add, Script::new())
                .calls(&["DEL", "ADD", "DEL"]),
            &["del-of-what-was-added", "error-code", "nothing-to-undo", "whole-result"],
        ),
    ]
}

fn checks() -> Vec<Expected> {
    let old = |mut config: serde_json::Value, version: &str| {
        config["cniVersion"] = version.into();
        config["name"] = "older".into();
        config.to_string()
    };
    vec![
        (
            case("36-check").networks("neta,netb").calls(&["ADD", "CHECK", "DEL"]),
            &["check-of-every-network", "whole-result"],
        ),
        (case("36-check-without-networks").calls(&["ADD", "CHECK", "DEL"]), &[]),
        (
            case("36-check-of-0-4-0")
                .raw_definition("", "older", Some(&old(neta(), "0.4.0")))
                .networks("older")
                .calls(&["ADD", "CHECK", "DEL"]),
            &["check-of-every-network", "whole-result"],
        ),
        (
            case("36-check-of-0-3-1")
                .raw_definition("", "older", Some(&old(cap(), "0.3.1")))
                .networks("older")
                .calls(&["ADD", "DEL"]),
            &["whole-result"],
        ),
        (
            case("36-check-fails")
                .networks("neta")
                .script("mac1", Verb::Check, Script::new().error(123, "no"))
                .calls(&["ADD", "CHECK", "DEL"]),
            &["check-of-every-network", "whole-result"],
        ),
    ]
}

fn pods() -> Vec<Expected> {
    vec![
        (case("34-another-uid").networks("neta").uid("other"), &["pod-of-the-runtime"]),
        (case("34-no-uid").networks("neta").uid(""), &["empty-uid", "whole-result"]),
        (
            case("35-pod-is-gone")
                .networks("neta")
                .kubectl(&["delete", "pod", "p", "--grace-period=0", "--force"])
                .calls(&["ADD", "DEL"]),
            &["pod-of-the-runtime"],
        ),
        (case("35-api-server-down").networks("neta").api_down().calls(&["ADD", "DEL"]), &["error-code"]),
    ]
}

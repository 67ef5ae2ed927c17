//! How networks are named, found, and attached in order.

use serde_json::json;

use super::{Expected, case, neta, netb};
use crate::differential::{Case, DEFAULT_NETWORK};

pub fn all() -> Vec<Expected> {
    [forms(), interfaces(), configurations(), elsewhere()].concat()
}

fn forms() -> Vec<Expected> {
    vec![
        (case("01-no-annotation"), &[]),
        (case("01-empty-annotation").networks(""), &[]),
        (case("02-two").networks("neta,netb"), &["whole-result"]),
        (case("02-two-elements").elements(&json!([{"name": "neta"}, {"name": "netb"}])), &["whole-result"]),
        (case("02-one-element").elements(&json!([{"name": "netb", "namespace": ""}])), &["whole-result"]),
        (case("02-no-elements").elements(&json!([])), &[]),
        (case("02-blanks").networks(" neta ,\n netb "), &["whole-result"]),
        (case("02-namespace-written").networks("NAMESPACE/neta, NAMESPACE/netb@b0"), &["whole-result"]),
        (
            case("02-arguments-of-containerd").networks("neta").args("IgnoreUnknown=1"),
            &["ignore-unknown", "whole-result"],
        ),
        (case("02-further-arguments").networks("neta").args("IgnoreUnknown=true;FOO=bar"), &["whole-result"]),
        (case("02-keys-of-others").elements(&json!([{"name": "neta", "example.com/note": "x"}])), &["whole-result"]),
        (case("02-unknown-key").elements(&json!([{"name": "neta", "nosuchkey": 1}])), &["whole-result"]),
        (case("04-twice").networks("neta,neta"), &["whole-result"]),
        (case("04-twice-with-another").networks("neta,netb,neta"), &["whole-result"]),
    ]
}

fn interfaces() -> Vec<Expected> {
    let two = |first: &str, second: &str| json!([{"name": "neta", "interface": first}, {"name": "netb", "interface": second}]);
    vec![
        (
            case("16-fifteen-bytes").elements(&json!([{"name": "neta", "interface": "a23456789012345"}])),
            &["whole-result"],
        ),
        (case("16-at").networks("neta@foo,netb"), &["whole-result"]),
        (
            case("16-named-then-unnamed").elements(&json!([{"name": "neta", "interface": "foo"}, {"name": "netb"}])),
            &["whole-result"],
        ),
        (
            case("16-net2-then-unnamed").elements(&json!([{"name": "neta", "interface": "net2"}, {"name": "netb"}])),
            &["no-interface-twice", "whole-result"],
        ),
        (
            case("16-net1-is-the-second").elements(&json!([{"name": "neta"}, {"name": "netb", "interface": "net1"}])),
            &["no-interface-twice", "whole-result"],
        ),
        (case("17-the-same").elements(&two("x0", "x0")), &["interface-twice", "nothing-to-undo"]),
        (
            case("19-eth0").elements(&json!([{"name": "neta", "interface": "eth0"}])),
            &["interface-of-the-default-network", "nothing-to-undo"],
        ),
    ]
}

fn configurations() -> Vec<Expected> {
    let unnamed = json!({"cniVersion": "1.0.0", "type": "mac1", "mode": "bridge"});
    let unnamed_list = json!({"cniVersion": "1.0.0", "plugins": [{"type": "mac1"}]});
    let no_version = json!({"name": "old", "type": "mac1"});
    let list_without_version = json!({"name": "old", "plugins": [{"type": "mac1", "mode": "bridge"}]});
    let one = || json!({"cniVersion": "1.0.0", "name": "filed", "type": "mac1", "from": "a file"});
    let list = || json!({"cniVersion": "1.0.0", "name": "filed", "plugins": [{"type": "mac2", "from": "a list"}]});
    let filed = |name: &str| Case::new(name).raw_definition("", "filed", None).networks("filed");
    vec![
        (Case::new("05-no-name").definition("neta", &unnamed).networks("neta"), &["whole-result"]),
        (Case::new("05-no-name-of-a-list").definition("neta", &unnamed_list).networks("neta"), &["whole-result"]),
        (Case::new("05-another-name").definition("netz", &neta()).networks("netz"), &["whole-result"]),
        (
            Case::new("05-no-version").definition("old", &no_version).networks("old"),
            &["version-of-none", "whole-result"],
        ),
        (
            Case::new("05-no-version-of-a-list").definition("old", &list_without_version).networks("old"),
            &["version-of-none", "whole-result"],
        ),
        (
            filed("06-list-before-file").file("20-a.conf", &one()).file("30-b.conflist", &list()),
            &["list-before-file", "whole-result"],
        ),
        (filed("06-file").file("20-a.conf", &one()), &["whole-result"]),
        (filed("06-list").file("20-b.conflist", &list()), &["whole-result"]),
        (filed("06-nothing"), &["error-code", "nothing-to-undo"]),
    ]
}

fn elsewhere() -> Vec<Expected> {
    let neta_text = neta().to_string();
    let older = json!({"cniVersion": "0.3.1", "name": "nete", "type": "mac1"});
    let other = |name: &str| case(name).raw_definition("-other", "netc", Some(&neta_text));
    let system = |name: &str| case(name).raw_definition("-system", "netd", Some(&netb().to_string()));
    vec![
        (other("03-another-namespace").networks("NAMESPACE-other/netc"), &["whole-result"]),
        (
            other("03-another-namespace-isolated").isolated().networks("NAMESPACE-other/netc"),
            &["error-code", "nothing-to-undo"],
        ),
        (other("03-own-namespace-isolated").isolated().networks("NAMESPACE/neta"), &["whole-result"]),
        (case("03-nosuch").networks("neta,nosuch"), &["error-code", "nothing-to-undo"]),
        (system("07-default-network").annotated(DEFAULT_NETWORK, "netd"), &[]),
        (
            system("07-default-network-and-two").annotated(DEFAULT_NETWORK, "netd").networks("neta,cap"),
            &["whole-result"],
        ),
        (system("07-default-network-by-namespace").annotated(DEFAULT_NETWORK, "NAMESPACE/neta"), &[]),
        (
            system("07-default-network-isolated")
                .isolated()
                .annotated(DEFAULT_NETWORK, "NAMESPACE-other/netc")
                .raw_definition("-other", "netc", Some(&neta_text)),
            &["isolation-of-every-way", "nothing-to-undo"],
        ),
        (
            system("07-default-network-element").annotated(
                DEFAULT_NETWORK,
                r#"[{"name": "netd", "namespace": "NAMESPACE-system", "mac": "02:00:00:00:00:01"}]"#,
            ),
            &["arguments-on-del"],
        ),
        (
            case("07-default-network-of-an-older-version")
                .raw_definition("-system", "nete", Some(&older.to_string()))
                .annotated(DEFAULT_NETWORK, "nete"),
            &["answer-in-the-version-of-the-call"],
        ),
        (system("07-two-default-networks").annotated(DEFAULT_NETWORK, "netd,netd"), &["error-code", "nothing-to-undo"]),
        (system("07-no-such-default-network").annotated(DEFAULT_NETWORK, "nosuch"), &["error-code", "nothing-to-undo"]),
        (system("07-empty-default-network").annotated(DEFAULT_NETWORK, ""), &["blank-annotation"]),
        (system("26-default-network-of-nothing").annotated(DEFAULT_NETWORK, "[]"), &["panic"]),
    ]
}

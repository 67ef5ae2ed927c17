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
        (case("02-two").networks("neta,netb"), &[]),
        (case("02-two-elements").elements(&json!([{"name": "neta"}, {"name": "netb"}])), &[]),
        (case("02-one-element").elements(&json!([{"name": "netb", "namespace": ""}])), &[]),
        (case("02-no-elements").elements(&json!([])), &[]),
        (case("02-blanks").networks(" neta ,\n netb "), &[]),
        (case("02-namespace-written").networks("NAMESPACE/neta, NAMESPACE/netb@b0"), &[]),
        (case("02-arguments-of-containerd").networks("neta").args("IgnoreUnknown=1"), &[]),
        (case("02-further-arguments").networks("neta").args("IgnoreUnknown=true;FOO=bar"), &[]),
        (case("02-keys-of-others").elements(&json!([{"name": "neta", "example.com/note": "x"}])), &[]),
        (case("02-unknown-key").elements(&json!([{"name": "neta", "nosuchkey": 1}])), &[]),
        (case("04-twice").networks("neta,neta"), &[]),
        (case("04-twice-with-another").networks("neta,netb,neta"), &[]),
    ]
}

fn interfaces() -> Vec<Expected> {
    let two = |first: &str, second: &str| json!([{"name": "neta", "interface": first}, {"name": "netb", "interface": second}]);
    vec![
        (case("16-fifteen-bytes").elements(&json!([{"name": "neta", "interface": "a23456789012345"}])), &[]),
        (case("16-at").networks("neta@foo,netb"), &[]),
        (case("16-named-then-unnamed").elements(&json!([{"name": "neta", "interface": "foo"}, {"name": "netb"}])), &[]),
        (case("16-net2-then-unnamed").elements(&json!([{"name": "neta", "interface": "net2"}, {"name": "netb"}])), &[]),
        (case("16-net1-is-the-second").elements(&json!([{"name": "neta"}, {"name": "netb", "interface": "net1"}])), &[]),
        (case("17-the-same").elements(&two("x0", "x0")), &[]),
        (case("19-eth0").elements(&json!([{"name": "neta", "interface": "eth0"}])), &[]),
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
        (Case::new("05-no-name").definition("neta", &unnamed).networks("neta"), &[]),
        (Case::new("05-no-name-of-a-list").definition("neta", &unnamed_list).networks("neta"), &[]),
        (Case::new("05-another-name").definition("netz", &neta()).networks("netz"), &[]),
        (Case::new("05-no-version").definition("old", &no_version).networks("old"), &[]),
        (Case::new("05-no-version-of-a-list").definition("old", &list_without_version).networks("old"), &[]),
        (filed("06-list-before-file").file("20-a.conf", &one()).file("30-b.conflist", &list()), &[]),
        (filed("06-file").file("20-a.conf", &one()), &[]),
        (filed("06-list").file("20-b.conflist", &list()), &[]),
        (filed("06-nothing"), &[]),
    ]
}

fn elsewhere() -> Vec<Expected> {
    let neta_text = neta().to_string();
    let other = |name: &str| case(name).raw_definition("-other", "netc", Some(&neta_text));
    let system = |name: &str| case(name).raw_definition("-system", "netd", Some(&netb().to_string()));
    vec![
        (other("03-another-namespace").networks("NAMESPACE-other/netc"), &[]),
        (other("03-another-namespace-isolated").isolated().networks("NAMESPACE-other/netc"), &[]),
        (other("03-own-namespace-isolated").isolated().networks("NAMESPACE/neta"), &[]),
        (case("03-nosuch").networks("neta,nosuch"), &[]),
        (system("07-default-network").annotated(DEFAULT_NETWORK, "netd"), &[]),
        (system("07-default-network-and-two").annotated(DEFAULT_NETWORK, "netd").networks("neta,cap"), &[]),
        (system("07-default-network-by-namespace").annotated(DEFAULT_NETWORK, "NAMESPACE/neta"), &[]),
        (system("07-default-network-isolated").isolated().annotated(DEFAULT_NETWORK, "NAMESPACE-other/netc").raw_definition(
            "-other",
            "netc",
            Some(&neta_text),
        ), &[]),
        (system("07-default-network-element").annotated(
            DEFAULT_NETWORK,
            r#"[{"name": "netd", "namespace": "NAMESPACE-system", "mac": "02:00:00:00:00:01"}]"#,
        ), &[]),
        (system("07-two-default-networks").annotated(DEFAULT_NETWORK, "netd,netd"), &[]),
        (system("07-no-such-default-network").annotated(DEFAULT_NETWORK, "nosuch"), &[]),
        (system("07-empty-default-network").annotated(DEFAULT_NETWORK, ""), &[]),
        (system("26-default-network-of-nothing").annotated(DEFAULT_NETWORK, "[]"), &[]),
    ]
}

//! Multus' annotation for another default network.

use super::*;

fn instead(written: &str) -> Request {
    node().with_annotation(DEFAULT_NETWORK, written)
}

#[test]
fn a_definition_takes_the_place_of_the_default_network() {
    let plan = planned(&instead("neta"));
    assert_eq!(plan.attachments, [Attachment::definition("kube-system", "neta")]);
    assert_eq!(plan.reason, "v1.multus-cni.io/default-network: kube-system/neta");
    let plan = planned(&instead("demo/neta").with_annotation(NETWORKS, "netb"));
    let expected = [Attachment::definition("demo", "neta"), Attachment::definition("demo", "netb").on("net1")];
    assert_eq!(plan.attachments, expected);
}

#[test]
fn its_namespace_is_a_setting() {
    let (verdict, _) = told(&instead("neta"), &json!({"namespace": "infra"}));
    let Ok(Verdict::Plan(plan)) = verdict else { panic!("{verdict:?}") };
    assert_eq!(plan.attachments, [Attachment::definition("infra", "neta")]);
}

#[test]
fn addresses_of_the_default_network_are_asked_for() {
    let plan = planned(&instead(r#"[{"name": "neta", "ips": ["10.1.1.5/24"], "mac": "02:00:00:00:00:01"}]"#));
    let expected = Attachment::definition("kube-system", "neta").ip("10.1.1.5/24").mac("02:00:00:00:00:01");
    assert_eq!(plan.attachments, [expected]);
}

#[test]
fn of_several_decided_networks_the_one_on_the_runtimes_interface_is_replaced() {
    let storage = || Attachment::installed("30-storage.conf").on("net7");
    let decided = Plan::new("two", vec![storage(), calico()]);
    let plan = planned(&instead("neta").after(decided));
    assert_eq!(plan.attachments, [storage(), Attachment::definition("kube-system", "neta")]);
}

#[test]
fn it_is_one_network_on_the_runtimes_interface() {
    for written in ["[]", "neta,netb", "\"[]\"", "[null]", r#"[{"name": "neta", "interface": "net1"}]"#, "neta@net1"] {
        let Err(Refusal::Invalid(mistake)) = select(&instead(written)) else { panic!("{written}") };
        assert_eq!(mistake.key, DEFAULT_NETWORK, "{written}");
    }
    let named = planned(&instead("neta@eth0"));
    assert_eq!(named.attachments, [Attachment::definition("kube-system", "neta")]);
}

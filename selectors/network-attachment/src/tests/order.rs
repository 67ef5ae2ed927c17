//! The order of the networks, and the names of their interfaces.

use super::*;

#[test]
fn row_37_the_default_network_comes_first() {
    assert_eq!(plan_of("neta").attachments, [calico(), neta()]);
    // Row 46 of CNI-Genie's table: the configuration's default, too.
    let flannel = planned(&asking("neta").with_attribute("default-plugin", "flannel"));
    assert_eq!(flannel.attachments, [Attachment::installed("10-flannel.conflist"), neta()]);
    let nothing = testing::request().with_annotation(NETWORKS, "neta");
    assert_eq!(select(&nothing), Err(nothing.nothing_installed()));
}

#[test]
fn what_an_earlier_entry_decided_is_the_default() {
    let decided = Plan::new("tenant blue", vec![Attachment::installed("30-storage.conf")]);
    let plan = planned(&asking("neta").after(decided.clone()));
    assert_eq!(plan.attachments, [Attachment::installed("30-storage.conf"), neta()]);
    assert_eq!(plan.reason, "default network: tenant blue; k8s.v1.cni.cncf.io/networks: demo/neta");
    assert_eq!(select(&asking("[]").after(decided.clone())), Ok(Verdict::Pass));
    assert_eq!(select(&node().after(decided)), Ok(Verdict::Pass));
}

#[test]
fn row_25_the_same_network_can_be_attached_twice() {
    assert_eq!(further("neta,neta"), [neta(), Attachment::definition("demo", "neta").on("net2")]);
}

#[test]
fn interfaces_are_numbered_by_the_place_in_the_pods_list() {
    let names = |networks: &str| -> Vec<_> {
        plan_of(networks).attachments.into_iter().map(|attachment| attachment.interface).collect()
    };
    let expected = |names: &[&str]| -> Vec<_> {
        std::iter::once(None).chain(names.iter().map(|name| Some((*name).to_owned()))).collect()
    };
    assert_eq!(names("neta,netb,netc"), expected(&["net1", "net2", "net3"]));
    assert_eq!(names("neta@foo,netb"), expected(&["foo", "net2"]));
    assert_eq!(names("neta@net2,netb"), expected(&["net2", "net3"]));
    assert_eq!(names("neta,netb@net1"), expected(&["net2", "net1"]));
}

#[test]
fn genie_42_interfaces_can_be_named_as_cni_genie_does() {
    let (verdict, _) = told(&asking("neta,netb@x0"), &json!({"interfaces": "eth"}));
    let Ok(Verdict::Plan(plan)) = verdict else { panic!("{verdict:?}") };
    let names: Vec<_> = plan.attachments.iter().map(|attachment| attachment.interface.as_deref()).collect();
    assert_eq!(names, [None, None, Some("x0")]);
}

#[test]
fn genie_50_the_annotation_cni_is_not_heeded_beside_the_standards() {
    let plan = planned(&asking("neta").with_annotation("cni", "flannel"));
    assert_eq!(plan.attachments, [calico(), neta()]);
}

#[test]
fn every_pod_gets_the_operators_networks_except_those_of_system_namespaces() {
    let settings =
        json!({"defaultNetworks": ["neta", "other/netb", "storage"], "systemNamespaces": ["kube-system", "infra"]});
    let (verdict, _) = told(&node(), &settings);
    let Ok(Verdict::Plan(plan)) = verdict else { panic!("{verdict:?}") };
    let expected = [
        calico(),
        Attachment::definition("kube-system", "neta").on("net1"),
        Attachment::definition("other", "netb").on("net2"),
        Attachment::installed("30-storage.conf").on("net3"),
    ];
    assert_eq!(plan.attachments, expected);
    let infra = node().for_pod("infra", "dns");
    assert_eq!(told(&infra, &settings).0, Ok(Verdict::Pass));
    let (verdict, _) = told(&asking("netc"), &settings);
    let Ok(Verdict::Plan(plan)) = verdict else { panic!("{verdict:?}") };
    assert_eq!(plan.attachments.last(), Some(&Attachment::definition("demo", "netc").on("net4")));
    let wrong = told(&node(), &json!({"defaultNetworks": ["Neta"]})).0;
    assert!(matches!(wrong, Err(Refusal::Invalid(mistake)) if mistake.key == "settings.defaultNetworks"));
}

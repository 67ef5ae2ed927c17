//! The rows are those of the table of CNI-Genie's behaviour.

use genie_selector::{Attachment, Plan, Refusal, Request, Selector, Verdict, testing};

use super::Annotation;

/// The node of the table.
fn node() -> Request {
    testing::request()
        .with_attribute("self", "00-genie.conf")
        .with_network("10-calico.conflist", "k8s-pod-network", &["calico", "portmap"])
        .with_network("10-flannel.conflist", "cbr0", &["flannel", "portmap"])
        .with_network("10-weave.conf", "weave", &["weave-net"])
}

fn select(cni: &str) -> Result<Verdict, Refusal> {
    Annotation::select(&node().with_annotation("cni", cni), &())
}

#[allow(clippy::unnecessary_wraps)] // compared with what `select` answers
fn plan(cni: &str, attachments: &[Attachment]) -> Result<Verdict, Refusal> {
    Ok(Plan::new(format!("annotation cni: \"{cni}\""), attachments.to_vec()).into())
}

/// The wrong part of the annotation, and what is said about it.
fn mistake(cni: &str) -> (String, String) {
    match select(cni) {
        Err(Refusal::Invalid(mistake)) => {
            assert_eq!(mistake.key, "cni");
            (mistake.value, mistake.message)
        }
        other => panic!("{other:?}"),
    }
}

fn calico() -> Attachment {
    Attachment::installed("10-calico.conflist")
}

fn flannel() -> Attachment {
    Attachment::installed("10-flannel.conflist")
}

fn weave() -> Attachment {
    Attachment::installed("10-weave.conf")
}

#[test]
fn rows_1_and_2_a_name_attaches_the_network_in_the_file_of_that_name() {
    assert_eq!(select("calico"), plan("calico", &[calico()]));
    assert_eq!(select("flannel"), plan("flannel", &[flannel()]));
}

#[test]
fn rows_3_and_4_a_pod_without_the_annotation_is_left_to_others() {
    assert_eq!(Annotation::select(&node(), &()), Ok(Verdict::Pass));
    let other = node().with_annotation("build", "two");
    assert_eq!(Annotation::select(&other, &()), Ok(Verdict::Pass));
}

#[test]
fn a_blank_annotation_is_left_to_others() {
    for blank in ["", " ", "\t\n"] {
        assert_eq!(select(blank), Ok(Verdict::Pass));
    }
}

#[test]
fn rows_9_11_12_and_14_a_list_attaches_in_its_order_with_its_interfaces() {
    assert_eq!(select("flannel,weave"), plan("flannel,weave", &[flannel(), weave()]));
    let long = "flannel,weave@eth4,flannel@eth5, flannel";
    let attachments = [flannel(), weave().on("eth4"), flannel().on("eth5"), flannel()];
    assert_eq!(select(long), plan(long, &attachments));
    let second = "flannel,weave@eth0";
    assert_eq!(select(second), plan(second, &[flannel(), weave().on("eth0")]));
    assert_eq!(select("weave@"), plan("weave@", &[weave()]));
}

#[test]
fn row_12a_a_pod_without_a_network_on_its_own_interface_is_refused() {
    let (value, message) = mistake("weave@net1");
    assert_eq!(value, "weave@net1");
    assert!(message.contains("no network is on eth0"), "{message}");
}

#[test]
fn row_13_an_interface_asked_for_twice_is_refused() {
    let (value, message) = mistake("flannel@eth3,weave@eth3");
    assert_eq!(value, "weave@eth3");
    assert!(message.contains("eth3"), "{message}");
}

#[test]
fn row_18_an_unknown_network_is_refused_with_what_may_be_meant() {
    let (value, message) = mistake("flannel,nosuch");
    assert_eq!(value, "nosuch");
    assert_eq!(message, "no such network; 3 networks are installed here");
    assert!(mistake("flannel,Calico").1.contains("did you mean calico?"));
}

#[test]
fn row_25_a_networks_name_and_its_first_plugins_type_will_do() {
    assert_eq!(select("cbr0"), plan("cbr0", &[flannel()]));
    assert_eq!(select("weave-net"), plan("weave-net", &[weave()]));
}

#[test]
fn row_27_the_meta_plugin_itself_is_refused() {
    for itself in ["genie", "00-genie", "00-genie.conf"] {
        let (value, message) = mistake(itself);
        assert_eq!(value, itself);
        assert!(message.starts_with("refers to itself"), "{message}");
    }
}

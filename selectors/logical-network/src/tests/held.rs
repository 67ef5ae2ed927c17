//! The merge: addresses outside of the subnet.

use genie_selector::{Attachment, Merge, Merged, Outcome, Plan, Refusal, Request, merge, testing};

use super::super::LogicalNetwork;
use super::{asking, flannel, mistake, weave, with_subnet};

fn merged(plan: &[Attachment], outcomes: &[Outcome]) -> Result<Merged, Refusal> {
    merged_for(&asking("net1, net2@eth1"), plan, outcomes)
}

fn merged_for(request: &Request, plan: &[Attachment], outcomes: &[Outcome]) -> Result<Merged, Refusal> {
    LogicalNetwork::merge(request, &Plan::new("", plan.to_vec()), outcomes, &())
}

fn plan() -> [Attachment; 2] {
    [with_subnet(weave().on("eth0"), "10.32.20.0/24"), with_subnet(flannel().on("eth1"), "fd00:7::/64")]
}

#[test]
fn addresses_inside_of_their_subnets_are_merged_as_usual() {
    let outcomes = [
        testing::outcome("eth0", "weave", &["10.32.20.9/24", "10.32.20.255/16"]),
        testing::outcome("eth1", "cbr0", &["fd00:7::1:2/64"]),
    ];
    let standard = merge::standard("eth0", None, &outcomes).expect("a result");
    assert_eq!(merged(&plan(), &outcomes), Ok(standard));
}

#[test]
fn an_address_outside_of_its_subnet_is_refused_with_all_names() {
    let outcomes = [
        testing::outcome("eth0", "weave", &["10.32.20.9/24"]),
        testing::outcome("eth1", "cbr0", &["fd00:7::2/64", "fd00:8::2/64"]),
    ];
    let (key, value, message) = mistake(merged(&plan(), &outcomes));
    assert_eq!((&*key, &*value), ("LogicalNetwork demo/net2", "fd00:7::/64"));
    let expected = "pod demo/pod got the address fd00:8::2/64 from network cbr0 on eth1: ";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn an_address_of_the_other_family_is_outside_too() {
    let outcomes = [testing::outcome("eth0", "weave", &["10.32.20.9/24", "fd00::1/64"])];
    let (_, _, message) = mistake(merged(&plan()[..1], &outcomes));
    assert!(message.contains("fd00::1/64"), "{message}");
}

#[test]
fn a_network_with_a_subnet_has_to_give_an_address() {
    let (key, _, message) = mistake(merged(&plan()[..1], &[testing::outcome("eth0", "weave", &[])]));
    assert!(key == "LogicalNetwork demo/net1" && message.contains("got no address from network weave"), "{message}");
    let nothing = [Outcome::new("eth0", "weave", "{}")];
    assert!(merged(&plan()[..1], &nothing).is_err());
}

#[test]
fn what_has_no_subnet_is_not_held() {
    let outcomes = [testing::outcome("eth0", "weave", &["192.168.1.2/24"]), testing::outcome("eth1", "cbr0", &[])];
    let plan = [weave().on("eth0"), flannel().on("eth1").patch(r#"{"ipam": {"type": "static"}}"#)];
    assert!(merged(&plan, &outcomes).is_ok());
}

#[test]
fn networks_that_another_entry_added_are_named_as_they_are() {
    let outcomes = [testing::outcome("eth0", "weave", &["10.32.20.9/24"]), testing::outcome("eth1", "cbr0", &[])];
    let (key, ..) = mistake(merged_for(&asking("net1"), &plan(), &outcomes));
    assert_eq!(key, "LogicalNetwork demo/cbr0");
}

#[test]
fn a_result_that_is_none_is_told_by_the_standard_merge() {
    let broken = [Outcome::new("eth0", "weave", "[")];
    assert!(matches!(merged(&plan()[..1], &broken), Err(Refusal::Internal(why)) if why.contains("weave")));
}

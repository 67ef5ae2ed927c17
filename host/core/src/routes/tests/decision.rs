use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::super::decide::{check_wishes, decide};
use super::super::message::{DefaultRoute, new_default_route, parse_link};
use super::super::{Family, Route, Wanted, Wish, settle};
use super::ip;
use super::via;
use super::wishes;
use crate::cni::{CniError, code};

const ETH0: u32 = 2;
const NET1: u32 = 3;

fn route(gateway: &str, interfaces: &[u32]) -> DefaultRoute {
    let gateway = ip(gateway);
    DefaultRoute {
        family: Family::of(&gateway),
        interfaces: interfaces.to_vec(),
        gateway: (interfaces.len() == 1).then_some(gateway),
        payload: Vec::new(),
    }
}

fn plugins_routes() -> Vec<DefaultRoute> {
    vec![route("10.1.0.1", &[ETH0]), route("10.2.0.1", &[NET1]), route("fd00:1::1", &[ETH0])]
}

/// The gateways of the routes to remove, those of the routes to make, and the families that each
/// attachment lost.
type Outcome = (Vec<String>, Vec<String>, Vec<Vec<Family>>);

fn outcome(wishes: &[Wish<'_>], routes: &[DefaultRoute]) -> Result<Outcome, CniError> {
    decided(&Wanted { wishes, owner: None }, routes)
}

/// The outcome where the plan does not say: eth0 is the runtime's interface.
fn usual(eth0: Route, net1: Route, routes: &[DefaultRoute]) -> Outcome {
    decided(&Wanted { wishes: &wishes(eth0, net1), owner: Some("eth0") }, routes).unwrap()
}

fn decided(wanted: &Wanted<'_>, routes: &[DefaultRoute]) -> Result<Outcome, CniError> {
    let links = BTreeMap::from([("eth0".to_owned(), ETH0), ("net1".to_owned(), NET1)]);
    let decision = decide(wanted, &links, routes)?;
    let gateway = |route: &&DefaultRoute| route.gateway.map_or("-".into(), |ip| ip.to_string());
    Ok((
        decision.remove.iter().map(gateway).collect(),
        decision.add.iter().map(|addition| addition.gateway.to_string()).collect(),
        decision.lost.iter().map(|lost| lost.iter().copied().collect()).collect(),
    ))
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[test]
fn a_gateway_displaces_every_other_default_route_of_its_family_only() {
    let (remove, add, lost) = outcome(&wishes(Route::Usual, via(&["10.2.0.9"])), &plugins_routes()).unwrap();
    assert_eq!(remove, strings(&["10.1.0.1", "10.2.0.1"]));
    assert_eq!(add, strings(&["10.2.0.9"]));
    assert_eq!(lost, [vec![Family::V4], vec![]]);
}

#[test]
fn a_default_route_that_nobody_attached_is_displaced_too() {
    let mut routes = plugins_routes();
    routes.push(route("10.9.0.1", &[77]));
    let (remove, ..) = outcome(&wishes(Route::Usual, via(&["10.2.0.9"])), &routes).unwrap();
    assert!(remove.contains(&"10.9.0.1".to_owned()));
}

#[test]
fn a_route_that_is_right_already_is_kept_once() {
    let mut routes = plugins_routes();
    routes.push(route("10.2.0.1", &[NET1]));
    let (remove, add, _) = outcome(&wishes(Route::Usual, via(&["10.2.0.1"])), &routes).unwrap();
    assert_eq!(remove, strings(&["10.1.0.1", "10.2.0.1"]));
    assert!(add.is_empty());
}

#[test]
fn the_same_gateway_on_another_interface_is_not_right() {
    let routes = [route("10.2.0.1", &[ETH0])];
    let (remove, add, _) = outcome(&wishes(Route::Usual, via(&["10.2.0.1"])), &routes).unwrap();
    assert_eq!((remove, add), (strings(&["10.2.0.1"]), strings(&["10.2.0.1"])));
}

#[test]
fn without_gateways_the_owner_keeps_its_own_and_the_other_family_stays() {
    let (remove, add, lost) = outcome(&wishes(Route::Usual, via(&[])), &plugins_routes()).unwrap();
    assert_eq!(remove, strings(&["10.1.0.1"]));
    assert!(add.is_empty());
    assert_eq!(lost, [vec![Family::V4], vec![]]);
}

#[test]
fn an_owner_without_a_default_route_takes_nothing_from_the_others() {
    let routes = [route("10.1.0.1", &[ETH0])];
    let (remove, add, lost) = outcome(&wishes(Route::Usual, via(&[])), &routes).unwrap();
    assert!(remove.is_empty() && add.is_empty());
    assert_eq!(lost, [vec![], vec![]]);
}

#[test]
fn never_takes_both_families_from_one_interface() {
    let (remove, _, lost) = outcome(&wishes(Route::Never, Route::Usual), &plugins_routes()).unwrap();
    assert_eq!(remove, strings(&["10.1.0.1", "fd00:1::1"]));
    assert_eq!(lost, [vec![Family::V4, Family::V6], vec![]]);
}

#[test]
fn never_beside_an_owner_loses_the_family_the_owner_does_not_have() {
    let (remove, ..) = outcome(&wishes(Route::Never, via(&["10.2.0.1"])), &plugins_routes()).unwrap();
    assert_eq!(remove, strings(&["10.1.0.1", "fd00:1::1"]));
}

#[test]
fn a_shared_multipath_route_cannot_be_taken_from_one_interface() {
    let routes = [route("10.1.0.1", &[ETH0, NET1])];
    for wish in [Route::Never, via(&[])] {
        let error = outcome(&wishes(Route::Usual, wish), &routes).unwrap_err();
        assert_eq!(error.code, code::INVALID_CONFIG);
        assert!(error.msg.contains("\"second\" on net1") && error.msg.contains("multipath"));
    }
    let (remove, ..) = outcome(&wishes(Route::Never, Route::Never), &routes).unwrap();
    assert_eq!(remove.len(), 1, "nobody keeps a part of it");
}

#[test]
fn a_gateway_on_a_missing_interface_is_refused() {
    let wish = [Wish { interface: "net7", network: "dpdk", default_route: via(&["10.2.0.1"]) }];
    let error = outcome(&wish, &[]).unwrap_err();
    assert!(error.msg.contains("\"dpdk\" on net7"), "{error}");
    let wish = [Wish { interface: "net7", network: "dpdk", default_route: Route::Never }];
    assert!(outcome(&wish, &plugins_routes()).unwrap().0.is_empty());
}

#[test]
fn case_21_two_owners_are_refused() {
    let error = check_wishes(&wishes(via(&["10.1.0.1"]), via(&[]))).unwrap_err();
    assert_eq!(error.code, code::INVALID_CONFIG);
    assert!(error.msg.contains("\"default\" on eth0") && error.msg.contains("\"second\" on net1"));
}

#[test]
fn two_gateways_of_one_family_are_refused_and_named() {
    let error = check_wishes(&wishes(Route::Usual, via(&["10.2.0.1", "10.2.0.9"]))).unwrap_err();
    assert!(error.msg.contains("10.2.0.1, 10.2.0.9"), "{error}");
    assert_eq!(check_wishes(&wishes(Route::Usual, via(&["10.2.0.1", "fd00:2::1"]))), Ok(()));
}

#[test]
fn where_nothing_is_wanted_no_namespace_is_needed() {
    let results = vec![json!({"routes": [{"dst": "0.0.0.0/0"}]}), json!({})];
    for (eth0, net1) in [(Route::Usual, Route::Usual), (via(&[]), via(&[]))] {
        let wanted = Wanted { wishes: &wishes(eth0, net1), owner: None };
        assert_eq!(settle(None, &wanted, results.clone()), Ok(results.clone()));
    }
}

#[test]
fn without_a_word_the_runtimes_interface_owns_each_family_that_it_has() {
    let mut routes = plugins_routes();
    routes.push(route("fd00:2::1", &[NET1]));
    let (remove, add, lost) = usual(Route::Usual, Route::Usual, &routes);
    assert_eq!((remove, add), (strings(&["10.2.0.1", "fd00:2::1"]), strings(&[])));
    assert_eq!(lost, [vec![], vec![Family::V4, Family::V6]]);
}

#[test]
fn a_family_that_the_runtimes_interface_does_not_have_stays_with_the_others() {
    let routes = [route("10.1.0.1", &[ETH0]), route("fd00:2::1", &[NET1])];
    let (remove, _, lost) = usual(Route::Usual, Route::Usual, &routes);
    assert!(remove.is_empty());
    assert_eq!(lost, [vec![], vec![Family::V4]]);
}

#[test]
fn a_plan_says_otherwise_and_the_rest_is_the_runtimes_interfaces() {
    let mut routes = plugins_routes();
    routes.push(route("fd00:2::1", &[NET1]));
    let (remove, add, lost) = usual(Route::Usual, via(&["10.2.0.9"]), &routes);
    assert_eq!((remove, add), (strings(&["10.1.0.1", "10.2.0.1", "fd00:2::1"]), strings(&["10.2.0.9"])));
    assert_eq!(lost, [vec![Family::V4], vec![Family::V6]]);
    let (remove, ..) = usual(Route::Never, Route::Usual, &routes);
    assert_eq!(remove, strings(&["10.1.0.1", "fd00:1::1"]), "who gives them up owns none");
    let (remove, ..) = usual(Route::Usual, via(&[]), &routes);
    assert_eq!(remove, strings(&["10.1.0.1", "fd00:1::1"]));
}

#[test]
fn several_may_keep_what_their_plugins_set() {
    assert_eq!(check_wishes(&wishes(via(&[]), via(&[]))), Ok(()));
    let (remove, ..) = usual(via(&[]), via(&[]), &plugins_routes());
    assert!(remove.is_empty());
    assert!(Wanted { wishes: &wishes(via(&[]), via(&[])), owner: Some("eth0") }.is_nothing());
}

#[test]
fn a_multipath_route_that_leaves_through_the_runtimes_interface_stays() {
    let routes = [route("10.1.0.1", &[ETH0, NET1]), route("10.2.0.1", &[NET1])];
    assert_eq!(usual(Route::Usual, Route::Usual, &routes).0, strings(&["10.2.0.1"]));
}

#[test]
fn a_wish_needs_a_namespace_and_a_result_for_each_attachment() {
    let wanted = Wanted { wishes: &wishes(Route::Usual, Route::Never), owner: None };
    let error = settle(None, &wanted, vec![json!({}), json!({})]).unwrap_err();
    assert_eq!(error.code, code::INVALID_ENVIRONMENT);
    assert!(error.msg.contains("CNI_NETNS"));
    let error = settle(None, &wanted, vec![json!({})]).unwrap_err();
    assert_eq!(error.code, code::INTERNAL);
}

#[test]
fn what_we_ask_the_kernel_to_make_reads_as_what_we_want() {
    for gateway in ["10.2.0.9", "fd00:2::9"] {
        let route = DefaultRoute::parse(new_default_route(ip(gateway), NET1)).unwrap();
        assert_eq!(route.gateway, Some(ip(gateway)));
        assert_eq!(route.interfaces, [NET1]);
    }
}

proptest! {
    #[test]
    fn no_message_brings_the_reader_down(mut bytes in prop::collection::vec(any::<u8>(), 0..96)) {
        let _ = parse_link(&bytes);
        let _ = DefaultRoute::parse(bytes.clone());
        // These bytes are read up to the attributes of a default route, which hold anything.
        let header = new_default_route(ip("10.0.0.1"), 1);
        bytes.splice(0..0, header.into_iter().take(12));
        let _ = DefaultRoute::parse(bytes);
    }

    #[test]
    fn what_is_decided_once_done_leaves_nothing_to_do(
        hops in prop::collection::vec((0..3_usize, 1..5_u32), 0..8),
        gateway in 0..3_usize,
    ) {
        const GATEWAYS: [&str; 3] = ["10.2.0.1", "10.2.0.9", "fd00:2::1"];
        let wishes = wishes(Route::Never, via(&[GATEWAYS[gateway]]));
        let links = BTreeMap::from([("eth0".to_owned(), ETH0), ("net1".to_owned(), NET1)]);
        let routes: Vec<_> = hops.iter().map(|(gw, hop)| route(GATEWAYS[*gw], &[*hop])).collect();
        let wanted = Wanted { wishes: &wishes, owner: Some("eth0") };
        let decision = decide(&wanted, &links, &routes).unwrap();
        let gone: BTreeSet<_> = decision.remove.iter().map(|r| std::ptr::from_ref(*r)).collect();
        let left = routes.iter().filter(|route| !gone.contains(&std::ptr::from_ref(*route)));
        let added = decision.add.iter().map(|addition| route(&addition.gateway.to_string(), &[NET1]));
        let after: Vec<_> = left.cloned().chain(added).collect();
        prop_assert!(decide(&wanted, &links, &after).unwrap().is_done());
    }
}

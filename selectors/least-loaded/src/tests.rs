//! The rows are those of the table of CNI-Genie's behaviour.

use genie_selector::testing::{Facts, Host};
use genie_selector::{Attachment, Plan, Refusal, Request, Selector, Verdict, log, testing};

use super::LeastLoaded;

/// What the entry of a built-in selector is granted.
const GRANT: &str = r#"["node"]"#;
/// The choice is made by the defaults.
const PASSED: Result<Verdict, Refusal> = Ok(Verdict::Pass);

/// The node of the table, and a pod whose `cni` is blank.
fn blank() -> Request {
    node().with_annotation("cni", "")
}

fn node() -> Request {
    testing::request()
        .with_network("10-calico.conflist", "k8s-pod-network", &["calico", "portmap"])
        .with_network("10-flannel.conflist", "cbr0", &["flannel", "portmap"])
        .with_network("10-weave.conf", "weave", &["weave-net"])
}

/// The traffic of row 30. Since the interfaces came up it was the other way round.
fn host() -> Host {
    let host = counting();
    host.traffic_rate("flannel.1", 100, 0).traffic_rate("cali1", 50, 0).traffic_rate("weave", 10, 0)
}

/// A node without an agent, which knows only what its interfaces have received since they came up.
fn counting() -> Host {
    Host::new().granted(GRANT).traffic("flannel.1", 1_000, 0).traffic("cali1", 5_000, 0).traffic("weave", 9_000, 0)
}

fn select(host: &Host, request: &Request) -> Result<Verdict, Refusal> {
    select_with(host, request, "{}")
}

fn select_with(host: &Host, request: &Request, settings: &str) -> Result<Verdict, Refusal> {
    host.run(|| testing::select::<LeastLoaded>(request, settings))
}

/// The file that is chosen, and why.
#[track_caller]
fn chosen(answer: Result<Verdict, Refusal>) -> (String, String) {
    let Ok(Verdict::Plan(Plan { attachments, reason })) = answer else { panic!("{answer:?}") };
    let file = ["10-calico.conflist", "10-flannel.conflist", "10-weave.conf"];
    let file = file.into_iter().find(|file| attachments == [Attachment::installed(*file)]);
    (file.unwrap_or_else(|| panic!("{attachments:?}")).to_owned(), reason)
}

fn warnings(host: &Host) -> usize {
    host.log().iter().filter(|(level, _)| *level == log::Level::Warn).count()
}

#[test]
fn row_30_the_network_that_receives_the_fewest_bytes_is_chosen() {
    let (file, reason) = chosen(select(&host(), &blank()));
    assert_eq!(file, "10-weave.conf");
    assert_eq!(
        reason,
        "annotation cni is blank, least traffic: weave (10-weave.conf), 10 bytes/s on weav*; \
         not flannel (10-flannel.conflist), 100 bytes/s on flan*, calico (10-calico.conflist), 50 bytes/s on cali*"
    );
    let more = host().traffic_rate("weave1", 60, 0);
    assert_eq!(chosen(select(&more, &blank())).0, "10-calico.conflist", "all are added up");
    assert_eq!(chosen(select(&host(), &node().with_annotation("cni", " \t"))).0, "10-weave.conf");
}

#[test]
fn only_bytes_received_count() {
    assert_eq!(chosen(select(&host().traffic_rate("weave1", 0, 1_000), &blank())).0, "10-weave.conf");
    assert_eq!(chosen(select(&counting().traffic("flannel2", 0, 9_000), &blank())).0, "10-flannel.conflist");
}

#[test]
fn with_rates_nothing_else_is_asked_of_traffic() {
    let host = host();
    chosen(select(&host, &blank()));
    let asked = host.asked();
    assert_eq!(asked[..3], ["node::traffic_rate flan", "node::traffic_rate cali", "node::traffic_rate weav"]);
    assert!(!asked.iter().any(|asked| asked.starts_with("node::traffic ")), "{asked:?}");
    assert_eq!(host.log(), []);
}

#[test]
fn without_rates_bytes_since_the_interfaces_came_up_are_compared_and_it_is_told() {
    let host = counting();
    let (file, reason) = chosen(select(&host, &blank()));
    assert_eq!(file, "10-flannel.conflist");
    assert_eq!(
        reason,
        "annotation cni is blank, least traffic since the interfaces came up: flannel (10-flannel.conflist), \
         1000 bytes on flan*; not calico (10-calico.conflist), 5000 bytes on cali*, weave (10-weave.conf), \
         9000 bytes on weav*"
    );
    assert!(
        host.logged(
            "bytes since the interfaces came up are compared: the traffic's rate on the node's interfaces flan*"
        )
    );
    assert_eq!(warnings(&host), 0, "the pod's owner has nothing to do");
    let rates = host.asked().iter().filter(|asked| asked.starts_with("node::traffic_rate")).count();
    assert_eq!(rates, 1, "nobody is asked again who does not tell: {:?}", host.asked());
}

#[test]
fn idle_networks_are_equal() {
    let idle = counting().traffic_rate("lo", 9, 9);
    let (file, reason) = chosen(select(&idle, &blank()));
    assert_eq!(file, "10-flannel.conflist");
    assert!(reason.contains("flannel (10-flannel.conflist), 0 bytes/s on flan*"), "{reason}");
}

#[test]
fn row_31_without_any_fact_the_default_decides_and_it_is_told() {
    let host = Host::new().granted(GRANT).unavailable(Facts::Node, "cannot read /sys/class/net");
    assert_eq!(select(&host, &blank()), PASSED);
    assert!(host.logged("cannot read /sys/class/net") && host.logged("the default decides"), "{:?}", host.log());
    assert_eq!(warnings(&host), 1);
}

#[test]
fn row_32_other_interfaces_do_not_matter() {
    let host = host().traffic_rate("br0", 1, 1).traffic_rate("lo", 9_999, 9_999).traffic_rate("wg", 0, 0);
    assert_eq!(chosen(select(&host.traffic_rate("", 0, 0), &blank())).0, "10-weave.conf");
    let host = counting().traffic("br0", 1, 1).traffic("lo", 9_999, 9_999).traffic("wg", 0, 0).traffic("", 0, 0);
    assert_eq!(chosen(select(&host, &blank())).0, "10-flannel.conflist");
}

#[test]
fn equal_networks_are_chosen_in_the_order_of_the_table() {
    let idle = Host::new().granted(GRANT);
    for _ in 0..12 {
        assert_eq!(chosen(select(&idle, &blank())).0, "10-flannel.conflist");
    }
    let settings = r#"{"networks": [{"name": "weave", "prefix": "weav"}, {"name": "cbr0", "prefix": "flan"}]}"#;
    assert_eq!(chosen(select_with(&idle, &blank(), settings)).0, "10-weave.conf");
}

#[test]
fn row_34_only_installed_networks_are_candidates() {
    let mut without_weave = blank();
    without_weave.networks.pop();
    let (file, reason) = chosen(select(&host(), &without_weave));
    assert_eq!(file, "10-calico.conflist");
    assert!(!reason.contains("weave"), "{reason}");
    let nothing = testing::request().with_annotation("cni", "").with_network("10-net.conf", "net", &["bridge"]);
    let host = host();
    assert_eq!(select(&host, &nothing), PASSED);
    assert!(host.asked().is_empty(), "{:?}", host.asked());
}

#[test]
fn a_network_without_an_address_left_is_left_out() {
    let (file, reason) = chosen(select(&host().free_addresses("10-weave.conf", 0), &blank()));
    assert_eq!(file, "10-calico.conflist");
    assert!(reason.contains("weave (10-weave.conf), 10 bytes/s on weav*, no address left"), "{reason}");
    let (_, reason) = chosen(select(&host().free_addresses("10-weave.conf", 3), &blank()));
    assert!(reason.contains("10 bytes/s on weav*, 3 addresses left;"), "{reason}");
    let full = ["10-calico.conflist", "10-flannel.conflist", "10-weave.conf"];
    let full = full.into_iter().fold(host(), |host, file| host.free_addresses(file, 0));
    assert_eq!(select(&full, &blank()), PASSED);
    assert!(full.logged("no network has an address left") && warnings(&full) == 1);
}

#[test]
fn a_network_that_the_entry_may_not_choose_is_no_candidate() {
    let request = blank().with_attribute("forbidden", "10-weave.conf");
    assert_eq!(chosen(select(&host(), &request)).0, "10-calico.conflist");
}

#[test]
fn a_pod_that_says_more_or_less_is_left_to_others() {
    let host = host();
    for request in [
        node(),
        node().with_annotation("cni", "calico"),
        blank().with_annotation("networks", "net1"),
        blank().after(Plan::new("", vec![Attachment::installed("10-weave.conf")])),
    ] {
        assert_eq!(select(&host, &request), PASSED, "{request:?}");
    }
    assert!(host.asked().is_empty(), "nobody else pays: {:?}", host.asked());
    let (file, _) = chosen(select(&host, &blank().with_annotation("networks", " ")));
    assert_eq!(file, "10-weave.conf", "a blank list names no logical network");
}

#[test]
fn wrong_settings_are_the_operators_mistake() {
    for (settings, why) in [
        (r#"{"network": []}"#, "unknown field `network`"),
        (r#"{"networks": [{"name": "weave"}]}"#, "missing field `prefix`"),
        (r#"{"networks": [{"name": "weave", "prefix": "a/b"}]}"#, "begins no interface's name"),
        (r#"{"networks": [{"name": "weave", "prefix": ""}]}"#, "begins no interface's name"),
    ] {
        match select_with(&host(), &blank(), settings) {
            Err(Refusal::Invalid(mistake)) => {
                assert_eq!(mistake.key, "settings");
                assert!(mistake.message.contains(why), "{mistake:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_description_has_a_schema_in_json() {
    let schema = LeastLoaded::about().settings_schema;
    assert!(schema.contains("\"prefix\""), "{schema}");
}

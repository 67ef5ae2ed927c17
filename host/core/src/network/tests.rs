//! Names of interfaces, the conf dir, and preparation of plans.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::Catalogue;
use super::Context;
use super::Limits;
use super::Prepared;
use super::interfaces::assign;
use super::prepare;
use crate::cni::{Call, CniError, Verb, Version};
use crate::selector::abi::{Attachment, DefaultRoute, Plan, Source};
use crate::selector::sandbox::facts::Nothing;

fn names(wanted: &[Option<&str>], runtime: &str) -> Result<Vec<String>, CniError> {
    assign(wanted, runtime, &BTreeSet::new())
}

#[test]
fn case_11_names_that_are_asked_for_are_left_out_of_the_automatic_ones() {
    let names = names(&[None, Some("eth4"), Some("eth5"), None], "eth0").unwrap();
    assert_eq!(names, ["eth0", "eth4", "eth5", "eth1"]);
}

#[test]
fn case_12_the_runtimes_interface_goes_to_whom_it_is_asked_for() {
    assert_eq!(names(&[None, Some("eth0")], "eth0").unwrap(), ["eth1", "eth0"]);
}

#[test]
fn case_13_a_name_that_is_asked_for_twice_is_named() {
    let error = names(&[Some("eth3"), Some("eth3")], "eth0").unwrap_err();
    assert!(error.msg.contains("eth3"), "{error}");
}

#[test]
fn case_68_the_runtimes_name_is_honoured() {
    assert_eq!(names(&[None, None], "net7").unwrap(), ["net7", "eth0"]);
}

#[test]
fn eth01_is_not_eth1() {
    assert_eq!(names(&[Some("eth01"), None, None], "eth0").unwrap(), ["eth01", "eth0", "eth1"]);
}

#[test]
fn interfaces_that_exist_are_neither_given_nor_taken() {
    let taken = BTreeSet::from(["eth1".to_owned()]);
    assert_eq!(assign(&[None, None], "eth0", &taken).unwrap(), ["eth0", "eth2"]);
    assert!(assign(&[Some("eth1")], "eth0", &taken).unwrap_err().msg.contains("exists already"));
}

proptest! {
    #[test]
    fn names_are_unique_and_wishes_are_kept(wanted in prop::collection::vec(prop::option::of("eth[0-4]|net[0-4]"), 1..8)) {
        let wanted: Vec<_> = wanted.iter().map(Option::as_deref).collect();
        if let Ok(names) = names(&wanted, "eth0") {
            prop_assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), wanted.len());
            for (name, wanted) in names.iter().zip(wanted) {
                prop_assert!(wanted.is_none_or(|wanted| wanted == name));
            }
        }
    }
}

fn conf_dir(files: &[(&str, Value)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(dir.path().join(name), content.to_string()).unwrap();
    }
    dir
}

fn list(name: &str, kind: &str) -> Value {
    json!({"cniVersion": "1.0.0", "name": name, "plugins": [{"type": kind}]})
}

#[test]
fn the_conf_dir_is_read_in_order_and_one_broken_file_takes_no_other_with_it() {
    let dir = conf_dir(&[
        ("00-genie.conf", json!({"cniVersion": "1.0.0", "name": "g", "type": "genie"})),
        ("10-a.conflist", list("a", "bridge")),
        ("20-b.conf", json!({"name": "b", "type": "ptp"})),
        ("30-list-in-conf.conf", list("c", "ptp")),
        ("40-plugin-in-list.conflist", json!({"name": "d", "type": "ptp"})),
        ("99-loopback.conf", json!({"name": "lo", "type": "loopback"})),
        ("40-kubeconfig", json!({})),
    ]);
    fs::write(dir.path().join("15-broken.conf"), "{").unwrap();
    fs::create_dir(dir.path().join("calico.conf")).unwrap();
    let catalogue = Catalogue::load(dir.path(), &["genie"]).unwrap();
    let files: Vec<_> = catalogue.networks.iter().map(|network| network.file.as_str()).collect();
    assert_eq!(files, ["10-a.conflist", "20-b.conf", "30-list-in-conf.conf", "40-plugin-in-list.conflist"]);
    let misnamed: Vec<_> = catalogue.misnamed.iter().map(|(_, reason)| reason.as_str()).collect();
    assert!(misnamed[0].ends_with("name it 30-list-in-conf.conflist"), "{misnamed:?}");
    assert!(misnamed[1].ends_with("name it 40-plugin-in-list.conf"), "{misnamed:?}");
    assert_eq!((misnamed.len(), &catalogue.loopback[..]), (2, &["99-loopback.conf".to_owned()][..]));
    assert_eq!(catalogue.own, ["00-genie.conf"]);
    let unusable: Vec<_> = catalogue.unusable.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(unusable, ["15-broken.conf"]);
    // A missing version means 0.3.0, as for CNI-Genie.
    assert_eq!(catalogue.networks[1].list.cni_version, Version::V0_3_0);
}

#[test]
fn files_in_memory_are_read_as_those_of_a_conf_dir() {
    let files = [
        ("00-genie.conf", json!({"name": "g", "type": "genie"}).to_string()),
        ("10-a.conflist", list("a", "bridge").to_string()),
        ("20-broken.conf", "{".into()),
        ("30-notes.txt", "{".into()),
        ("40-b.conflist", json!({"cniVersion": "1.0.0", "name": "b", "type": "ptp"}).to_string()),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.into_bytes())).into();
    let catalogue = Catalogue::of_files(&files, &["genie"]);
    let networks: Vec<_> = catalogue.networks.iter().map(|network| network.file.as_str()).collect();
    assert_eq!(networks, ["10-a.conflist", "40-b.conflist"]);
    assert_eq!(catalogue.own, ["00-genie.conf"]);
    assert_eq!(catalogue.unusable.len(), 1, "{:?}", catalogue.unusable);
    assert_eq!(catalogue.misnamed.len(), 1, "{:?}", catalogue.misnamed);
}

#[test]
fn a_conf_dir_that_does_not_exist_holds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::load(&dir.path().join("none"), &["genie"]).unwrap();
    assert!(catalogue.networks.is_empty());
}

#[test]
fn plugins_of_the_networks_own_directory_are_appended() {
    let dir = conf_dir(&[("10-a.conflist", list("a", "bridge"))]);
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a/10-tuning.conf"), r#"{"type": "tuning"}"#).unwrap();
    let catalogue = Catalogue::load(dir.path(), &["genie"]).unwrap();
    assert_eq!(catalogue.networks[0].list.types(), ["bridge", "tuning"]);
}

fn attachment(network: &str) -> Attachment {
    Attachment {
        network: Source::Installed(network.into()),
        interface: None,
        ips: Vec::new(),
        mac: None,
        args: Vec::new(),
        runtime_config: None,
        patch: None,
        default_route: DefaultRoute::Usual,
    }
}

fn prepared(files: &[(&str, Value)], attachments: Vec<Attachment>, strict: bool) -> Result<Vec<Prepared>, CniError> {
    prepared_for(&call(), files, attachments, strict)
}

fn call() -> Call {
    Call {
        verb: Verb::Add,
        container: "c".into(),
        netns: None,
        interface: "eth0".into(),
        args: "IgnoreUnknown=1;K8S_POD_UID=u".into(),
        path: Vec::new(),
        config: Map::new(),
        selectors: None,
        name: "g".into(),
        version: Version::CURRENT,
    }
}

fn prepared_for(
    call: &Call,
    files: &[(&str, Value)],
    attachments: Vec<Attachment>,
    strict: bool,
) -> Result<Vec<Prepared>, CniError> {
    let dir = conf_dir(files);
    let catalogue = Catalogue::load(dir.path(), &["genie"]).unwrap();
    let runtime_config = json!({"portMappings": [{"hostPort": 1}]});
    let context = Context {
        call,
        runtime_config: runtime_config.as_object().unwrap(),
        catalogue: &catalogue,
        facts: &Nothing,
        planner: &|_| None,
        own_types: &["genie"],
        path: None,
        taken: &BTreeSet::new(),
        is_served: false,
        device_info_dir: Path::new("/devices"),
        limits: Limits::default(),
        strict,
    };
    prepare(&Plan { attachments, reason: String::new() }, &context)
}

#[test]
fn the_runtimes_wishes_go_to_its_own_interface_only() {
    let files = [("10-a.conflist", list("a", "bridge"))];
    let prepared = prepared(&files, vec![attachment("a"), attachment("10-a.conflist")], false).unwrap();
    assert!(prepared[0].runtime_config.contains_key("portMappings"));
    assert!(prepared[1].runtime_config.is_empty());
    assert_eq!(prepared[1].interface, "eth1");
    assert_eq!(prepared[1].cni_args, "IgnoreUnknown=1;K8S_POD_UID=u");
}

#[test]
fn case_35_a_patch_changes_the_first_plugin_and_nothing_else() {
    let files = [(
        "10-a.conflist",
        json!({"name": "a", "plugins": [{"type": "bridge", "big": 9_007_199_254_740_993_u64}, {"type": "tuning"}]}),
    )];
    let patched = Attachment { patch: Some(r#"{"ipam": {"subnet": "10.32.0.0/24"}}"#.into()), ..attachment("a") };
    let prepared = prepared(&files, vec![patched], false).unwrap();
    assert_eq!(prepared[0].list.plugins[0]["ipam"]["subnet"], "10.32.0.0/24");
    assert_eq!(prepared[0].list.plugins[0]["big"], 9_007_199_254_740_993_u64);
    assert!(!prepared[0].list.plugins[1].contains_key("ipam"));
}

#[test]
fn case_27_what_refers_to_itself_is_refused() {
    let files = [("00-genie.conf", json!({"name": "g", "type": "genie"}))];
    let inline = Attachment { network: Source::Inline(list("x", "genie").to_string()), ..attachment("") };
    for plan in [vec![attachment("00-genie.conf")], vec![inline]] {
        let error = prepared(&files, plan, false).unwrap_err();
        assert!(error.msg.contains("refers to itself"), "{error}");
    }
}

#[test]
fn case_45_addresses_are_asked_for_in_the_way_the_network_understands() {
    let capable = json!({"name": "b", "plugins": [{"type": "bridge", "capabilities": {"ips": true, "mac": true}}]});
    let files = [("10-a.conflist", list("a", "bridge")), ("20-b.conflist", capable)];
    let ask = |network: &str, ips: &[&str]| Attachment {
        ips: ips.iter().map(|ip| (*ip).to_owned()).collect(),
        mac: Some("02:00:00:00:00:01".into()),
        ..attachment(network)
    };
    let one = &prepared(&files, vec![ask("a", &["10.1.1.5/24"])], false).unwrap()[0];
    assert!(one.cni_args.ends_with(";IP=10.1.1.5/24;MAC=02:00:00:00:00:01"), "{}", one.cni_args);
    let two = &prepared(&files, vec![ask("a", &["10.1.1.5", "fd00::5"])], false).unwrap()[0];
    assert_eq!(two.list.plugins[0]["args"]["cni"]["ips"], json!(["10.1.1.5", "fd00::5"]));
    let capable = &prepared(&files, vec![ask("b", &["10.1.1.5/24"])], true).unwrap()[0];
    assert_eq!(capable.runtime_config["ips"], json!(["10.1.1.5/24"]));
    assert_eq!(capable.runtime_config["mac"], "02:00:00:00:00:01");
    let strict = prepared(&files, vec![ask("a", &["10.1.1.5"])], true).unwrap_err();
    assert!(strict.msg.contains("ips"), "{strict}");
}

#[test]
fn what_is_no_address_is_quoted() {
    let files = [("10-a.conflist", list("a", "bridge"))];
    for (ips, mac) in [(vec!["10.1.1".to_owned()], None), (vec![], Some("02:00".to_owned()))] {
        let error = prepared(&files, vec![Attachment { ips, mac, ..attachment("a") }], false).unwrap_err();
        assert!(error.msg.contains("10.1.1") || error.msg.contains("02:00"), "{error}");
    }
}

#[test]
fn a_capability_that_nobody_declares_is_refused() {
    let files = [("10-a.conflist", list("a", "bridge"))];
    let ask = Attachment { runtime_config: Some(r#"{"bandwidth": {}}"#.into()), ..attachment("a") };
    assert!(prepared(&files, vec![ask], false).unwrap_err().msg.contains("bandwidth"));
}

#[test]
fn row_47_the_file_of_device_information_is_named_by_the_host_alone() {
    let plugin = |kind: &str, declared: Value| json!({"type": kind, "capabilities": declared});
    let asks = plugin("vhost", json!({"CNIDeviceInfoFile": true, "ips": true}));
    let network =
        |name: &str, plugin: Value| (format!("10-{name}.conflist"), json!({"name": name, "plugins": [plugin]}));
    let files = [
        network("asks", asks),
        network("declines", plugin("vhost", json!({"CNIDeviceInfoFile": false}))),
        network("lies", plugin("vhost", json!({"cnideviceinfofile": true, "CNIDeviceInfoFile": true}))),
    ];
    let files: Vec<_> = files.iter().map(|(file, list)| (file.as_str(), list.clone())).collect();
    // A plan that says so does not come here: it is refused when it is held against its grants.
    let said =
        |key: &str| Attachment { runtime_config: Some(json!({key: "/etc/shadow"}).to_string()), ..attachment("lies") };
    let made = ["asks", "asks", "declines"].map(attachment);
    let made = made.into_iter().chain([said("cnideviceinfofile"), said("CNIDeviceInfoFile")]).collect();
    let made = prepared(&files, made, false).unwrap();
    let of = |index: usize| &made[index].runtime_config["CNIDeviceInfoFile"];
    assert_eq!((of(0), of(1)), (&json!("/devices/asks@c@eth0.json"), &json!("/devices/asks@c@eth1.json")));
    assert_eq!(made[2].runtime_config.get("CNIDeviceInfoFile"), None);
    for (index, interface) in [(3, "eth3"), (4, "eth4")] {
        let path = json!(format!("/devices/lies@c@{interface}.json"));
        assert_eq!(Value::Object(made[index].runtime_config.clone()), json!({"CNIDeviceInfoFile": path}));
    }
}

#[test]
fn flannel_twice_keeps_two_states_and_calico_twice_is_refused() {
    let files = [("10-f.conflist", list("f", "flannel")), ("20-c.conflist", list("c", "calico"))];
    let flannel = prepared(&files, vec![attachment("f"), attachment("f")], false).unwrap();
    assert!(!flannel[0].list.plugins[0].contains_key("dataDir"));
    assert_eq!(flannel[1].list.plugins[0]["dataDir"], "/var/lib/cni/flannel/eth1");
    let error = prepared(&files, vec![attachment("c"), attachment("c")], false).unwrap_err();
    assert!(error.msg.contains("eth0") && error.msg.contains("eth1"), "{error}");
}

#[test]
fn an_unknown_network_is_told_with_how_many_there_are_and_not_which() {
    let error = prepared(&[("10-a.conflist", list("a", "bridge"))], vec![attachment("b")], false).unwrap_err();
    assert!(error.msg.ends_with("it is not installed on this node; networks that are: 1"), "{error}");
}

#[test]
fn what_the_runtime_asks_of_its_interface_goes_to_no_other() {
    let files = [("10-a.conflist", list("a", "bridge"))];
    let call = Call { args: "IP=10.1.0.7;K8S_POD_UID=u;MAC=02:00:00:00:00:01;GATEWAY=10.1.0.1".into(), ..call() };
    let prepared = prepared_for(&call, &files, vec![attachment("a"), attachment("a")], false).unwrap();
    assert_eq!(prepared[0].cni_args, call.args);
    assert_eq!(prepared[1].cni_args, "K8S_POD_UID=u");
}

#[test]
fn a_pod_may_have_so_many_networks_and_one_of_them_so_many_times() {
    let files: Vec<_> = (0..9).map(|n| (format!("{n}-n{n}.conflist"), list(&format!("n{n}"), "bridge"))).collect();
    let files: Vec<_> = files.iter().map(|(file, list)| (file.as_str(), list.clone())).collect();
    let some = |count: usize| (0..count).map(|n| attachment(&format!("n{n}"))).collect::<Vec<_>>();
    assert_eq!(prepared(&files, some(8), false).unwrap().len(), 8);
    let error = prepared(&files, some(9), false).unwrap_err();
    assert_eq!(error.code, 102);
    assert!(error.msg.contains("9 networks") && error.msg.contains("may have 8 (limits.networks"), "{error}");
    let alike = |count| vec![attachment("n0"); count];
    assert_eq!(prepared(&files, alike(4), false).unwrap().len(), 4);
    let error = prepared(&files, alike(5), false).unwrap_err();
    assert_eq!(error.code, 102);
    for part in ["\"n0\" 5 times", "eth0, eth1, eth2, eth3, eth4", "4 times (limits.same_network"] {
        assert!(error.msg.contains(part), "{part}: {error}");
    }
}

#[test]
fn names_that_mean_something_else_are_refused() {
    for name in ["lo", "all", "default", "eth%d", "%", "a/b", "a b", ".."] {
        let error = assign(&[Some(name)], "eth0", &BTreeSet::new()).unwrap_err();
        assert_eq!(error.code, 4, "{name}");
        assert!(error.msg.contains(&format!("interface {name:?}")), "{error}");
    }
}

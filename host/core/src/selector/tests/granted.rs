//! What a selector may say, grant by grant. Each case is refused without its grant, with the very
//! line that allows it, and allowed with it.

use serde_json::{Value, json};

use super::request;
use crate::cni::{CniError, code};
use crate::selector::abi::{
    Attachment, DefaultRoute, DefinitionName, Merged, Network, Outcome, Plan, PodName, Request, Source,
};
use crate::selector::chain::{Chain, Entry, Run};
use crate::selector::decision::{Step, StepOutcome};
use crate::selector::grants::Grants;
use crate::selector::module::Module;
use crate::selector::sandbox::limits::Limits;
use crate::selector::settings::Settings;

fn grants(items: &[Value]) -> Grants {
    Grants::from_json(&json!(items)).expect("it is right")
}

fn installed(name: &str) -> Attachment {
    Attachment {
        network: Source::Installed(name.into()),
        interface: None,
        ips: Vec::new(),
        mac: None,
        args: Vec::new(),
        runtime_config: None,
        patch: None,
        default_route: DefaultRoute::Usual,
    }
}

fn weave() -> Attachment {
    installed("weave")
}

fn inline(configuration: &Value) -> Attachment {
    Attachment { network: Source::Inline(configuration.to_string()), ..weave() }
}

fn definition(namespace: &str) -> Attachment {
    let name = DefinitionName { namespace: namespace.into(), name: "net".into() };
    Attachment { network: Source::Definition(name), ..weave() }
}

fn asked() -> Request {
    let network = |file: &str, name: &str| Network {
        name: name.into(),
        file: file.into(),
        plugins: Vec::new(),
        cni_version: String::new(),
        capabilities: Vec::new(),
    };
    Request { networks: vec![network("10-weave.conf", "weave"), network("20-calico.conflist", "k8s")], ..request() }
}

fn plan(attachments: &[Attachment]) -> Plan {
    Plan { attachments: attachments.to_vec(), reason: "because".into() }
}

fn check(items: &[Value], attachment: &Attachment) -> Result<(), CniError> {
    let checked = grants(items).check_plan(&plan(std::slice::from_ref(attachment)), &asked(), None);
    checked.map_err(|missing| missing.into_error("tenant", &grants(items)))
}

/// The list that a message says to write.
fn pasted(error: &CniError) -> Vec<Value> {
    let line = error.msg.split_once("write \"grant\": ").and_then(|(_, line)| line.split_once(" in its entry"));
    serde_json::from_str(line.expect("it says what to write").0).expect("it is JSON")
}

#[test]
fn without_grants_a_selector_chooses_orders_and_names() {
    let moved = Attachment { interface: Some("net1".into()), ..installed("k8s") };
    let plan = plan(&[moved, weave(), installed("20-calico.conflist"), installed("nosuch")]);
    assert_eq!(Grants::default().check_plan(&plan, &asked(), None), Ok(()));
}

/// Grants, each with an attachment that takes just this one.
fn rows() -> Vec<(Value, Attachment)> {
    let patched = |patch: Value| Attachment { patch: Some(patch.to_string()), ..weave() };
    let routed = |default_route| Attachment { default_route, ..weave() };
    vec![
        (json!({"definitions": "own"}), definition("default")),
        (json!({"definitions": ["payments"]}), definition("payments")),
        (
            json!({"inline": ["bridge", "host-local"]}),
            inline(&json!({"type": "bridge", "ipam": {"type": "host-local"}})),
        ),
        (json!({"inline": ["tuning"]}), inline(&json!({"plugins": [{"Type": "tuning"}]}))),
        (json!({"inline": ["macvlan"]}), inline(&json!({"delegates": [[{"TYPE": "macvlan"}]]}))),
        (json!({"patch": ["ipam.subnet"]}), patched(json!({"ipam": {"subnet": "10.0.0.0/8"}}))),
        (json!({"patch": ["ipam"]}), patched(json!({"ipam": null}))),
        (json!({"patch": ["ipam"]}), patched(json!({"ipam": {}}))),
        (json!({"args": ["POOL"]}), Attachment { args: vec![("POOL".into(), "a".into())], ..weave() }),
        (
            json!({"capabilities": ["portMappings"]}),
            Attachment { runtime_config: Some(json!({"portMappings": [{"hostPort": 443}]}).to_string()), ..weave() },
        ),
        (json!("addresses"), Attachment { ips: vec!["10.0.0.2".into()], ..weave() }),
        (json!("addresses"), Attachment { mac: Some("02:00:00:00:00:01".into()), ..weave() }),
        (json!("default-route"), routed(DefaultRoute::Via(vec!["10.0.0.1".into()]))),
        (json!("default-route"), routed(DefaultRoute::Never)),
    ]
}

#[test]
fn all_else_takes_its_grant_which_the_refusal_names() {
    for (grant, attachment) in rows() {
        let error = check(&[], &attachment).expect_err("it is not granted");
        assert_eq!(error.code, code::INVALID_CONFIG, "{error}");
        let line = format!("\"grant\": [{grant}]");
        assert!(error.msg.contains("\"tenant\"") && error.msg.contains(&line), "{line} in: {error}");
        assert_eq!(check(std::slice::from_ref(&grant), &attachment), Ok(()), "{grant}");
        for other in rows().into_iter().map(|(other, _)| other).filter(|other| other != &grant) {
            // `ipam` covers all that is below it.
            let covers = other == json!({"patch": ["ipam"]});
            assert!(covers || check(std::slice::from_ref(&other), &attachment).is_err(), "{other} allows {grant}");
        }
    }
}

#[test]
fn an_inline_configuration_runs_granted_plugins_only_wherever_it_names_them() {
    let bridge = [json!({"inline": ["bridge"]})];
    for configuration in [
        json!({"type": "bridge", "ipam": {"type": "calico-ipam"}}),
        json!({"plugins": [{"type": "bridge"}, {"type": "calico"}]}),
        json!({"type": "bridge", "delegate": {"type": "calico"}}),
        json!({"type": "bridge", "IPAM": {"tYpE": "calico"}}),
    ] {
        assert!(check(&bridge, &inline(&configuration)).is_err(), "{configuration}");
    }
    let patch = Some(json!({"type": "calico"}).to_string());
    let patched = Attachment { patch, ..inline(&json!({"type": "bridge"})) };
    assert!(check(&[json!({"inline": ["bridge"]}), json!({"patch": ["type"]})], &patched).is_err());
    assert!(check(&[], &inline(&json!("not a configuration"))).is_err(), "it takes the grant all the same");
}

#[test]
fn a_patch_touches_members_and_not_what_looks_like_them() {
    let subnet = [json!({"patch": ["ipam.subnet"]})];
    for patch in [
        json!({"ipam": {"subnet": "10.0.0.0/8", "type": "calico-ipam"}}),
        json!({"ipam.subnet": "10.0.0.0/8"}),
        json!({"ipam": {"subnets": "10.0.0.0/8"}}),
        json!({"IPAM": {"subnet": "10.0.0.0/8"}}),
        json!({"ipam": null}),
        json!({"ipam": {}}),
        json!({"ipam": [{"subnet": "10.0.0.0/8"}]}),
    ] {
        let attachment = Attachment { patch: Some(patch.to_string()), ..weave() };
        assert!(check(&subnet, &attachment).is_err(), "{patch}");
    }
    let below = json!({"ipam": {"subnet": {"of": "a tenant"}}}).to_string();
    assert_eq!(check(&subnet, &Attachment { patch: Some(below), ..weave() }), Ok(()));
}

#[test]
fn row_47_no_grant_lets_a_selector_name_the_file_of_device_information() {
    for name in ["CNIDeviceInfoFile", "cnideviceinfofile"] {
        let members = json!({name: "/etc/shadow"}).to_string();
        let error = check(&[], &Attachment { runtime_config: Some(members), ..weave() }).unwrap_err();
        assert_eq!(error.code, code::SELECTOR, "{error}");
        assert!(error.msg.contains(name) && error.msg.contains("no selector may say"), "{error}");
        let why = Grants::from_json(&json!([{"capabilities": ["ips", name]}])).unwrap_err();
        assert!(why.contains(name), "{why}");
    }
}

#[test]
fn what_a_delegate_is_told_of_the_pod_is_the_runtimes_word() {
    for key in ["K8S_POD_NAME", "K8S_POD_NAMESPACE", "K8S_POD_UID", "k8s_annot", "IgnoreUnknown"] {
        let attachment = Attachment { args: vec![(key.into(), "other".into())], ..weave() };
        let error = check(&[json!({"args": ["POOL"]})], &attachment).expect_err("no grant allows it");
        assert_eq!(error.code, code::SELECTOR, "{error}");
        assert!(error.msg.contains(key) && !error.msg.contains("\"grant\""), "{error}");
        assert!(Grants::from_json(&json!([{"args": [key]}])).is_err(), "{key}");
    }
}

#[test]
fn where_a_line_is_drawn_what_is_beyond_it_is_policy() {
    let narrow = [json!({"networks": ["calico*", "20-*"]}), json!({"definitions": "own"})];
    assert_eq!(check(&narrow, &installed("k8s")), Ok(()), "by its file");
    for (attachment, item) in
        [(weave(), json!({"networks": ["weave"]})), (definition("payments"), json!({"definitions": ["payments"]}))]
    {
        let error = check(&narrow, &attachment).expect_err("it is beyond");
        assert_eq!(error.code, code::REFUSED_DENIED, "{error}");
        let wide = pasted(&error);
        assert_eq!(wide, [narrow.as_slice(), &[item]].concat(), "{error}");
        for attachment in [attachment, installed("k8s"), definition(&asked().pod.namespace)] {
            assert_eq!(check(&wide, &attachment), Ok(()), "what an entry writes replaces what it had");
        }
    }
    let nameless = Request { pod: PodName { namespace: String::new(), ..request().pod }, ..request() };
    assert!(grants(&narrow).check_plan(&plan(&[definition("")]), &nameless, None).is_err(), "nobody's namespace");
}

#[test]
fn what_was_decided_may_be_passed_on_once() {
    let earlier = Attachment { ips: vec!["10.0.0.2".into()], ..weave() };
    let decided = plan(std::slice::from_ref(&earlier));
    let checked =
        |attachments: &[Attachment]| Grants::default().check_plan(&plan(attachments), &asked(), Some(&decided));
    let moved = Attachment { interface: Some("net7".into()), ..earlier.clone() };
    assert_eq!(checked(&[installed("k8s"), moved]), Ok(()));
    assert!(checked(&[earlier.clone(), earlier.clone()]).is_err(), "twice");
    assert!(checked(&[Attachment { mac: Some("02:00:00:00:00:01".into()), ..earlier }]).is_err(), "with more");
}

/// Checks a merged result of two networks.
fn merged(items: &[Value], result: &Value, annotations: &[(&str, &str)]) -> Result<(), CniError> {
    let outcomes = [("eth0", "a", "172.120.0.3/24"), ("eth1", "b", "10.0.0.2/8")].map(|(interface, network, address)| {
        let result = json!({
            "cniVersion": "1.1.0", "interfaces": [{"name": interface, "mac": "02:00:00:00:00:01", "sandbox": "/ns"}],
            "ips": [{"address": address, "gateway": "10.0.0.1", "interface": 0}],
            "routes": [{"dst": "0.0.0.0/0"}], "dns": {"nameservers": ["10.96.0.10"], "domain": network},
        });
        Outcome { interface: interface.into(), network: network.into(), result: result.to_string() }
    });
    let of_the_sdk = outcomes.clone().map(|outcome| genie_selector::Outcome {
        interface: outcome.interface,
        network: outcome.network,
        result: outcome.result,
    });
    let standard = genie_selector::merge::standard("eth0", Some("/ns"), &of_the_sdk).expect("they merge");
    let standard = Merged { result: standard.result, annotations: standard.annotations };
    let own = annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let annotations = standard.annotations.iter().cloned().chain(own).collect();
    let result = if result.is_null() { standard.result.clone() } else { result.to_string() };
    let checked = grants(items).check_merged(&Merged { result, annotations }, &outcomes, &standard);
    checked.map_err(|missing| missing.into_error("tenant", &grants(items)))
}

#[test]
fn without_grants_a_merge_leaves_out_and_orders() {
    let eth1 = json!({"name": "eth1", "mac": "02:00:00:00:00:01", "sandbox": "/ns"});
    let eth0 = json!({"name": "eth0", "mac": "02:00:00:00:00:01", "sandbox": "/ns"});
    for result in [
        json!(null),
        json!({}),
        json!({"interfaces": [eth1], "ips": [{"address": "10.0.0.2/8", "interface": 0}]}),
        json!({
            "interfaces": [eth1, eth0],
            "ips": [{"address": "10.0.0.2/8", "gateway": "10.0.0.1", "interface": 0},
                {"address": "172.120.0.3/24", "interface": 1}],
            "routes": [{"dst": "0.0.0.0/0", "gw": "10.0.0.1"}, {"dst": "0.0.0.0/0"}],
            "dns": {"nameservers": ["10.96.0.10"], "domain": "b"},
        }),
    ] {
        assert_eq!(merged(&[], &result, &[]), Ok(()), "{result}");
    }
}

#[test]
fn a_merge_invents_nothing_without_the_grant_for_it() {
    let eth0 = json!({"name": "eth0", "mac": "02:00:00:00:00:01", "sandbox": "/ns"});
    for (result, what) in [
        (json!({"ips": [{"address": "10.96.0.10/32"}]}), "10.96.0.10/32"),
        (json!({"ips": [{"address": "172.120.0.3/16"}]}), "172.120.0.3/16"),
        (json!({"ips": [{"address": "10.0.0.2/8", "gateway": "10.0.0.9"}]}), "10.0.0.2/8"),
        (json!({"interfaces": [eth0], "ips": [{"address": "10.0.0.2/8", "interface": 0}]}), "10.0.0.2/8"),
        (json!({"interfaces": [{"name": "eth0", "sandbox": "/other"}]}), "eth0"),
        (json!({"routes": [{"dst": "10.96.0.0/12"}]}), "10.96.0.0/12"),
        (json!({"routes": [{"dst": "0.0.0.0/0", "gw": "10.0.0.9"}]}), "0.0.0.0/0"),
        (json!({"dns": {"nameservers": ["192.0.2.1"]}}), "192.0.2.1"),
        (json!({"dns": {"domain": "c"}}), "\"c\""),
        (json!({"dns": {"search": ["example.org"]}}), "example.org"),
    ] {
        let error = merged(&[], &result, &[]).expect_err("no network said that");
        assert_eq!(error.code, code::INVALID_CONFIG);
        assert!(error.msg.contains(what) && error.msg.contains(r#""grant": ["result"]"#), "{error}");
        assert_eq!(merged(&[json!("result")], &result, &[]), Ok(()), "{result}");
    }
}

#[test]
fn annotations_are_published_by_grant_and_the_hosts_own_by_none() {
    let granted = [json!({"annotations": ["example.org/*", "team"]})];
    assert_eq!(merged(&granted, &json!(null), &[("example.org/a", "1"), ("team", "a")]), Ok(()));
    for key in ["cni", "k8s.ovn.org/pod-networks", "sidecar.istio.io/inject"] {
        let error = merged(&granted, &json!(null), &[(key, "x")]).expect_err("it is not granted");
        assert_eq!(error.code, code::INVALID_CONFIG, "{error}");
        assert_eq!(merged(&pasted(&error), &json!(null), &[("team", "a"), (key, "x")]), Ok(()), "{error}");
    }
    let all = [json!({"annotations": ["*"]}), json!("result")];
    for key in ["k8s.v1.cni.cncf.io/network-status", "multi-ip-preferences"] {
        assert!(Grants::from_json(&json!([{"annotations": [key]}])).is_err());
    }
    let error = merged(&all, &json!(null), &[("multi-ip-preferences", "[]")]).expect_err("it is the host's");
    assert!(error.code == code::SELECTOR && error.msg.contains("multi-ip-preferences"), "{error}");
    // The host replaces it. The standard merge of an earlier SDK said something here.
    assert_eq!(merged(&[], &json!(null), &[("k8s.v1.cni.cncf.io/network-status", "[]")]), Ok(()));
}

#[test]
fn an_error_can_be_read_however_long_the_answer_is() {
    let long = "x".repeat(1 << 16);
    let patch = Some(json!({long.as_str(): 1}).to_string());
    for attachment in [
        definition(&long),
        inline(&json!({"type": long})),
        Attachment { patch, ..weave() },
        Attachment { args: vec![(long.clone(), String::new())], ..weave() },
        Attachment { runtime_config: Some(json!({long.as_str(): 1}).to_string()), ..weave() },
    ] {
        let error = check(&[], &attachment).expect_err("it is not granted");
        assert!(error.msg.len() < 1024, "{} bytes", error.msg.len());
    }
    for result in
        [json!({"interfaces": [{"name": long}]}), json!({"dns": {"domain": long}}), json!({"dns": {"search": [long]}})]
    {
        assert!(merged(&[], &result, &[]).expect_err("it is invented").msg.len() < 1024);
    }
    assert!(merged(&[], &json!(null), &[(&long, "x")]).expect_err("it is not granted").msg.len() < 1024);
}

#[test]
fn grants_read_in_words() {
    let items: Vec<Value> = rows().into_iter().map(|(grant, _)| grant).chain([json!("pod")]).collect();
    let words = grants(&items).in_words().join("; ");
    for said in [
        "every installed network",
        "labels",
        "own namespace, payments",
        "bridge",
        "ipam.subnet",
        "POOL",
        "portMappings",
    ] {
        assert!(words.contains(said), "{said} in: {words}");
    }
    assert_eq!(Grants::default().in_words(), ["may choose every installed network"]);
}

/// Who brought in an attachment answers for it, and not who passes it on.
#[test]
fn an_attachment_is_that_of_the_entry_behind_which_every_plan_has_it() {
    let entry = |name: &str| Entry {
        name: name.into(),
        module: Module::BuiltIn("annotation"),
        run: Run::Always,
        settings: Settings::default(),
        grants: Grants::default(),
        limits: Limits::default(),
        wake: None,
    };
    let names = ["first", "second", "third"];
    let chain = Chain { entries: names.map(entry).into(), merge: None };
    let planner = |decided: Option<&[Attachment]>, answers: [Option<&[Attachment]>; 3]| {
        let request = Request { decided: decided.map(plan), ..asked() };
        let step = |attachments: Option<&[Attachment]>| {
            Step::new("s", attachments.map_or(StepOutcome::Pass, |attachments| StepOutcome::Plan(plan(attachments))))
        };
        let trace = answers.map(step);
        chain.planner(&request, &trace, &weave()).map(|entry| entry.name.clone())
    };
    let moved = [installed("k8s"), Attachment { interface: Some("net1".into()), ..weave() }];
    let (with, without) = (&[weave()][..], &[installed("k8s")][..]);
    assert_eq!(planner(None, [Some(with), None, None]).as_deref(), Some("first"));
    assert_eq!(planner(None, [Some(with), None, Some(&moved)]).as_deref(), Some("first"), "it was passed on");
    assert_eq!(planner(None, [Some(with), Some(without), Some(with)]).as_deref(), Some("third"), "it came again");
    assert_eq!(planner(Some(with), [None, Some(with), None]), None, "the request had it");
    assert_eq!(planner(Some(without), [None, Some(with), None]).as_deref(), Some("second"));
    assert_eq!(planner(None, [Some(without), None, None]), None);
}

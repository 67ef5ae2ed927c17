//! The keys of an element.

use genie_selector::DefaultRoute;

use super::*;

#[test]
fn row_12_addresses_are_checked_and_asked_for() {
    let asked = element(&json!({"ips": ["10.1.1.5", "10.1.1.6/24", "fd00::5/64"]}));
    assert_eq!(asked, neta().ip("10.1.1.5").ip("10.1.1.6/24").ip("fd00::5/64"));
    for ips in [
        json!([]),
        json!("10.1.1.5"),
        json!([7]),
        json!(["10.1.1"]),
        json!(["10.1.1.5/33"]),
        json!(["10.1.1.5/+24"]),
        json!(["10.1.1.5/024"]),
        json!(["::1/129"]),
    ] {
        assert!(wrong(&json!({"ips": ips})).contains("(neta), ips: "), "{ips}");
    }
}

#[test]
fn row_14_a_hardware_address_has_six_bytes() {
    assert_eq!(element(&json!({"mac": "02:00:00:00:00:0A"})), neta().mac("02:00:00:00:00:0A"));
    assert_eq!(element(&json!({"mac": "02-00-00-00-00-0a"})), neta().mac("02:00:00:00:00:0a"));
    for mac in ["zz", "", "02:00:00:00:00", "02:00:00:00:00:00:00:01", "2:0:0:0:0:1", "02:00-00:00:00:01"] {
        assert!(wrong(&json!({"mac": mac})).contains("is no hardware address of 6 bytes"), "{mac}");
    }
}

#[test]
fn row_16_an_interface_is_a_name_that_linux_takes() {
    let longest = "x23456789012345";
    assert_eq!(element(&json!({"interface": longest})).interface.as_deref(), Some(longest));
    for interface in ["x234567890123456", "a/b", "a b", ".", "..", "", "lo"] {
        assert!(wrong(&json!({"interface": interface})).contains("(neta), interface: "), "{interface}");
    }
}

#[test]
fn row_16_an_interface_is_for_one_network() {
    let (value, message) = mistake("neta@x0,netb@x0");
    assert_eq!(value, "x0");
    assert!(message.contains("element 2 (netb): interface x0 is asked for by another network"), "{message}");
    // Row 51 of CNI-Genie's table.
    let (value, message) = mistake("neta@eth0");
    assert_eq!(value, "eth0");
    assert!(message.contains("is the interface of the pod's default network"), "{message}");
}

#[test]
fn multus_old_name_of_the_interface_is_heeded_and_told() {
    let (verdict, warnings) = told(&asking(r#"[{"name": "neta", "interfaceRequest": "x0"}]"#), &json!({}));
    let Ok(Verdict::Plan(plan)) = verdict else { panic!("{verdict:?}") };
    assert_eq!(plan.attachments[1].interface.as_deref(), Some("x0"));
    assert!(warnings[0].contains("interfaceRequest"), "{warnings:?}");
}

#[test]
fn row_18_arguments_go_to_the_plugins_as_args_cni() {
    let asked = element(&json!({"cni-args": {"a": 1, "b": {"c": [2]}}}));
    let patch: Value = serde_json::from_str(asked.patch.as_deref().unwrap()).unwrap();
    assert_eq!(patch, json!({"args": {"cni": {"a": 1, "b": {"c": [2]}}}}));
    assert_eq!(element(&json!({"cni-args": {}})), neta());
    assert!(wrong(&json!({"cni-args": ["a"]})).contains("cni-args: is no object"));
}

fn runtime_config(members: &Value) -> Value {
    serde_json::from_str(element(members).runtime_config.as_deref().unwrap()).unwrap()
}

#[test]
fn row_19_port_mappings_are_checked_and_have_a_protocol() {
    let mapping = |members: Value| {
        let mut mapping = json!({"hostPort": 8080, "containerPort": 80});
        mapping.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({"portMappings": [mapping]})
    };
    for (written, protocol) in
        [(json!({}), "tcp"), (json!({"protocol": "Sctp"}), "sctp"), (json!({"protocol": "UDP"}), "udp")]
    {
        let expected = json!({"hostPort": 8080, "containerPort": 80, "protocol": protocol});
        assert_eq!(runtime_config(&mapping(written)), json!({"portMappings": [expected]}));
    }
    assert_eq!(runtime_config(&mapping(json!({"hostIP": "10.0.0.1"})))["portMappings"][0]["hostIP"], "10.0.0.1");
    for written in [
        json!({"hostPort": 0}),
        json!({"containerPort": 70000}),
        json!({"hostPort": "8080"}),
        json!({"containerPort": null}),
        json!({"protocol": "icmp"}),
        json!({"protocol": 6}),
        json!({"hostIP": "localhost"}),
    ] {
        assert!(wrong(&mapping(written.clone())).contains("(neta), portMappings: [0]: "), "{written}");
    }
    for list in [json!([]), json!({}), json!([7])] {
        assert!(wrong(&json!({"portMappings": list})).contains("portMappings: "), "{list}");
    }
}

#[test]
fn row_21_bandwidth_has_rates_above_zero_and_a_burst_for_each() {
    let full = json!({"ingressRate": 1, "ingressBurst": 2, "egressRate": 3, "egressBurst": 4});
    assert_eq!(runtime_config(&json!({"bandwidth": full})), json!({"bandwidth": full}));
    let burst = json!({"egressRate": 3000, "egressBurst": i32::MAX});
    assert_eq!(runtime_config(&json!({"bandwidth": {"egressRate": 3000}})), json!({"bandwidth": burst}));
    for bandwidth in [
        json!({}),
        json!([]),
        json!({"ingressRate": 0}),
        json!({"ingressRate": -1}),
        json!({"ingressRate": 1.5}),
        json!({"ingressBurst": 5}),
        json!({"ingressRate": 1, "egressBurst": 5}),
        json!({"rate": 5}),
    ] {
        assert!(wrong(&json!({"bandwidth": bandwidth})).contains("(neta), bandwidth: "), "{bandwidth}");
    }
}

#[test]
fn row_22_one_element_may_own_the_default_routes() {
    let owner = element(&json!({"default-route": ["10.7.0.9", "fd00::9"]}));
    assert_eq!(owner.default_route, DefaultRoute::Via(vec!["10.7.0.9".into(), "fd00::9".into()]));
    assert_eq!(element(&json!({"default-route": []})).default_route, DefaultRoute::Via(vec![]));
    for route in [json!("10.7.0.9"), json!(["10.7.0.9/24"]), json!(["gw"]), json!(["10.7.0.9", "10.7.0.8"])] {
        assert!(wrong(&json!({"default-route": route})).contains("(neta), default-route: "), "{route}");
    }
    let (_, message) =
        mistake(r#"[{"name": "neta", "default-route": []}, {"name": "netb", "default-route": ["10.7.0.9"]}]"#);
    assert!(message.contains("element 2 (netb), default-route: demo/neta has a default-route, too"), "{message}");
}

#[test]
fn row_23_a_guid_has_eight_bytes() {
    let guid = "24:8a:07:03:00:8d:ae:2e";
    assert_eq!(runtime_config(&json!({"infiniband-guid": guid})), json!({"infinibandGUID": guid}));
    for guid in ["24:8a:07:03:00:8d", "", "guid"] {
        assert!(wrong(&json!({"infiniband-guid": guid})).contains("is no GUID of 8 bytes"), "{guid}");
    }
}

#[test]
fn row_24_a_claim_stands_alone() {
    assert_eq!(element(&json!({"ipam-claim-reference": "vm-a"})), neta());
    let message = wrong(&json!({"ipam-claim-reference": "vm-a", "ips": ["10.1.1.5"]}));
    assert!(message.contains("ipam-claim-reference: stands beside ips"), "{message}");
    assert!(wrong(&json!({"ipam-claim-reference": ""})).contains("is empty"));
}

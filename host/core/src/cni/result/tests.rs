use serde_json::{Map, Value, json};

use super::*;

mod laws;
mod versions;

fn read(value: &Value) -> CniResult {
    CniResult::from_value(value, Version::V1_1_0).unwrap()
}

fn unreadable(value: &Value) -> CniError {
    CniResult::from_value(value, Version::V1_1_0).expect_err(&value.to_string())
}

/// A result of version 1.1.0 with every field.
fn full() -> Value {
    json!({
        "cniVersion": "1.1.0",
        "interfaces": [
            {"name": "veth1", "mac": "02:00:00:00:00:01"},
            {"name": "eth0", "mac": "02:00:00:00:00:02", "mtu": 1450, "sandbox": "/run/netns/x",
             "socketPath": "/s", "pciID": "0000:00:01.0"}
        ],
        "ips": [
            {"interface": 1, "address": "10.0.0.2/24", "gateway": "10.0.0.1"},
            {"interface": 1, "address": "10.0.0.3/24"},
            {"interface": 1, "address": "fd00::2/64", "gateway": "fd00::1"}
        ],
        "routes": [
            {"dst": "0.0.0.0/0", "gw": "10.0.0.1", "mtu": 1400, "advmss": 1360, "priority": 5,
             "table": 0, "scope": 253},
            {"dst": "::/0"}
        ],
        "dns": {"nameservers": ["10.96.0.10"], "domain": "x", "search": ["a", "b"],
                "options": ["ndots:5"]}
    })
}

#[test]
fn case_09_a_full_result_is_read_and_written_unchanged() {
    assert_eq!(read(&full()).to_value(), full());
}

#[test]
fn case_10_a_result_without_version_has_the_configurations() {
    let old = json!({"ip4": {"ip": "10.0.0.2/24"}});
    let result = CniResult::from_value(&old, Version::V0_2_0).unwrap();
    assert_eq!(result.version(), Version::V0_2_0);
    for version in [json!(""), json!(null), json!(5)] {
        let result = CniResult::from_value(&json!({"cniVersion": version}), Version::V0_4_0).unwrap();
        assert_eq!(result.version(), Version::V0_4_0);
    }
    let named = CniResult::from_value(&json!({"cniVersion": "0.2.0"}), Version::V1_0_0).unwrap();
    assert_eq!(named.version(), Version::V0_2_0);
}

#[test]
fn empty_dns_is_printed_before_1_0_only() {
    for version in Version::ALL {
        let printed = CniResult::empty(version).to_value();
        assert_eq!(printed.get("dns").is_some(), version < Version::V1_0_0, "{version}");
        assert_eq!(printed["cniVersion"], version.as_str());
    }
    let empty_lists = json!({"cniVersion": "1.0.0", "dns": {"search": [], "nameservers": null}});
    assert_eq!(read(&empty_lists).to_value(), json!({"cniVersion": "1.0.0"}));
}

#[test]
fn zeros_are_left_out_but_table_scope_and_index_are_kept() {
    let written = json!({"cniVersion": "1.0.0",
        "interfaces": [{"name": "", "mtu": 0, "mac": ""}],
        "ips": [{"interface": 0, "address": "10.0.0.2/24", "gateway": ""}],
        "routes": [{"dst": "::/0", "mtu": 0, "advmss": 0, "priority": 0, "table": 0, "scope": 0}]});
    assert_eq!(
        read(&written).to_value(),
        json!({"cniVersion": "1.0.0",
            "interfaces": [{"name": ""}],
            "ips": [{"interface": 0, "address": "10.0.0.2/24"}],
            "routes": [{"dst": "::/0", "table": 0, "scope": 0}]})
    );
}

#[test]
fn addresses_are_normalised_and_host_bits_stay() {
    let rows = [
        ("FD00:0:0::2/64", "fd00::2/64"),
        ("::ffff:10.0.0.2/120", "10.0.0.2/24"),
        ("::ffff:10.0.0.2/64", "10.0.0.2/0"),
        ("10.1.2.3/16", "10.1.2.3/16"),
        ("10.1.2.3/016", "10.1.2.3/16"),
    ];
    for (written, shown) in rows {
        let result = read(&json!({"cniVersion": "1.0.0", "ips": [{"address": written}]}));
        assert_eq!(result.to_value()["ips"][0]["address"], shown);
    }
    let mapped = json!({"cniVersion": "1.0.0", "ips": [
        {"address": "10.0.0.2/24", "gateway": "::ffff:10.0.0.1"}]});
    assert_eq!(read(&mapped).to_value()["ips"][0]["gateway"], "10.0.0.1");
}

#[test]
fn wrong_fields_are_refused_by_their_place() {
    let rows = [
        (json!({"ips": [{"address": "10.0.0.2"}]}), "ips[0].address: invalid CIDR address"),
        (json!({"ips": [{"address": "010.0.0.2/24"}]}), "ips[0].address: invalid CIDR address"),
        (json!({"ips": [{"address": "10.0.0.2/33"}]}), "ips[0].address: invalid CIDR address"),
        (json!({"ips": [{"address": "10.0.0.2/+8"}]}), "ips[0].address: invalid CIDR address"),
        (json!({"ips": [{"address": "10.0.0.2/"}]}), "ips[0].address: invalid CIDR address"),
        (json!({"ips": [{"address": "fe80::1%eth0/64"}]}), "ips[0].address: invalid CIDR address"),
        (json!({"ips": [{"address": null}]}), "ips[0].address: invalid CIDR address"),
        (json!({"ips": [{"gateway": "x"}]}), "ips[0].gateway: invalid IP address: \"x\""),
        (json!({"ips": [{"interface": "0"}]}), "ips[0].interface: expected an integer"),
        (json!({"ips": [{"interface": 1.5}]}), "ips[0].interface: expected an integer, found 1.5"),
        (json!({"interfaces": [{"mtu": "1500"}]}), "interfaces[0].mtu: expected an integer"),
        (json!({"interfaces": [{}, null]}), "interfaces[1]: expected an object, found null"),
        (json!({"ips": [null]}), "ips[0]: expected an object, found null"),
        (json!({"routes": [null]}), "routes[0]: expected an object, found null"),
        (json!({"ips": {}}), "ips: expected a list, found an object"),
        (json!({"dns": {"search": "a"}}), "dns.search: expected a list"),
        (json!({"dns": []}), "dns: expected an object"),
    ];
    for (mut value, expected) in rows {
        value["cniVersion"] = json!("1.0.0");
        let error = unreadable(&value);
        assert_eq!(error.code, 6);
        assert!(error.msg.contains(expected), "{error} lacks {expected}");
    }
    let error = unreadable(&json!({"cniVersion": "0.2.0", "ip4": {"ip": "x"}}));
    assert!(error.msg.contains("ip4.ip: invalid CIDR address"), "{error}");
    // The IP version of an address is read only in CNI versions that have it.
    let numeric = json!([{"version": 4, "address": "10.0.0.2/24"}]);
    assert!(CniResult::from_value(&json!({"cniVersion": "1.0.0", "ips": numeric}), Version::V1_0_0).is_ok());
    unreadable(&json!({"cniVersion": "0.4.0", "ips": numeric}));
}

#[test]
fn keys_match_without_regard_to_case_and_unknown_ones_are_dropped() {
    let odd = json!({"cniVersion": "1.0.0", "more": 1,
        "IPS": [{"Address": "10.0.0.2/24", "more": 1}], "Interfaces": [{"pciid": "p"}]});
    assert_eq!(
        read(&odd).to_value(),
        json!({"cniVersion": "1.0.0", "ips": [{"address": "10.0.0.2/24"}],
               "interfaces": [{"name": "", "pciID": "p"}]})
    );
}

#[test]
fn stdout_that_is_not_one_object_is_code_6() {
    for stdout in ["", " \n", "boom", "{}{}", "{} x", "[]", "5", "\u{feff}{}", "{\"a\":"] {
        let error = CniResult::parse(stdout.as_bytes(), Version::V1_0_0).expect_err(stdout);
        assert_eq!(error.code, 6, "{stdout}");
    }
    let error = CniResult::parse(b"boom", Version::V1_0_0).unwrap_err();
    assert!(error.details.contains("boom"), "{error}");
    assert!(CniResult::parse(b"\xff{}", Version::V1_0_0).is_err());
}

#[test]
fn null_is_an_empty_result_of_the_configurations_version() {
    for version in Version::ALL {
        assert_eq!(CniResult::parse(b"null\n", version), Ok(CniResult::empty(version)));
    }
}

#[test]
fn unsupported_versions_are_code_1_and_named() {
    let error = unreadable(&json!({"cniVersion": "1.3.0"}));
    assert_eq!(error.code, 1);
    assert_eq!(error.msg, "unsupported CNI result version \"1.3.0\"");
}

#[test]
fn dangerous_indexes_are_refused() {
    let one = json!([{"name": "eth0"}]);
    let rows = [
        (&one, 1, "ips[0] is on interface 1, but the result lists 1 interfaces"),
        (&one, -1, "ips[0] is on interface -1"),
        (&json!([]), 1, "ips[0] is on interface 1, but the result lists 0 interfaces"),
        (&json!([]), -1, "ips[0] is on interface -1"),
    ];
    for (interfaces, index, expected) in rows {
        let result = read(&json!({"cniVersion": "1.0.0", "interfaces": interfaces,
            "ips": [{"interface": index, "address": "10.0.0.2/24"}]}));
        for error in [result.check_safe().unwrap_err(), result.check_final().unwrap_err()] {
            assert_eq!(error.code, 6);
            assert!(error.msg.contains(expected), "{error}");
        }
    }
    assert_eq!(read(&full()).check_final(), Ok(()));
}

#[test]
fn calico_s_index_without_interfaces_is_safe_but_not_final() {
    let calico = json!({"cniVersion": "0.3.1",
        "ips": [{"version": "4", "interface": 0, "address": "172.120.126.128/32"}]});
    assert_eq!(read(&calico).check_safe(), Ok(()));
    assert!(read(&calico).check_final().unwrap_err().msg.contains("ips[0] is on interface 0"));
    assert_eq!(read(&calico).to_value()["ips"][0]["interface"], 0);
}

#[test]
fn more_than_a_network_gives_a_pod_is_refused_with_its_bound() {
    let rows = [
        ("1.0.0", "/interfaces", json!({"name": "i"}), 256, "256 interfaces"),
        ("1.0.0", "/ips", json!({"address": "10.0.0.2/24"}), 1024, "1024 addresses"),
        ("1.0.0", "/routes", json!({"dst": "10.0.0.0/8"}), 4096, "4096 routes"),
        ("0.2.0", "/ip6/routes", json!({"dst": "fd00::/8"}), 4096, "4096 routes"),
        ("1.0.0", "/dns/nameservers", json!("10.0.0.53"), 256, "256 entries in dns"),
        ("0.2.0", "/dns/search", json!("a"), 256, "256 entries in dns"),
    ];
    for (version, place, entry, most, what) in rows {
        let with = |count: usize| {
            let mut value = json!({"cniVersion": version, "dns": {}, "ip6": {"ip": "fd00::2/64"}});
            let (parent, key) = place.rsplit_once('/').unwrap();
            value.pointer_mut(parent).unwrap()[key] = vec![entry.clone(); count].into();
            value
        };
        assert_eq!(read(&with(most)).check_safe(), Ok(()), "{place}");
        let error = read(&with(most + 1)).check_safe().unwrap_err();
        let said = what.replace(&most.to_string(), &(most + 1).to_string());
        assert_eq!(error.code, code::DECODE);
        assert!(error.msg.contains(&format!("has {said}, and may have {most}")), "{error}");
        let config = json!({"prevResult": with(most + 1)}).as_object().unwrap().clone();
        let error = prev_result(&config, Version::parse(version).unwrap()).unwrap_err();
        assert!(error.msg.contains("prevResult") && error.msg.contains(&said), "{error}");
    }
}

#[test]
fn missing_addresses_are_read_and_then_refused() {
    let rows = [
        (json!({"cniVersion": "1.0.0", "ips": [{}]}), "ips[0] has no address"),
        (json!({"cniVersion": "0.4.0", "routes": [{"gw": "10.0.0.1"}]}), "routes[0] has no dst"),
        (json!({"cniVersion": "0.2.0", "ip6": {}}), "ip6 has no ip"),
        (json!({"cniVersion": "0.2.0", "ip4": {"ip": "10.0.0.2/24", "routes": [{}]}}), "ip4.routes[0] has no dst"),
    ];
    for (value, expected) in rows {
        let error = read(&value).check_safe().unwrap_err();
        assert!(error.msg.contains(expected), "{error}");
    }
    assert_eq!(read(&json!({"cniVersion": "1.0.0", "ips": [{}]})).to_value()["ips"][0]["address"], "<nil>");
}

fn previous(previous: &Value, version: Version) -> Result<Option<CniResult>, CniError> {
    let config: Map<_, _> = [("prevResult".to_owned(), previous.clone())].into_iter().collect();
    prev_result(&config, version)
}

#[test]
fn prev_result_is_absent_or_has_the_configurations_version() {
    assert_eq!(prev_result(&Map::new(), Version::V1_0_0), Ok(None));
    assert_eq!(previous(&json!(null), Version::V1_0_0), Ok(None));
    for version in Version::ALL {
        assert_eq!(previous(&json!({}), version), Ok(Some(CniResult::empty(version))));
    }
    let older = previous(&json!({"cniVersion": "1.0.0"}), Version::V1_1_0).unwrap().unwrap();
    assert_eq!(older.version(), Version::V1_0_0);
}

#[test]
fn prev_result_of_another_form_is_refused() {
    let error = previous(&json!({"cniVersion": "0.4.0"}), Version::V1_1_0).unwrap_err();
    assert_eq!(error.code, 6);
    assert_eq!(
        error.msg,
        "could not parse prevResult: result type supports [1.0.0 1.1.0] but unmarshalled \
         CNIVersion is \"0.4.0\""
    );
    for value in [json!([]), json!("x"), json!({"cniVersion": 1}), json!({"cniVersion": "9"})] {
        assert_eq!(previous(&value, Version::V1_1_0).unwrap_err().code, 6, "{value}");
    }
}

#[test]
fn prev_result_with_an_odd_version_key_is_read_as_libcni_reads_it() {
    let version = |value: &Value, version| {
        previous(value, version).map(|result| result.unwrap().version()).map_err(|error| error.code)
    };
    let rows = [
        (json!({"CNIVersion": "1.0.0"}), Ok(Version::V1_0_0)),
        (json!({"CNIVersion": ""}), Ok(Version::V1_1_0)),
        (json!({"CNIVERSION": "0.4.0"}), Ok(Version::V1_1_0)),
        (json!({"cniversion": "0.4.0"}), Err(6)),
        (json!({"cniVersion": ""}), Err(6)),
        (json!({"cniVersion": null}), Ok(Version::V1_1_0)),
        (json!({"CNIVersion": null}), Err(6)),
        (json!({"CNIVERSION": {}}), Err(6)),
    ];
    for (value, expected) in rows {
        assert_eq!(version(&value, Version::V1_1_0), expected, "{value}");
    }
    assert_eq!(version(&json!({"cniVersion": ""}), Version::V0_2_0), Ok(Version::V0_1_0));
}

#[test]
fn a_result_without_version_but_an_odd_key_for_it_is_read_as_libcni_reads_it() {
    let version = |value: &Value| CniResult::from_value(value, Version::V1_0_0).map(|result| result.version()).ok();
    for (value, expected) in [
        (json!({"CNIVersion": "0.4.0"}), Some(Version::V1_0_0)),
        (json!({"CNIVersion": {}}), None),
        (json!({"cniversion": "1.1.0"}), Some(Version::V1_1_0)),
        (json!({"cniversion": "0.4.0"}), None),
        (json!({"cniversion": null}), Some(Version::V1_0_0)),
    ] {
        assert_eq!(version(&value), expected, "{value}");
    }
}

#[test]
fn numbers_of_a_rewritten_document_go_through_floats() {
    let entry = |number: Value| json!({"ips": [{"interface": number, "address": "10.0.0.2/24"}]});
    for number in [json!(1), json!(1.0)] {
        let result = CniResult::from_value(&entry(number), Version::V1_0_0).unwrap();
        assert_eq!(result.current().ips[0].interface, Some(1));
    }
    let mut named = entry(json!(1.0));
    named["cniVersion"] = json!("1.0.0");
    unreadable(&named);
    assert!(CniResult::from_value(&entry(json!(i64::MAX)), Version::V1_0_0).is_err());
}

//! Properties that hold for every result.

use proptest::prelude::*;

use super::*;

fn network() -> impl Strategy<Value = String> {
    prop_oneof![
        (any::<[u8; 4]>(), 0..=32_u8).prop_map(|(ip, prefix)| format!("{}/{prefix}", IpAddr::from(ip))),
        (any::<[u16; 8]>(), 0..=128_u8).prop_map(|(ip, prefix)| format!("{}/{prefix}", IpAddr::from(ip))),
    ]
}

fn listed() -> impl Strategy<Value = Value> {
    let interface =
        ("[a-z]{1,4}", 0..3000_i64).prop_map(|(name, mtu)| json!({"name": name, "mtu": mtu, "sandbox": "/x"}));
    let ip = (network(), proptest::option::of(-1..3_i64), any::<bool>()).prop_map(|(address, interface, odd)| {
        let v4 = address.contains('.') != odd;
        json!({"address": address, "interface": interface, "version": if v4 { "4" } else { "6" }})
    });
    let route = (network(), 0..3_i64, proptest::option::of(0..3_i64))
        .prop_map(|(dst, mtu, table)| json!({"dst": dst, "mtu": mtu, "table": table}));
    (
        proptest::collection::vec(interface, 0..3),
        proptest::collection::vec(ip, 0..4),
        proptest::collection::vec(route, 0..3),
        "[a-z]{0,2}",
    )
        .prop_map(|(interfaces, ips, routes, domain)| {
            json!({"interfaces": interfaces, "ips": ips, "routes": routes, "dns": {"domain": domain}})
        })
}

/// Any JSON, often with keys that have a meaning in a result.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z:./0-9]{0,6}".prop_map(Value::from),
        proptest::sample::select(Version::ALL.map(Version::as_str).to_vec()).prop_map(Value::from),
    ];
    let key = prop_oneof![
        proptest::sample::select(vec![
            "cniVersion",
            "CNIVersion",
            "interfaces",
            "ips",
            "routes",
            "dns",
            "ip4",
            "ip6",
            "ip",
            "address",
            "gateway",
            "interface",
            "prevResult",
            "nameservers",
            "dst",
            "gw",
        ])
        .prop_map(String::from),
        "[a-zA-Z]{0,3}",
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn version() -> impl Strategy<Value = Version> {
    proptest::sample::select(Version::ALL.to_vec())
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in listed(), from in version()) {
        let result = CniResult::from_value(&value, from).unwrap();
        prop_assert_eq!(CniResult::from_value(&result.to_value(), from), Ok(result));
    }

    #[test]
    fn to_the_same_version_changes_nothing(value in listed(), from in version()) {
        let result = CniResult::from_value(&value, from).unwrap();
        if from >= Version::V0_3_0 {
            prop_assert_eq!(result.convert(from), Ok(result.clone()));
        }
        prop_assert_eq!(result.convert(Version::CURRENT).unwrap(), CniResult::Listed(result.current()));
    }

    #[test]
    fn up_and_back_is_the_same(value in listed(), old in version(), new in version()) {
        prop_assume!(old <= new);
        let down = CniResult::from_value(&value, Version::CURRENT).unwrap().convert(old);
        let Ok(result) = down else { return Ok(()) };
        prop_assert_eq!(result.convert(new).unwrap().convert(old), Ok(result));
    }

    #[test]
    fn a_stop_on_the_way_down_changes_nothing(value in listed(), middle in version(), to in version()) {
        prop_assume!(to <= middle);
        let result = CniResult::from_value(&value, Version::CURRENT).unwrap();
        if let Ok(stopped) = result.convert(middle) {
            prop_assert_eq!(stopped.convert(to), result.convert(to));
        }
    }

    #[test]
    fn arbitrary_json_is_read_or_refused(value in any_json(), from in version(), to in version()) {
        if let Ok(result) = CniResult::from_value(&value, from) {
            let _ = (result.check_safe(), result.check_final(), result.current());
            if let Ok(converted) = result.convert(to) {
                prop_assert_eq!(converted.version(), to);
                prop_assert_eq!(&converted.to_value()["cniVersion"], to.as_str());
            }
        }
        if let Value::Object(config) = &value {
            let _ = prev_result(config, from);
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes: Vec<u8>, from in version()) {
        let _ = CniResult::parse(&bytes, from);
    }
}

//! Texts that are no result of CNI.

use proptest::prelude::*;
use serde_json::Value;

use super::standard;
use crate::Outcome;

fn refused(result: &str) -> String {
    let outcome = Outcome { interface: "eth0".to_owned(), network: "blue".to_owned(), result: result.to_owned() };
    let why = standard("eth0", None, &[outcome]).expect_err(result);
    why.strip_prefix("result of network blue: ").expect("names the network").to_owned()
}

#[test]
fn a_result_of_the_wrong_shape_is_refused_with_its_place() {
    for (result, why) in [
        ("", "not a JSON object: EOF"),
        ("[]", "not a JSON object: invalid type"),
        (r#"{"interfaces":{}}"#, "interfaces is no list"),
        (r#"{"interfaces":[null]}"#, "interfaces[0] is null, which is no object"),
        (r#"{"interfaces":[{}]}"#, "interfaces[0] has no name"),
        (r#"{"ips":[1]}"#, "ips[0] is 1, which is no object"),
        (r#"{"ips":[{}]}"#, "ips[0] has no address"),
        (r#"{"ips":[{"address":"x/24"}]}"#, "ips[0] has the address `x/24`"),
        (r#"{"ips":[{"address":7}]}"#, "ips[0] has the address 7"),
        (r#"{"ips":[{"address":"10.0.0.1/8","gateway":"y"}]}"#, "ips[0] has the gateway `y`"),
        (r#"{"ips":[{"address":"10.0.0.1/8","interface":-1}]}"#, "ips[0] has the interface -1"),
        (
            r#"{"interfaces":[{"name":"a"}],"ips":[{"address":"10.0.0.1/8","interface":1}]}"#,
            "ips[0] is on interface 1, but there are 1",
        ),
        (r#"{"routes":[{"gw":"10.0.0.1"}]}"#, "routes[0] has no dst"),
        (r#"{"dns":[]}"#, "dns is no object"),
        (r#"{"dns":{"domain":1}}"#, "dns.domain is no string"),
        (r#"{"dns":{"search":"a"}}"#, "dns.search is no list"),
        (r#"{"dns":{"search":[1]}}"#, "dns.search holds 1"),
    ] {
        let refused = refused(result);
        assert!(refused.starts_with(why), "{result}: {refused}");
    }
}

/// JSON that looks like a result here and there.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..4).prop_map(Value::from),
        prop::sample::select(vec!["", "eth0", "10.0.0.2/24", "10.0.0.1", "fd00::1/64", "0.0.0.0/0"])
            .prop_map(Value::from),
    ];
    let keys = vec![
        "interfaces",
        "ips",
        "routes",
        "dns",
        "name",
        "sandbox",
        "address",
        "gateway",
        "interface",
        "dst",
        "gw",
        "domain",
        "search",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let object = prop::collection::hash_map(prop::sample::select(keys.clone()), inner.clone(), 0..6)
            .prop_map(|map| map.into_iter().map(|(key, v)| (key.to_owned(), v)).collect());
        prop_oneof![prop::collection::vec(inner, 0..4).prop_map(Value::Array), object.prop_map(Value::Object)]
    })
}

proptest! {
    #[test]
    fn whatever_plugins_answer_the_merge_ends_in_a_sound_result_or_an_error(
        results in prop::collection::vec(any_json(), 0..4)
    ) {
        let outcomes: Vec<_> = results
            .iter()
            .enumerate()
            .map(|(index, result)| Outcome {
                interface: format!("eth{index}"),
                network: "any".to_owned(),
                result: result.to_string(),
            })
            .collect();
        if let Ok(merged) = standard("eth1", None, &outcomes) {
            let merged: Value = serde_json::from_str(&merged.result).expect("JSON");
            let count = merged["interfaces"].as_array().map_or(0, Vec::len) as u64;
            for ip in merged["ips"].as_array().into_iter().flatten() {
                prop_assert!(ip["interface"].as_u64().is_some_and(|index| index < count));
            }
        }
    }
}

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::cni::CniError;

fn list(value: &Value) -> Result<NetworkList, CniError> {
    NetworkList::parse_list(value.to_string().as_bytes())
}

fn conf(value: &Value) -> Result<NetworkList, CniError> {
    NetworkList::parse_conf(value.to_string().as_bytes())
}

/// A list with these keys added, or removed where the value is `null`.
fn list_with(changes: &Value) -> Result<NetworkList, CniError> {
    let mut value = json!({"cniVersion": "0.3.1", "name": "net", "plugins": [{"type": "a"}]});
    for (key, change) in changes.as_object().unwrap() {
        if change.is_null() {
            value.as_object_mut().unwrap().remove(key);
        } else {
            value[key] = change.clone();
        }
    }
    list(&value)
}

#[test]
fn a_list_is_read() {
    let list = list(&json!({
        "cniVersion": "0.4.0", "name": "k8s-pod-network", "disableCheck": true, "disableGC": "TRUE",
        "plugins": [{"type": "calico", "ipam": {"type": "calico-ipam"}},
                    {"TYPE": "portmap", "capabilities": {"portMappings": true, "dns": false}}]
    }))
    .unwrap();
    assert_eq!(list.name, "k8s-pod-network");
    assert_eq!(list.cni_version, Version::V0_4_0);
    assert!(list.disable_check && list.disable_gc && !list.load_only_inlined_plugins);
    assert_eq!(list.types(), ["calico", "portmap"]);
    assert_eq!(list.capabilities(), BTreeSet::from(["portMappings".to_owned()]));
}

#[test]
fn a_single_configuration_becomes_a_list_of_one() {
    let value = json!({"Name": "weave", "cniVersion": "0.2.0", "type": "weave-net", "x": 1});
    let list = conf(&value).unwrap();
    assert_eq!((list.name.as_str(), list.cni_version), ("weave", Version::V0_2_0));
    assert_eq!(list.plugins, [value.as_object().unwrap().clone()]);
    assert_eq!(NetworkList::from_value(&value), Ok(list));
}

#[test]
fn a_missing_version_is_0_3_0() {
    assert_eq!(conf(&json!({"name": "n", "type": "a"})).unwrap().cni_version, Version::V0_3_0);
    assert_eq!(list_with(&json!({"cniVersion": null})).unwrap().cni_version, Version::V0_3_0);
    assert_eq!(list_with(&json!({"cniVersion": ""})).unwrap().cni_version, Version::V0_3_0);
}

#[test]
fn unsupported_versions_are_named() {
    for version in ["2.0.0", "banana", "1.1", "0.3.2"] {
        let error = list_with(&json!({"cniVersion": version})).unwrap_err();
        assert_eq!(error.code, 1);
        assert!(error.msg.contains(&format!("{version:?}")), "{error}");
        assert_eq!(conf(&json!({"cniVersion": version, "name": "n", "type": "a"})).unwrap_err().code, 1);
    }
}

#[test]
fn the_highest_known_version_of_several_is_chosen() {
    let rows = [
        (json!("0.4.0"), json!(["1.0.0", "1.1.0", "1.2.0", "0.3.1"]), "1.1.0"),
        (json!("1.1.0"), json!(["1.0.0"]), "1.1.0"),
        (json!(null), json!(["0.3.1", "1.0.0"]), "1.0.0"),
        (json!("0.4.0"), json!(["2.0.0"]), "0.4.0"),
        (json!("0.4.0"), json!([]), "0.4.0"),
        (json!("9.0.0"), json!(["1.0.0"]), "1.0.0"),
        (json!("0.4.0"), json!(["1.0.0", "1.0"]), "1.0.0"),
    ];
    for (single, several, expected) in rows {
        let list = list_with(&json!({"cniVersion": single, "cniVersions": several})).unwrap();
        assert_eq!(list.cni_version.as_str(), expected);
    }
}

#[test]
fn wrong_lists_are_refused_with_the_reason() {
    let rows = [
        (json!({"name": null, "Name": "n"}), "no name"),
        (json!({"name": 5}), "invalid name type: expected a string, found 5"),
        (json!({"name": "../n"}), "invalid characters found in network name"),
        (json!({"name": ""}), "missing network name"),
        (json!({"cniVersion": 1.0}), "invalid cniVersion type"),
        (json!({"cniVersions": "1.0.0"}), "invalid type for cniVersions"),
        (json!({"cniVersions": ["1.0.0", 5]}), "cniVersions index 1: expected a string, found 5"),
        (json!({"cniVersions": ["v1"]}), "invalid cniVersions entry \"v1\" at index 0"),
        (json!({"cniVersions": [], "cniVersion": "x"}), "invalid cniVersion \"x\""),
        (json!({"disableGC": "x"}), "invalid value \"x\" for disableGC"),
        (json!({"disableCheck": 1}), "invalid type for disableCheck: expected true or false, found 1"),
        (json!({"loadOnlyInlinedPlugins": true, "plugins": null}), "no 'plugins' key"),
        (json!({"plugins": []}), "no plugins in list"),
        (json!({"plugins": {}}), "invalid 'plugins' type"),
        (json!({"plugins": [{"type": "a"}, 5]}), "plugins[1]: expected an object, found 5"),
        (json!({"plugins": [{"type": "a"}, {}]}), "plugins[1]: missing 'type'"),
        (json!({"plugins": [{"type": ""}]}), "plugins[0]: missing 'type'"),
        (json!({"plugins": [{"type": 5}]}), "plugins[0]: type: expected a string, found 5"),
        (json!({"plugins": [{"type": "a/b"}]}), "invalid plugin name: \"a/b\""),
        (
            json!({"plugins": [{"type": "a", "capabilities": {"dns": "true"}}]}),
            "capabilities.dns: expected true or false, found \"true\"",
        ),
        (json!({"plugins": [{"type": "a", "ipam": "x"}]}), "ipam: expected an object"),
        (json!({"plugins": [{"type": "a", "ipam": {"type": 1}}]}), "ipam.type: expected a string"),
        (json!({"plugins": [{"type": "a", "dns": {"search": 1}}]}), "dns.search: expected a list"),
    ];
    for (changes, expected) in rows {
        let error = list_with(&changes).expect_err(&changes.to_string());
        assert_eq!(error.code, 7, "{error}");
        assert!(error.msg.starts_with("error parsing configuration list: "), "{error}");
        assert!(error.msg.contains(expected), "{error} lacks {expected}");
    }
}

#[test]
fn what_is_not_one_object_is_code_6() {
    for text in ["", "[]", "{}x", "\u{feff}{}", "{"] {
        assert_eq!(NetworkList::parse_list(text.as_bytes()).unwrap_err().code, 6, "{text}");
        assert_eq!(NetworkList::parse_conf(text.as_bytes()).unwrap_err().code, 6, "{text}");
    }
}

#[test]
fn a_list_where_one_plugin_is_expected_says_that_the_type_is_missing() {
    let value = json!({"name": "n", "plugins": [{"type": "a"}]});
    let error = conf(&value).unwrap_err();
    assert_eq!((error.code, error.msg.as_str()), (7, "error parsing configuration: missing 'type'"));
    assert_eq!(NetworkList::from_value(&value).unwrap().types(), ["a"]);
}

#[test]
fn plugins_may_be_missing_in_a_file_but_not_in_a_text() {
    let value = json!({"name": "n", "cniVersion": "1.0.0"});
    assert!(list(&value).unwrap().plugins.is_empty());
    assert!(NetworkList::from_value(&value).is_err());
}

fn supplied() -> Map<String, Value> {
    json!({"portMappings": [{"HostPort": 8080}], "bandwidth": {}, "mac": "x"}).as_object().unwrap().clone()
}

#[test]
fn case_20_each_plugin_gets_name_version_and_its_own_capabilities() {
    let list = list(&json!({"cniVersion": "1.0.0", "name": "n", "plugins": [
        {"type": "a"},
        {"type": "b", "name": "own", "cniVersion": "0.1.0",
         "capabilities": {"portMappings": true, "bandwidth": false, "dns": true}}]}))
    .unwrap();
    let previous = json!({"cniVersion": "1.0.0"});
    for verb in [Verb::Add, Verb::Del, Verb::Check] {
        assert_eq!(
            list.plugin_config(0, &supplied(), None, verb),
            json!({"type": "a", "name": "n", "cniVersion": "1.0.0"})
        );
        assert_eq!(
            list.plugin_config(1, &supplied(), Some(&previous), verb),
            json!({"type": "b", "name": "n", "cniVersion": "1.0.0",
                "capabilities": {"portMappings": true, "bandwidth": false, "dns": true},
                "runtimeConfig": {"portMappings": [{"HostPort": 8080}]},
                "prevResult": {"cniVersion": "1.0.0"}})
        );
    }
    for verb in [Verb::Status, Verb::Gc] {
        let config = list.plugin_config(1, &supplied(), Some(&previous), verb);
        assert!(config.get("runtimeConfig").is_none() && config.get("prevResult").is_none());
    }
}

#[test]
fn case_40_other_keys_arrive_unchanged_and_the_runtimes_own_do_not_leak() {
    let text = r#"{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"a",
        "big":9007199254740993,"float":1.0,"html":"<b>&","nested":{"deep":[null,{"x":-0.5}]},
        "args":{"cni":{"a":1}},"capabilities":{"mac":true},"cni.dev/valid-attachments":[],
        "cni.dev/x":1,"runtimeConfig":{"ips":["10.0.0.1"]},"PrevResult":{"cniVersion":"0.4.0"}}]}"#;
    let list = NetworkList::parse_list(text.as_bytes()).unwrap();
    let config = list.plugin_config(0, &Map::new(), None, Verb::Add);
    let expected = r#"{"args":{"cni":{"a":1}},"big":9007199254740993,"capabilities":{"mac":true},
        "cniVersion":"1.0.0","float":1.0,"html":"<b>&","name":"n",
        "nested":{"deep":[null,{"x":-0.5}]},"type":"a"}"#;
    assert_eq!(config, serde_json::from_str::<Value>(expected).unwrap());
    let written = config.to_string();
    for exact in ["9007199254740993", "\"float\":1.0", "\"<b>&\""] {
        assert!(written.contains(exact), "{written} lacks {exact}");
    }
}

#[test]
fn an_index_past_the_end_gives_no_type() {
    let list = list_with(&json!({})).unwrap();
    let config = list.plugin_config(7, &supplied(), None, Verb::Add);
    assert_eq!(config, json!({"name": "net", "cniVersion": "0.3.1"}));
}

fn any_list() -> impl Strategy<Value = Value> {
    let plugin = ("[a-z]{1,3}", "[a-z]{1,3}", any::<Option<bool>>(), any::<i64>()).prop_map(
        |(kind, capability, set, number)| {
            json!({"type": kind, "x": {"y": [number, null]}, "capabilities": {capability: set}})
        },
    );
    let flag = proptest::sample::select(vec![json!(true), json!(false), json!("True")]);
    let version = proptest::sample::select(Version::ALL.map(Version::as_str).to_vec());
    (
        "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,6}",
        version.clone(),
        proptest::collection::vec(version, 0..3),
        (flag.clone(), flag.clone(), flag),
        proptest::collection::vec(plugin, 1..4),
    )
        .prop_map(|(name, version, versions, flags, plugins)| {
            json!({"name": name, "cniVersion": version, "cniVersions": versions,
                   "disableCheck": flags.0, "disableGC": flags.1,
                   "loadOnlyInlinedPlugins": flags.2, "plugins": plugins})
        })
}

proptest! {
    #[test]
    fn the_canonical_form_reads_back_to_the_same_list(value in any_list()) {
        let list = list(&value).unwrap();
        let canonical = list.to_value();
        prop_assert_eq!(NetworkList::parse_list(canonical.to_string().as_bytes()), Ok(list.clone()));
        prop_assert_eq!(NetworkList::from_value(&canonical), Ok(list));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = NetworkList::parse_list(text.as_bytes());
        let _ = NetworkList::parse_conf(text.as_bytes());
    }

    #[test]
    fn mangled_lists_are_read_or_refused(value in any_list(), at in any::<prop::sample::Index>(), by: u8) {
        let mut bytes = value.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = by;
        if let Ok(list) = NetworkList::parse_list(&bytes) {
            let _ = (list.types(), list.capabilities());
            let _ = list.plugin_config(0, &Map::new(), None, Verb::Add);
        }
    }
}

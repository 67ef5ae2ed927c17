//! What the configuration's keys mean.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Config;
use super::Paths;
use super::chain::DEFAULT_CHAIN;
use crate::cni::{Verb, code};
use crate::selector::chain::Run;
use crate::selector::contract::Imports;
use crate::selector::grants::{Grants, Plain};
use crate::selector::module::{Module, NamesOnly};
use crate::sources::{Manifests, PodSource};

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn config(value: Value) -> Result<Config, String> {
    Config::from_map(&map(value), &NamesOnly).map_err(|error| {
        assert_eq!(error.code, code::INVALID_CONFIG);
        error.msg
    })
}

#[test]
fn genies_own_file_is_accepted_as_it_is() {
    let config = config(json!({
        "name": "k8s-pod-network", "type": "genie", "log_level": "info", "datastore_type": "kubernetes",
        "hostname": "master", "policy": {"type": "k8s", "k8s_auth_token": "x"},
        "kubernetes": {"kubeconfig": "/etc/cni/net.d/genie-kubeconfig"},
        "romana_root": "http://:", "segment_label_name": "romanaSegment",
    }))
    .unwrap();
    assert_eq!(config.node, "master");
    assert_eq!(config.default_plugin, None);
    let [runtime, args, agent, PodSource::Api(api)] = config.pods.as_slice() else { panic!("{:?}", config.pods) };
    assert_eq!([runtime, args], [&PodSource::Runtime, &PodSource::Args]);
    assert_eq!(*agent, PodSource::Agent("/run/genie/agent.sock".into()));
    assert_eq!(api.access.kubeconfig, Some("/etc/cni/net.d/genie-kubeconfig".into()));
    let chain: Vec<_> = config.chain.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(chain, DEFAULT_CHAIN);
    assert_eq!(config.paths.conf_dir, Path::new("/etc/cni/net.d"));
}

#[test]
fn keys_match_without_regard_to_case() {
    assert_eq!(config(json!({"DEFAULT_PLUGIN": "weave"})).unwrap().default_plugin.as_deref(), Some("weave"));
}

#[test]
fn default_plugin_is_one_or_several_and_blank_is_none() {
    let default_plugin = |value: Value| config(json!({"default_plugin": value})).unwrap().default_plugin;
    assert_eq!(default_plugin(json!(["flannel", "weave@eth4"])).as_deref(), Some("flannel,weave@eth4"));
    assert_eq!(default_plugin(json!("  ")), None);
    assert_eq!(default_plugin(Value::Null), None);
}

#[test]
fn timeouts_are_seconds_or_text_with_a_unit() {
    let timeout = |value: Value| Paths::from_map(&map(json!({"timeout": value}))).map(|paths| paths.timeout);
    assert_eq!(timeout(json!(2)).unwrap(), Some(Duration::from_secs(2)));
    assert_eq!(timeout(json!("500ms")).unwrap(), Some(Duration::from_millis(500)));
    assert_eq!(timeout(json!("2m")).unwrap(), Some(Duration::from_mins(2)));
    assert_eq!(timeout(json!(86400)).unwrap(), Some(Duration::from_hours(24)));
    assert_eq!(timeout(Value::Null).unwrap(), None);
    for wrong in
        [json!(0), json!(-1), json!("soon"), json!("1e400s"), json!(true), json!(1e18), json!("1e-9s"), json!("NaNs")]
    {
        assert!(timeout(wrong.clone()).unwrap_err().msg.contains(&wrong.to_string()));
    }
}

#[test]
fn del_and_gc_answer_while_every_runtime_waits_unless_the_configuration_says_otherwise() {
    let time = |config: Value, verb| Paths::from_map(&map(config)).unwrap().time(verb).as_secs();
    let times = |config: Value| [Verb::Add, Verb::Check, Verb::Del, Verb::Gc].map(|verb| time(config.clone(), verb));
    // CRI-O waits a minute for DEL, and 30 s for GC.
    assert_eq!(times(json!({})), [90, 90, 50, 25]);
    assert_eq!(times(json!({"timeout": "2m"})), [120; 4]);
}

#[test]
fn pod_facts_come_in_the_order_that_is_written() {
    let pods = config(json!({"pods": [{"manifests": "/pods"}, "args"]})).unwrap().pods;
    assert_eq!(pods, [PodSource::Manifests(Manifests::new("/pods")), PodSource::Args]);
    assert_eq!(
        config(json!({"pods": {"manifests": "/pods"}})).unwrap().pods,
        [PodSource::Manifests(Manifests::new("/pods"))]
    );
    assert!(config(json!({"pods": ["api"]})).err().unwrap().contains("\"api\""));
}

#[test]
fn a_selector_entry_is_read_whole() {
    let sha256 = "0".repeat(64);
    let config = config(json!({
        "selectors": [
            {"module": "annotation"},
            {"module": "/etc/genie/guard.wasm", "sha256": sha256, "run": "always", "grant": ["pod"],
             "settings": {"tenant": "a"}, "limits": {"memory": "16Mi", "fuel": 1000}},
        ],
        "merge": "/etc/genie/guard.wasm",
    }))
    .unwrap();
    let guard = &config.chain.entries[1];
    assert!(matches!(&guard.module, Module::File { path, .. } if path == Path::new("/etc/genie/guard.wasm")));
    assert!(guard.run == Run::Always && guard.grants.has(Plain::Pod) && !guard.grants.has(Plain::Node));
    assert_eq!((guard.limits.memory, guard.limits.fuel), (16 << 20, 1000));
    assert_eq!(guard.settings.text(), r#"{"tenant":"a"}"#);
}

#[test]
fn an_entry_has_the_name_that_is_given_to_it() {
    let sha256 = "0".repeat(64);
    let entry = |name: &str| json!({"module": "/x/script.wasm", "sha256": sha256, "name": name});
    let selectors = json!([entry("one.js"), entry("two.js"), {"module": "/x/script.wasm", "sha256": sha256}]);
    let chain = config(json!({"selectors": selectors, "merge": "two.js"})).unwrap().chain;
    let names: Vec<_> = chain.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["one.js", "two.js", "script.wasm"]);
    assert_eq!(chain.merge.as_deref(), Some("two.js"));
}

#[test]
fn an_entry_may_import_what_it_is_not_granted_if_it_says_so() {
    let imports = Imports { names: vec!["genie:selector/pod@0.1.0".to_owned()], of_cluster: Vec::new() };
    for (written, expected) in [(json!("any"), true), (json!("granted"), false), (Value::Null, false)] {
        let entry = json!({"module": "annotation", "imports": written});
        let config = config(json!({"selectors": [entry]})).unwrap();
        let grants = &config.chain.entries[0].grants;
        assert_eq!(grants.check_imports("annotation", &imports).is_ok(), expected, "{written}");
        assert!(!grants.has(Plain::Pod), "it grants nothing");
    }
}

#[test]
fn a_wrong_selector_is_named_with_its_place() {
    for (entry, expected) in [
        (json!({}), "module"),
        (json!({"module": "nosuch"}), "nosuch"),
        (json!({"module": "annotation", "run": "sometimes"}), "sometimes"),
        (json!({"module": "annotation", "grant": ["root"]}), "root"),
        (json!({"module": "annotation", "limits": {"fuel": "much"}}), "fuel"),
        (json!({"module": "/x.wasm"}), "sha256"),
        (json!({"module": "annotation", "runs": "always"}), "annotation: unknown key \"runs\": did you mean \"run\"?"),
        (json!({"modul": "annotation"}), "did you mean \"module\"?"),
        (json!({"module": "annotation", "limits": {"colour": 1}}), "unknown key \"colour\": there are fuel, "),
        (json!({"module": "annotation", "name": ""}), "annotation: name has to have 1 to 64 bytes"),
        (json!({"module": "annotation", "name": "a\nb"}), "no control characters"),
        (json!({"module": "annotation", "imports": "all"}), "there are \"granted\" and \"any\""),
        (json!({"module": "policy.js"}), "is a script, which genie-host install"),
        (json!("annotation"), "expected an object"),
    ] {
        let error = config(json!({"selectors": [{"module": "annotation"}, entry]})).err().unwrap();
        assert!(error.contains("selectors[1]") && error.contains(expected), "{error}");
    }
    assert!(config(json!({"selectors": []})).is_err());
    assert!(config(json!({"merge": "nosuch"})).err().unwrap().contains("nosuch"));
}

#[test]
fn what_del_needs_is_read_although_the_rest_is_wrong() {
    let broken = map(json!({"selectors": 7, "pods": 7, "state_dir": "/state"}));
    assert_eq!(Paths::from_map(&broken).unwrap().state_dir, Path::new("/state"));
    assert!(Config::from_map(&broken, &NamesOnly).is_err());
}

#[test]
fn a_built_in_selector_has_its_own_grants_unless_its_entry_says_otherwise() {
    let grants = |entry: Value| config(json!({"selectors": [entry]})).unwrap().chain.entries.remove(0).grants;
    let documented = json!(["pod", "node", {"cluster": ["v1/Namespace"]}]);
    let of_rules = Grants::from_json(&documented).unwrap();
    assert_eq!(grants(json!({"module": "rules"})), of_rules);
    assert_eq!(grants(json!({"module": "rules", "grant": null})), of_rules);
    assert_eq!(grants(json!({"module": "rules", "grant": ["pod"]})), Grants::from_json(&json!(["pod"])).unwrap());
    assert_eq!(grants(json!({"module": "rules", "grant": []})), Grants::default());
    for other in ["annotation", "default-plugin"] {
        assert_eq!(grants(json!({"module": other})), Grants::default(), "{other}");
    }
    let file = json!({"module": "/opt/a.wasm", "sha256": "0".repeat(64)});
    assert_eq!(grants(file), Grants::default());
}

#[test]
fn a_built_in_selector_sleeps_unless_its_entry_has_settings_or_says_otherwise() {
    let wake = |entry: Value| {
        let entries = config(json!({"selectors": [entry]})).map(|config| config.chain.entries);
        entries.map(|mut entries| entries.remove(0).wake)
    };
    let keys = |keys: &[&str]| Ok(Some(keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>()));
    assert_eq!(wake(json!({"module": "annotation"})), keys(&["cni"]));
    assert_eq!(wake(json!({"module": "annotation", "settings": {}})), keys(&["cni"]));
    let standard = keys(&["k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network"]);
    assert_eq!(wake(json!({"module": "network-attachment"})), standard);
    assert_eq!(wake(json!({"module": "network-attachment", "settings": {"interfaces": "eth"}})), Ok(None));
    assert_eq!(wake(json!({"module": "default-plugin"})), Ok(None));
    assert_eq!(wake(json!({"module": "default-plugin", "wake": ["a", "b"]})), keys(&["a", "b"]));
    for wrong in [json!([]), json!("cni"), json!([""]), json!([7])] {
        assert!(wake(json!({"module": "annotation", "wake": wrong})).unwrap_err().contains("annotation: wake is"));
    }
}

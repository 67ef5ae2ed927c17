use super::*;
use crate::cni::code;

#[test]
fn case_20_plugins_run_in_order_each_with_the_result_before() {
    let plugins = Plugins::new();
    plugins.recorder("a", r#"{"cniVersion":"1.0.0","dns":{"domain":"a"},"own":9007199254740993}"#);
    plugins.recorder("b", r#"{"cniVersion":"1.0.0","dns":{"domain":"b"}}"#);
    plugins.recorder("c", r#"{"dns":{"domain":"c"}}"#);
    let list = NetworkList::from_value(&json!({"cniVersion": "1.0.0", "name": "cbr0", "plugins": [
        {"type": "a"},
        {"type": "b", "capabilities": {"mac": true, "ips": false}, "x": {"y": 1.0}},
        {"type": "c"},
    ]}))
    .unwrap();
    let runtime_config = json!({"mac": "m", "ips": [], "other": 1}).as_object().unwrap().clone();
    let attach = Attach { runtime_config: &runtime_config, ..attach(&list, &plugins.path) };
    let result = attach.add().unwrap();
    assert_eq!(result, json!({"cniVersion": "1.0.0", "dns": {"domain": "c"}}));
    assert_eq!(plugins.log(), ["ADD a", "ADD b", "ADD c"]);
    assert_eq!(plugins.stdin("ADD", "a"), json!({"cniVersion": "1.0.0", "name": "cbr0", "type": "a"}));
    assert_eq!(
        plugins.stdin("ADD", "b"),
        json!({
            "cniVersion": "1.0.0", "name": "cbr0", "type": "b", "x": {"y": 1.0},
            "capabilities": {"mac": true, "ips": false}, "runtimeConfig": {"mac": "m"},
            "prevResult": {"cniVersion": "1.0.0", "dns": {"domain": "a"}, "own": 9_007_199_254_740_993_u64},
        })
    );
    assert_eq!(plugins.stdin("ADD", "c")["prevResult"], json!({"cniVersion": "1.0.0", "dns": {"domain": "b"}}));
}

#[test]
fn case_21_failure_stops_the_list_and_says_how_much_to_undo() {
    let plugins = Plugins::new();
    plugins.recorder("a", "{}");
    plugins.script("b", &format!("{}\necho '{{\"code\":11,\"msg\":\"later\"}}'; exit 1", Plugins::RECORD));
    plugins.recorder("c", "{}");
    let list = list("1.0.0", &["a", "b", "c"]);
    let failure = attach(&list, &plugins.path).add().unwrap_err();
    assert_eq!((failure.ran, failure.error.code), (2, 11));
    assert_eq!(failure.error.msg, "network \"cbr0\" on eth0: plugin \"b\" failed (add): later");
    assert_eq!(plugins.log(), ["ADD a", "ADD b"]);
}

#[test]
fn plugin_that_was_never_started_is_not_to_be_undone() {
    let plugins = Plugins::new();
    plugins.recorder("a", "{}");
    let list = list("1.0.0", &["a", "gone"]);
    let failure = attach(&list, &plugins.path).add().unwrap_err();
    assert_eq!(failure.ran, 1);
    assert!(failure.error.msg.contains("failed to find plugin \"gone\" in path ["), "{}", failure.error.msg);
}

#[test]
fn hanging_plugin_is_named_with_verb_and_network() {
    let plugins = Plugins::new();
    plugins.script("a", "exec sleep 600");
    let list = list("1.0.0", &["a"]);
    let deadline = Instant::now() + Duration::from_millis(200);
    let failure = Attach { deadline, ..attach(&list, &plugins.path) }.add().unwrap_err();
    assert_eq!((failure.ran, failure.error.code), (1, code::TRY_AGAIN));
    let start = "network \"cbr0\" on eth0: plugin \"a\" failed (add): it did not finish within ";
    assert!(failure.error.msg.starts_with(start), "{}", failure.error.msg);
}

#[test]
fn result_of_another_family_is_converted_for_the_next_plugin() {
    let plugins = Plugins::new();
    plugins.recorder("a", r#"{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.0.0.2/24"}]}"#);
    plugins.recorder("b", r#"{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.0.0.2/24"}]}"#);
    let list = list("1.0.0", &["a", "b"]);
    let result = attach(&list, &plugins.path).add().unwrap();
    assert_eq!(
        plugins.stdin("ADD", "b")["prevResult"],
        json!({"cniVersion": "1.0.0", "ips": [{"address": "10.0.0.2/24"}]})
    );
    assert_eq!(result["cniVersion"], "0.4.0", "what the last one printed is kept");
}

#[test]
fn result_of_the_same_family_is_passed_on_as_it_is() {
    let plugins = Plugins::new();
    plugins.recorder("a", r#"{"cniVersion":"1.0.0","extra":[1]}"#);
    plugins.recorder("b", "{}");
    attach(&list("1.1.0", &["a", "b"]), &plugins.path).add().unwrap();
    assert_eq!(plugins.stdin("ADD", "b")["prevResult"], json!({"cniVersion": "1.0.0", "extra": [1]}));
}

#[test]
fn damaged_or_dangerous_result_fails_the_plugin_and_it_is_to_be_undone() {
    for result in [
        "",
        "{",
        "[]",
        r#"{"cniVersion":"9.9.9"}"#,
        r#"{"interfaces":[{"name":"e"}],"ips":[{"address":"10.0.0.2/24","interface":1}]}"#,
    ] {
        let plugins = Plugins::new();
        plugins.script("a", &format!("echo '{result}'"));
        let failure = attach(&list("1.0.0", &["a"]), &plugins.path).add().unwrap_err();
        assert_eq!(failure.ran, 1, "{result}");
        assert!(failure.error.msg.contains("plugin \"a\" failed (add): its result "), "{}", failure.error.msg);
    }
}

#[test]
fn case_22_del_runs_in_reverse_each_with_the_final_result() {
    let plugins = Plugins::new();
    for name in ["a", "b", "c"] {
        plugins.recorder(name, "");
    }
    let list = list("0.4.0", &["a", "b", "c"]);
    let result = json!({"cniVersion": "0.4.0", "dns": {"domain": "d"}});
    attach(&list, &plugins.path).del(Some(&result), 3).unwrap();
    assert_eq!(plugins.log(), ["DEL c", "DEL b", "DEL a"]);
    for name in ["a", "b", "c"] {
        assert_eq!(plugins.stdin("DEL", name)["prevResult"], result);
    }
}

#[test]
fn case_22_del_before_0_4_0_or_without_result_has_no_prev_result() {
    let plugins = Plugins::new();
    plugins.recorder("a", "");
    let del = |version, result: Option<&Value>| {
        attach(&list(version, &["a"]), &plugins.path).del(result, 1).unwrap();
        plugins.stdin("DEL", "a").get("prevResult").cloned()
    };
    assert_eq!(del("0.3.1", Some(&json!({}))), None);
    assert_eq!(del("1.0.0", None), None);
    assert_eq!(del("1.0.0", Some(&json!("unreadable"))), None);
    assert_eq!(del("1.0.0", Some(&json!({"cniVersion": "1.0.0"}))), Some(json!({"cniVersion": "1.0.0"})));
}

#[test]
fn del_of_a_failed_add_undoes_only_what_ran() {
    let plugins = Plugins::new();
    for name in ["a", "b", "c"] {
        plugins.recorder(name, "");
    }
    attach(&list("1.0.0", &["a", "b", "c"]), &plugins.path).del(None, 2).unwrap();
    assert_eq!(plugins.log(), ["DEL b", "DEL a"]);
    attach(&list("1.0.0", &["a"]), &plugins.path).del(None, 99).unwrap();
}

#[test]
fn case_23_del_stops_at_the_first_error_and_its_text_is_not_swallowed() {
    let plugins = Plugins::new();
    plugins.recorder("a", "");
    plugins
        .script("b", r#"echo '{"code":999,"msg":"Link not found","details":"x: no such file or directory"}'; exit 1"#);
    plugins.recorder("c", "");
    let error = attach(&list("1.0.0", &["a", "b", "c"]), &plugins.path).del(None, 3).unwrap_err();
    assert_eq!(error.msg, "network \"cbr0\" on eth0: plugin \"b\" failed (delete): Link missing");
    assert_eq!(error.details, "x: missing file or directory");
    assert_eq!(plugins.log(), ["DEL c"]);
}

#[test]
fn case_24_del_without_namespace_reaches_the_plugins() {
    let plugins = Plugins::new();
    plugins.script("a", r#"echo "${CNI_NETNS-unset}|$CNI_IFNAME|$CNI_ARGS" >"$log""#);
    let list = list("1.0.0", &["a"]);
    Attach { netns: None, ..attach(&list, &plugins.path) }.del(None, 1).unwrap();
    assert_eq!(plugins.log(), ["|eth0|IgnoreUnknown=1;A=b=c"]);
}

#[test]
fn case_28_check_runs_in_order_with_the_final_result_and_stops_at_the_first_failure() {
    let plugins = Plugins::new();
    plugins.recorder("a", "");
    plugins.script("b", r#"echo '{"code":100,"msg":"drifted"}'; exit 1"#);
    plugins.recorder("c", "");
    let list = list("0.4.0", &["a", "b", "c"]);
    let error = attach(&list, &plugins.path).check(Some(&json!({"cniVersion": "0.4.0"}))).unwrap_err();
    assert_eq!(
        (error.code, error.msg.as_str()),
        (100, "network \"cbr0\" on eth0: plugin \"b\" failed (check): drifted")
    );
    assert_eq!(plugins.log(), ["CHECK a"]);
    assert_eq!(plugins.stdin("CHECK", "a")["prevResult"], json!({"cniVersion": "0.4.0"}));
}

#[test]
fn case_28_check_of_old_or_disabled_lists_runs_nothing() {
    let none: [PathBuf; 0] = [];
    attach(&list("0.3.1", &["a"]), &none).check(None).unwrap();
    let disabled = NetworkList { disable_check: true, ..list("1.0.0", &["a"]) };
    attach(&disabled, &none).check(None).unwrap();
    attach(&list("1.0.0", &["a"]), &none).check(None).unwrap_err();
}

#[test]
fn empty_list_attaches_nothing_and_says_so() {
    let empty = NetworkList { plugins: Vec::new(), ..list("1.0.0", &["a"]) };
    let failure = attach(&empty, &[]).add().unwrap_err();
    assert_eq!((failure.ran, failure.error.code), (0, code::INVALID_CONFIG));
}

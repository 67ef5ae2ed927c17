use std::collections::BTreeSet;

use super::*;
use crate::cni::code;
use crate::delegate::{ValidAttachment, gc, status};

/// A plugin that lists `versions` and answers its other verbs with `script`.
fn plugin(plugins: &Plugins, name: &str, versions: &str, script: &str) {
    let version = format!(r#"[ "$CNI_COMMAND" = VERSION ] && {{ echo '{{"supportedVersions":{versions}}}'; exit; }}"#);
    plugins.script(name, &format!("{version}\n{}\n{script}", Plugins::RECORD));
}

const NEW: &str = r#"["1.0.0","1.1.0"]"#;
const OLD: &str = r#"["0.4.0","1.0.0"]"#;

#[test]
fn case_29_status_answers_the_first_plugins_own_error() {
    for code in [50, 51, 123] {
        let plugins = Plugins::new();
        plugin(&plugins, "a", NEW, "");
        plugin(&plugins, "b", NEW, &format!(r#"echo '{{"code":{code},"msg":"no"}}'; exit 1"#));
        plugin(&plugins, "c", NEW, "");
        let error = status(&list("1.1.0", &["a", "b", "c"]), &plugins.path, soon()).unwrap_err();
        assert_eq!((error.code, error.msg.as_str()), (code, "network \"cbr0\": plugin \"b\" failed (status): no"));
        assert_eq!(plugins.log(), ["STATUS a", "STATUS b"]);
        assert_eq!(plugins.stdin("STATUS", "a"), json!({"cniVersion": "1.1.0", "name": "cbr0", "type": "a"}));
    }
}

#[test]
fn case_29_status_of_a_missing_or_hanging_plugin_is_50() {
    let plugins = Plugins::new();
    plugin(&plugins, "hangs", NEW, "exec sleep 600");
    plugins.script("hangs-on-version", "exec sleep 600");
    for name in ["gone", "hangs", "hangs-on-version"] {
        let deadline = Instant::now() + Duration::from_millis(200);
        let error = status(&list("1.1.0", &[name]), &plugins.path, deadline).unwrap_err();
        assert_eq!(error.code, code::NOT_AVAILABLE, "{name}: {error}");
    }
}

#[test]
fn case_30_old_lists_and_old_plugins_are_not_asked() {
    let plugins = Plugins::new();
    plugin(&plugins, "old", OLD, r#"echo '{"code":3,"msg":"missing containerID"}'; exit 1"#);
    plugins.script("ancient", r#"echo '{"code":4,"msg":"unknown CNI_COMMAND: VERSION"}'; exit 1"#);
    let both = list("1.1.0", &["old", "ancient"]);
    assert_eq!(status(&both, &plugins.path, soon()), Ok(()));
    assert_eq!(gc(&both, &plugins.path, &BTreeSet::new(), soon()), Ok(()));
    assert!(plugins.log().is_empty());
    let old_list = list("1.0.0", &["gone"]);
    assert_eq!(status(&old_list, &plugins.path, soon()), Ok(()));
    assert_eq!(gc(&old_list, &plugins.path, &BTreeSet::new(), soon()), Ok(()));
    let disabled = NetworkList { disable_gc: true, ..list("1.1.0", &["gone"]) };
    assert_eq!(gc(&disabled, &plugins.path, &BTreeSet::new(), soon()), Ok(()));
}

#[test]
fn case_31_a_plugin_that_hangs_in_gc_leaves_the_others_their_time() {
    let plugins = Plugins::new();
    plugin(&plugins, "hangs", NEW, "exec sleep 60");
    plugin(&plugins, "b", NEW, "");
    let deadline = Instant::now() + Duration::from_secs(2);
    let error = gc(&list("1.1.0", &["hangs", "b"]), &plugins.path, &BTreeSet::new(), deadline).unwrap_err();
    assert!(error.msg.contains("\"hangs\" failed (gc): it did not finish"), "{error}");
    assert_eq!(plugins.log(), ["GC hangs", "GC b"]);
}

#[test]
fn case_31_gc_sends_both_spellings_goes_on_and_joins_the_errors() {
    let plugins = Plugins::new();
    plugin(&plugins, "a", NEW, r#"echo '{"code":101,"msg":"one"}'; exit 1"#);
    plugin(&plugins, "b", NEW, "");
    plugin(&plugins, "c", NEW, r#"echo '{"code":102,"msg":"two"}'; exit 1"#);
    let valid = BTreeSet::from([ValidAttachment { container: "a".into(), interface: "eth0".into() }]);
    let error = gc(&list("1.1.0", &["a", "b", "c"]), &plugins.path, &valid, soon()).unwrap_err();
    assert_eq!(error.code, 101);
    assert_eq!(
        error.msg,
        "network \"cbr0\": plugin \"a\" failed (gc): one\nnetwork \"cbr0\": plugin \"c\" failed (gc): two (code 102)"
    );
    assert_eq!(plugins.log(), ["GC a", "GC b", "GC c"]);
    let attachments = json!([{"containerID": "a", "ifname": "eth0"}]);
    assert_eq!(
        plugins.stdin("GC", "b"),
        json!({
            "cniVersion": "1.1.0", "name": "cbr0", "type": "b",
            "cni.dev/valid-attachments": attachments, "cni.dev/attachments": attachments,
        })
    );
}

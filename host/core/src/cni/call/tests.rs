use std::collections::BTreeMap;
use std::io;

use super::*;

type Variables = BTreeMap<&'static str, OsString>;

const CONFIG: &str = r#"{"cniVersion":"1.1.0","name":"net","type":"genie"}"#;

fn variables(changes: &[(&'static str, &str)]) -> Variables {
    let mut variables: Variables = [
        ("CNI_COMMAND", "ADD"),
        ("CNI_CONTAINERID", "abc123"),
        ("CNI_NETNS", "/var/run/netns/x"),
        ("CNI_IFNAME", "eth0"),
        ("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAME=p;"),
        ("CNI_PATH", "/opt/cni/bin::/usr/lib/cni:"),
    ]
    .map(|(name, value)| (name, value.into()))
    .into();
    for (name, value) in changes {
        variables.insert(name, value.into());
    }
    variables
}

/// A reader that fails when it is read.
struct Untouchable;

impl Read for Untouchable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("was read"))
    }
}

fn call_with(variables: &Variables, stdin: &mut dyn Read) -> Result<Call, CniError> {
    match start(variables)? {
        Start::Call(pending) => pending.read(stdin),
        other => panic!("not a call: {other:?}"),
    }
}

fn call(changes: &[(&'static str, &str)], stdin: &str) -> Result<Call, CniError> {
    call_with(&variables(changes), &mut stdin.as_bytes())
}

fn refused(changes: &[(&'static str, &str)], stdin: &str) -> CniError {
    call(changes, stdin).expect_err(stdin)
}

#[test]
fn complete_call_is_read() {
    let call = call(&[], CONFIG).unwrap();
    assert_eq!(call.verb, Verb::Add);
    assert_eq!(call.container, "abc123");
    assert_eq!(call.netns.as_deref(), Some("/var/run/netns/x"));
    assert_eq!(call.interface, "eth0");
    assert_eq!(call.args, "IgnoreUnknown=1;K8S_POD_NAME=p;");
    assert_eq!(call.path, ["/opt/cni/bin", "/usr/lib/cni"].map(PathBuf::from));
    assert_eq!(call.name, "net");
    assert_eq!(call.version, Version::V1_1_0);
    assert_eq!(call.config.get("type"), Some(&json!("genie")));
}

#[test]
fn case_01_no_command_is_about() {
    let empty = Variables::new();
    assert!(matches!(start(&empty), Ok(Start::About)));
    assert!(matches!(start(&variables(&[("CNI_COMMAND", "")])), Ok(Start::About)));
}

#[test]
fn case_02_version_needs_nothing_else() {
    let only = Variables::from([("CNI_COMMAND", "VERSION".into())]);
    assert!(matches!(start(&only), Ok(Start::Version)));
    let wrong = variables(&[("CNI_COMMAND", "VERSION"), ("CNI_CONTAINERID", "../x")]);
    assert!(matches!(start(&wrong), Ok(Start::Version)));
    assert_eq!(
        version_document().to_string(),
        r#"{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}"#
    );
}

#[test]
fn case_03_all_missing_variables_are_named_in_order() {
    let rows = [
        ("ADD", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH"),
        ("CHECK", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH"),
        ("DEL", "CNI_CONTAINERID,CNI_IFNAME,CNI_PATH"),
        ("GC", "CNI_PATH"),
        ("STATUS", "CNI_PATH"),
    ];
    for (verb, names) in rows {
        let only = Variables::from([("CNI_COMMAND", verb.into())]);
        let error = start(&only).unwrap_err();
        assert_eq!(error.code, 4);
        assert_eq!(error.msg, format!("required env variables [{names}] missing"));
    }
}

#[test]
fn case_04_bad_container_id_is_refused_before_stdin_is_read() {
    for verb in ["ADD", "DEL", "CHECK"] {
        for id in ["../x", "a b", "-a", "a\n", "é", "a/b"] {
            let changes = variables(&[("CNI_COMMAND", verb), ("CNI_CONTAINERID", id)]);
            let error = call_with(&changes, &mut Untouchable).unwrap_err();
            assert_eq!(error.code, 4);
            assert_eq!(error.msg, "invalid characters in containerID");
            assert_eq!(error.details, id);
        }
    }
    assert!(call(&[("CNI_CONTAINERID", &"a".repeat(300))], CONFIG).is_ok());
}

#[test]
fn bad_interface_names_are_refused_before_stdin_is_read() {
    let rows = [
        ("eth0123456789012", "interface name is too long"),
        (".", "interface name is . or .."),
        ("..", "interface name is . or .."),
        ("a/b", "interface name contains / or : or whitespace characters"),
        ("a:b", "interface name contains / or : or whitespace characters"),
        ("a\u{85}b", "interface name contains / or : or whitespace characters"),
    ];
    for (name, msg) in rows {
        let error = call_with(&variables(&[("CNI_IFNAME", name)]), &mut Untouchable).unwrap_err();
        assert_eq!((error.code, error.msg.as_str()), (4, msg), "{name}");
    }
    for name in ["é0", "eth012345678901", "-", "a.b"] {
        assert_eq!(call(&[("CNI_IFNAME", name)], CONFIG).unwrap().interface, name);
    }
}

#[test]
fn bad_values_are_reported_before_missing_ones() {
    let error = refused(&[("CNI_CONTAINERID", "../x"), ("CNI_PATH", "")], CONFIG);
    assert_eq!(error.msg, "invalid characters in containerID");
    let error = refused(&[("CNI_CONTAINERID", ""), ("CNI_IFNAME", "..")], CONFIG);
    assert_eq!(error.msg, "interface name is . or ..");
}

#[test]
fn status_and_gc_ignore_container_and_interface() {
    for verb in ["STATUS", "GC"] {
        let changes = [("CNI_COMMAND", verb), ("CNI_CONTAINERID", "../x"), ("CNI_IFNAME", "a/b")];
        let call = call(&changes, CONFIG).unwrap();
        assert_eq!((call.container.as_str(), call.interface.as_str()), ("", ""));
        assert_eq!(call.netns, None);
    }
}

#[test]
fn variables_that_are_not_utf8_are_refused_by_name() {
    for name in ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"] {
        let mut changed = variables(&[]);
        changed.insert(name, OsString::from_vec(b"a\xff".to_vec()));
        let error = call_with(&changed, &mut Untouchable).unwrap_err();
        assert_eq!(error.code, 4);
        assert!(error.msg.contains(name), "{error}");
    }
    let mut changed = variables(&[]);
    changed.insert("CNI_PATH", OsString::from_vec(b"/a\xff".to_vec()));
    let call = call_with(&changed, &mut CONFIG.as_bytes()).unwrap();
    assert_eq!(call.path.len(), 1);
}

#[test]
fn case_06_undecodable_stdin_is_code_6_for_every_verb() {
    for verb in ["ADD", "DEL", "CHECK", "STATUS", "GC", "FOO"] {
        for stdin in ["", "[]", "\u{feff}{}", "{}x", "{", "5", r#"{"name":5}"#] {
            let error = refused(&[("CNI_COMMAND", verb)], stdin);
            assert_eq!(error.code, 6, "{verb} {stdin}");
            assert!(error.msg.starts_with("error unmarshall network config: "), "{error}");
        }
    }
}

#[test]
fn case_06_missing_and_bad_names_are_code_7() {
    for stdin in [r#"{"cniVersion":"1.1.0"}"#, r#"{"name":""}"#, r#"{"name":null}"#, "null"] {
        let error = refused(&[], stdin);
        assert_eq!((error.code, error.msg.as_str()), (7, "missing network name"), "{stdin}");
    }
    for name in ["a/b", "../n", "-a", "a b", "é"] {
        let error = refused(&[], &format!(r#"{{"name":"{name}"}}"#));
        assert_eq!(error.code, 7);
        assert_eq!(error.msg, "invalid characters found in network name");
        assert_eq!(error.details, name);
    }
}

#[test]
fn stdin_that_fails_is_code_5() {
    let error = call_with(&variables(&[]), &mut Untouchable).unwrap_err();
    assert_eq!((error.code, error.msg.as_str()), (5, "error reading from stdin: was read"));
}

#[test]
fn endless_stdin_is_refused() {
    let error = call_with(&variables(&[]), &mut io::repeat(b' ')).unwrap_err();
    assert_eq!(error.code, 6);
    assert!(error.msg.contains("longer than"), "{error}");
}

#[test]
fn deep_nesting_is_refused() {
    let stdin = format!(r#"{{"name":"n","a":{}"#, "[".repeat(1 << 20));
    assert_eq!(refused(&[], &stdin).code, 6);
}

#[test]
fn case_07_unsupported_versions_are_code_1_with_details() {
    for written in ["9.9.9", "1.1", "0.3.2", "v1.0.0"] {
        let error = refused(&[], &format!(r#"{{"name":"n","cniVersion":"{written}"}}"#));
        assert_eq!((error.code, error.msg.as_str()), (1, "incompatible CNI versions"));
        assert_eq!(
            error.details,
            format!(
                r#"config is "{written}", plugin supports ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]"#
            )
        );
    }
}

#[test]
fn case_07_missing_version_is_0_1_0_and_a_number_is_code_6() {
    for stdin in [r#"{"name":"n"}"#, r#"{"name":"n","cniVersion":""}"#, r#"{"name":"n","cniVersion":null}"#] {
        assert_eq!(call(&[], stdin).unwrap().version, Version::V0_1_0, "{stdin}");
    }
    assert_eq!(refused(&[], r#"{"name":"n","cniVersion":1.1}"#).code, 6);
}

#[test]
fn keys_match_without_regard_to_case() {
    let call = call(&[], r#"{"NAME":"n","CNIVersion":"0.4.0"}"#).unwrap();
    assert_eq!((call.name.as_str(), call.version), ("n", Version::V0_4_0));
}

#[test]
fn case_08_unknown_verbs_are_code_4_after_stdin_is_checked() {
    for verb in ["add", "FOO", "ADD "] {
        let error = refused(&[("CNI_COMMAND", verb)], CONFIG);
        assert_eq!((error.code, error.msg), (4, format!("unknown CNI_COMMAND: {verb}")));
        assert_eq!(refused(&[("CNI_COMMAND", verb)], r#"{"name":"a/b"}"#).code, 7);
    }
}

#[test]
fn case_24_del_without_namespace_is_fine() {
    for netns in ["", "/var/run/netns/gone"] {
        let call = call(&[("CNI_COMMAND", "DEL"), ("CNI_NETNS", netns)], CONFIG).unwrap();
        assert_eq!(call.netns.as_deref().unwrap_or_default(), netns);
    }
}

#[test]
fn case_28_29_verbs_need_a_version_that_has_them() {
    let rows = [
        ("CHECK", "0.3.1", Some((1, "config version does not allow CHECK"))),
        ("CHECK", "", Some((1, "config version does not allow CHECK"))),
        ("CHECK", "0.4.0", None),
        ("CHECK", "0.5.0", Some((1, "incompatible CNI versions"))),
        ("CHECK", "9.9.9", Some((1, "plugin version does not allow CHECK"))),
        ("STATUS", "1.0.0", Some((1, "config version does not allow STATUS"))),
        ("STATUS", "1.1.0", None),
        ("GC", "1.0.0", Some((1, "config version does not allow GC"))),
        ("GC", "1.1.1", Some((1, "plugin version does not allow GC"))),
        ("GC", "1.1.0", None),
    ];
    for (verb, version, expected) in rows {
        let config = format!(r#"{{"name":"n","cniVersion":"{version}"}}"#);
        let outcome = call(&[("CNI_COMMAND", verb)], &config);
        let refusal = outcome.err().map(|error| (error.code, error.msg));
        let expected = expected.map(|(code, msg)| (code, msg.to_owned()));
        assert_eq!(refusal, expected, "{verb} {version}");
    }
    for verb in ["CHECK", "STATUS", "GC"] {
        let error = refused(&[("CNI_COMMAND", verb)], r#"{"name":"n","cniVersion":"banana"}"#);
        assert_eq!(error.code, 6);
    }
}

use proptest::prelude::*;

use super::*;

fn with(text: &str, pairs: &[(&str, &str)]) -> String {
    CniArgs::new(text).with(pairs).unwrap()
}

#[test]
fn case_34_any_permutation_reads_the_same() {
    let pairs = ["IgnoreUnknown=1", "K8S_POD_NAMESPACE=ns", "K8S_POD_NAME=p", "K8S_POD_UID=u"];
    for turn in 0..pairs.len() {
        let mut turned = pairs;
        turned.rotate_left(turn);
        let args = CniArgs::new(turned.join(";"));
        assert_eq!(args.get("K8S_POD_NAMESPACE"), Some("ns"));
        assert_eq!(args.get("K8S_POD_NAME"), Some("p"));
        assert_eq!(args.get("K8S_POD_UID"), Some("u"));
        assert_eq!(args.get("K8S_POD_INFRA_CONTAINER_ID"), None);
    }
}

#[test]
fn case_34_malformed_pairs_are_read_leniently_and_pass_through() {
    let args = CniArgs::new("A;B=b=c;;C=1;");
    assert_eq!(args.get("A"), None);
    assert_eq!(args.get("B"), Some("b=c"));
    assert_eq!(args.get("C"), Some("1"));
    assert_eq!(args.as_str(), "A;B=b=c;;C=1;");
    assert_eq!(args.with(&[]).unwrap(), "A;B=b=c;;C=1;");
    assert_eq!(args.with(&[("IP", "10.0.0.5")]).unwrap(), "A;B=b=c;;C=1;IP=10.0.0.5");
}

#[test]
fn last_of_several_pairs_is_read_and_keys_are_case_sensitive() {
    let args = CniArgs::new("A=1;a=2;A=3");
    assert_eq!(args.get("A"), Some("3"));
    assert_eq!(args.get("a"), Some("2"));
}

#[test]
fn setting_replaces_the_first_and_drops_later_ones() {
    assert_eq!(with("A=1;IP=x;B=2;IP=y", &[("IP", "z")]), "A=1;IP=z;B=2");
    assert_eq!(with("IP=x", &[("IP", "")]), "IP=");
    assert_eq!(with("", &[("IP", "1"), ("MAC", "2"), ("IP", "3")]), "IP=3;MAC=2");
    assert_eq!(with("IP;A=1", &[("IP", "1")]), "IP;A=1;IP=1");
}

#[test]
fn what_cannot_be_written_is_refused_by_name() {
    for (key, value, named) in [("", "1", "\"\""), ("A;B", "1", "A;B"), ("A", "1;B=2", "1;B=2"), ("A", "b\0", "\\0")] {
        let error = CniArgs::default().with(&[(key, value)]).unwrap_err();
        assert_eq!(error.code, code::INVALID_ENVIRONMENT);
        assert!(error.msg.contains(named), "{error}");
    }
}

#[test]
fn annotations_may_contain_separators() {
    let args = CniArgs::new(r#"A=1;K8S_ANNOT={"cni":"flannel","x":"a=b;K8S_POD_NAME=evil"};K8S_POD_NAME=p"#);
    let annotations = args.k8s_annot().unwrap().unwrap();
    assert_eq!(annotations.get("cni").map(String::as_str), Some("flannel"));
    assert_eq!(annotations.get("x").map(String::as_str), Some("a=b;K8S_POD_NAME=evil"));
    assert_eq!(args.get("K8S_POD_NAME"), Some("p"));
    let changed = args.with(&[("K8S_POD_NAME", "q")]).unwrap();
    assert_eq!(changed, args.as_str().replace("K8S_POD_NAME=p", "K8S_POD_NAME=q"));
}

#[test]
fn an_annotation_cannot_pose_as_an_argument_that_is_not_there() {
    let args = CniArgs::new(r#"K8S_ANNOT={"x":";K8S_POD_NAMESPACE=kube-system;"}"#);
    assert_eq!(args.get("K8S_POD_NAMESPACE"), None);
}

#[test]
fn annotations_are_found_at_the_start_or_after_a_separator_only() {
    assert!(CniArgs::new("K8S_ANNOT={}").k8s_annot().unwrap().unwrap().is_empty());
    assert!(CniArgs::new("XK8S_ANNOT={}").k8s_annot().is_none());
    assert!(CniArgs::new("A=1").k8s_annot().is_none());
    assert!(CniArgs::new("K8S_ANNOT=;A=1").k8s_annot().is_none());
}

#[test]
fn malformed_annotations_are_an_error_that_says_where() {
    for (text, named) in [
        ("K8S_ANNOT={\"cni\":", "EOF"),
        ("K8S_ANNOT=[]", "expected a map"),
        ("K8S_ANNOT={\"cni\":5}", "\"cni\" is 5"),
        ("K8S_ANNOT={}x;A=1", "trailing"),
    ] {
        let error = CniArgs::new(text).k8s_annot().unwrap().unwrap_err();
        assert_eq!(error.code, code::INVALID_ENVIRONMENT);
        assert!(error.msg.contains("K8S_ANNOT") && error.msg.contains(named), "{error}");
    }
}

#[test]
fn a_value_that_is_replaced_at_once_is_not_written_in_between() {
    // Without the quote in the last value of K, the broken annotations would be complete.
    let pairs = [("K", ""), ("K", "\"x:"), ("Z", "1\"}")];
    let set = with(r#"K8S_ANNOT={"a":"b"#, &pairs);
    assert_eq!(set, r#"K8S_ANNOT={"a":"b;K="x:;Z=1"}"#);
    assert_eq!(with(&set, &pairs), set, "setting it again changes nothing");
}

#[test]
fn what_would_complete_broken_annotations_is_refused() {
    let args = CniArgs::new("K8S_ANNOT={\"a\":\";IP=1");
    for (key, value) in [("x\"}", "1"), ("IP", "\"}")] {
        let error = args.with(&[(key, value)]).unwrap_err();
        assert_eq!(error.code, code::INVALID_ENVIRONMENT);
        assert!(error.msg.contains("K8S_ANNOT"), "{error}");
    }
    assert_eq!(args.with(&[("IP", "2")]).unwrap(), "K8S_ANNOT={\"a\":\";IP=2");
}

proptest! {
    #[test]
    fn any_text_can_be_read_and_is_kept(text in "\\PC*") {
        let args = CniArgs::new(text.clone());
        let _ = args.get("A");
        let _ = args.k8s_annot();
        prop_assert_eq!(args.segments().collect::<Vec<_>>().join(";"), text.clone());
        prop_assert_eq!(args.with(&[]).unwrap(), text);
    }

    #[test]
    fn what_is_set_is_read_back_and_nothing_else_changes(
        text in "([AB]=[xy=]{0,3};?|K8S_ANNOT=\\{\"A\":\";A=1\"\\};|;|A){0,6}",
        value in "[a-z]{0,4}",
    ) {
        let before = CniArgs::new(text);
        let after = CniArgs::new(before.with(&[("A", &value)]).unwrap());
        prop_assert_eq!(after.get("A"), Some(value.as_str()));
        prop_assert_eq!(after.get("B"), before.get("B"));
        prop_assert_eq!(after.k8s_annot(), before.k8s_annot());
        let again = after.with(&[("A", &value)]).unwrap();
        prop_assert_eq!(again, after.as_str());
    }
}

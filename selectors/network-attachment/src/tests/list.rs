//! The two forms of the annotation.

use super::*;

#[test]
fn row_8_the_annotation_has_two_forms() {
    let by_names = further("neta,other/netb");
    assert_eq!(by_names, further(r#"[{"name": "neta"}, {"name": "netb", "namespace": "other"}]"#));
    assert_eq!(by_names, [neta(), Attachment::definition("other", "netb").on("net2")]);
}

#[test]
fn row_9_names_have_the_pods_namespace_unless_they_name_one() {
    assert_eq!(further("neta"), [neta()]);
    assert_eq!(further("kube-public/neta"), [Attachment::definition("kube-public", "neta").on("net1")]);
    let spaced = further(" neta @ x0 ,\n other/netb@x1 ");
    let other = Attachment::definition("other", "netb").on("x1");
    assert_eq!(spaced, [Attachment::definition("demo", "neta").on("x0"), other]);
}

#[test]
fn row_9_an_item_without_a_name_is_told_with_its_place() {
    let (value, message) = mistake("neta,");
    assert_eq!((&*value, &*message), ("", "element 2: is empty: remove the comma, or name a network"));
    for wrong in [",neta", "neta,,netb", "@net1", "/neta", "other/", "a/b/c", "neta@", "neta@a/b", "neta@x@y"] {
        assert!(mistake(wrong).1.starts_with("element "), "{wrong}");
    }
}

#[test]
fn row_3_names_are_dns_labels_of_at_most_63_bytes() {
    let longest = "a".repeat(63);
    assert_eq!(further(&longest), [Attachment::definition("demo", &*longest).on("net1")]);
    for name in ["Neta", "net_a", "-neta", "neta-", "net.a", &*"a".repeat(64)] {
        let (value, message) = mistake(name);
        assert_eq!(value, name);
        assert!(message.contains("the name is"), "{message}");
        let (value, _) = mistake(&json!([{"name": name}]).to_string());
        assert_eq!(value, name);
        assert!(mistake(&format!("{name}/neta")).1.contains("the namespace is"));
        assert!(mistake(&json!([{"name": "neta", "namespace": name}]).to_string()).1.contains("namespace"));
    }
}

#[test]
fn row_10_keys_with_a_domain_belong_to_others_and_unknown_ones_are_told() {
    let theirs = json!([{"name": "neta", "example.org/colour": "blue"}]).to_string();
    assert_eq!(told(&asking(&theirs), &json!({})).1, [""; 0]);
    let unknown = json!([{"name": "neta", "colour": "blue"}]).to_string();
    let (verdict, warnings) = told(&asking(&unknown), &json!({}));
    assert_eq!(verdict, select(&asking("neta")));
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert!(warning.contains(r#"element 1 (neta): "colour" is no key of the standard"#), "{warning}");
}

#[test]
fn row_11_a_name_is_needed_and_an_empty_namespace_is_the_pods() {
    assert!(mistake(r#"[{"namespace": "other"}]"#).1.contains("has no \"name\""));
    assert!(mistake(r#"[{"name": 7}]"#).1.contains("is no text"));
    assert!(mistake(r#"[{"name": ""}]"#).1.contains("is empty"));
    assert_eq!(further(r#"[{"name": "neta", "namespace": ""}]"#), [neta()]);
    assert_eq!(further(r#"[{"name": "neta", "namespace": null}]"#), [neta()]);
}

#[test]
fn what_is_far_too_much_is_the_owners_mistake_and_costs_no_fuel() {
    let names = vec!["neta"; 257].join(",");
    assert_eq!(mistake(&names).1, "lists 257 networks, and may list 256");
    assert_eq!(further(&names["neta,".len()..]).len(), 256);
    let elements = json!(vec![json!({"name": "neta"}); 257]).to_string();
    assert_eq!(mistake(&elements).1, "lists 257 networks, and may list 256");
    let long = json!([{"name": "neta", "cni-args": {"x": "y".repeat(32 << 10)}}]).to_string();
    assert_eq!(mistake(&long).1, format!("has {} bytes, and may have 32768", long.len()));
    let keys: serde_json::Map<_, _> = (0..65).map(|key| (key.to_string(), json!(1))).collect();
    assert!(mistake(&json!([keys]).to_string()).1.contains("an object has more than 64 keys"));
}

#[test]
fn what_is_no_list_of_objects_is_refused() {
    for wrong in [r#"{"name": "neta"}"#, "[null]", "[7]", r#"["neta"]"#, "[", r#"[{"name": "neta"}] x"#, "[[]]"] {
        assert!(mistake(wrong).1.starts_with("is "), "{wrong}");
    }
    assert!(mistake(r#"[{"name": "neta", "name": "netb"}]"#).1.contains("\"name\" stands twice"));
    // Deeper than any reader follows.
    assert!(mistake(&format!("[{{\"name\": \"a\", \"cni-args\": {}1", "[".repeat(10_000))).1.contains("recursion"));
}

#[test]
fn a_blank_annotation_asks_for_nothing_and_an_empty_list_for_the_default_network() {
    assert_eq!(select(&asking(" ")), Ok(Verdict::Pass));
    assert_eq!(select(&node()), Ok(Verdict::Pass));
    // Row 48 of CNI-Genie's table.
    assert_eq!(plan_of("[]").attachments, [calico()]);
}

#[test]
fn row_12_an_invalid_annotation_is_ignored_if_the_operator_wants_it_so() {
    let request = asking("Neta");
    assert!(matches!(select(&request), Err(Refusal::Invalid(_))));
    let (verdict, warnings) = told(&request, &json!({"invalid": "ignore"}));
    let Ok(Verdict::Plan(plan)) = verdict else { panic!("{verdict:?}") };
    assert_eq!(plan.attachments, [calico()]);
    assert!(warnings[0].contains("the name is no name"), "{warnings:?}");
}

use std::fs;

use super::*;

fn given(written: &Value, known: GivenFacts) -> GivenFacts {
    let mut facts = known;
    let written: WrittenFacts = serde_json::from_value(written.clone()).unwrap();
    written.add_to(&mut facts, std::path::Path::new("/nonexistent")).unwrap();
    facts
}

fn namespace(name: &str) -> Question {
    Question::Object(ObjectName::new("v1", "Namespace", None, name).unwrap())
}

fn label(key: &str) -> Question {
    Question::NodeLabel { key: key.into() }
}

fn traffic(prefix: &str) -> Question {
    Question::Traffic { prefix: prefix.into() }
}

fn rate(prefix: &str) -> Question {
    Question::TrafficRate { prefix: prefix.into() }
}

fn free(network: &str) -> Question {
    Question::FreeAddresses { network: network.into() }
}

#[test]
fn what_is_given_is_answered_and_nothing_else() {
    let written = json!({
        "pod": {"labels": {"tenant": "red"}, "owner": null},
        "objects": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}],
        "absent": [{"apiVersion": "v1", "kind": "Namespace", "name": "gone"}],
        "nodeLabels": {"zone": "a", "none": null},
        "traffic": {"cali1": {"rxBytes": 1, "txBytes": 2}, "cali2": {"rxBytes": 3, "txBytes": 4}},
        "trafficRate": {"cali": {"rxBytes": 5, "txBytes": 6}},
        "freeAddresses": {"10-a.conflist": 7, "20-b.conf": null},
    });
    let facts = given(&written, GivenFacts::default());
    let known = Known::new(facts);
    assert_eq!(known.answer(&Question::Labels), Ok(json!([["tenant", "red"]])));
    assert_eq!(known.answer(&Question::Owner), Ok(Value::Null));
    let object = known.answer(&namespace("shop")).unwrap();
    assert!(object.as_str().unwrap().contains("\"shop\""), "{object}");
    assert_eq!(known.answer(&namespace("gone")), Ok(Value::Null));
    assert_eq!(known.answer(&label("zone")), Ok(json!("a")));
    assert_eq!(known.answer(&label("none")), Ok(Value::Null));
    assert_eq!(known.answer(&traffic("cali")), Ok(json!([4, 6])));
    assert_eq!(known.answer(&traffic("cali2")), Ok(json!([3, 4])));
    assert_eq!(known.answer(&rate("cali")), Ok(json!([5, 6])));
    assert_eq!(known.answer(&free("10-a.conflist")), Ok(json!(7)));
    assert_eq!(known.answer(&free("20-b.conf")), Ok(Value::Null));

    let unknown =
        [Question::ServiceAccount, namespace("other"), label("rack"), traffic("eth"), rate("cali2"), free("30-c.conf")];
    for question in &unknown {
        known.answer(question).unwrap_err();
        known.answer(question).unwrap_err();
    }
    assert_eq!(known.missing(), unknown);
}

#[test]
fn a_fact_that_cannot_be_had_is_no_missing_one() {
    let written = json!({"unavailable": [{"fact": "labels", "reason": "the API server is away"}]});
    let facts = given(&written, GivenFacts { labels: Some(Annotations::new()), ..GivenFacts::default() });
    let known = Known::new(facts);
    assert_eq!(known.answer(&Question::Labels), Err("the API server is away".into()));
    assert_eq!(known.missing(), []);
}

#[test]
fn where_only_bytes_are_given_there_are_no_rates_and_none_is_missing() {
    let none = Err(NO_RATES.to_owned());
    let known = Known::new(given(&json!({"traffic": {"cali1": {"rxBytes": 1, "txBytes": 2}}}), GivenFacts::default()));
    assert_eq!(known.answer(&rate("cali")), none);
    let away = json!({"unavailable": [{"fact": "traffic", "prefix": "cali", "reason": "away"}]});
    let known_to_be_away = Known::new(given(&away, GivenFacts::default()));
    assert_eq!(known_to_be_away.answer(&rate("cali")), none);
    assert_eq!((known.missing(), known_to_be_away.missing()), (vec![], vec![]));
    // Of these interfaces nothing is given at all.
    known.answer(&rate("weav")).unwrap_err();
    assert_eq!(known.missing(), [rate("weav")]);
}

#[test]
fn a_pods_manifest_tells_all_of_it_unless_the_facts_do() {
    let pod = PodFacts { service_account: Some("robot".into()), ..PodFacts::default() };
    let facts = GivenFacts::of_pod(&pod);
    assert_eq!(facts.find(&Question::Labels), Some(Ok(json!([]))));
    assert_eq!(facts.find(&Question::ServiceAccount), Some(Ok(json!("robot"))));
    assert_eq!(facts.find(&Question::Owner), Some(Ok(Value::Null)));
    let facts = given(&json!({"pod": {"serviceAccount": "other"}}), facts);
    assert_eq!(facts.find(&Question::Labels), None);
    assert_eq!(facts.find(&Question::ServiceAccount), Some(Ok(json!("other"))));
    assert_eq!(facts.find(&Question::Owner), None);
}

#[test]
fn objects_come_from_files_too() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n").unwrap();
    let add = |path: &str| {
        let mut facts = GivenFacts::default();
        let written: WrittenFacts = serde_json::from_value(json!({"objects": [path]})).unwrap();
        written.add_to(&mut facts, dir.path()).map(|()| facts)
    };
    assert!(add("a.yaml").unwrap().find(&namespace("shop")).is_some());
    assert!(add(".").unwrap().find(&namespace("shop")).is_some());
    let error = add("b.yaml").unwrap_err();
    assert!(format!("{error:#}").contains("b.yaml"), "{error:#}");
}

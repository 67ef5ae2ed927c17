//! What genie does where Multus stood, beside what the real Multus did there (`make differential`).

use std::collections::BTreeSet;
use std::fs;

use genie_tests::differential::recordings::{Recording, Recordings};
use genie_tests::differential::{Genie, Runs, World, cases, known};
use genie_tests::programs;
use serde_json::{Value, json};

/// The names in the table of the document.
fn documented() -> BTreeSet<String> {
    let text = fs::read_to_string(programs::root().join("docs/multus-differences.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_difference_from_multus_is_a_known_one_and_shows() {
    let world = World::new();
    let expected = cases::all();
    let (recorded, sample) = (Recordings::read("cases"), Recordings::read("sample"));
    let sample: Vec<_> = sample.all().cloned().collect();
    assert!(sample.len() > 20, "there is no sample; run: make differential RECORD=1");
    world.create(expected.iter().map(|(case, _)| case).chain(sample.iter().map(|recording| &recording.case)));
    let runs = Runs::new(&world, Genie::default());
    let (mut wrong, mut shown) = (Vec::new(), BTreeSet::new());
    for (case, differs) in &expected {
        let Some(theirs) = recorded.of(case) else {
            wrong.push(format!("{}: no recording of this case; run: make differential RECORD=1", case.name()));
            continue;
        };
        let compared = known::compare(case, theirs, &runs.observe(case));
        let differs: BTreeSet<_> = differs.iter().copied().collect();
        if !compared.unknown.is_empty() || compared.known != differs {
            wrong.push(format!("{compared}\n    expected {differs:?}"));
        }
        shown.extend(compared.known);
    }
    for Recording { case, theirs } in &sample {
        let compared = known::compare(case, theirs, &runs.observe(case));
        if !compared.unknown.is_empty() {
            wrong.push(format!("{compared}\n{}", case.value()));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    let names: BTreeSet<_> = known::all().map(|known| known.name).collect();
    assert_eq!(shown, names, "a difference that no case shows any more is none");
}

#[test]
fn every_known_difference_has_its_reason_in_the_document() {
    let names: BTreeSet<_> = known::all().map(|known| known.name.to_owned()).collect();
    assert_eq!(documented(), names);
}

/// What is not known of a case when we do this where Multus did what is recorded.
fn unknown(case: &str, ours: impl FnOnce(Value) -> Value) -> Vec<String> {
    let recorded = Recordings::read("cases");
    let Recording { case, theirs } = recorded.all().find(|recording| recording.case.name() == case).expect(case);
    let compared = known::compare(case, theirs, &ours(theirs.clone()));
    compared.unknown.into_iter().map(|difference| difference.place).collect()
}

/// Multus has crashed. We refuse the pod with its place, and nothing else is a part of that difference.
#[test]
fn what_a_pod_gets_where_multus_crashes_is_not_hidden_by_that() {
    let refuses = |code: u64, text: &str, calls: Value| {
        let add = json!({"verb": "ADD", "outcome": "fails", "code": code, "text": text, "calls": calls});
        json!({"steps": [add, {"verb": "DEL", "outcome": "ok", "calls": [], "result": null}]})
    };
    let place = "invalid type: null at line 1 column 5";
    assert_eq!(unknown("26-null", |_| refuses(101, place, json!([]))), [""; 0]);
    // Another code, no place, and a plugin that has run.
    let both = ["steps[0].outcome", "steps[0].code"];
    assert_eq!(unknown("26-null", |_| refuses(7, place, json!([]))), both);
    assert_eq!(unknown("26-null", |_| refuses(101, "something is wrong", json!([]))), both);
    let ran = json!([{"call": "ADD main@eth0", "args": ["RUNTIME"], "config": {}}]);
    assert!(unknown("26-null", |_| refuses(101, place, ran.clone())).contains(&"steps[0].calls".to_owned()));
    // The pod starts.
    let starts = json!({"steps": [{"verb": "ADD", "outcome": "ok", "result": {}, "calls": []}]});
    assert!(unknown("26-null", |_| starts).contains(&"steps[0].outcome".to_owned()));
}

/// What we do otherwise in an ADD, and in the status that it publishes.
type Change = fn(&mut Value, &mut Value);

/// The default routes of one family are asked for. Another route, gateway or status is no part of that difference.
#[test]
fn what_a_default_route_does_not_explain_is_not_hidden_by_it() {
    let case = "21-one-gateway";
    let moved = |theirs: Value, change: Change| {
        let mut ours = theirs;
        let add = &mut ours["steps"][0];
        let mut status: Value = serde_json::from_str(add["status"].as_str().unwrap()).unwrap();
        add["routes"]["v4"] = json!(["net1 via 10.7.0.9"]);
        add["result"]["routes"] = json!([{"dst": "::/0", "gw": "fd09::1"}, {"dst": "0.0.0.0/0", "gw": "10.7.0.9"}]);
        status[0]["gateway"] = json!(["fd09::1"]);
        status[1]["gateway"] = json!(["10.7.0.9"]);
        status[1]["default-route"] = json!(["10.7.0.9"]);
        change(add, &mut status);
        add["status"] = status.to_string().into();
        ours
    };
    assert_eq!(unknown(case, |theirs| moved(theirs, |_, _| ())), [""; 0]);
    let hidden = |change: Change| unknown(case, |theirs| moved(theirs, change)).is_empty();
    let changes: [(&str, Change); 8] = [
        ("the gateway", |add, _| add["routes"]["v4"] = json!(["net1 via 10.7.0.1"])),
        ("the interface", |add, _| add["routes"]["v4"] = json!(["eth0 via 10.7.0.9"])),
        ("the other family", |add, _| add["routes"]["v6"] = json!(["net1 via fd07::1"])),
        ("one route more", |add, _| add["routes"]["v4"] = json!(["net1 via 10.7.0.9", "eth0 via 10.9.0.1"])),
        ("the answer", |add, _| add["result"]["routes"][1]["gw"] = "10.7.0.1".into()),
        ("the status of the default network", |_, status| status[0]["gateway"] = json!(["10.9.0.1"])),
        ("the status of the network", |_, status| status[1]["default-route"] = json!(["10.7.0.1"])),
        ("an address", |_, status| status[1]["ips"] = json!(["10.7.0.3"])),
    ];
    for (what, change) in changes {
        assert!(!hidden(change), "{what}");
    }
}

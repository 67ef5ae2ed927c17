//! Imports that ask the host: in this process, and across to a child.

use std::io::{BufReader, Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::{compile, run_selector};
use super::Guest;
use super::PASS;
use super::guest;
use super::later;
use super::private_dir;
use super::put;
use super::request;
use genie_core::cni::code;
use genie_core::digest::Digest;
use genie_core::object::ObjectName;
use genie_core::process::Process;
use genie_core::selector::child::run::{self as child, RunOrder};
use genie_core::selector::grants::Grants;
use genie_core::selector::sandbox::facts::{Answered, Consulted, Facts, Nothing, Question, RECORDED, Replay};
use genie_core::selector::sandbox::limits::{Limits, QUESTIONS};
use genie_core::selector::sandbox::run::Ran;
use genie_core::selector::sandbox::task::{Bounds, Task, TaskAnswer};

/// A guest that asks for the service account, then logs it (or the reason why there is none).
const ASKING: Guest<'static> = Guest {
    imports: r#"
        (import "genie:selector/log@0.1.0" "write" (func $log (param i32 i32 i32)))
        (import "genie:selector/pod@0.1.0" "service-account" (func $ask (param i32)))"#,
    select: "
        (call $ask (i32.const 512))
        (call $log (i32.const 1) (i32.load (i32.const 516)) (i32.load (i32.const 520)))
        (i32.const 64)",
    more: "",
    merge: None,
    packages: &[],
    world: "",
};

fn bounds(grant: &Value) -> Bounds {
    Bounds {
        selector: "guest".into(),
        grants: Grants::from_json(grant).expect("it is right"),
        limits: Limits::default(),
        asked: 0,
    }
}

fn task() -> Task {
    Task::Select { request: request(), settings: "{}".into() }
}

fn ask(guest: &Guest<'_>, grant: &Value, facts: impl Facts + 'static, deadline: Instant) -> Ran {
    guest.load().run(task(), &bounds(grant), &shared(facts), deadline)
}

fn shared(facts: impl Facts + 'static) -> Arc<dyn Facts> {
    Arc::new(facts)
}

#[test]
fn a_missing_helper_is_named_and_not_advised() {
    let dir = private_dir();
    let tool = dir.path().join("genie-host");
    let ran = child::run(&tool, &dir.path().join("x.cwasm"), task(), &bounds(&json!([])), &Nothing, later());
    let error = ran.answer.expect_err("nothing ran");
    assert_eq!(error.code, code::SELECTOR);
    assert!(error.msg.contains(&tool.display().to_string()), "{error}");
    assert!(error.msg.ends_with("there is no such program; install genie-host beside the plugin"), "{error}");
}

fn account() -> Replay {
    Replay(vec![Consulted { question: Question::ServiceAccount, answer: Answered::Ok(json!("builder")) }])
}

#[test]
fn an_answer_reaches_the_guest_and_the_record() {
    let ran = ask(&ASKING, &json!(["pod"]), account(), later());
    assert!(ran.answer.is_ok(), "{:?}", ran.answer);
    assert_eq!(ran.logs[0].message, "builder");
    assert_eq!(ran.consulted, account().0);
}

#[test]
fn that_a_fact_cannot_be_had_is_an_answer_too() {
    let ran = ask(&ASKING, &json!(["pod"]), Nothing, later());
    assert!(ran.answer.is_ok());
    assert_eq!(ran.logs[0].message, "not available here");
    assert_eq!(ran.consulted[0].answer, Answered::Err("not available here".into()));
}

#[test]
fn an_import_that_is_not_granted_is_refused_by_name() {
    let error = Grants::default().check_imports("guest", ASKING.load().imports()).expect_err("it is refused");
    assert_eq!(error.code, code::INVALID_CONFIG);
    assert!(error.msg.contains("genie:selector/pod@0.1.0") && error.msg.contains("\"grant\": [\"pod\"]"), "{error}");
}

/// A guest that asks for an object. Its kind, namespace and name lie one behind the other in
/// memory.
fn asking_for(kind: &str, namespace: &str, name: &str) -> (String, String) {
    let (at, lengths) = (1102, [kind, namespace, name].map(str::len));
    let select = format!(
        "(call $get (i32.const 1100) (i32.const 2) (i32.const {at}) (i32.const {})
            (i32.const 1) (i32.const {}) (i32.const {}) (i32.const {}) (i32.const {}) (i32.const 512))
        (i32.const 64)",
        lengths[0],
        at + lengths[0],
        lengths[1],
        at + lengths[0] + lengths[1],
        lengths[2]
    );
    (select, format!(r#"(data (i32.const 1100) "v1{kind}{namespace}{name}")"#))
}

fn ask_for(object: (&str, &str, &str), grant: &Value, facts: impl Facts + 'static) -> Ran {
    let (select, more) = asking_for(object.0, object.1, object.2);
    let guest = Guest {
        imports: r#"(import "genie:selector/cluster@0.1.0" "get"
            (func $get (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#,
        select: &select,
        more: &more,
        ..Guest::default()
    };
    ask(&guest, grant, facts, later())
}

#[test]
fn the_functions_that_a_component_imports_of_the_cluster_are_known() {
    let guest = Guest {
        imports: r#"(import "genie:selector/cluster@0.1.0" "namespace-labels" (func $labels (param i32)))"#,
        select: "(i32.const 64)",
        ..Guest::default()
    };
    assert_eq!(guest.load().imports().of_cluster, ["namespace-labels"]);
    assert_eq!(ASKING.load().imports().of_cluster, [""; 0]);
}

fn service() -> Replay {
    let object = ObjectName::new("v1", "Service", Some("default"), "net0").expect("it is a name");
    Replay(vec![Consulted { question: Question::Object(object), answer: Answered::Ok(json!("{}")) }])
}

#[test]
fn a_kind_that_is_not_granted_is_not_asked_for_and_the_operator_is_told() {
    let granted = ask_for(("Service", "default", "net0"), &json!([{"cluster": ["v1/Service"]}]), service());
    assert_eq!(granted.consulted, service().0);
    let refused = ask_for(("Service", "default", "net0"), &json!(["cluster"]), service());
    let error = refused.answer.expect_err("the call ends");
    assert_eq!(error.code, code::INVALID_CONFIG);
    assert!(error.msg.contains(r#""guest" asked for Service default/net0"#), "{error}");
    assert!(error.msg.contains(r#""grant": ["cluster", {"cluster":["v1/Service"]}] in its entry"#), "{error}");
    assert_eq!(refused.consulted, []);
    let elsewhere = ask_for(("Service", "payments", "net0"), &json!([{"cluster": ["v1/Service"]}]), service());
    assert!(elsewhere.answer.expect_err("the call ends").msg.contains(r#""namespaces":["payments"]"#));
}

#[test]
fn what_is_no_name_ends_the_call_as_the_selectors_defect() {
    let grant = json!([{"cluster": {"kinds": ["v1/Service"], "namespaces": ["*"]}}]);
    for object in [
        ("Service", "kube-system/pods?limit=500&x=", "n"),
        ("Service", "default", "../n"),
        ("widgets", "default", "n"),
        ("SECRET", "default", "n"),
    ] {
        let ran = ask_for(object, &grant, Nothing);
        let error = ran.answer.expect_err("the call ends");
        assert_eq!(error.code, code::SELECTOR);
        assert!(error.msg.contains("\"guest\" asked for what has no such name: "), "{error}");
        assert_eq!(ran.consulted, []);
    }
}

#[test]
fn what_else_is_named_is_checked_too() {
    let wrong = |text: &str| {
        [
            Question::Traffic { prefix: text.into() },
            Question::TrafficRate { prefix: text.into() },
            Question::NodeLabel { key: text.into() },
            Question::FreeAddresses { network: text.into() },
        ]
    };
    for question in wrong("../../etc").into_iter().chain(wrong("a\0b")).chain(wrong(&"a".repeat(300))) {
        assert!(question.check_names().is_err(), "{question:?}");
    }
    for question in [
        Question::Traffic { prefix: String::new() },
        Question::Traffic { prefix: "eth".into() },
        Question::TrafficRate { prefix: String::new() },
        Question::TrafficRate { prefix: "eth".into() },
        Question::NodeLabel { key: "topology.kubernetes.io/zone".into() },
        Question::FreeAddresses { network: "10-calico.conflist".into() },
    ] {
        assert_eq!(question.check_names(), Ok(()));
    }
}

#[test]
fn secrets_are_granted_to_nobody() {
    for grant in [json!([{"cluster": ["v1/Secret"]}]), json!([{"cluster": ["Namespace", "Secret"]}])] {
        assert!(Grants::from_json(&grant).expect_err("it is refused").contains("Secret"));
    }
}

#[test]
fn endless_questions_end() {
    let select = "(loop $again (call $ask (i32.const 512)) (br $again)) (unreachable)";
    let ran = ask(&Guest { select, ..ASKING }, &json!(["pod"]), Nothing, later());
    let error = ran.answer.expect_err("it is stopped");
    assert!(error.msg.contains("asked its imports more than 256 times"), "{error}");
    assert_eq!(ran.consulted.len(), QUESTIONS);
}

/// Facts with an account whose name has this many bytes.
fn long_account(bytes: usize) -> Replay {
    Replay(vec![Consulted { question: Question::ServiceAccount, answer: Answered::Ok(json!("a".repeat(bytes))) }])
}

/// The body of a `select` that asks this many times, and passes.
fn asking_times(times: usize) -> String {
    format!("{} (i32.const 64)", "(call $ask (i32.const 512))".repeat(times))
}

#[test]
fn what_is_asked_and_answered_is_bounded_in_sum() {
    let select = asking_times(256);
    let asking = Guest { select: &select, ..ASKING };
    // Seven answers fit into the guest's memory, and four are over the limit.
    let limits = Limits { facts_bytes: 35_000, ..Limits::default() };
    let bounds = Bounds { limits, ..bounds(&json!(["pod"])) };
    let ran = asking.load().run(task(), &bounds, &shared(long_account(10_000)), later());
    let error = ran.answer.expect_err("it is stopped");
    assert_eq!(error.code, code::SELECTOR);
    assert!(error.msg.contains("over the limit of 35000") && error.msg.contains("limits.facts_bytes"), "{error}");
    assert_eq!(ran.consulted.len(), 4);
    assert!(ran.usage.facts > 35_000 && ran.usage.facts < 45_000, "{}", ran.usage.facts);
}

#[test]
fn what_selectors_before_have_asked_counts() {
    let bounds = |asked| Bounds { asked, ..bounds(&json!(["pod"])) };
    let run = |asked| ASKING.load().run(task(), &bounds(asked), &shared(account()), later());
    let limit = Limits::default().facts_bytes;
    let used = run(0).usage.facts;
    assert!(run(limit - used).answer.is_ok());
    assert!(run(limit - used + 1).answer.expect_err("it is stopped").msg.contains("limits.facts_bytes"));
}

#[test]
fn a_large_answer_is_recorded_as_its_digest_and_cannot_be_replayed() {
    let fits = ask(&ASKING, &json!(["pod"]), long_account(RECORDED - 2), later());
    assert_eq!(fits.consulted, long_account(RECORDED - 2).0);
    let ran = ask(&ASKING, &json!(["pod"]), long_account(RECORDED - 1), later());
    assert!(ran.answer.is_ok(), "{:?}", ran.answer);
    let json = format!("\"{}\"", "a".repeat(RECORDED - 1));
    let digest = Digest::of(json.as_bytes()).to_string();
    assert_eq!(ran.consulted[0].answer, Answered::Digest { sha256: digest.clone(), bytes: RECORDED + 1 });
    let written = serde_json::to_value(&ran.consulted).expect("it can be recorded");
    assert_eq!(written[0]["answer"], json!({"Digest": {"sha256": digest, "bytes": RECORDED + 1}}));
    let read = Replay(serde_json::from_value(written).expect("it can be read"));
    let reason = read.answer(&Question::ServiceAccount).expect_err("it is not there");
    assert!(reason.contains("recorded only as a digest") && reason.contains(&digest), "{reason}");
}

#[test]
fn no_question_is_answered_after_the_deadline() {
    let ran = ask(&ASKING, &json!(["pod"]), account(), Instant::now());
    assert_eq!(ran.answer.expect_err("it is stopped").code, code::TRY_AGAIN);
    assert_eq!(ran.consulted, []);
}

/// Runs the child's side in a thread, at the other end of two pipes. That thread is not confined.
fn converse(order: &RunOrder, facts: &dyn Facts) -> std::io::Result<Ran> {
    converse_confined(order, facts, |_| Ok(()))
}

fn converse_confined(
    order: &RunOrder,
    facts: &dyn Facts,
    confine: fn(Duration) -> Result<(), String>,
) -> std::io::Result<Ran> {
    let (orders, to_child) = std::io::pipe()?;
    let (from_child, answers) = std::io::pipe()?;
    let child = std::thread::spawn(move || run_selector::speak(BufReader::new(orders), answers, confine));
    let mut process = Process::over(to_child.into(), from_child.into(), None, later())?;
    let ran = child::converse(&mut process, order, facts).map(Ran::from);
    drop(process);
    child.join().expect("it does not panic")?;
    ran
}

#[test]
fn a_child_asks_its_parent() {
    let dir = private_dir();
    let module = ASKING.core();
    let artefact = compile::artefact("guest", &module).expect("it compiles");
    let artefact = put(dir.path(), Digest::of(&module), &artefact);
    let order = |grant| RunOrder { artefact: artefact.clone(), task: task(), bounds: bounds(&grant), millis: 600_000 };

    let ran = converse(&order(json!(["pod"])), &account()).expect("they understand each other");
    assert!(matches!(ran.answer, Ok(TaskAnswer::Verdict(Ok(_)))), "{:?}", ran.answer);
    assert_eq!(ran.logs[0].message, "builder");
    assert_eq!(ran.consulted, account().0);
    assert_eq!(ran.usage, ask(&ASKING, &json!(["pod"]), account(), later()).usage);

    let refused = converse(&order(json!([])), &account()).expect("they understand each other");
    assert_eq!(refused.answer.expect_err("it is refused").code, code::INVALID_CONFIG);

    let unconfined = converse_confined(&order(json!(["pod"])), &account(), |_| Err("no seccomp".into()));
    let unconfined = unconfined.expect("they understand each other");
    assert_eq!(unconfined.consulted, [], "it was run");
    let error = unconfined.answer.expect_err("it is not run");
    assert_eq!(error.code, code::SELECTOR);
    assert_eq!(error.msg, "selector \"guest\" is not run: no seccomp");
}

/// The selector may have taken over the child that runs it.
#[test]
fn a_child_that_asks_for_what_is_not_granted_is_told_nothing() {
    let order = |grant| RunOrder { artefact: "/a".into(), task: task(), bounds: bounds(&grant), millis: 600_000 };
    for (grant, told) in [(json!([]), false), (json!(["node"]), false), (json!(["pod"]), true)] {
        let (mut orders, to_child) = std::io::pipe().expect("a pipe");
        let (from_child, mut answers) = std::io::pipe().expect("a pipe");
        let mut process = Process::over(to_child.into(), from_child.into(), None, later()).expect("it is over pipes");
        writeln!(answers, "{{\"Question\":\"service-account\"}}").expect("the pipe has room");
        drop(answers);
        child::converse(&mut process, &order(grant), &account()).err().expect("the child has ended");
        drop(process);
        let mut said = String::new();
        orders.read_to_string(&mut said).expect("the parent is heard");
        assert_eq!(said.contains("builder"), told, "{said}");
    }
}

#[test]
fn a_child_reports_an_artefact_that_does_not_load() {
    let order =
        RunOrder { artefact: "/no/such.cwasm".into(), task: task(), bounds: bounds(&json!(null)), millis: 600_000 };
    let ran = converse(&order, &Nothing).expect("they understand each other");
    assert!(ran.answer.expect_err("it fails").msg.contains("\"guest\" does not load"));
}

#[test]
fn a_child_that_says_nothing_is_an_error_that_names_it() {
    for (tool, says) in
        [("/bin/true", "run-selector"), ("/bin/false", "exit status: 1"), ("/no/such/tool", "/no/such/tool")]
    {
        let ran = child::run(tool.as_ref(), "/a.cwasm".as_ref(), task(), &bounds(&json!(null)), &Nothing, later());
        let error = ran.answer.expect_err("it fails");
        assert_eq!(error.code, code::SELECTOR);
        assert!(error.msg.contains(says), "{error}");
    }
}

#[test]
fn a_selector_that_asks_nothing_needs_no_time_for_answers() {
    // The deadline is long past, so any question would fail.
    assert!(ask(&guest(PASS), &json!(null), Nothing, Instant::now()).answer.is_ok());
}

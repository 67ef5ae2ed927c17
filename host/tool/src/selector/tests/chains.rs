//! Which selectors are asked, and which decision holds.

use super::super::PROGRAM;
use super::Guest;
use super::PASS;
use super::PLAN;
use super::guest;
use super::later;
use super::private_dir;
use super::refuse;
use super::request;
use genie_core::cni::{CniError, code};
use genie_core::digest::Digest;
use genie_core::selector::abi::{Merged, Outcome, Plan};
use genie_core::selector::chain::{Chain, Entry, Merging, Run};
use genie_core::selector::decision::{Decision, Failed, StepOutcome};
use genie_core::selector::grants::Grants;
use genie_core::selector::module::{Loader, Module};
use genie_core::selector::sandbox::facts::Nothing;
use genie_core::selector::sandbox::limits::Limits;
use genie_core::selector::settings::Settings;

/// The body of a `select` that denies when there is a plan, and else passes.
const GUARD: &str = "(if (i32.load8_u offset=68 (local.get 0)) (then
    (i32.store8 (i32.const 128) (i32.const 1))
    (i32.store8 (i32.const 132) (i32.const 1))
    (i32.store (i32.const 136) (i32.const 1040))
    (i32.store (i32.const 140) (i32.const 7))
    (return (i32.const 128))))
    (i32.const 64)";

/// The body of a `merge` whose result is "net0".
const MERGE: &str = "
    (i32.store (i32.const 132) (i32.const 1024))
    (i32.store (i32.const 136) (i32.const 4))
    (i32.const 128)";

struct Bench {
    dir: tempfile::TempDir,
    chain: Chain,
    loader: Loader,
}

impl Bench {
    fn new(guests: &[(&str, Guest<'_>)]) -> Self {
        let dir = private_dir();
        let entries = guests.iter().map(|(name, guest)| {
            let bytes = guest.core();
            let path = dir.path().join(format!("{name}.wasm"));
            std::fs::write(&path, &bytes).expect("it can be written");
            Entry {
                name: (*name).into(),
                module: Module::File { path, sha256: Digest::of(&bytes) },
                run: if name.starts_with("always") { Run::Always } else { Run::UntilDecided },
                wake: None,
                settings: Settings::default(),
                grants: Grants::default(),
                limits: Limits::default(),
            }
        });
        let chain = Chain { entries: entries.collect(), merge: None };
        let loader = Loader::new(PROGRAM, dir.path().join("cache"), None);
        Self { dir, chain, loader }
    }

    fn decide(&self) -> Result<Decision, Failed> {
        self.chain.decide(&self.loader, &request(), &Nothing::shared(), later())
    }

    fn merge(&self, decided_by: Option<usize>) -> Option<Result<String, CniError>> {
        let plan = Plan { attachments: Vec::new(), reason: String::new() };
        let standard = || Ok(Merged { result: "{}".into(), annotations: Vec::new() });
        let (request, facts) = (request(), &Nothing::shared());
        let merging = Merging { decided_by, request: &request, plan: &plan, asked: 0, facts, standard: &standard };
        let outcome = Outcome { interface: "eth0".into(), network: "net0".into(), result: "{}".into() };
        let merged = self.chain.merge(&self.loader, merging, &[outcome], later())?;
        Some(merged.map(|merged| merged.result))
    }
}

fn outcomes(trace: &[genie_core::selector::decision::Step]) -> Vec<&'static str> {
    let outcome = |outcome: &StepOutcome| match outcome {
        StepOutcome::Pass => "pass",
        StepOutcome::Plan(_) => "plan",
        StepOutcome::Refused(_) => "refused",
        StepOutcome::Failed(_) => "failed",
        StepOutcome::Skipped => "skipped",
        StepOutcome::Shadow => "shadow",
        StepOutcome::Asleep => "asleep",
    };
    trace.iter().map(|step| outcome(&step.outcome)).collect()
}

#[test]
fn the_first_that_does_not_pass_decides_and_the_rest_are_skipped() {
    let bench = Bench::new(&[("a", guest(PASS)), ("b", guest(PLAN)), ("c", guest("(unreachable)"))]);
    let decision = bench.decide().expect("it decides");
    assert_eq!(decision.decided_by, Some(1));
    assert_eq!(decision.plan.as_ref().map(|plan| plan.reason.as_str()), Some("because"));
    assert_eq!(outcomes(&decision.trace), ["pass", "plan", "skipped"]);
    assert!(decision.trace[1].usage.fuel > 0);
}

#[test]
fn nobody_decides_is_no_error() {
    let decision = Bench::new(&[("a", guest(PASS))]).decide().expect("it is none");
    assert_eq!((decision.plan, decision.decided_by), (None, None));
}

#[test]
fn one_that_is_always_asked_sees_the_plan_and_can_refuse_it() {
    let bench = Bench::new(&[("always-first", guest(GUARD)), ("b", guest(PLAN)), ("always-guard", guest(GUARD))]);
    let failed = bench.decide().expect_err("it is denied");
    assert_eq!(failed.error.code, code::REFUSED_DENIED);
    assert_eq!(failed.error.msg, "selector \"always-guard\" denies: because");
    assert_eq!(outcomes(&failed.trace), ["pass", "plan", "refused"]);
}

#[test]
fn one_that_is_always_asked_can_let_the_plan_stand_or_replace_it() {
    let bench = Bench::new(&[("a", guest(PLAN)), ("always-b", guest(PASS))]);
    assert_eq!(bench.decide().expect("it decides").decided_by, Some(0));
    let bench = Bench::new(&[("a", guest(PLAN)), ("always-b", guest(PLAN))]);
    assert_eq!(bench.decide().expect("it decides").decided_by, Some(1));
}

#[test]
fn each_refusal_has_its_code() {
    for (case, code) in [(1, code::REFUSED_DENIED), (2, code::TRY_AGAIN), (3, code::SELECTOR)] {
        let failed = Bench::new(&[("a", guest(&refuse(case)))]).decide().expect_err("it refuses");
        assert_eq!(failed.error.code, code);
        assert!(failed.error.msg.contains("because"), "{}", failed.error);
    }
}

#[test]
fn a_mistake_is_told_with_annotation_and_value() {
    let select = "
        (i32.store8 (i32.const 128) (i32.const 1))
        (i32.store8 (i32.const 132) (i32.const 0))
        (i32.store (i32.const 136) (i32.const 1100)) (i32.store (i32.const 140) (i32.const 3))
        (i32.store (i32.const 144) (i32.const 1024)) (i32.store (i32.const 148) (i32.const 4))
        (i32.store (i32.const 152) (i32.const 1040)) (i32.store (i32.const 156) (i32.const 7))
        (i32.const 128)";
    let more = r#"(data (i32.const 1100) "cni")"#;
    let failed = Bench::new(&[("a", Guest { more, ..guest(select) })]).decide().expect_err("it refuses");
    assert_eq!(failed.error.code, code::REFUSED_INVALID);
    assert_eq!(failed.error.msg, "cni: \"net0\": because (selector \"a\")");
}

#[test]
fn an_empty_plan_is_refused() {
    let empty = PLAN.replace("(i32.store (i32.const 140) (i32.const 1))", "");
    let failed = Bench::new(&[("a", guest(&empty))]).decide().expect_err("it is refused");
    assert_eq!(failed.error.code, code::SELECTOR);
    assert!(failed.error.msg.contains("its plan is empty"), "{}", failed.error);
}

#[test]
fn a_chain_without_time_says_so() {
    let bench = Bench::new(&[("a", guest(PASS))]);
    let failed = bench
        .chain
        .decide(&bench.loader, &request(), &Nothing::shared(), std::time::Instant::now())
        .expect_err("there is no time");
    assert_eq!(failed.error.code, code::TRY_AGAIN);
    assert_eq!(outcomes(&failed.trace), ["failed"]);
}

#[test]
fn the_standard_merge_serves_unless_the_one_that_decided_merges() {
    let merging = Guest { merge: Some(MERGE), ..guest(PLAN) };
    let bench = Bench::new(&[("plain", guest(PLAN)), ("merging", merging)]);
    assert_eq!(bench.merge(Some(0)), None);
    assert_eq!(bench.merge(Some(1)), Some(Ok("net0".into())));
    assert_eq!(bench.merge(None), None);
}

#[test]
fn the_configuration_can_name_who_merges() {
    let merging = Guest { merge: Some(MERGE), ..guest(PLAN) };
    let mut bench = Bench::new(&[("plain", guest(PLAN)), ("merging", merging)]);
    bench.chain.merge = Some("merging".into());
    assert_eq!(bench.merge(Some(0)), Some(Ok("net0".into())));
    for (name, says) in [("plain", "exports no merge"), ("nobody", "none of its selectors")] {
        bench.chain.merge = Some(name.into());
        let error = bench.merge(Some(0)).expect("it is an error").expect_err("it is an error");
        assert_eq!(error.code, code::INVALID_CONFIG);
        assert!(error.msg.contains(says), "{error}");
        assert!(bench.chain.load_all(&bench.loader, later()).is_err());
    }
}

#[test]
fn a_check_loads_what_no_call_would() {
    let bench = Bench::new(&[("a", guest(PLAN)), ("b", guest(PASS))]);
    bench.chain.load_all(&bench.loader, later()).expect("all load");
    std::fs::write(bench.dir.path().join("b.wasm"), "something else").expect("it can be written");
    let fresh = Loader::new(PROGRAM, bench.dir.path().join("cache"), None);
    assert!(bench.chain.decide(&fresh, &request(), &Nothing::shared(), later()).is_ok());
    assert!(bench.chain.load_all(&fresh, later()).is_err());
}

#[test]
fn a_decision_can_be_written_down_and_read_back() {
    let decision = Bench::new(&[("a", guest(PASS)), ("b", guest(PLAN))]).decide().expect("it decides");
    let text = serde_json::to_string(&decision).expect("it can be written");
    assert_eq!(serde_json::from_str::<Decision>(&text).expect("it can be read"), decision);
}

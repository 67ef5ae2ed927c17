//! What a selector cannot do.

use super::Guest;
use super::PASS;
use super::PLAN;
use super::guest;
use super::later;
use super::request;
use crate::selector::{compile, names};
use genie_core::cni::{CniError, code};
use genie_core::selector::abi::{LogLevel, Verdict};
use genie_core::selector::contract::Names;
use genie_core::selector::grants::Grants;
use genie_core::selector::module::loaded::LoadedSelector;
use genie_core::selector::sandbox::facts::Nothing;
use genie_core::selector::sandbox::limits::Limits;
use genie_core::selector::sandbox::run::Ran;
use genie_core::selector::sandbox::task::{Bounds, Task, TaskAnswer};

const LOG: &str = r#"(import "genie:selector/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;

fn run_with(selector: &LoadedSelector, limits: Limits) -> Ran {
    let bounds = Bounds { selector: "guest".into(), grants: Grants::default(), limits, asked: 0 };
    selector.run(Task::Select { request: request(), settings: "{}".into() }, &bounds, &Nothing::shared(), later())
}

fn run(guest: &Guest<'_>) -> Ran {
    run_with(&guest.load(), Limits::default())
}

fn error(guest: &Guest<'_>) -> CniError {
    run(guest).answer.expect_err("the guest is stopped")
}

#[test]
fn a_plan_comes_back_as_the_guest_made_it() {
    let ran = run(&guest(PLAN));
    let Ok(TaskAnswer::Verdict(Ok(Verdict::Plan(plan)))) = ran.answer else { panic!("{:?}", ran.answer) };
    assert_eq!(plan.reason, "because");
    assert_eq!(plan.attachments.len(), 1);
    assert_eq!(plan.attachments[0].interface, None);
    assert!(ran.usage.fuel > 0);
    assert_eq!(ran.usage.memory, 2 * 65536);
}

#[test]
fn the_same_call_uses_the_same_fuel() {
    let selector = guest(PLAN).load();
    let first = run_with(&selector, Limits::default()).usage;
    assert_eq!(first, run_with(&selector, Limits::default()).usage);
}

#[test]
fn an_endless_loop_ends_at_the_fuel_limit() {
    let selector = guest("(loop $again (br $again)) (unreachable)").load();
    let ran = run_with(&selector, Limits { fuel: 10_000, ..Limits::default() });
    let error = ran.answer.expect_err("it is stopped");
    assert_eq!(error.code, code::SELECTOR);
    assert!(error.msg.contains("\"guest\" ran out of its fuel limit of 10000"), "{error}");
    assert!(error.msg.contains("limits.fuel"), "{error}");
    assert_eq!(ran.usage.fuel, 10_000);
}

#[test]
fn the_start_function_is_paid_for_too() {
    let more = "(func $begin (loop $again (br $again))) (start $begin)";
    let error = error(&Guest { more, ..guest(PASS) });
    assert!(error.msg.contains("fuel limit"), "{error}");
}

#[test]
fn growing_over_the_memory_limit_ends_the_call() {
    let error = error(&guest("(drop (memory.grow (i32.const 1023))) (i32.const 64)"));
    assert!(error.msg.contains("memory limit of 64Mi"), "{error}");
    assert!(error.msg.contains("limits.memory"), "{error}");
}

#[test]
fn the_memory_limit_is_over_all_memories_together() {
    let error = error(&Guest { more: "(memory 600) (memory 600)", ..guest(PASS) });
    assert!(error.msg.contains("memory limit of 64Mi"), "{error}");
    let fits = run(&Guest { more: "(memory 600)", ..guest(PASS) });
    assert_eq!(fits.usage.memory, 602 * 65536);
}

#[test]
fn growing_a_table_without_end_ends_the_call() {
    let more = "(table $t 1 funcref)";
    let error =
        error(&Guest { more, ..guest("(drop (table.grow $t (ref.null func) (i32.const 200000))) (i32.const 64)") });
    assert!(error.msg.contains("100000 table elements"), "{error}");
}

#[test]
fn deep_recursion_is_told_as_such() {
    let error = error(&guest("(call $select (local.get 0)) (drop) (call $select (local.get 0))"));
    assert!(error.msg.contains("overflowed its stack"), "{error}");
}

#[test]
fn a_panic_is_told_with_the_message_that_was_logged() {
    let select = "(call $log (i32.const 3) (i32.const 1056) (i32.const 14)) (unreachable)";
    let ran = run(&Guest { imports: LOG, ..guest(select) });
    let error = ran.answer.expect_err("it is stopped");
    assert!(error.msg.contains("\"guest\" panicked: boom at line 7"), "{error}");
    assert_eq!(ran.logs.len(), 2);
    assert_eq!(ran.logs[0].level, LogLevel::Error);
    assert!(ran.logs[1].message.contains("backtrace"), "{:?}", ran.logs);
}

#[test]
fn a_panic_without_a_message_is_told_too() {
    assert!(error(&guest("(unreachable)")).msg.contains("panicked"));
}

#[test]
fn other_traps_are_named() {
    let error = error(&guest("(i32.load (i32.const -4))"));
    assert!(error.msg.contains("out of bounds memory access"), "{error}");
}

#[test]
fn too_many_messages_are_dropped_and_counted() {
    let select =
        "(call $log (i32.const 1) (i32.const 1056) (i32.const 4)) (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get 0) (i32.const 5)))";
    let select = format!("(local.set 0 (i32.const 0)) (loop $again {select}) {PASS}");
    let selector = Guest { imports: LOG, ..guest(&select) }.load();
    let ran = run_with(&selector, Limits { log_messages: 2, ..Limits::default() });
    assert!(ran.answer.is_ok());
    let messages: Vec<_> = ran.logs.iter().map(|log| log.message.as_str()).collect();
    assert_eq!(messages[..2], ["boom", "boom"]);
    assert!(messages[2].starts_with("3 more messages"), "{messages:?}");
    let ran = run_with(&selector, Limits { log_bytes: 7, ..Limits::default() });
    assert!(ran.logs[1].message.starts_with("4 more messages"), "{:?}", ran.logs);
}

#[test]
fn an_answer_that_is_too_large_is_not_read() {
    let select =
        format!("(drop (memory.grow (i32.const 64))) {}", PLAN.replace("(i32.const 7))", "(i32.const 2000000))"));
    let error = error(&guest(&select));
    assert!(error.msg.contains("limits.output_bytes"), "{error}");
}

#[test]
fn an_answer_outside_of_memory_is_an_error() {
    assert_eq!(error(&guest("(i32.const -8)")).code, code::SELECTOR);
}

#[test]
fn a_component_that_is_no_selector_is_told_what_it_lacks() {
    let component = wat::parse_str("(component)").expect("it is well-formed");
    let error = compile::artefact("stranger", &component).expect_err("it is no selector");
    assert!(error.msg.contains("genie:selector/select@0.1.0"), "{error}");
}

#[test]
fn what_is_no_module_is_not_compiled() {
    let error = compile::artefact("text", b"hello").expect_err("it is no module");
    assert!(error.msg.contains("no WebAssembly module"), "{error}");
    let core = wat::parse_str("(module)").expect("it is well-formed");
    assert!(compile::artefact("core", &core).is_err());
}

#[test]
fn an_import_that_the_host_does_not_have_is_refused_by_name() {
    let component = wat::parse_str(
        r#"(component
            (import "evil:host/shell@1.0.0" (instance (export "run" (func))))
            (instance $s) (export "genie:selector/select@0.1.0" (instance $s)))"#,
    )
    .expect("it is well-formed");
    let error = compile::imports("evil", &component).expect_err("it is refused");
    assert!(error.msg.contains("evil:host/shell@1.0.0"), "{error}");
}

#[test]
fn wasi_http_is_refused_by_name() {
    let component = wat::parse_str(
        r#"(component
            (import "wasi:http/outgoing-handler@0.2.0" (instance))
            (instance $s) (export "genie:selector/select@0.1.0" (instance $s)))"#,
    )
    .expect("it is well-formed");
    let error = compile::imports("http", &component).expect_err("it is refused");
    assert!(error.msg.contains("wasi:http/outgoing-handler"), "{error}");
}

#[test]
fn a_selector_of_another_abi_is_told_what_to_do() {
    let component = wat::parse_str(r#"(component (instance $s) (export "genie:selector/select@0.2.0" (instance $s)))"#)
        .expect("it is well-formed");
    let error = compile::imports("newer", &component).expect_err("it is refused");
    assert!(error.msg.contains("genie:selector@0.2.0") && error.msg.contains("rebuild"), "{error}");
}

/// A function that cannot be compiled: it promises a number and leaves none.
const UNCOMPILABLE: &str = "(func (result i32))";

#[test]
fn a_name_is_refused_before_the_compiler_sees_the_code() {
    let http = Guest {
        imports: r#"(import "wasi:http/types@0.2.0" "status" (func (result i32)))"#,
        packages: &["package wasi:http@0.2.0; interface types { status: func() -> u32; }"],
        world: "import wasi:http/types@0.2.0;",
        more: UNCOMPILABLE,
        ..guest(PASS)
    };
    let error = compile::artefact("guest", &http.core()).expect_err("it is refused");
    assert!(error.msg.contains("imports wasi:http/types@0.2.0, which no selector gets"), "{error}");

    let nested = format!(
        r#"(component (core module {UNCOMPILABLE}) (component (import "evil:inside/a" (func)))
            (import "evil:host/shell@1.0.0" (instance))
            (instance $s) (export "genie:selector/select@0.1.0" (instance $s)))"#
    );
    let nested = wat::parse_str(nested).expect("it is well-formed");
    let error = compile::artefact("evil", &nested).expect_err("it is refused");
    assert!(error.msg.contains("evil:host/shell@1.0.0"), "{error}");
}

#[test]
fn code_that_does_not_compile_is_told_when_the_names_fit() {
    let module = Guest { more: UNCOMPILABLE, ..guest(PASS) }.core();
    assert!(compile::imports("guest", &module).expect("the names fit").names.contains(&TYPES.into()));
    let error = compile::artefact("guest", &module).expect_err("it does not compile");
    assert!(error.msg.contains("\"guest\" does not compile") && error.details.contains("type mismatch"), "{error}");
}

#[test]
fn half_a_module_is_an_error() {
    let module = guest(PASS).core();
    let component = compile::componentize("guest", &module).expect("it is encoded").into_owned();
    for whole in [module, component] {
        // A part that ends with a section may do. What counts is that there is an answer.
        for end in 8..whole.len() {
            _ = compile::imports("guest", &whole[..end]);
        }
        let half = &whole[..whole.len() / 2];
        let error = compile::imports("guest", half).expect_err("it ends too early");
        assert!(error.msg.contains(&format!("cut off after {} bytes", half.len())), "{error}");
    }
}

#[test]
fn the_names_in_the_bytes_are_those_of_the_compiled_component() {
    let module = Guest { merge: Some(PASS), ..guest(PASS) }.core();
    let component = compile::componentize("guest", &module).expect("it is encoded");
    let compiled = compile::compile("guest", &module).expect("it compiles");
    assert_eq!(names::read(&component).expect("it is well-formed"), Names::of(&compiled));
}

const TYPES: &str = "genie:selector/types@0.1.0";

const WASI: &str = "package wasi:io@0.2.0; interface poll { resource pollable { block: func(); } }";
const CLOCKS: &str = "package wasi:clocks@0.2.0; interface monotonic-clock {
    use wasi:io/poll@0.2.0.{pollable};
    now: func() -> u64; subscribe-duration: func(when: u64) -> pollable; }";
const RANDOM: &str = "package wasi:random@0.2.0; interface random { get-random-u64: func() -> u64; }";

#[test]
fn wasi_is_empty_and_its_clock_stands_still() {
    let imports = r#"
        (import "genie:selector/log@0.1.0" "write" (func $log (param i32 i32 i32)))
        (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
        (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
        (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $after (param i64) (result i32)))
        (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))"#;
    // Sleeps for an hour, then writes the random number as eight bytes. The clock stands still, but
    // not at zero, because Go's runtime does not start with that.
    let select = format!(
        "(call $block (call $after (i64.const 3600000000000)))
         (if (i64.ne (call $now) (i64.const 1)) (then (unreachable)))
         (i64.store (i32.const 512) (i64.and (call $random) (i64.const 0x7f7f7f7f7f7f7f7f)))
         (call $log (i32.const 1) (i32.const 512) (i32.const 8)) {PASS}"
    );
    let guest = Guest {
        imports,
        packages: &[WASI, CLOCKS, RANDOM],
        world: "import wasi:clocks/monotonic-clock@0.2.0; import wasi:random/random@0.2.0;",
        ..guest(&select)
    };
    let (first, second) = (run(&guest), run(&guest));
    assert!(first.answer.is_ok(), "{:?}", first.answer);
    assert_eq!(first.logs.len(), 1);
    assert_ne!(first.logs[0].message, "\0\0\0\0\0\0\0\0");
    assert_eq!(first.logs, second.logs);
}

#[test]
fn a_guests_words_fit_on_a_line_of_an_event() {
    use genie_core::text::one_line;
    assert_eq!(one_line("a\n\tb\u{1b}[31m c "), "a b [31m c");
    let long = one_line(&"ä".repeat(5000));
    assert!(long.len() < 700 && long.ends_with('…'), "{} bytes", long.len());
}

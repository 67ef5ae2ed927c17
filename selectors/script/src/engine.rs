//! One call of a script: a new engine, bounded, and what it is asked.

use std::cell::Cell;
use std::mem;
use std::rc::Rc;

use genie_selector::{Refusal, Request, Verdict};
use rquickjs::context::intrinsic;
use rquickjs::{Context, Ctx, Module, Object, Runtime, Value};

use crate::failure::Failure;
use crate::settings::{Limits, Settings};
use crate::{answer, console, facts, refusals, request};

/// What a script has of the language beside its core: no `Date` and no `performance`, because there
/// is no clock, and no `WeakRef`, because the collector of garbage is no part of a decision.
type Language = (
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// Fuel that one round of the interpreter takes at most in usual code. QuickJS asks whether it
/// shall stop after 10,000 loop turns and calls of functions; a turn that does much takes more
/// fuel than this, and then the host stops the module.
const ROUND: u64 = 5_000_000;

/// Bytes of the C stack that a script may fill, of the module's 1 MiB: one call of a function in
/// JavaScript takes about half a KiB, and twice that of the host's own stack.
const STACK: usize = 192 << 10;

/// The part of the entry's memory that a script's values may take. The rest is for the module
/// itself, and for gaps: memory that is freed is not always of the size that is wanted next.
const fn heap(memory: usize) -> usize {
    memory / 8 * 3
}

/// Runs the script of `settings`.
///
/// # Errors
/// The script refuses the pod, or fails.
pub fn run(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
    let started = start(&settings.limits);
    let (context, expired) = started.map_err(|error| Refusal::internal(format!("QuickJS does not start: {error}")))?;
    let answer = context.with(|ctx| {
        let answer = ask(&ctx, request, settings);
        answer.map_err(|failure| failure.into_refusal(&ctx, settings, expired.get()))
    });
    // The host drops all of the module's memory after the call, so nothing is freed one by one.
    mem::forget(context);
    answer
}

/// A new engine, and whether it has stopped the script.
fn start(limits: &Limits) -> rquickjs::Result<(Context, Rc<Cell<bool>>)> {
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(heap(limits.memory));
    runtime.set_max_stack_size(STACK);
    let expired = Rc::new(Cell::new(false));
    let told = Rc::clone(&expired);
    let mut rounds = limits.fuel / ROUND;
    runtime.set_interrupt_handler(Some(Box::new(move || {
        rounds = rounds.saturating_sub(1);
        told.set(rounds == 0);
        rounds == 0
    })));
    let context = Context::custom::<Language>(&runtime)?;
    Ok((context, expired))
}

/// Evaluates the script, and asks it.
fn ask(ctx: &Ctx<'_>, request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
    let globals = ctx.globals();
    globals.get::<_, Object>("Math")?.remove("random")?;
    globals.set("console", console::object(ctx)?)?;
    refusals::add(ctx, &globals)?;

    let module = Module::declare(ctx.clone(), settings.file.as_str(), settings.source.as_str())?;
    let (module, evaluated) = module.eval()?;
    evaluated.finish::<()>()?;
    let exported: Value = module.namespace()?.get("select")?;
    let Some(select) = exported.as_function() else {
        return Err(Failure::said(
            "exports no function `select`: write `export function select(request, facts) { … }`",
        ));
    };
    if settings.check {
        return Ok(Verdict::Pass);
    }
    let request = Rc::new(request.clone());
    let asked = (request::object(ctx, &request, settings)?, facts::object(ctx, &request)?);
    let answer: Value = select.call(asked)?;
    let answer = match answer.as_promise() {
        Some(promise) => promise.finish()?,
        None => answer,
    };
    answer::read(ctx, &answer, &request, &settings.file)
}

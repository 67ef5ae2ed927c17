//! One call of a script: a new engine, bounded, and what it is asked.

use std::mem;
use std::rc::Rc;

use genie_selector::{Refusal, Request, Verdict};
use rquickjs::context::intrinsic;
use rquickjs::{Context, Ctx, Module, Object, Runtime, Value};

use crate::budget::{Budget, Memory};
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

/// Fuel that a call takes before the script is evaluated.
const START: u64 = 2_500_000;

/// Bytes of the C stack that a script may fill, of the module's 1 MiB: one call of a function in
/// JavaScript takes about half a KiB, and twice that of the host's own stack.
const STACK: usize = 64 << 10;

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
    let (context, budget) = started.map_err(|error| Refusal::internal(format!("QuickJS does not start: {error}")))?;
    let answer = context.with(|ctx| {
        let answer = ask(&ctx, &budget, request, settings);
        answer.map_err(|failure| failure.into_refusal(&ctx, settings, budget.is_spent()))
    });
    // The host drops all of the module's memory after the call, so nothing is freed one by one.
    mem::forget(context);
    answer
}

/// A new engine, and the budget that the script has of the entry's fuel.
fn start(limits: &Limits) -> rquickjs::Result<(Context, Rc<Budget>)> {
    let budget = Rc::new(Budget::default());
    budget.begin(u64::MAX);
    let runtime = Runtime::new_with_alloc(Memory(Rc::clone(&budget)))?;
    runtime.set_memory_limit(heap(limits.memory));
    runtime.set_max_stack_size(STACK);
    let context = Context::custom::<Language>(&runtime)?;
    budget.begin(limits.fuel.saturating_sub(START) / 5 * 3);
    let asked = Rc::clone(&budget);
    runtime.set_interrupt_handler(Some(Box::new(move || asked.round())));
    Ok((context, budget))
}

/// Evaluates the script, and asks it.
fn ask(ctx: &Ctx<'_>, budget: &Rc<Budget>, request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
    let globals = ctx.globals();
    globals.get::<_, Object>("Math")?.remove("random")?;
    globals.set("console", console::object(ctx, budget)?)?;
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
    let asked = (request::object(ctx, &request, settings)?, facts::object(ctx)?);
    let answer: Value = select.call(asked)?;
    let answer = match answer.as_promise() {
        Some(promise) => promise.finish()?,
        None => answer,
    };
    answer::read(ctx, &answer, &request, &settings.file)
}

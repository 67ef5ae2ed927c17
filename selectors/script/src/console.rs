//! `console`: messages for the log.

use std::rc::Rc;

use genie_selector::log::{self, Level};
use rquickjs::function::Rest;
use rquickjs::{Coerced, Ctx, Function, Object, Value};

use crate::budget::Budget;

/// The object `console`.
pub fn object<'js>(ctx: &Ctx<'js>, budget: &Rc<Budget>) -> rquickjs::Result<Object<'js>> {
    let console = Object::new(ctx.clone())?;
    let levels = [
        ("debug", Level::Debug),
        ("log", Level::Info),
        ("info", Level::Info),
        ("warn", Level::Warn),
        ("error", Level::Error),
    ];
    for (name, level) in levels {
        let budget = Rc::clone(budget);
        let write = move |ctx: Ctx<'js>, values: Rest<Value<'js>>| write(&ctx, &budget, level, &values);
        console.set(name, Function::new(ctx.clone(), write)?)?;
    }
    Ok(console)
}

fn write<'js>(ctx: &Ctx<'js>, budget: &Budget, level: Level, values: &[Value<'js>]) -> rquickjs::Result<()> {
    if log::enabled(level) {
        let words: Vec<_> = values.iter().map(|value| words(ctx, budget, value)).collect::<Result<_, _>>()?;
        log::at(level, format_args!("{}", words.join(" ")));
    }
    Ok(())
}

/// A value in words. One that cannot be shown fails nothing, since a message is no part of a decision;
/// but a script that has no fuel left is stopped here, too.
fn words<'js>(ctx: &Ctx<'js>, budget: &Budget, value: &Value<'js>) -> rquickjs::Result<String> {
    let mut words = shown(ctx, value);
    for other in [as_text, type_name] {
        if words.is_ok() || budget.is_spent() {
            break;
        }
        drop(ctx.catch());
        words = other(value);
    }
    words
}

/// A text as it is, an error with its stack, and everything else as JSON.
fn shown<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> rquickjs::Result<String> {
    if let Some(text) = value.as_string() {
        return text.to_string();
    }
    if let Some(error) = value.as_exception() {
        return Ok(format!("{}\n{}", error.message().unwrap_or_default(), error.stack().unwrap_or_default()));
    }
    match ctx.json_stringify(value)? {
        Some(json) => json.to_string(),
        None => as_text(value),
    }
}

/// What `String(value)` is.
fn as_text(value: &Value<'_>) -> rquickjs::Result<String> {
    match value.as_symbol() {
        Some(symbol) => {
            let description = symbol.description()?;
            let description = description.as_string().map(rquickjs::String::to_string).transpose()?;
            Ok(format!("Symbol({})", description.unwrap_or_default()))
        }
        None => value.get::<Coerced<String>>().map(|text| text.0),
    }
}

/// The last resort, as for an object that throws whatever is asked of it.
#[expect(clippy::unnecessary_wraps, reason = "it stands beside functions that can fail")]
fn type_name(value: &Value<'_>) -> rquickjs::Result<String> {
    Ok(format!("[{}]", value.type_name()))
}

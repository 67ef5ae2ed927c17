//! `console`: messages for the log.

use genie_selector::log::{self, Level};
use rquickjs::function::Rest;
use rquickjs::{Coerced, Ctx, Function, Object, Value};

/// The object `console`.
pub fn object<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    let console = Object::new(ctx.clone())?;
    let levels = [
        ("debug", Level::Debug),
        ("log", Level::Info),
        ("info", Level::Info),
        ("warn", Level::Warn),
        ("error", Level::Error),
    ];
    for (name, level) in levels {
        let write = move |ctx: Ctx<'js>, values: Rest<Value<'js>>| write(&ctx, level, &values);
        console.set(name, Function::new(ctx.clone(), write)?)?;
    }
    Ok(console)
}

fn write<'js>(ctx: &Ctx<'js>, level: Level, values: &[Value<'js>]) -> rquickjs::Result<()> {
    if log::enabled(level) {
        let words: Vec<_> = values.iter().map(|value| shown(ctx, value)).collect::<Result<_, _>>()?;
        log::at(level, format_args!("{}", words.join(" ")));
    }
    Ok(())
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
        None => value.get::<Coerced<String>>().map(|text| text.0),
    }
}

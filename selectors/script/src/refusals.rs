//! `deny`, `invalid` and `unavailable`: errors that a script throws to refuse a pod.

use genie_selector::Refusal;
use rquickjs::function::Opt;
use rquickjs::{Ctx, Error, Exception, Function, Object, Value};

use crate::arguments::text;

/// The property that tells a refusal from other errors.
const KIND: &str = "kind";

/// Adds the functions to the globals.
pub fn add<'js>(ctx: &Ctx<'js>, globals: &Object<'js>) -> rquickjs::Result<()> {
    globals.set("deny", Function::new(ctx.clone(), deny)?)?;
    globals.set("invalid", Function::new(ctx.clone(), invalid)?)?;
    globals.set("unavailable", Function::new(ctx.clone(), unavailable)?)
}

// Arguments of functions of scripts come by value.
#[allow(clippy::needless_pass_by_value)]
fn deny<'js>(ctx: Ctx<'js>, message: Opt<Value<'js>>) -> rquickjs::Result<()> {
    let message = text(&ctx, "deny", "message", &message)?;
    Err(throw(&ctx, &Refusal::denied(message)))
}

#[allow(clippy::needless_pass_by_value)]
fn invalid<'js>(
    ctx: Ctx<'js>,
    key: Opt<Value<'js>>,
    value: Opt<Value<'js>>,
    message: Opt<Value<'js>>,
) -> rquickjs::Result<()> {
    let argument = |name, given| text(&ctx, "invalid", name, given);
    let refusal = Refusal::invalid(argument("key", &key)?, argument("value", &value)?, argument("message", &message)?);
    Err(throw(&ctx, &refusal))
}

#[allow(clippy::needless_pass_by_value)]
fn unavailable<'js>(ctx: Ctx<'js>, message: Opt<Value<'js>>) -> rquickjs::Result<()> {
    let message = text(&ctx, "unavailable", "message", &message)?;
    Err(throw(&ctx, &Refusal::unavailable(message)))
}

/// Throws a refusal as an error of JavaScript, which a script may catch.
pub fn throw(ctx: &Ctx<'_>, refusal: &Refusal) -> Error {
    match error(ctx, refusal) {
        Ok(error) => error.throw(),
        // The memory is at its end, which is an exception by itself.
        Err(error) => error,
    }
}

fn error<'js>(ctx: &Ctx<'js>, refusal: &Refusal) -> rquickjs::Result<Exception<'js>> {
    let (kind, message) = match refusal {
        Refusal::Denied(message) => ("denied", message),
        Refusal::Unavailable(message) => ("unavailable", message),
        Refusal::Internal(message) => ("internal", message),
        Refusal::Invalid(mistake) => ("invalid", &mistake.message),
    };
    let error = Exception::from_message(ctx.clone(), message)?;
    error.as_object().set(KIND, kind)?;
    if let Refusal::Invalid(mistake) = refusal {
        error.as_object().set("key", mistake.key.as_str())?;
        error.as_object().set("value", mistake.value.as_str())?;
    }
    Ok(error)
}

/// The refusal that an error is; none for all other errors.
pub fn of(error: &Object<'_>) -> Option<Refusal> {
    let text = |key| error.get::<_, String>(key).ok();
    let (kind, message) = (text(KIND)?, text("message")?);
    match kind.as_str() {
        "denied" => Some(Refusal::denied(message)),
        "unavailable" => Some(Refusal::unavailable(message)),
        "invalid" => Some(Refusal::invalid(text("key")?, text("value")?, message)),
        _ => None,
    }
}

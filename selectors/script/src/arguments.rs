//! Arguments of the functions that scripts call.

use rquickjs::function::Opt;
use rquickjs::{Ctx, Exception, Value};

/// The argument `name` of the function `called`, which has to be a text.
///
/// # Errors
/// A `TypeError` that says what was given.
pub fn text<'js>(ctx: &Ctx<'js>, called: &str, name: &str, given: &Opt<Value<'js>>) -> rquickjs::Result<String> {
    match optional(ctx, called, name, given)? {
        Some(text) => Ok(text),
        None => Err(wrong(ctx, called, name, given.0.as_ref().map_or("left out", |given| given.type_name()))),
    }
}

/// The same, where `null` and nothing stand for no text.
///
/// # Errors
/// A `TypeError` that says what was given.
pub fn optional<'js>(
    ctx: &Ctx<'js>,
    called: &str,
    name: &str,
    given: &Opt<Value<'js>>,
) -> rquickjs::Result<Option<String>> {
    match given.0.as_ref() {
        None => Ok(None),
        Some(value) if value.is_null() || value.is_undefined() => Ok(None),
        Some(value) => match value.as_string() {
            Some(text) => text.to_string().map(Some),
            None => Err(wrong(ctx, called, name, value.type_name())),
        },
    }
}

fn wrong(ctx: &Ctx<'_>, called: &str, name: &str, given: &str) -> rquickjs::Error {
    Exception::throw_type(ctx, &format!("{called}: {name} is {given}: write a text"))
}

//! Checks a selector's settings against the JSON schema that the selector publishes of them.
//!
//! The schema is a stranger's. It can make us read no file and no other document, and how much it
//! may cost is bounded before it is used.

use std::error::Error;
use std::mem;

use boon::{Compiler, Schemas, UrlLoader};
use regex::RegexBuilder;
use serde_json::Value;

use super::mistakes::{Unfit, told};
use genie_core::text::one_line;

/// The most bytes of a schema.
const BYTES: usize = 64 << 10;
/// The most values in it. A reference counts as what it refers to.
const VALUES: usize = 10_000;
/// How deeply values may be nested. A reference counts as what it refers to.
const DEPTH: usize = 64;
/// The most regular expressions in it. One that is referred to counts once.
const PATTERNS: usize = 16;
/// The most bytes of a regular expression as it is written.
const PATTERN: usize = 256;
/// The most bytes of a regular expression when it is compiled.
const COMPILED: usize = 1 << 20;

/// The schema's address. There is nothing at it.
const SCHEMA: &str = "genie:///settings";

/// Returns the settings' mistakes in words. The error says why the schema cannot be used.
pub(super) fn check_settings(schema: &str, settings: &Value) -> Result<Vec<String>, String> {
    if schema.len() > BYTES {
        return Err(format!("it has {} bytes, and at most {BYTES} are read", schema.len()));
    }
    let schema: Value = serde_json::from_str(schema).map_err(|error| format!("it is not JSON: {error}"))?;
    Bounds::of(&schema)?;
    let mut compiler = Compiler::new();
    compiler.use_loader(Box::new(Nowhere));
    let mut schemas = Schemas::new();
    let unusable = |error| one_line(&format!("{error:#}"));
    compiler.add_resource(SCHEMA, schema.clone()).map_err(unusable)?;
    let index = compiler.compile(SCHEMA, &mut schemas).map_err(unusable)?;
    Ok(match schemas.validate(settings, index) {
        Ok(()) => Vec::new(),
        Err(error) => told(&error, &Unfit { schema: &schema, value: settings, root: "settings" }),
    })
}

/// Loads nothing: a schema may refer to no other document.
struct Nowhere;

impl UrlLoader for Nowhere {
    fn load(&self, url: &str) -> Result<Value, Box<dyn Error>> {
        Err(format!("it refers to {url}, and no other document is read").into())
    }
}

/// How much the schema may still have.
struct Bounds<'a> {
    schema: &'a Value,
    values: usize,
    patterns: usize,
}

impl<'a> Bounds<'a> {
    /// Fails when the schema has too much of something, or something whose cost cannot be told.
    fn of(schema: &'a Value) -> Result<(), String> {
        let mut bounds = Self { schema, values: VALUES, patterns: PATTERNS };
        bounds.walk(schema, DEPTH)
    }

    /// Walks through every value as if it were a schema. A value that is no schema costs little.
    fn walk(&mut self, value: &'a Value, depth: usize) -> Result<(), String> {
        let deep = || format!("it is nested more than {DEPTH} times, or refers to itself");
        let depth = depth.checked_sub(1).ok_or_else(deep)?;
        let many = || format!("it has more than {VALUES} values, what it refers to included");
        self.values = self.values.checked_sub(1).ok_or_else(many)?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.walk(item, depth)),
            Value::Object(members) => members.iter().try_for_each(|(key, member)| {
                self.keyword(key, member, depth, std::ptr::eq(value, self.schema))?;
                self.walk(member, depth)
            }),
            _ => Ok(()),
        }
    }

    fn keyword(&mut self, key: &str, member: &'a Value, depth: usize, is_root: bool) -> Result<(), String> {
        match (key, member) {
            ("$ref", Value::String(to)) => {
                let unusable = || format!("it refers to {to:?}: only to its own parts, as \"#/$defs/NAME\"");
                let pointer = to.strip_prefix('#').filter(|pointer| !pointer.contains('%')).ok_or_else(unusable)?;
                let target = self.schema.pointer(pointer).ok_or_else(unusable)?;
                // What is referred to is walked through where it stands, too, and compiled once.
                let patterns = mem::replace(&mut self.patterns, PATTERNS);
                let walked = self.walk(target, depth);
                self.patterns = patterns;
                walked
            }
            // These keywords may refer to another place than they seem to.
            ("$dynamicRef" | "$recursiveRef", Value::String(_)) => Err(format!("{key} is not supported")),
            ("$id" | "id", Value::String(_)) if !is_root => Err(format!("{key} inside of it is not supported")),
            ("pattern", Value::String(pattern)) => self.pattern(pattern),
            ("patternProperties", Value::Object(members)) => members.keys().try_for_each(|key| self.pattern(key)),
            _ => Ok(()),
        }
    }

    fn pattern(&mut self, pattern: &str) -> Result<(), String> {
        if pattern.len() > PATTERN {
            return Err(format!("a pattern has {} bytes, and at most {PATTERN} are read", pattern.len()));
        }
        let many = || format!("it has more than {PATTERNS} patterns");
        self.patterns = self.patterns.checked_sub(1).ok_or_else(many)?;
        match RegexBuilder::new(pattern).size_limit(COMPILED).build() {
            Err(regex::Error::CompiledTooBig(_)) => Err(format!("the pattern {pattern:?} takes too much to match")),
            // Whether it is a regular expression at all, the compiler of the schema checks.
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

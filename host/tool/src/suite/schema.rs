//! The published schema of a file of cases (docs/schema/case.json), by which such files are read.

use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::approve::mistakes::told;

/// The schema's text.
pub const TEXT: &str = include_str!("../../../../docs/schema/case.json");

/// A part of the schema that a value is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A case.
    Case,
    /// What cases share.
    Defaults,
    /// Facts.
    Facts,
}

struct Compiled {
    text: Value,
    schemas: Schemas,
    case: SchemaIndex,
    defaults: SchemaIndex,
    facts: SchemaIndex,
}

static SCHEMA: LazyLock<Result<Compiled, String>> = LazyLock::new(|| {
    const PLACE: &str = "genie:///case";
    let text: Value = serde_json::from_str(TEXT).map_err(|error| error.to_string())?;
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    let unusable = |error: boon::CompileError| format!("{error:#}");
    let mut document = text.clone();
    // Inside of the program it is found by its place.
    if let Some(members) = document.as_object_mut() {
        members.remove("$id");
    }
    compiler.add_resource(PLACE, document).map_err(unusable)?;
    let mut part = |name: &str| compiler.compile(&format!("{PLACE}#/$defs/{name}"), &mut schemas).map_err(unusable);
    let (case, defaults, facts) = (part("case")?, part("defaults")?, part("facts")?);
    Ok(Compiled { text, schemas, case, defaults, facts })
});

/// What is wrong with a value, in words; `root` is what people call the value.
pub fn mistakes(part: Part, value: &Value, root: &str) -> Vec<String> {
    let compiled = match &*SCHEMA {
        Ok(compiled) => compiled,
        // The tests hold values against the schema, so this does not come to be.
        Err(error) => return vec![format!("the schema of cases cannot be used: {error}")],
    };
    let index = match part {
        Part::Case => compiled.case,
        Part::Defaults => compiled.defaults,
        Part::Facts => compiled.facts,
    };
    match compiled.schemas.validate(value, index) {
        Ok(()) => Vec::new(),
        Err(error) => told(&error, &compiled.text, root),
    }
}

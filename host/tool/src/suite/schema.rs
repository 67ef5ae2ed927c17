//! The published schema of a file of cases (docs/schema/case.json), by which such files are read.

use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::approve::mistakes::{Unfit, told};

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
        Err(error) => told(&error, &Unfit { schema: &compiled.text, value: &Value::Null, root }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use genie_core::selector::sandbox::facts::Question;

    #[test]
    fn the_names_of_facts_are_those_of_questions() {
        let schema: Value = serde_json::from_str(TEXT).unwrap();
        let names: Vec<_> = schema["$defs"]["fact"]["enum"].as_array().unwrap().iter().map(Value::as_str).collect();
        // The reader's message names all that it knows.
        let error = serde_json::from_value::<Question>(json!("?")).unwrap_err().to_string();
        let known: Vec<_> = error.split('`').skip(3).step_by(2).map(Some).collect();
        assert_eq!(names, known);
    }

    #[test]
    fn a_fact_that_does_not_exist_is_refused() {
        for (asks, is_right) in [
            (json!(["labels", {"fact": "object", "kind": "Namespace"}]), true),
            (json!(["label"]), false),
            (json!([{"fact": "label"}]), false),
        ] {
            let mistakes = mistakes(Part::Case, &json!({"name": "a", "expect": {"pass": true, "asks": asks}}), "a");
            assert_eq!(mistakes.is_empty(), is_right, "{mistakes:?}");
            assert!(is_right || mistakes[0].contains("'labels'"), "{mistakes:?}");
        }
    }
}

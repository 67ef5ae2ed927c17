//! `genie-host inspect`: shows what a selector is.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::Output;
use crate::selector::{self, named};
use crate::show::{Document, table};
use genie_core::config;
use genie_core::selector::child::compiler;
use genie_core::selector::grants::Grants;
use genie_core::selector::module::Module;

/// How long `describe` may take. It takes microseconds; this bounds a module that hangs.
const TIME: Duration = Duration::from_secs(30);

#[derive(Args)]
pub struct Arguments {
    /// A module's file, or the name of a built-in selector
    #[arg(value_name = "MODULE|NAME")]
    module: String,
    /// The format of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let named = named::find(&arguments.module)?;
    let loaded = selector::loader(Path::new(config::CACHE_DIR)).load(&named.module, Instant::now() + compiler::TIME)?;
    let about = loaded.describe(Instant::now() + TIME)?;
    let exports = if loaded.merges() { vec!["select", "merge"] } else { vec!["select"] };
    let needs = match &named.module {
        Module::BuiltIn(_) => named.module.default_grants().map_err(anyhow::Error::msg)?,
        Module::File { .. } => Grants::of_imports(loaded.imports()),
    };
    let needs = needs.in_words();
    let schema: Value = serde_json::from_str(&about.settings_schema).unwrap_or(Value::Null);
    match arguments.output {
        Output::Json => super::print_json(&Document::Module.with(json!({
            "name": about.name, "version": about.version, "summary": about.summary,
            "exports": exports, "imports": loaded.imports(), "may": needs, "settingsSchema": schema,
            "size": named.bytes.len(), "sha256": named.digest.to_string(),
        }))),
        Output::Table => {
            let size = table::bytes(named.bytes.len() as u64);
            let mut rows = vec![
                row("name", &about.name),
                row("version", &about.version),
                row("summary", &about.summary),
                row("exports", &exports.join(", ")),
            ];
            rows.extend(
                loaded
                    .imports()
                    .iter()
                    .enumerate()
                    .map(|(index, import)| row(if index == 0 { "imports" } else { "" }, import)),
            );
            rows.push(row("may", &needs.join("; ").replace("may ", "")));
            rows.extend([row("size", &size), row("sha256", &named.digest.to_string())]);
            super::print_lines(table::table(&rows));
            let settings = if schema.is_null() { "settings  none".into() } else { format!("settings  {schema:#}") };
            // JSON texts hold no line ends of the module's own.
            super::print_lines(settings.lines());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(key: &str, value: &str) -> Vec<String> {
    vec![key.into(), value.into()]
}

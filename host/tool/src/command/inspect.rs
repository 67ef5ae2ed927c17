//! `genie-host inspect`: shows what a selector is.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Output;
use super::registry::{RegistryArguments, Signed};
use crate::registry::reference::SCHEME;
use crate::registry::{Package, Reference, package, signature};
use crate::selector;
use crate::selector::named::{self, Named};
use crate::show::{Document, table};
use genie_core::config;
use genie_core::selector::child::compiler;
use genie_core::selector::grants::Grants;
use genie_core::selector::module::Module;

/// How long `describe` may take. It takes microseconds; this bounds a module that hangs.
pub const TIME: Duration = Duration::from_secs(30);

#[derive(Args)]
pub struct Arguments {
    /// A module's file, the name of a built-in selector, or a module of a registry (`oci://…`)
    #[arg(value_name = "MODULE|NAME|REFERENCE")]
    module: String,
    /// The format of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    signed: Signed,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let pulled = arguments.module.starts_with(SCHEME).then(|| Pulled::new(arguments)).transpose()?;
    let named = pulled.as_ref().map_or_else(|| named::find(&arguments.module), Pulled::named)?;
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
        Output::Json => {
            let mut shown = json!({
                "name": about.name, "version": about.version, "summary": about.summary,
                "exports": exports, "imports": loaded.imports().names, "may": needs, "settingsSchema": schema,
                "size": named.bytes.len(), "sha256": named.digest.to_string(),
            });
            if let Some(pulled) = &pulled {
                shown["registry"] = pulled.json();
            }
            super::print_json(&Document::Module.with(shown));
        }
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
                    .names
                    .iter()
                    .enumerate()
                    .map(|(index, import)| row(if index == 0 { "imports" } else { "" }, import)),
            );
            rows.push(row("may", &needs.join("; ").replace("may ", "")));
            rows.extend([row("size", &size), row("sha256", &named.digest.to_string())]);
            rows.extend(pulled.iter().flat_map(Pulled::rows));
            super::print_lines(table::table(&rows));
            let settings = if schema.is_null() { "settings  none".into() } else { format!("settings  {schema:#}") };
            // JSON texts hold no line ends of the module's own.
            super::print_lines(settings.lines());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a registry has, with the module as a file, since the compiler reads files.
struct Pulled {
    dir: TempDir,
    reference: Reference,
    media_type: String,
    title: Vec<(String, String)>,
    signatures: usize,
}

impl Pulled {
    fn new(arguments: &Arguments) -> Result<Self> {
        let reference: Reference = arguments.module.parse().map_err(anyhow::Error::msg)?;
        let package = arguments.registry.pull(&reference, &arguments.signed)?;
        let dir = tempfile::tempdir().context("a directory for the module")?;
        fs::write(dir.path().join(reference.file_name()), package.module()?).context("the module")?;
        Self::of(&package, reference.at(package.manifest), dir)
    }

    fn of(package: &Package, reference: Reference, dir: TempDir) -> Result<Self> {
        let manifest = package.parsed()?;
        let signatures = package.signatures.map(|digest| package::parse(package.blob(digest)?)).transpose()?;
        let signatures = signatures.as_ref().map(signature::documents).transpose()?;
        let is_module = |media_type: &&String| package::MODULES.contains(&media_type.as_str());
        let media_type = manifest.layers.iter().map(|layer| &layer.media_type).find(is_module);
        Ok(Self {
            dir,
            reference,
            media_type: media_type.cloned().unwrap_or_default(),
            title: manifest.annotations.into_iter().flatten().collect(),
            signatures: signatures.map_or(0, |signatures| signatures.len()),
        })
    }

    fn named(&self) -> Result<Named> {
        let file = self.dir.path().join(self.reference.file_name());
        named::find(file.to_str().context("the temporary directory's name is no text")?)
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![
            row("reference", &self.reference.to_string()),
            row("media type", &self.media_type),
            row("signatures", &self.signatures.to_string()),
        ];
        rows.extend(self.title.iter().map(|(key, value)| row(key, value)));
        rows
    }

    fn json(&self) -> Value {
        let annotations: Value = self.title.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        json!({
            "reference": self.reference.to_string(), "mediaType": self.media_type, "annotations": annotations,
            "signatures": self.signatures,
        })
    }
}

fn row(key: &str, value: &str) -> Vec<String> {
    vec![key.into(), value.into()]
}

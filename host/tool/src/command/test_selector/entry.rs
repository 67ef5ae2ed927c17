//! Finds the configuration's entry for the selector or script that is tested, and handles modules
//! with another digest than the approved one.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use serde_json::json;

use super::Arguments;
use crate::command::module::{self, Named};
use crate::script::{self, Engine, Script};
use crate::selector::compile;
use genie_core::digest::Digest;
use genie_core::selector::chain::{Chain, Entry};
use genie_core::selector::grants::Grants;
use genie_core::selector::module::{Module, read};
use genie_core::selector::sandbox::limits::Limits;

/// A chain of only the tested selector. It has the entry that the configuration has for it, if any.
/// `notes` gets what of the configuration does not hold.
///
/// # Errors
/// The module cannot be read, or its settings or grants are wrong.
pub fn single(
    written: &str,
    arguments: &Arguments,
    chain: &Chain,
    engine: Result<Engine>,
    notes: &mut Vec<String>,
) -> Result<Chain> {
    let script = if script::is_script(written) { Some(Script::read(Path::new(written))?) } else { None };
    let (named, mut known) = match &script {
        None => {
            let named = module::find(written)?;
            let known = known(&named, &chain.entries);
            (named, known)
        }
        Some(script) => {
            let Engine { path, bytes, digest } = engine?;
            let module = Module::File { path, sha256: digest };
            (Named { module, bytes, digest: script.digest() }, known_script(script, &chain.entries))
        }
    };
    if let Some((entry, approved)) = &known
        && *approved != named.digest
    {
        let which = format!("{written} has the SHA-256 digest {}, its entry in the configuration", named.digest);
        let module = if script.is_some() { entry.name.clone() } else { entry.module.to_string() };
        let entry = format!("{which} ({module}) approves {approved}");
        notes.push(if arguments.any_digest {
            format!("{entry}: asked nonetheless (--any-digest), as that entry says; a node would refuse it")
        } else {
            format!("{entry}: settings, grants and limits of that entry are not used; with --any-digest they are")
        });
        known = known.filter(|_| arguments.any_digest);
    }
    let is_known = known.is_some();
    let mut entry = known.map_or_else(
        || Entry {
            name: Path::new(written).file_name().map_or(written.into(), |name| name.to_string_lossy().into_owned()),
            module: named.module.clone(),
            run_always: false,
            settings: json!({}),
            grants: Grants::default(),
            limits: if script.is_some() { script::limits(&json!(null)).unwrap_or_default() } else { Limits::default() },
        },
        |(entry, _)| entry.clone(),
    );
    entry.module = named.module;
    if script.is_some() && is_known {
        entry.settings = entry.settings["settings"].take();
    }
    if let Some(settings) = &arguments.settings {
        entry.settings = serde_json::from_str(settings).context("--settings is not JSON")?;
    }
    if let Some(script) = &script {
        entry.settings = script.settings(&entry.settings, &entry.limits);
    }
    if !arguments.grant.is_empty() {
        let grants = arguments.grant.iter().map(|grant| serde_json::from_str(grant).unwrap_or_else(|_| json!(grant)));
        entry.grants = Grants::from_json(&grants.collect()).map_err(|reason| anyhow!("--{reason}"))?;
    } else if !is_known {
        entry.grants = Grants::of_imports(&compile::imports(written, &named.bytes)?);
    }
    if script.is_some() {
        entry.grants.permit_any_import();
    }
    Ok(Chain { entries: vec![entry], merge: None })
}

/// The entry of a module: the one with this content, else with this file, else with this file name.
/// A module that is being developed is in another place than the one on nodes.
fn known<'a>(named: &Named, entries: &'a [Entry]) -> Option<(&'a Entry, Digest)> {
    let Module::File { path: own, .. } = &named.module else {
        let entry = entries.iter().find(|entry| entry.module == named.module)?;
        return Some((entry, named.digest));
    };
    let files = entries.iter().filter_map(|entry| match &entry.module {
        Module::File { path, sha256 } => Some((entry, path, *sha256)),
        Module::BuiltIn(_) => None,
    });
    let files: Vec<_> = files.collect();
    let found = files.iter().find(|(_, _, sha256)| *sha256 == named.digest);
    let found = found.or_else(|| files.iter().find(|(_, path, _)| path.canonicalize().is_ok_and(|path| path == *own)));
    let found = found.or_else(|| files.iter().find(|(_, path, _)| path.file_name() == own.file_name()));
    found.map(|(entry, _, sha256)| (*entry, *sha256))
}

/// The entry of a script: the one with this text, else with this file name.
fn known_script<'a>(script: &Script, entries: &'a [Entry]) -> Option<(&'a Entry, Digest)> {
    let scripts = entries.iter().filter_map(|entry| Some((entry, Script::of_entry(entry)?)));
    let scripts: Vec<_> = scripts.collect();
    let found = scripts.iter().find(|(_, known)| known.source == script.source);
    let found = found.or_else(|| scripts.iter().find(|(_, known)| known.file == script.file));
    found.map(|(entry, known)| (*entry, known.digest()))
}

/// Takes each module as it is. `notes` gets the modules whose digest is not the approved one.
pub fn take_any(chain: &mut Chain, notes: &mut Vec<String>) {
    for entry in &mut chain.entries {
        let Module::File { path, sha256 } = &mut entry.module else { continue };
        // A file that cannot be read is reported when it is loaded.
        let Ok(found) = read(path).map(|bytes| Digest::of(&bytes)) else { continue };
        if found != *sha256 {
            notes.push(format!(
                "{} has the SHA-256 digest {found}, the configuration approves {sha256}: asked nonetheless \
                 (--any-digest); a node would refuse it",
                path.display()
            ));
            *sha256 = found;
        }
    }
}

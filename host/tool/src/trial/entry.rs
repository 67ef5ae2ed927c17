//! Finds the configuration's entry for the selector or script that is tried, and handles modules with
//! another digest than the approved one.

use std::path::Path;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};

use crate::script::{self, Engine, Script};
use crate::selector::compile;
use crate::selector::named::{self, Named};
use genie_core::digest::Digest;
use genie_core::selector::chain::{Chain, Entry, Run};
use genie_core::selector::grants::Grants;
use genie_core::selector::module::{Module, read};
use genie_core::selector::sandbox::limits::Limits;
use genie_core::selector::settings::Settings;

/// What a selector is asked with, where it shall not be as in its entry.
#[derive(Clone, Debug, Default)]
pub struct Instead {
    /// Its settings.
    pub settings: Option<Value>,
    /// Its grants, as a configuration's entry has them.
    pub grant: Option<Value>,
    /// Whether it is asked as its entry says although the entry approves another digest.
    pub any_digest: bool,
}

/// The selector that is tried, as an entry of a chain.
pub struct Tried {
    /// What was written to name it.
    written: String,
    entry: Entry,
    /// The place of its own entry in the configuration's chain, if it has one.
    place: Option<usize>,
}

impl Tried {
    /// A chain of the selector alone. It is asked what it says to an earlier decision, too.
    pub fn alone(self) -> Chain {
        Chain { entries: vec![Entry { run: Run::Always, wake: None, ..self.entry }], merge: None }
    }

    /// The configuration's chain with the selector in the place of its entry. Without one it is asked
    /// alone, and `notes` gets that.
    pub fn in_place(self, chain: &Chain, notes: &mut Vec<String>) -> Chain {
        let mut chain = chain.clone();
        if let Some(there) = self.place.and_then(|place| chain.entries.get_mut(place)) {
            *there = self.entry;
            return chain;
        }
        notes.push(format!("{} is asked alone: the configuration has no entry for it", self.written));
        self.alone()
    }
}

/// Finds the selector that is tried, with the entry that the configuration has for it, if any. A
/// relative path starts in `dir`. `notes` gets what of the configuration does not hold.
///
/// # Errors
/// The module cannot be read, or its settings or grants are wrong.
pub fn find(
    dir: &Path,
    written: &str,
    instead: &Instead,
    chain: &Chain,
    engine: Result<Engine>,
    notes: &mut Vec<String>,
) -> Result<Tried> {
    let script = if script::is_script(written) { Some(Script::read(&dir.join(written))?) } else { None };
    let (named, mut known) = match &script {
        None => {
            let named = named::find_in(dir, written)?;
            let known = known(&named, &chain.entries);
            (named, known)
        }
        Some(script) => {
            let Engine { path, bytes, digest } = engine?;
            let module = Module::File { path, sha256: digest };
            (Named { module, bytes, digest: script.digest() }, known_script(script, &chain.entries))
        }
    };
    let place = known.and_then(|(entry, _)| chain.entries.iter().position(|other| std::ptr::eq(other, entry)));
    if let Some((entry, approved)) = known
        && approved != named.digest
    {
        let which = format!("{written} has the SHA-256 digest {}, its entry in the configuration", named.digest);
        let module = if script.is_some() { entry.name.clone() } else { entry.module.to_string() };
        let entry = format!("{which} ({module}) approves {approved}");
        notes.push(if instead.any_digest {
            format!("{entry}: asked nonetheless (--any-digest), as that entry says; a node would refuse it")
        } else {
            format!("{entry}: settings, grants and limits of that entry are not used; with --any-digest they are")
        });
        known = known.filter(|_| instead.any_digest);
    }
    let is_known = known.is_some();
    let mut entry = known.map_or_else(
        || Entry {
            name: Path::new(written).file_name().map_or(written.into(), |name| name.to_string_lossy().into_owned()),
            module: named.module.clone(),
            run: Run::UntilDecided,
            wake: None,
            settings: Settings::default(),
            grants: Grants::default(),
            limits: if script.is_some() { script::limits(&json!(null)).unwrap_or_default() } else { Limits::default() },
        },
        |(entry, _)| entry.clone(),
    );
    entry.module = named.module;
    if script.is_some() && is_known {
        entry.settings = Settings::from(&entry.settings.to_value()["settings"]);
    }
    if let Some(settings) = &instead.settings {
        entry.settings = settings.into();
    }
    if let Some(script) = &script {
        entry.settings = (&script.settings(&entry.settings.to_value(), &entry.limits)).into();
    }
    if let Some(grant) = &instead.grant {
        entry.grants = Grants::from_json(grant).map_err(|reason| anyhow!(reason))?;
    } else if !is_known {
        entry.grants = match &entry.module {
            Module::BuiltIn(_) => entry.module.default_grants().map_err(|reason| anyhow!("{written}: {reason}"))?,
            Module::File { .. } => Grants::of_imports(&compile::imports(written, &named.bytes)?),
        };
    }
    if script.is_some() {
        entry.grants.permit_any_import();
    }
    Ok(Tried { written: written.into(), entry, place })
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

//! Selectors: are their modules the approved ones, and are they compiled?

use std::path::Path;
use std::time::{Duration, Instant};

use super::super::approve::is_ready;
use super::configuration::CORRECT;
use super::finding::{Finding, fail, ok, warn};
use super::site::Site;
use crate::approve;
use crate::approve::finding::Level;
use crate::selector::is_compiled;
use genie_core::config::Config;
use genie_core::digest::Digest;
use genie_core::selector::artefact::engine::ENGINE_ID;
use genie_core::selector::chain::Entry;
use genie_core::selector::module::{Module, read};

/// How long asking the selectors may take. With compiled ones it takes milliseconds.
const TIME: Duration = Duration::from_secs(10);

pub fn check(site: &Site) -> Vec<Finding> {
    // What is wrong with the configuration itself is reported elsewhere.
    let (Ok(config), Some(_)) = (&site.config, &site.file) else { return Vec::new() };
    let mut found: Vec<_> = config.chain.entries.iter().filter_map(|entry| module(&entry.module, config)).collect();
    found.extend(approved(config));
    if found.is_empty() {
        let entries: Vec<_> = config.chain.entries.iter().map(described).collect();
        found.push(ok(format!("chain: {}", entries.join(", "))));
    }
    found
}

/// An entry in words: what it may read and say.
fn described(entry: &Entry) -> String {
    format!("{} ({})", entry.name, entry.grants.in_words().join("; "))
}

/// What an installation would find. Modules that are not compiled are left out.
fn approved(config: &Config) -> Vec<Finding> {
    let deadline = Instant::now() + TIME;
    let cache_dir = &config.paths.cache_dir;
    let load = |module: &Module| is_ready(cache_dir, module).then(|| config.loader.load(module, deadline));
    let told = |finding: approve::finding::Finding| match finding.level {
        Level::Error => fail(finding.what, CORRECT),
        Level::Warning => warn(finding.what, "change the entry, if that is not what is meant"),
    };
    approve::chain::chain(&config.chain, &load, deadline).into_iter().map(told).collect()
}

/// Returns a finding when the module is not ready to run.
fn module(module: &Module, config: &Config) -> Option<Finding> {
    let Module::File { path, sha256 } = module else { return None };
    let shown = path.display();
    let compile = format!("genie-host compile --cache-dir {} {shown}", config.paths.cache_dir.display());
    match is_compiled(&config.paths.cache_dir, *sha256) {
        Ok(true) => None,
        Ok(false) => Some(match is_approved(path, *sha256) {
            Ok(()) => warn(
                format!("selector {shown} is not compiled for this build ({ENGINE_ID}): the first pod waits for that"),
                compile,
            ),
            Err(reason) => fail(reason, "put the approved file there, or approve it by its digest (sha256)"),
        }),
        Err(reason) => Some(fail(
            format!("selector {shown} has no artefact that can be loaded: {reason}"),
            format!("put that right; then, so that no pod waits: {compile}"),
        )),
    }
}

fn is_approved(path: &Path, sha256: Digest) -> Result<(), String> {
    let found = Digest::of(&read(path).map_err(|error| error.msg)?);
    if found == sha256 {
        return Ok(());
    }
    Err(format!("selector {} has the digest {found}, the configuration approves {sha256}", path.display()))
}

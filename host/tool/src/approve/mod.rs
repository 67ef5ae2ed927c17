//! Whether a configuration may be put in force. The installation and the agent ask before they do
//! so; `doctor` and `test-selector` tell it beforehand.

pub mod chain;
pub mod finding;
pub mod json;
pub mod mistakes;
mod settings;
mod written;

use std::time::Instant;

use serde_json::{Map, Value};

use self::chain::Load;
use self::finding::{Finding, Level};
use crate::selector::PROGRAM;
use genie_core::cni::CniError;
use genie_core::config::{self, Config};
use genie_core::selector::chain::Chain;

/// All findings about a configuration: how it is written, and what its selectors say of it.
pub fn approve(config: &Map<String, Value>, load: &Load<'_>, deadline: Instant) -> Vec<Finding> {
    let errors = match read(config) {
        Ok(config) => return chain::chain(&config.chain, load, deadline),
        Err(errors) => errors,
    };
    let entries = config::chain::entries(config).unwrap_or_default().into_iter().filter_map(Result::ok).collect();
    let found = chain::chain(&Chain { entries, merge: None }, load, deadline);
    // Warnings are about the order of all entries, and some are missing here.
    let wrong = found.into_iter().filter(|finding| finding.level == Level::Error);
    errors.into_iter().map(Finding::from).chain(wrong).collect()
}

/// Reads a configuration as [`Config::from_map`] does.
///
/// # Errors
/// All entries of `selectors` that are wrong, and the first wrong key besides.
pub fn read(config: &Map<String, Value>) -> Result<Config, Vec<CniError>> {
    let first = match Config::from_map(config, PROGRAM) {
        Ok(config) => return Ok(config),
        Err(error) => error,
    };
    let entries = config::chain::entries(config).unwrap_or_default();
    let mut errors: Vec<_> = entries.into_iter().filter_map(Result::err).collect();
    if !errors.contains(&first) {
        errors.insert(0, first);
    }
    Err(errors)
}

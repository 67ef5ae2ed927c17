//! Whether a configuration may be put in force. Asked by whoever does that (installation and
//! agent), and by whoever tells beforehand (`doctor`, `test-selector`).

pub mod chain;
mod settings;

use std::time::Instant;

use serde_json::{Map, Value};

use self::chain::{Finding, Level, Load};
use crate::selector::PROGRAM;
use genie_core::cni::CniError;
use genie_core::config::{self, Config};
use genie_core::selector::chain::Chain;

/// Everything that is found, what is written and what the selectors make of it.
pub fn approve(config: &Map<String, Value>, load: &Load<'_>, deadline: Instant) -> Vec<Finding> {
    let errors = match read(config) {
        Ok(config) => return chain::chain(&config.chain, load, deadline),
        Err(errors) => errors,
    };
    let entries =
        config::chain::entries(config, PROGRAM).unwrap_or_default().into_iter().filter_map(Result::ok).collect();
    let found = chain::chain(&Chain { entries, merge: None }, load, deadline);
    // What is said about the order holds for all of them only.
    let wrong = found.into_iter().filter(|finding| finding.level == Level::Error);
    errors.into_iter().map(Finding::from).chain(wrong).collect()
}

/// Reads a configuration as [`Config::from_map`] does.
///
/// # Errors
/// Every entry of `selectors` that is wrong, and the first other key.
pub fn read(config: &Map<String, Value>) -> Result<Config, Vec<CniError>> {
    let first = match Config::from_map(config, PROGRAM) {
        Ok(config) => return Ok(config),
        Err(error) => error,
    };
    let entries = config::chain::entries(config, PROGRAM).unwrap_or_default();
    let mut errors: Vec<_> = entries.into_iter().filter_map(Result::err).collect();
    if !errors.contains(&first) {
        errors.insert(0, first);
    }
    Err(errors)
}

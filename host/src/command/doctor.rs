//! `genie-host doctor`: what is wrong with this node, and what to do about it.
//! It looks and changes nothing.

mod agent;
mod api;
mod configuration;
mod credentials;
mod directories;
mod finding;
mod networks;
mod plugin;
mod records;
mod selectors;
mod site;
mod spool;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::{Output, exit};
use crate::config;
use finding::{Finding, Level};
use site::Site;

#[derive(Args)]
#[command(after_help = "Exit status: 0 nothing that FAILs, 1 something does, 2 wrong usage.")]
pub struct Arguments {
    /// Where the host's file system is; all other directories are the host's
    #[arg(long, value_name = "DIR", default_value = "/")]
    host_root: PathBuf,
    /// Where the runtime reads its network configuration
    #[arg(long, value_name = "DIR", default_value = config::CONF_DIR)]
    conf_dir: PathBuf,
    /// Where the runtime finds plugins
    #[arg(long, value_name = "DIR", default_value = crate::install::BIN_DIR)]
    bin_dir: PathBuf,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// Looks at one area of the node.
type Check = fn(&Site) -> Vec<Finding>;

/// What is looked at, in the order in which one thing rests on another.
const AREAS: [(&str, Check); 10] = [
    ("configuration", configuration::check),
    ("directories", directories::check),
    ("networks", networks::check),
    ("selectors", selectors::check),
    ("plugin", plugin::check),
    ("credentials", credentials::check),
    ("api", api::check),
    ("agent", agent::check),
    ("records", records::check),
    ("spool", spool::check),
];

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    super::enter(&arguments.host_root)?;
    let site = Site::read(&arguments.conf_dir, &arguments.bin_dir)?;
    let mut all = Vec::new();
    for (area, check) in AREAS {
        let found = check(&site);
        if arguments.output == Output::Table {
            // At once: some areas take seconds.
            for finding in &found {
                super::print_lines(finding.as_lines(area));
            }
        }
        all.extend(found.into_iter().map(|finding| (area, finding)));
    }
    let count = |level| all.iter().filter(|(_, finding)| finding.level == level).count();
    let (failures, warnings) = (count(Level::Fail), count(Level::Warn));
    match arguments.output {
        Output::Json => {
            let findings: Vec<_> = all.iter().map(|(area, finding)| finding.as_json(area)).collect();
            super::print_json(&json!({"findings": findings, "failures": failures, "warnings": warnings}));
        }
        Output::Table => super::print(&format!("{failures} failures, {warnings} warnings")),
    }
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::FAILED) })
}

//! `genie-host doctor`: finds what is wrong with this node, and says what to do about it. It
//! changes nothing.

mod agent;
mod api;
mod configuration;
mod credentials;
mod directories;
mod finding;
mod names;
mod networks;
mod plugin;
mod records;
mod runtime;
mod selectors;
mod site;
mod spool;
#[cfg(test)]
mod tests;

use std::env;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};
use serde_json::json;

use super::Output;
use super::exit;
use crate::install::runtime::TRUST_DIRS;
use crate::show::Document;
use finding::{Finding, Level};
use genie_core::config;
use site::Site;

#[derive(Args)]
#[command(after_help = "Exit status: 0 nothing that FAILs, 1 something does, 2 wrong usage.")]
pub struct Arguments {
    /// The directory of the host's file system; all other directories are the host's
    #[arg(long, value_name = "DIR", default_value = "/")]
    host_root: PathBuf,
    /// The directory where the runtime reads network configurations
    #[arg(long, value_name = "DIR", default_value = config::CONF_DIR)]
    conf_dir: PathBuf,
    /// The directory where the runtime finds plugins
    #[arg(long, value_name = "DIR", default_value = crate::install::BIN_DIR)]
    bin_dir: PathBuf,
    /// Assume that the runtime reads these directories, whatever its configuration seems to say
    #[arg(long, env = TRUST_DIRS, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    trust_dirs: bool,
    /// The format of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// Checks one area of the node.
type Check = fn(&Site) -> Vec<Finding>;

/// The areas, in an order in which each depends on those before it.
const AREAS: [(&str, Check); 11] = [
    ("configuration", configuration::check),
    ("runtime", runtime::check),
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

/// The environment variables that stay: the ones that this command reads, and the one that finds
/// programs.
const ENVIRONMENT: [&str; 2] = ["PATH", TRUST_DIRS];

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    look_as_calls_do()?;
    super::enter(&arguments.host_root)?;
    let site = Site::read(&arguments.conf_dir, &arguments.bin_dir)?;
    let site = Site { trust_dirs: arguments.trust_dirs, ..site };
    let mut all = Vec::new();
    for (area, check) in AREAS {
        let found = check(&site);
        if arguments.output == Output::Table {
            // Findings are printed at once, since some areas take seconds.
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
            let report = json!({"findings": findings, "failures": failures, "warnings": warnings});
            super::print_json(&Document::Doctor.with(report));
        }
        Output::Table => super::print(&format!("{failures} failures, {warnings} warnings")),
    }
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::FAILED) })
}

/// Starts this program again, with only [`ENVIRONMENT`]. A shell's environment has proxies,
/// authorities and more that a call never sees: the runtime has another environment, and the child
/// that asks the API server gets none.
fn look_as_calls_do() -> Result<()> {
    let is_kept = |name: &std::ffi::OsStr| ENVIRONMENT.iter().any(|kept| name == *kept);
    if env::vars_os().all(|(name, _)| is_kept(&name)) {
        return Ok(());
    }
    let mut again = Command::new(env::current_exe()?);
    let mut arguments = env::args_os();
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    again.args(arguments).env_clear().envs(env::vars_os().filter(|(name, _)| is_kept(name)));
    Err(again.exec()).context("this cannot be started anew with an empty environment")
}

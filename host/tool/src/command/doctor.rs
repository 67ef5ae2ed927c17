//! `genie-host doctor`: what is wrong with this node, and what to do about it.
//! It looks and changes nothing.

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
use finding::{Finding, Level};
use genie_core::config;
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
    /// The runtime reads these directories, whatever its configuration seems to say
    #[arg(long, env = TRUST_DIRS, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    trust_dirs: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// Looks at one area of the node.
type Check = fn(&Site) -> Vec<Finding>;

/// What is looked at, in the order in which one thing rests on another.
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

/// What is left of the environment: the variables that this command reads, and where to
/// find programs.
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

/// A shell has proxies, authorities and more in its environment, which a call never sees: the
/// runtime's is another, and who asks the API server gets none. So this begins anew, without.
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

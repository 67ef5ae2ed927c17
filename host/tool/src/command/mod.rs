//! The commands of `genie-host`.

mod account;
mod agent;
mod approve;
mod collect;
mod compile;
mod componentize;
mod configure;
mod doctor;
mod explain;
mod import;
mod inspect;
mod install;
mod load;
mod meant;
mod new;
mod output;
mod pull;
mod push;
mod records;
mod registry;
mod replay;
mod save;
mod shadow;
mod test;
mod test_selector;
mod tried;
mod uninstall;

use std::ffi::OsString;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use tracing::level_filters::LevelFilter;

use genie_core::plain;
use output::{print, print_json, print_lines, write};

/// Selectors decide which networks a pod gets. These commands show what they would decide, prepare
/// them for nodes, and show what is attached
#[derive(Parser)]
#[command(name = "genie-host", version, arg_required_else_help = true, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a project for a policy, with its suite and a workflow
    New(new::Arguments),
    /// Show which networks a pod would get and why, without a cluster or a node
    TestSelector(test_selector::Arguments),
    /// Run suites: cases that say what a policy decides, and on which facts
    Test(test::Arguments),
    /// Show what a selector is: name, exports, imports, settings, size, digest
    Inspect(inspect::Arguments),
    /// Put a selector into the ConfigMap of a cluster, or take it out
    Configure(configure::Arguments),
    /// Make a configuration of that of another meta plugin, and say what becomes of each of its keys
    Import(import::Arguments),
    /// Compile a selector ahead of time, as the plugin needs it
    Compile(compile::Arguments),
    /// Make a selector of the core module of a compiler that makes no components
    Componentize(componentize::Arguments),
    /// Put a selector into a registry
    Push(push::Arguments),
    /// Bring a selector of a registry to this machine
    Pull(pull::Arguments),
    /// Write a selector of a registry into an archive, for nodes that reach no registry
    Save(save::Arguments),
    /// Put the selector of an archive where this node's agent looks for it
    Load(load::Arguments),
    /// Show what is attached on this node
    Records(records::Arguments),
    /// Say why a pod of this node has its networks, or why it has none
    Explain(explain::Arguments),
    /// Decide again for every record of this node, with other selectors or another configuration
    Replay(replay::Arguments),
    /// Find out why pods of this node do not get their networks, and what to do about it
    Doctor(doctor::Arguments),
    /// Run the node's daemon: publication, clean-up, metrics
    Agent(agent::Arguments),
    /// Install the plugin on this node, or bring it up to date
    Install(install::Arguments),
    /// Remove the plugin from this node, as soon as no running pod needs it
    Uninstall(uninstall::Arguments),
    /// Print a completion script for a shell
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Ask the API server for the plugin (internal: the plugin runs it)
    #[command(hide = true)]
    AskApi,
    /// Find what is wrong with a configuration (internal: the installation runs it)
    #[command(hide = true)]
    Approve(approve::Arguments),
    /// Take away what a container that is gone had attached (internal: the agent runs it)
    #[command(hide = true)]
    Collect(collect::Arguments),
    /// Ask the shadows of the configuration about an ADD that is over (internal: the agent runs it)
    #[command(hide = true)]
    Shadow(shadow::Arguments),
    /// Run a selector that imports WASI for the plugin (internal: the plugin runs it)
    #[command(hide = true)]
    RunSelector,
}

/// The format of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table for people
    #[default]
    Table,
    /// JSON for machines
    Json,
}

/// Exit statuses. Success is 0.
mod exit {
    /// The command failed.
    pub const FAILED: u8 = 1;
    /// The arguments are wrong (clap's own status).
    pub const USAGE: u8 = 2;
    /// `test-selector`: no selector decided.
    pub const PASS: u8 = 3;
    /// `replay`: another decision, or one that cannot be said.
    pub const DIFFERENT: u8 = 3;
    /// `test-selector`: a selector refused the pod, or its plan cannot be carried out.
    pub const REFUSED: u8 = 4;
}

/// Makes a host's file system the root, unless it is the root already.
fn enter(host_root: &Path) -> anyhow::Result<()> {
    if host_root != Path::new("/") {
        // With this, links on the host lead to places of the host.
        std::os::unix::fs::chroot(host_root)
            .with_context(|| format!("cannot make {} the root directory", host_root.display()))?;
        std::env::set_current_dir("/")?;
    }
    Ok(())
}

/// Reads the name of a file to write. `-`, by which other programs mean standard output, is refused,
/// since it would become a file of that name.
fn file_to_write() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.as_os_str() {
        name if name == "-" => Err("standard output is not written to: name a file"),
        _ => Ok(path),
    })
}

/// An error of several lines.
#[derive(Debug)]
struct Mistakes {
    /// What is wrong as a whole.
    what: String,
    /// What is wrong, one by one.
    found: Vec<String>,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.found.join("; "))
    }
}

impl std::error::Error for Mistakes {}

/// Prints why a command failed.
fn tell(error: &anyhow::Error) {
    let lines = match error.downcast_ref::<Mistakes>() {
        Some(Mistakes { what, found }) => {
            let found = found.iter().map(|found| format!("  {}", plain::line(found)));
            [format!("{}:", plain::line(what))].into_iter().chain(found).collect::<Vec<_>>().join("\n")
        }
        None => plain::line(&format!("{error:#}")).into_owned(),
    };
    output::tell(&format!("genie-host: {lines}"));
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    run_with(std::env::args_os())
}

fn run_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // clap reports help and version as errors, which they are not.
            if error.print().is_err_and(|failed| failed.kind() != ErrorKind::BrokenPipe) {
                return ExitCode::from(exit::FAILED);
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE));
        }
    };
    match cli.command {
        Command::Agent(_) => {}
        // These commands print as findings what others log.
        Command::Doctor(_) | Command::Approve(_) => genie_core::log::start_at(LevelFilter::OFF),
        _ => genie_core::log::start_at(LevelFilter::WARN),
    }
    let failed = match &cli.command {
        // Apart from their own exit statuses, these commands fail only because their input is wrong.
        Command::TestSelector(_) | Command::Test(_) | Command::Replay(_) | Command::Import(_) => exit::USAGE,
        _ => exit::FAILED,
    };
    let outcome = match cli.command {
        Command::TestSelector(arguments) => test_selector::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Configure(arguments) => configure::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Compile(arguments) => compile::run(&arguments),
        Command::Componentize(arguments) => componentize::run(&arguments),
        Command::Push(arguments) => push::run(&arguments),
        Command::Pull(arguments) => pull::run(&arguments),
        Command::Save(arguments) => save::run(&arguments),
        Command::Load(arguments) => load::run(&arguments),
        Command::Records(arguments) => records::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Install(arguments) => install::run(&arguments),
        Command::Uninstall(arguments) => uninstall::run(&arguments),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "genie-host", &mut script);
            write(&String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Agent(arguments) => agent::run(arguments),
        Command::AskApi => crate::kubernetes::ask_api().map(|()| ExitCode::SUCCESS),
        Command::Approve(arguments) => approve::run(&arguments),
        Command::Collect(arguments) => collect::run(&arguments),
        Command::Shadow(arguments) => shadow::run(&arguments),
        Command::RunSelector => {
            crate::selector::run_selector::run_selector().map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
    };
    let status = outcome.unwrap_or_else(|error| {
        tell(&error);
        ExitCode::from(failed)
    });
    match output::failure() {
        None => status,
        Some(error) => {
            output::tell(&format!("genie-host: the output cannot be written: {error}"));
            ExitCode::from(failed)
        }
    }
}

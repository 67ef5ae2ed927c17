//! `genie-host collect`: DEL for a container that is gone, on the host's file
//! system although the agent lives in a container.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;

use genie_core::call;
use genie_core::config;
use genie_core::record::Store;

/// For the container's lock and its delegates.
const TIME: Duration = Duration::from_mins(1);

#[derive(Args)]
pub struct Arguments {
    /// The container's id
    container: String,
    /// The interface that the runtime named
    interface: String,
    /// Where the host's file system is: delegates find their binaries and their state there
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    /// Where the records are, as seen from that root
    #[arg(long, value_name = "DIR", default_value = config::STATE_DIR)]
    state_dir: PathBuf,
    /// Where plugins are, as seen from that root, before the places of their ADD
    #[arg(long, value_name = "DIR")]
    bin_dir: Vec<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.root != Path::new("/") {
        std::os::unix::fs::chroot(&arguments.root)
            .with_context(|| format!("cannot make {} the root directory", arguments.root.display()))?;
    }
    std::env::set_current_dir("/")?;
    let store = Store::open(&arguments.state_dir)?;
    let deadline = Instant::now() + TIME;
    call::collect(&store, &arguments.container, &arguments.interface, &arguments.bin_dir, call::is_gone, deadline)?;
    Ok(ExitCode::SUCCESS)
}

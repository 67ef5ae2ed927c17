//! `genie-host collect`: DEL for a container that is gone. It works on the host's file system,
//! although the agent runs in a container.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;

use genie_core::call;
use genie_core::config;
use genie_core::record::Store;

/// How long the container's lock and the delegates may take together.
const TIME: Duration = Duration::from_mins(1);

#[derive(Args)]
pub struct Arguments {
    /// The container's id
    container: String,
    /// The interface that the runtime named
    interface: String,
    /// The directory of the host's file system, where delegates find their binaries and their state
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    /// The directory of the records, as seen from that root
    #[arg(long, value_name = "DIR", default_value = config::STATE_DIR)]
    state_dir: PathBuf,
    /// A directory of plugins, as seen from that root; searched before those of the ADD
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

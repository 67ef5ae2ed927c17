//! `genie-host`: the commands for people and for the node's installation.

use std::process::ExitCode;

fn main() -> ExitCode {
    genie_core::process::forbid_core_dump();
    genie_host::command::run()
}

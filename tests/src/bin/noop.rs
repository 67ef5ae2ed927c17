//! A delegate that does nothing. Its time is the floor under every call that runs a delegate. It
//! reads its configuration, and answers ADD with one address. Without `CNI_COMMAND` it ends at
//! once: that time is the floor under every process.
//!
//! Under the name `gated`, it answers ADD only after a process has opened the pipe `gated.gate`
//! beside it for writing. So a bench can look at all processes that wait for their delegates.
//!
//! It uses only the standard library, so that `bench` can compile this file alone, linked
//! statically.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

fn main() -> io::Result<()> {
    let Some(verb) = env::var_os("CNI_COMMAND") else {
        return Ok(());
    };
    io::stdin().read_to_end(&mut Vec::new())?;
    let program = env::args_os().next().map(PathBuf::from).unwrap_or_default();
    if program.ends_with("gated") && verb == "ADD" {
        File::open(program.with_extension("gate"))?;
    }
    let var = |name: &str| env::var(name).unwrap_or_default();
    match verb.to_str() {
        Some("ADD") => write!(
            io::stdout(),
            r#"{{"cniVersion":"1.0.0","interfaces":[{{"name":"{}","mac":"0a:00:0a:00:00:02","sandbox":"{}"}}],"ips":[{{"interface":0,"address":"10.0.0.2/24","gateway":"10.0.0.1"}}]}}"#,
            var("CNI_IFNAME"),
            var("CNI_NETNS"),
        ),
        Some("VERSION") => write!(io::stdout(), r#"{{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}}"#),
        _ => Ok(()),
    }
}

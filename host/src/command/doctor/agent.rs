//! The agent: does it answer, and do we understand each other?

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::finding::{Finding, fail, ok, warn};
use super::site::Site;
use crate::agent::protocol::{Answer, Body, MAX_LINE, OLDEST, Response, VERSION};
use crate::pod::Identity;

/// It answers in milliseconds, or something is wrong with it.
const TIME: Duration = Duration::from_secs(2);

pub fn check(site: &Site) -> Vec<Finding> {
    let shown = site.paths.agent.display();
    vec![match ask(&site.paths.agent) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => warn(
            format!("no agent listens on {shown}: pods start, but nothing is published and nothing is cleaned up"),
            "look at the DaemonSet's pod on this node, or run `genie-host agent`",
        ),
        Err(error) => fail(
            format!("the agent at {shown} does not answer: {error}; calls go on without it"),
            "look at what it logs, and restart it",
        ),
        Ok(Response { answer: Answer::Versions { oldest, newest }, .. }) => warn(
            format!("the agent understands the versions {oldest} to {newest}, this build speaks {VERSION}"),
            "an upgrade is not finished: see that agent and plugin are of one release",
        ),
        Ok(Response { version, .. }) if !(OLDEST..=VERSION).contains(&version) => warn(
            format!("the agent speaks version {version}, this build understands {OLDEST} to {VERSION}"),
            "an upgrade is not finished: see that agent and plugin are of one release",
        ),
        Ok(Response { version, .. }) => ok(format!("the agent answers on {shown} (version {version})")),
    }]
}

/// About a pod that does not exist: any answer will do.
fn ask(socket: &Path) -> io::Result<Response> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(TIME))?;
    stream.set_write_timeout(Some(TIME))?;
    let mut question: Value = serde_json::to_value(Body::Pod(Identity::default()))?;
    question["version"] = json!(VERSION);
    stream.write_all(format!("{question}\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_LINE as u64)).read_line(&mut line)?;
    if line.is_empty() {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "it closed the connection"));
    }
    serde_json::from_str(&line).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

//! The agent: does it answer, and in a version that we understand?

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::finding::{Finding, fail, ok, warn};
use super::site::Site;
use genie_core::agent_api::client;
use genie_core::agent_api::protocol::{Answer, Body, OLDEST, Response, VERSION};
use genie_core::pod::Identity;

/// How long to wait. The agent answers in milliseconds, unless something is wrong with it.
const TIME: Duration = Duration::from_secs(2);

pub fn check(site: &Site) -> Vec<Finding> {
    let shown = site.paths.agent.display();
    // The question is about a pod that does not exist: any answer will do.
    let nobody = Body::Pod(Identity::default());
    vec![match client::converse(&site.paths.agent, nobody, Instant::now() + TIME) {
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

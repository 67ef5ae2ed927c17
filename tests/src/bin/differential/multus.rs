//! The real Multus, thin.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use genie_tests::differential::runs::CONTAINER;
use genie_tests::differential::{Contender, Turn};
use genie_tests::{Answer, programs};

/// How often a call is made again that ran into one of Multus' own limits of 250 ms.
const TIMES: usize = 5;

/// Multus as its own entrypoint configures it.
pub struct Multus {
    program: PathBuf,
}

impl Multus {
    /// # Panics
    /// When it was not built.
    pub fn new() -> Self {
        Self { program: programs::tool("multus") }
    }

    fn once(&self, turn: &Turn<'_>, verb: &str) -> Answer {
        let mut child = Command::new(&self.program)
            .env("CNI_COMMAND", verb)
            .env("CNI_CONTAINERID", CONTAINER)
            .env("CNI_NETNS", turn.world.netns.path())
            .env("CNI_IFNAME", "eth0")
            .env("CNI_PATH", turn.node.bin())
            .env("CNI_ARGS", turn.args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Multus starts");
        let config = turn.multus().to_string();
        // A plugin that does not want its stdin may have closed it.
        _ = child.stdin.take().expect("a pipe").write_all(config.as_bytes());
        Answer::of(&child.wait_with_output().expect("Multus ends"))
    }
}

impl Contender for Multus {
    /// Calls it, and once more when it waited no longer for an API server that is there: such a call
    /// says nothing of the case. What a failed ADD leaves is undone first.
    fn call(&self, turn: &Turn<'_>, verb: &str) -> Answer {
        for _ in 0..TIMES {
            let answer = self.once(turn, verb);
            let told = format!("{}{}", answer.stdout, answer.stderr);
            let late = ["context deadline exceeded", "timed out waiting for the condition", "rate limiter"];
            if !turn.api || answer.status == Some(0) || !late.iter().any(|text| told.contains(text)) {
                return answer;
            }
            eprintln!("{}: {verb} once more, since Multus did not wait for the API server: {told}", turn.case.name());
            if verb == "ADD" {
                self.once(turn, "DEL");
            }
            turn.node.calls();
        }
        panic!("{}: {verb} of Multus runs into its limit of 250 ms each time", turn.case.name());
    }

    fn status(&self, turn: &Turn<'_>) -> Option<String> {
        turn.world.status(turn.case)
    }
}

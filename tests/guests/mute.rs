//! A selector that its author forgot to export.
#![allow(dead_code, reason = "that is the mistake")]

use genie_selector::{About, Refusal, Request, Selector, Verdict};

struct Mute;

impl Selector for Mute {
    type Settings = ();

    fn about() -> About {
        About::new("mute", "0.1.0", "is never asked")
    }

    fn select(_: &Request, _settings: &()) -> Result<Verdict, Refusal> {
        Ok(Verdict::Pass)
    }
}

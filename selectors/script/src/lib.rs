//! The engine of scripts: a selector whose settings are a policy in JavaScript.
//!
//! `genie-host` makes an entry of this module out of an entry that names a script
//! (`"module": "policy.js"`): the script's text becomes a part of the settings. Each call starts a
//! new QuickJS, evaluates the script as a module, and calls its export `select`. docs/script.md
//! is for the scripts' authors.
//!
//! The module imports nothing but the contract: QuickJS is linked with a C library of its own, and
//! has no clock, no files and no random numbers.
#![cfg(target_family = "wasm")]

mod answer;
mod arguments;
mod attachment;
mod budget;
mod clock;
mod console;
mod engine;
mod facts;
mod failure;
mod loops;
mod refusals;
mod request;
mod settings;

use genie_selector::{About, Refusal, Request, Selector, Verdict};

use settings::Settings;

/// The selector.
pub struct Script;

impl Selector for Script {
    type Settings = Settings;

    fn about() -> About {
        About::new("script", env!("CARGO_PKG_VERSION"), "runs a policy that is one file of JavaScript")
            .with_settings(settings::SCHEMA)
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        engine::run(request, settings)
    }
}

genie_selector::export!(Script);

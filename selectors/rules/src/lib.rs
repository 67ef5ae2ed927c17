//! The selector `rules`: policy without code. Its settings are a table of rules, and the first rule
//! whose conditions all hold decides. When none does, the selector passes.
//!
//! With `"run": "always"` the same table is a guard: it sees what was decided before.

use genie_selector::settings::Text;
use genie_selector::{About, Refusal, Request, Selector, Verdict};

mod act;
mod facts;
mod failure;
mod glob;
mod label;
mod place;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod unread;
mod when;

use facts::Facts;
use table::Table;

/// The selector.
pub struct Rules;

impl Selector for Rules {
    type Settings = Text;

    fn about() -> About {
        About::new(
            "rules",
            env!("CARGO_PKG_VERSION"),
            "decides by the first rule of its settings that matches the pod, its namespace and its node",
        )
        .with_settings(include_str!("settings.schema.json"))
    }

    fn select(request: &Request, settings: &Text) -> Result<Verdict, Refusal> {
        let facts = Facts::of(request);
        settings.read(Table(&facts))?.unwrap_or(Ok(Verdict::Pass))
    }
}

genie_selector::export!(Rules);

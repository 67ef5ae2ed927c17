//! The selector `rules`: policy without code. Its settings are a table of rules, and the first rule
//! whose conditions all hold decides. When none does, the selector passes.
//!
//! With `"run": "always"` the same table is a guard: it sees what was decided before.

use genie_selector::{About, Refusal, Request, Selector, Verdict, log};

mod act;
mod facts;
mod glob;
mod label;
mod place;
mod settings;
#[cfg(test)]
mod tests;
mod when;

use act::Named;
use facts::Facts;
use settings::Settings;

/// The selector.
pub struct Rules;

impl Selector for Rules {
    type Settings = Settings;

    fn about() -> About {
        About::new(
            "rules",
            env!("CARGO_PKG_VERSION"),
            "decides by the first rule of its settings that matches the pod, its namespace and its node",
        )
        .with_settings(include_str!("settings.schema.json"))
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        let facts = Facts::of(request);
        for (index, rule) in settings.rules.iter().enumerate() {
            let named = Named { index, name: rule.name.as_deref() };
            let holds = rule.when.holds(&facts, &named);
            let decided = holds.and_then(|holds| if holds { act::act(&rule.action, &facts, &named) } else { Ok(None) });
            if let Some(verdict) = decided.map_err(|refusal| named.explain(refusal))? {
                log::debug!("{named} decides");
                return Ok(verdict);
            }
        }
        Ok(Verdict::Pass)
    }
}

genie_selector::export!(Rules);

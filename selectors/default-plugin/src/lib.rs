//! The selector `default-plugin`: the networks of pods that ask for none.
//!
//! The first of these that exists decides: the setting `networks`, the configuration's
//! `default_plugin`, the first usable network of the configuration directory. A decision of an
//! earlier selector stays as it is.

use genie_selector::{About, Refusal, Request, Selector, Verdict, log, plugin_list};

mod settings;
#[cfg(test)]
mod tests;

use settings::Settings;

/// The name of the setting in messages.
const SETTING_KEY: &str = "settings.networks";

/// The selector.
pub struct DefaultPlugin;

impl Selector for DefaultPlugin {
    type Settings = Settings;

    fn about() -> About {
        About::new(
            "default-plugin",
            env!("CARGO_PKG_VERSION"),
            "attaches the default networks: its setting, `default_plugin`, or the first one",
        )
        .with_settings(include_str!("settings.schema.json"))
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        if request.decided.is_some() {
            return Ok(Verdict::Pass);
        }
        if request.networks.is_empty() {
            return Err(request.nothing_installed());
        }
        for unknown in &settings.unknown {
            log::warn!("default-plugin has no setting `{unknown}`; ignored");
        }
        if !settings.networks.trim().is_empty() {
            return Ok(plugin_list::plan(request, SETTING_KEY, &settings.networks)?.into());
        }
        Ok(plugin_list::usual(request)?.into())
    }
}

genie_selector::export!(DefaultPlugin);

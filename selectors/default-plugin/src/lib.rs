//! The selector `default-plugin`: the networks of pods that ask for none.
//!
//! The first of these that exists decides: the setting `networks`, the configuration's
//! `default_plugin`, the first usable network of the configuration directory. A decision of an
//! earlier selector stays as it is.

use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, log, plugin_list};

mod settings;
#[cfg(test)]
mod tests;

use settings::Settings;

/// The name of the setting in messages.
const SETTING_KEY: &str = "settings.networks";

/// The attribute that holds the configuration's `default_plugin`.
const ATTRIBUTE: &str = "default-plugin";
/// The name of that key in messages.
const ATTRIBUTE_KEY: &str = "default_plugin";

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
        match request.attribute(ATTRIBUTE) {
            Some(list) if !list.trim().is_empty() => Ok(plugin_list::plan(request, ATTRIBUTE_KEY, list)?.into()),
            _ => first(request),
        }
    }
}

genie_selector::export!(DefaultPlugin);

/// The first usable network.
fn first(request: &Request) -> Result<Verdict, Refusal> {
    let network = request.networks.first().ok_or_else(|| request.nothing_installed())?;
    let reason = format!("first usable network: {} ({})", network.name, network.file);
    Ok(Plan::new(reason, vec![Attachment::installed(&network.file)]).into())
}

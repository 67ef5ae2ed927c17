//! The selector `least-loaded`: a blank annotation `cni` leaves the choice of the network to the
//! node. It is the one whose interfaces receive the fewest bytes, among those that are installed and
//! have an address left. The figures are the rates of the last minute, which the node's agent counts;
//! without an agent they are the sums since the interfaces came up.
//!
//! The same figures give the same choice, and a figure that cannot be had keeps no pod waiting.

use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, log};

mod candidate;
mod settings;
#[cfg(test)]
mod tests;

use candidate::{Candidate, Candidates};
use settings::Settings;

/// The annotation that is blank.
const KEY: &str = "cni";
/// The annotation that names logical networks, which are not chosen here.
const LOGICAL: &str = "networks";

/// The selector.
pub struct LeastLoaded;

impl Selector for LeastLoaded {
    type Settings = Settings;

    fn about() -> About {
        About::new(
            "least-loaded",
            env!("CARGO_PKG_VERSION"),
            "attaches the network with the least traffic where the pod's annotation `cni` is blank",
        )
        .with_settings(include_str!("settings.schema.json"))
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        if request.decided.is_some() || !is_asked(request) {
            return Ok(Verdict::Pass);
        }
        let Candidates { all: candidates, without_rates, missing } = Candidates::of(request, settings);
        if candidates.is_empty() {
            log::info!("annotation {KEY} is blank, and no network of the table is installed here");
            return Ok(Verdict::Pass);
        }
        // Without any figure every choice would be as good as another: the defaults are the operator's.
        if !candidates.iter().any(Candidate::is_known) {
            log::warn!("annotation {KEY} is blank, and the default decides, because nothing is known: {missing}");
            return Ok(Verdict::Pass);
        }
        if let Some(why) = &without_rates {
            log::info!("annotation {KEY} is blank, and bytes since the interfaces came up are compared: {why}");
        }
        if !missing.is_empty() {
            log::warn!("annotation {KEY} is blank, and the choice is made without some figures: {missing}");
        }
        // Of equal ones the first: the order is that of the table.
        let chosen = candidates.iter().filter(|candidate| !candidate.is_full()).min_by_key(|known| known.load());
        let Some(chosen) = chosen else {
            log::warn!("annotation {KEY} is blank, and no network has an address left: the default decides");
            return Ok(Verdict::Pass);
        };
        let span = if without_rates.is_some() { " since the interfaces came up" } else { "" };
        let mut reason = format!("annotation {KEY} is blank, least traffic{span}: {chosen}");
        for (index, other) in candidates.iter().filter(|other| other.file != chosen.file).enumerate() {
            reason.push_str(if index == 0 { "; not " } else { ", " });
            reason.push_str(&other.to_string());
        }
        Ok(Plan::new(reason, vec![Attachment::installed(chosen.file)]).into())
    }
}

/// Whether the pod leaves the choice to the node: `cni` is there and blank, and no logical network is
/// named.
fn is_asked(request: &Request) -> bool {
    let is_blank = |key| request.annotation(key).map(|value| value.trim().is_empty());
    is_blank(KEY) == Some(true) && is_blank(LOGICAL) != Some(false)
}

genie_selector::export!(LeastLoaded);

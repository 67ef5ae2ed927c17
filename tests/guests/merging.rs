//! A selector with its own merge. It attaches every network of the node, and shows the pod only the
//! last one's result.

use genie_selector::{About, Attachment, Merge, Merged, Outcome, Plan, Refusal, Request, Selector, Verdict};

struct Merging;

#[derive(serde::Deserialize)]
struct Settings {
    /// The merged result, in place of a good one.
    result: Option<String>,
    /// The annotation to publish, in place of an allowed one.
    annotation: Option<String>,
}

impl Selector for Merging {
    type Settings = Settings;

    fn about() -> About {
        About::new("merging", "0.1.0", "every network of the node; shows the last one")
    }

    fn select(request: &Request, _settings: &Settings) -> Result<Verdict, Refusal> {
        let all = request.networks.iter().map(|network| Attachment::installed(&network.file));
        Ok(Plan::new("all there are", all.collect()).into())
    }
}

impl Merge for Merging {
    fn merge(_request: &Request, _plan: &Plan, outcomes: &[Outcome], settings: &Settings) -> Result<Merged, Refusal> {
        let last = outcomes.last().map(|outcome| outcome.result.clone()).unwrap_or_default();
        let key = settings.annotation.clone().unwrap_or_else(|| "example.org/merged".into());
        Ok(Merged {
            result: settings.result.clone().unwrap_or(last),
            annotations: vec![(key, outcomes.len().to_string())],
        })
    }
}

genie_selector::export!(Merging with merge);

//! Merges as the host does, but puts a prefix before the annotation with the addresses:
//! the standard merge with one thing changed. Needs the grant
//! `{"annotations": ["example.org/*"]}`, or whatever the prefix is.

use genie_selector::serde::Deserialize;
use genie_selector::{About, Merge, Merged, Outcome, Plan, Refusal, Request, Selector, Verdict, merge};

struct PrefixMerge;

#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde")]
struct Settings {
    /// The text before the annotation's key.
    #[serde(default)]
    prefix: String,
}

impl Selector for PrefixMerge {
    type Settings = Settings;

    fn about() -> About {
        About::new("prefix-merge", "0.1.0", "publishes addresses under a prefixed annotation")
            .with_settings(r#"{"properties":{"prefix":{"type":"string"}}}"#)
    }

    fn select(_request: &Request, _settings: &Settings) -> Result<Verdict, Refusal> {
        Ok(Verdict::Pass)
    }
}

impl Merge for PrefixMerge {
    fn merge(request: &Request, _plan: &Plan, outcomes: &[Outcome], settings: &Settings) -> Result<Merged, Refusal> {
        let mut merged = merge::standard(&request.interface, None, outcomes).map_err(Refusal::Internal)?;
        for (key, _) in merged.annotations.iter_mut().filter(|(key, _)| key == merge::MULTI_IP_PREFERENCES) {
            key.insert_str(0, &settings.prefix);
        }
        Ok(merged)
    }
}

genie_selector::export!(PrefixMerge with merge);

#[cfg(test)]
mod tests {
    use super::*;
    use genie_selector::testing;

    #[test]
    fn the_annotation_gets_the_prefix() {
        let outcome = |interface: &str, address: &str| {
            Outcome::new(interface, interface, format!(r#"{{"ips":[{{"address":"{address}"}}]}}"#))
        };
        let outcomes = [outcome("eth0", "10.0.0.2/24"), outcome("eth1", "10.1.0.2/24")];
        let settings = Settings { prefix: "example.org/".to_owned() };
        let plan = Plan::new("", Vec::new());
        let merged = PrefixMerge::merge(&testing::request(), &plan, &outcomes, &settings);
        let keys = merged.map(|merged| merged.annotations.into_iter().map(|(key, _)| key).collect());
        assert_eq!(keys, Ok(vec!["example.org/multi-ip-preferences".to_owned()]));
    }
}

//! Tries a network with one pod in so many: the pod's name decides, so that a pod gets the same
//! answer each time. All other pods are left to the next selector. Needs no grant.

use genie_selector::serde::Deserialize;
use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict};

struct Canary;

#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase", deny_unknown_fields)]
struct Settings {
    /// The network to try.
    network: String,
    /// One pod in so many tries it.
    one_in: u64,
}

impl Selector for Canary {
    type Settings = Settings;

    fn about() -> About {
        About::new("canary", "0.1.0", "tries a network with one pod in so many").with_settings(
            r#"{"type":"object","properties":{"network":{"type":"string"},"oneIn":{"type":"integer","minimum":1}},
            "required":["network","oneIn"],"additionalProperties":false}"#,
        )
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        let Settings { network, one_in } = settings;
        let hash = hash(&format!("{}/{}", request.pod.namespace, request.pod.name));
        match hash.checked_rem(*one_in) {
            None => Err(Refusal::invalid("settings.oneIn", "0", "has to be at least 1")),
            Some(0) => {
                let network = request.require_network("settings.network", network)?;
                let reason = format!("canary, one in {one_in}: {}", network.name);
                Ok(Plan::new(reason, vec![Attachment::installed(&network.file)]).into())
            }
            Some(_) => Ok(Verdict::Pass),
        }
    }
}

genie_selector::export!(Canary);

/// FNV-1a, with its bits mixed once more: names of pods differ in their last letters only.
fn hash(text: &str) -> u64 {
    let fnv = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 33
}

#[cfg(test)]
mod tests {
    use super::*;
    use genie_selector::testing;

    fn select(pod: &str, one_in: u64) -> Result<Verdict, Refusal> {
        let request = testing::request().with_network("20-new.conflist", "new", &["bridge"]).for_pod("shop", pod);
        testing::select::<Canary>(&request, &format!(r#"{{"network": "new", "oneIn": {one_in}}}"#))
    }

    #[test]
    fn about_one_pod_in_so_many_gets_the_network() {
        let chosen = (0..10_000).filter(|index| select(&format!("web-{index}"), 10) != Ok(Verdict::Pass)).count();
        assert!((900..1_100).contains(&chosen), "{chosen} of 10000");
    }

    #[test]
    fn the_same_pod_gets_the_same_answer() {
        assert_eq!(select("web-1", 3), select("web-1", 3));
        assert!((0..9).any(|index| select(&format!("web-{index}"), 3) != select("web-9", 3)));
    }

    #[test]
    fn every_pod_and_no_pod() {
        assert!(matches!(select("web", 1), Ok(Verdict::Plan(plan)) if plan.reason == "canary, one in 1: new"));
        assert!(matches!(select("web", 0), Err(Refusal::Invalid(mistake)) if mistake.key == "settings.oneIn"));
    }
}

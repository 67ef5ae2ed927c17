//! Gives each pod a second network: of those in its settings the one with the most free addresses on
//! this node. It runs with `"run": "always"`, after an entry that has decided the first. Needs the
//! grant `"node"`.

use std::cmp::Reverse;

use genie_selector::serde::Deserialize;
use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, node};

struct SecondNetwork;

#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", deny_unknown_fields)]
struct Settings {
    /// The networks to choose from, the preferred one first.
    networks: Vec<String>,
}

impl Selector for SecondNetwork {
    type Settings = Settings;

    fn about() -> About {
        About::new("second-network", "0.1.0", "adds the network with the most free addresses").with_settings(
            r#"{"type":"object","properties":{"networks":{"type":"array","minItems":1,"items":{"type":"string"}}},
            "required":["networks"],"additionalProperties":false}"#,
        )
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        let Some(decided) = &request.decided else {
            return Ok(Verdict::Pass);
        };
        let mut candidates = Vec::new();
        for name in &settings.networks {
            let file = &request.require_network("settings.networks", name)?.file;
            // Not every address management tells: such a network counts as the last resort.
            let free = node::free_addresses(file)?;
            if free != Some(0) {
                candidates.push((free.unwrap_or_default(), file));
            }
        }
        // Stable: of equals the preferred one stays first.
        candidates.sort_by_key(|(free, _)| Reverse(*free));
        let Some((free, file)) = candidates.first() else {
            return Err(Refusal::unavailable("none of the second networks has a free address on this node"));
        };
        let mut attachments = decided.attachments.clone();
        attachments.push(Attachment::installed(*file));
        Ok(Plan::new(format!("{}; second network {file}, {free} addresses free", decided.reason), attachments).into())
    }
}

genie_selector::export!(SecondNetwork);

#[cfg(test)]
mod tests {
    use super::*;
    use genie_selector::testing::{self, Host};

    fn select(host: &Host) -> Result<Verdict, Refusal> {
        let request = testing::request()
            .with_network("10-calico.conflist", "calico", &["calico"])
            .with_network("20-red.conflist", "red", &["macvlan"])
            .with_network("30-blue.conflist", "blue", &["macvlan"])
            .after(Plan::new("default", vec![Attachment::installed("10-calico.conflist")]));
        let host = host.clone().granted(r#"["node"]"#);
        host.run(|| testing::select::<SecondNetwork>(&request, r#"{"networks": ["red", "blue"]}"#))
    }

    #[track_caller]
    fn assert_second(host: &Host, file: &str) {
        let Ok(Verdict::Plan(plan)) = select(host) else { panic!("{:?}", select(host)) };
        assert_eq!(plan.attachments, [Attachment::installed("10-calico.conflist"), Attachment::installed(file)]);
    }

    #[test]
    fn the_network_with_the_most_free_addresses_comes_second() {
        let red = "20-red.conflist";
        let blue = "30-blue.conflist";
        assert_second(&Host::new().free_addresses(red, 3).free_addresses(blue, 7), blue);
        assert_second(&Host::new().free_addresses(red, 7).free_addresses(blue, 7), red);
        assert_second(&Host::new().free_addresses(red, 0), blue);
        assert_second(&Host::new(), red);
    }

    #[test]
    fn with_no_address_left_the_pod_waits() {
        let host = Host::new().free_addresses("20-red.conflist", 0).free_addresses("30-blue.conflist", 0);
        assert!(matches!(select(&host), Err(Refusal::Unavailable(_))));
    }
}

//! A selector that uses the whole contract: every import, an attachment with everything that it can
//! ask for, and a merge. A module of it is kept for each published version (`kept/README.md`).
//! Default routes are left as usual, because only a real namespace settles them.

use genie_selector::{About, Attachment, Merge, Merged, Outcome, Plan, Refusal, Request, Selector, Verdict};
use genie_selector::{cluster, log, merge, namespace, node, pod};

struct Contract;

#[derive(serde::Deserialize)]
struct Settings {
    /// The name of a network in the request.
    installed: String,
    /// A configuration. Its plugins declare what the attachment asks for.
    inline: String,
}

impl Selector for Contract {
    type Settings = Settings;

    fn about() -> About {
        About::new("contract", "0.1.0", "uses the whole contract")
            .with_settings(r#"{"properties":{"installed":{"type":"string"},"inline":{"type":"string"}}}"#)
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        let network = request.require_network("settings.installed", &settings.installed)?;
        let told = [
            ("labels", told(pod::labels().map(|labels| labels.len()))),
            ("service account", told(pod::service_account())),
            ("owner", told(pod::owner())),
            ("object", told(cluster::get("v1", "ConfigMap", Some(&request.pod.namespace), "policy"))),
            ("namespace's labels", told(namespace::labels().map(|labels| labels.len()))),
            ("traffic", told(node::traffic("lo").map(|_| ()))),
            ("traffic's rate", told(node::traffic_rate("lo").map(|_| ()))),
            ("node's label", told(node::label("example.org/rack"))),
            ("addresses", told(node::free_addresses(&network.file))),
        ];
        for (fact, answer) in &told {
            log::info!("{fact}: {answer}");
        }
        let rich = Attachment::inline(&settings.inline)
            .on("net1")
            .ip("10.9.0.5/24")
            .mac("02:00:00:00:00:05")
            .arg("COLOUR", "blue")
            .runtime_config(r#"{"bandwidth":{"ingressRate":1000,"ingressBurst":1000}}"#)
            .patch(r#"{"mtu":1400}"#);
        Ok(Plan::new("the whole contract", vec![Attachment::installed(&network.file), rich]).into())
    }
}

/// A fact as text, or "unavailable" when the host does not know it.
fn told<T: std::fmt::Debug>(fact: Result<T, Refusal>) -> String {
    match fact {
        Ok(fact) => format!("{fact:?}"),
        Err(Refusal::Unavailable(_)) => "unavailable".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}

impl Merge for Contract {
    fn merge(request: &Request, plan: &Plan, outcomes: &[Outcome], _: &Settings) -> Result<Merged, Refusal> {
        let merged = merge::standard(&request.interface, None, outcomes).map_err(Refusal::internal)?;
        Ok(merged.annotation("example.org/contract", format!("{} of {}", outcomes.len(), plan.attachments.len())))
    }
}

genie_selector::export!(Contract with merge);

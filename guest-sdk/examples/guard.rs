//! A guard: pods get only the networks of its settings, unless their namespace has the label
//! `networks=any`. It runs last, with `"run": "always"`. Needs the grant
//! `{"cluster": ["v1/Namespace"]}`.

use genie_selector::serde::Deserialize;
use genie_selector::{About, Network, Refusal, Request, Selector, Verdict, namespace};

struct Guard;

#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", deny_unknown_fields)]
struct Settings {
    /// The networks that every pod may have.
    allowed: Vec<String>,
}

impl Selector for Guard {
    type Settings = Settings;

    fn about() -> About {
        About::new("guard", "0.1.0", "keeps pods on the allowed networks").with_settings(
            r#"{"type":"object","properties":{"allowed":{"type":"array","items":{"type":"string"}}},
            "required":["allowed"],"additionalProperties":false}"#,
        )
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        let Some(plan) = &request.decided else {
            return Ok(Verdict::Pass);
        };
        // As a user would mean them: `calico` is the file `10-calico.conflist`.
        let allowed: Vec<&Network> = settings.allowed.iter().filter_map(|name| request.find_network(name)).collect();
        let is_allowed = |network: Option<&Network>| network.is_some_and(|network| allowed.contains(&network));
        if plan.networks(request).all(is_allowed) || namespace::label("networks")?.as_deref() == Some("any") {
            return Ok(Verdict::Pass);
        }
        let allowed = settings.allowed.join(", ");
        Err(Refusal::denied(format!("namespace {} may use {allowed} only", request.pod.namespace)))
    }
}

genie_selector::export!(Guard);

#[cfg(test)]
mod tests {
    use super::*;
    use genie_selector::testing::{self, Host};
    use genie_selector::{Attachment, Plan};

    fn select(host: &Host, attachments: Vec<Attachment>) -> Result<Verdict, Refusal> {
        let request = testing::request()
            .with_network("10-calico.conflist", "k8s-pod-network", &["calico"])
            .with_network("20-flannel.conflist", "cbr0", &["flannel"])
            .after(Plan::new("earlier", attachments));
        let host = host.clone().granted(r#"[{"cluster": ["v1/Namespace"]}]"#);
        host.run(|| testing::select::<Guard>(&request, r#"{"allowed": ["calico"]}"#))
    }

    #[test]
    fn allowed_networks_pass_by_whatever_name_and_without_a_question() {
        let host = Host::new().unavailable(testing::Facts::Cluster, "no API server");
        for name in ["10-calico.conflist", "k8s-pod-network"] {
            assert_eq!(select(&host, vec![Attachment::installed(name)]), Ok(Verdict::Pass));
        }
    }

    #[test]
    fn others_are_refused_unless_the_namespace_may_have_them() {
        let denied = Err(Refusal::denied("namespace demo may use calico only"));
        for other in [Attachment::installed("cbr0"), Attachment::inline("{}"), Attachment::definition("demo", "calico")]
        {
            let both = vec![Attachment::installed("k8s-pod-network"), other];
            assert_eq!(select(&Host::new(), both.clone()), denied);
            assert_eq!(select(&Host::new().namespace_label("networks", "any"), both), Ok(Verdict::Pass));
        }
    }
}

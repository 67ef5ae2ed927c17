//! Puts the pods of a namespace on the network that the namespace's label `network` names. A pod
//! whose namespace has no such label is left to the next selector.

use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, log, namespace};

struct Policy;

/// The label's key. Who may create pods in a namespace may usually not label the namespace.
const LABEL: &str = "network";

impl Selector for Policy {
    type Settings = ();

    fn about() -> About {
        About::new("my-policy", env!("CARGO_PKG_VERSION"), "the network that the label of the pod's namespace names")
    }

    fn select(request: &Request, _settings: &()) -> Result<Verdict, Refusal> {
        let Some(wanted) = namespace::label(LABEL)? else { return Ok(Verdict::Pass) };
        log::info!("the namespace wants {wanted}");
        let place = format!("label {LABEL} of namespace {}", request.pod.namespace);
        let network = request.require_network(&place, &wanted)?;
        Ok(Plan::new(format!("{place}: {wanted}"), vec![Attachment::installed(&network.file)]).into())
    }
}

genie_selector::export!(Policy);

#[cfg(test)]
mod tests {
    use super::*;
    use genie_selector::testing::{self, Host};

    fn select(host: &Host) -> Result<Verdict, Refusal> {
        let request = testing::request().with_network("20-blue.conflist", "blue", &["bridge"]);
        host.clone().granted(r#"[{"cluster": ["v1/Namespace"]}]"#).run(|| testing::select::<Policy>(&request, "{}"))
    }

    #[test]
    fn the_label_of_the_namespace_names_the_network() {
        let blue = Plan::new("label network of namespace demo: blue", vec![Attachment::installed("20-blue.conflist")]);
        assert_eq!(select(&Host::new().namespace_label("network", "blue")), Ok(blue.into()));
    }

    #[test]
    fn a_pods_own_label_says_nothing() {
        assert_eq!(select(&Host::new().label("network", "blue")), Ok(Verdict::Pass));
    }
}

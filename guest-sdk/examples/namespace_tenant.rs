//! Puts the pods of a tenant on the tenant's network: the label `network` of their namespace names
//! it. A user who may create pods may usually not label the namespace. Without settings it carries no JSON
//! parser. Needs the grant `{"cluster": ["v1/Namespace"]}`.

use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, namespace};

struct NamespaceTenant;

/// The label's key.
const LABEL: &str = "network";

impl Selector for NamespaceTenant {
    type Settings = ();

    fn about() -> About {
        About::new("namespace-tenant", "0.1.0", "puts a pod on the network that its namespace's label names")
    }

    fn select(request: &Request, (): &()) -> Result<Verdict, Refusal> {
        let Some(tenant) = namespace::label(LABEL)? else {
            return Ok(Verdict::Pass);
        };
        let place = format!("label {LABEL} of namespace {}", request.pod.namespace);
        let network = request.require_network(&place, &tenant)?;
        Ok(Plan::new(format!("{place}: {tenant}"), vec![Attachment::installed(&network.file)]).into())
    }
}

genie_selector::export!(NamespaceTenant);

#[cfg(test)]
mod tests {
    use super::*;
    use genie_selector::testing::{self, Host};

    fn select(host: &Host) -> Result<Verdict, Refusal> {
        let request = testing::request().with_network("20-blue.conflist", "blue", &["bridge"]);
        let host = host.clone().granted(r#"[{"cluster": ["v1/Namespace"]}]"#);
        host.run(|| testing::select::<NamespaceTenant>(&request, "{}"))
    }

    #[test]
    fn the_namespaces_label_names_the_network() {
        let blue = Plan::new("label network of namespace demo: blue", vec![Attachment::installed("20-blue.conflist")]);
        assert_eq!(select(&Host::new().namespace_label("network", "blue")), Ok(blue.into()));
        assert_eq!(select(&Host::new().label("network", "blue")), Ok(Verdict::Pass), "the pod's own says nothing");
    }

    #[test]
    fn a_label_that_names_no_network_is_told_with_its_place() {
        let told = select(&Host::new().namespace_label("network", "bleu")).expect_err("no such network").to_string();
        assert!(told.starts_with(r#"label network of namespace demo: "bleu": no such network"#), "{told}");
    }
}

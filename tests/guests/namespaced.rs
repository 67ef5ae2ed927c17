//! A selector that asks for a label of the pod's namespace. It has no settings, and so no JSON parser.

use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, namespace};

struct Namespaced;

impl Selector for Namespaced {
    type Settings = ();

    fn about() -> About {
        About::new("namespaced", "0.1.0", "puts a pod on the network that the label `network` of its namespace names")
    }

    fn select(request: &Request, (): &()) -> Result<Verdict, Refusal> {
        let Some(network) = namespace::label("network")? else {
            return Ok(Verdict::Pass);
        };
        let network = request.require_network("label network", &network)?;
        Ok(Plan::new("label of the namespace", vec![Attachment::installed(&network.file)]).into())
    }
}

genie_selector::export!(Namespaced);

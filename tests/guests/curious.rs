//! A selector with imports that must be granted: labels, and this node's counters.

use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, node, pod};

struct Curious;

impl Selector for Curious {
    type Settings = ();

    fn about() -> About {
        About::new("curious", "0.1.0", "puts a pod on the network that its label `network` names")
    }

    fn select(request: &Request, (): &()) -> Result<Verdict, Refusal> {
        let counters = node::traffic("lo")?;
        let Some(network) = pod::label("network")? else {
            return Ok(Verdict::Pass);
        };
        let network = request.require_network("label network", &network)?;
        let reason = format!("label; lo received {}", counters.rx_bytes);
        Ok(Plan::new(reason, vec![Attachment::installed(&network.file)]).into())
    }
}

genie_selector::export!(Curious);

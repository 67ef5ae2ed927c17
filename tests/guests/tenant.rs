//! A pod gets the network of the tenant that its annotation names.

use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, log};

const KEY: &str = "example.org/tenant";

struct Tenant;

impl Selector for Tenant {
    type Settings = ();

    fn about() -> About {
        About::new("tenant", "0.1.0", "the network of the tenant")
    }

    fn select(request: &Request, _settings: &()) -> Result<Verdict, Refusal> {
        let asked = request.annotations.iter().find(|(key, _)| key == KEY);
        let Some((_, tenant)) = asked else { return Ok(Verdict::Pass) };
        log::info!("asked for {tenant}");
        match request.networks.iter().find(|network| network.name == *tenant) {
            Some(network) => {
                Ok(Plan::new(format!("tenant {tenant}"), vec![Attachment::installed(&network.file)]).into())
            }
            None => Err(Refusal::invalid(KEY, tenant, "no such network")),
        }
    }
}

genie_selector::export!(Tenant);

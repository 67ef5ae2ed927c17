//! Puts the pods of a tenant on the tenant's network: the value of a pod's label
//! names it. Needs the grant `"pod"`.

use genie_selector::serde::Deserialize;
use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, log, pod};

struct Tenant;

#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde")]
struct Settings {
    label: String,
}

impl Selector for Tenant {
    type Settings = Settings;

    fn about() -> About {
        About::new("tenant", "0.1.0", "puts the pods of a tenant on the tenant's network")
            .with_settings(r#"{"properties":{"label":{"type":"string"}},"required":["label"]}"#)
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        let Some(tenant) = pod::label(&settings.label)? else {
            return Ok(Verdict::Pass);
        };
        let network = request.require_network(&settings.label, &tenant)?;
        log::info!("tenant {tenant} is on {}", network.file);
        let reason = format!("label {}: {tenant}", settings.label);
        Ok(Plan::new(reason, vec![Attachment::installed(&network.file)]).into())
    }
}

genie_selector::export!(Tenant);

#[cfg(test)]
mod tests {
    use super::*;
    use genie_selector::testing;

    #[test]
    fn a_labelled_pod_goes_to_its_tenants_network() {
        let request = testing::request().with_network("20-blue.conflist", "blue", &["bridge"]);
        let settings = Settings { label: "tenant".to_owned() };
        let host = testing::Host::new().label("tenant", "blue");
        let plan = Plan::new("label tenant: blue", vec![Attachment::installed("20-blue.conflist")]);
        assert_eq!(host.run(|| Tenant::select(&request, &settings)), Ok(plan.into()));
        assert!(host.logged("tenant blue is on 20-blue.conflist"));
    }

    #[test]
    fn a_pod_without_the_label_is_somebody_elses() {
        let settings = Settings { label: "tenant".to_owned() };
        let select = || Tenant::select(&testing::request(), &settings);
        assert_eq!(testing::Host::new().run(select), Ok(Verdict::Pass));
    }
}

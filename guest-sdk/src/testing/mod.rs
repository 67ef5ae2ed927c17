//! Native tests of a selector: a request in one line, and a host that answers
//! whatever the test says.
//!
//! ```
//! use genie_selector::{pod, testing};
//!
//! let host = testing::Host::new().label("tenant", "blue");
//! assert_eq!(host.run(|| pod::label("tenant")), Ok(Some("blue".to_owned())));
//! ```
//!
//! This module does not exist on WebAssembly, where the real host answers.

mod request;

pub use crate::fake::{Facts, Host};
pub use request::request;

use serde_json::{Value, json};

use crate::settings::Settings as _;
use crate::{Outcome, Refusal, Request, Selector, Verdict};

/// Calls a selector as its module's export does: with `settings` as the JSON of the entry, so that a
/// test sees what the operator would.
///
/// ```
/// # use genie_selector::{About, Plan, Selector, Verdict};
/// use genie_selector::serde::Deserialize;
/// use genie_selector::{Refusal, Request, testing};
///
/// #[derive(Deserialize)]
/// #[serde(crate = "genie_selector::serde", deny_unknown_fields)]
/// struct Settings {
///     label: String,
/// }
/// # struct Tenant;
/// # impl Selector for Tenant {
/// #     type Settings = Settings;
/// #     fn about() -> About { About::new("tenant", "0.1.0", "") }
/// #     fn select(_: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
/// #         Err(Refusal::denied(settings.label.clone()))
/// #     }
/// # }
///
/// let refused = testing::select::<Tenant>(&testing::request(), r#"{"lable": "tenant"}"#);
/// assert!(matches!(refused, Err(Refusal::Invalid(mistake)) if mistake.key == "settings"));
/// ```
///
/// # Errors
///
/// The selector's, and that of settings that do not fit.
pub fn select<S: Selector>(request: &Request, settings: &str) -> Result<Verdict, Refusal> {
    S::select(request, &S::Settings::from_text(settings.to_owned())?)
}

/// What a network answers, for the test of a merge: `network` made `interface` in the pod's
/// namespace, with these `addresses` (with prefix lengths).
///
/// ```
/// use genie_selector::{merge, testing};
///
/// let outcomes = [testing::outcome("eth0", "cbr0", &["10.244.0.2/24"])];
/// assert!(merge::standard("eth0", None, &outcomes).is_ok_and(|merged| merged.result.contains("10.244.0.2/24")));
/// ```
pub fn outcome(interface: &str, network: &str, addresses: &[&str]) -> Outcome {
    let ips: Vec<Value> = addresses.iter().map(|address| json!({"address": address, "interface": 0})).collect();
    let interfaces = json!([{"name": interface, "sandbox": "/run/netns/pod"}]);
    let result = json!({"cniVersion": "1.1.0", "interfaces": interfaces, "ips": ips});
    Outcome::new(interface, network, result.to_string())
}

#[cfg(test)]
mod tests;

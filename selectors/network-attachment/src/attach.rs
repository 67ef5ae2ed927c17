//! An element as an attachment of a plan.

use genie_selector::{Attachment, DefaultRoute, Refusal};
use serde_json::{Value, json};

use crate::element::Element;

/// The attachment of an element.
///
/// # Errors
/// [`Refusal::Internal`] when what was read cannot be written.
pub fn attachment(element: &Element) -> Result<Attachment, Refusal> {
    let mut attachment = Attachment::definition(&*element.namespace, &*element.name);
    attachment.interface.clone_from(&element.interface);
    attachment.ips.clone_from(&element.ips);
    attachment.mac.clone_from(&element.mac);
    if !element.runtime_config.is_empty() {
        attachment.runtime_config = Some(text(&json!(element.runtime_config))?);
    }
    if let Some(args) = element.cni_args.as_ref().filter(|args| !args.is_empty()) {
        attachment.patch = Some(text(&json!({"args": {"cni": args}}))?);
    }
    if let Some(gateways) = &element.default_route {
        attachment.default_route = DefaultRoute::Via(gateways.clone());
    }
    Ok(attachment)
}

fn text(value: &Value) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(|error| Refusal::internal(error.to_string()))
}

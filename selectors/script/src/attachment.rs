//! Attachments as scripts write and see them.

use std::collections::BTreeMap;

use genie_selector::{Attachment, DefaultRoute, Request, Source};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An attachment, as an object of a script. Of `network`, `definition` and `inline` it has one.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Planned {
    /// An installed network, by the words that users write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    /// A `NetworkAttachmentDefinition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    definition: Option<Definition>,
    /// A CNI configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inline: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interface: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ips: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    args: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runtime_config: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patch: Option<Value>,
    #[serde(default)]
    default_route: Route,
}

/// The name of a `NetworkAttachmentDefinition`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    namespace: String,
    name: String,
}

/// What becomes of an attachment's default routes.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Route {
    #[default]
    Usual,
    Never,
    Via(Vec<String>),
}

/// The attachment that a script wrote.
///
/// # Errors
/// The text says what is wrong.
pub fn read(planned: Planned, request: &Request) -> Result<Attachment, String> {
    let mut attachment = match (planned.network, planned.definition, planned.inline) {
        (Some(name), None, None) => match request.find_network(&name) {
            Some(network) => Attachment::installed(&network.file),
            // An attachment of `request.decided` names its network in the contract's words.
            None if request.networks.iter().any(|network| network.name == name) => Attachment::installed(name),
            None => return Err(no_network(request, &name)),
        },
        (None, Some(Definition { namespace, name }), None) => Attachment::definition(namespace, name),
        (None, None, Some(configuration)) => Attachment::inline(configuration.to_string()),
        _ => return Err("names no network, or several: write one of network, definition and inline".to_owned()),
    };
    attachment.interface = planned.interface;
    attachment.ips = planned.ips;
    attachment.mac = planned.mac;
    attachment.args = planned.args.into_iter().collect();
    attachment.runtime_config = planned.runtime_config.map(|value| value.to_string());
    attachment.patch = planned.patch.map(|value| value.to_string());
    attachment.default_route = match planned.default_route {
        Route::Usual => DefaultRoute::Usual,
        Route::Never => DefaultRoute::Never,
        Route::Via(gateways) => DefaultRoute::Via(gateways),
    };
    Ok(attachment)
}

/// The message of the SDK for a network that is not there.
fn no_network(request: &Request, name: &str) -> String {
    use genie_selector::Refusal;
    match request.require_network("network", name) {
        Err(Refusal::Invalid(mistake)) => format!("{:?}: {}", mistake.value, mistake.message),
        Err(Refusal::Unavailable(message) | Refusal::Internal(message) | Refusal::Denied(message)) => message,
        Ok(_) => String::new(),
    }
}

/// An attachment as a script sees it.
pub fn shown(attachment: &Attachment) -> Planned {
    // What is no JSON here came from another selector, and is shown as the text that it is.
    let value = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()));
    let mut planned = Planned {
        network: None,
        definition: None,
        inline: None,
        interface: attachment.interface.clone(),
        ips: attachment.ips.clone(),
        mac: attachment.mac.clone(),
        args: attachment.args.iter().cloned().collect(),
        runtime_config: attachment.runtime_config.as_ref().map(value),
        patch: attachment.patch.as_ref().map(value),
        default_route: match &attachment.default_route {
            DefaultRoute::Usual => Route::Usual,
            DefaultRoute::Never => Route::Never,
            DefaultRoute::Via(gateways) => Route::Via(gateways.clone()),
        },
    };
    match &attachment.network {
        Source::Installed(name) => planned.network = Some(name.clone()),
        Source::Definition(definition) => {
            let (namespace, name) = (definition.namespace.clone(), definition.name.clone());
            planned.definition = Some(Definition { namespace, name });
        }
        Source::Inline(configuration) => planned.inline = Some(value(configuration)),
    }
    planned
}

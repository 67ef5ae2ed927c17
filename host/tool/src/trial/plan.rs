//! Plans in the form in which people and machines read and write them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use genie_core::selector::abi::{Attachment, DefaultRoute, DefinitionName, Plan, Source};

/// An attachment of a plan. One of the first three members says which network it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Written {
    /// An installed network, by its file or its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<Definition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    args: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<Value>,
    #[serde(skip_serializing_if = "Route::is_usual")]
    default_route: Route,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Route {
    #[default]
    Usual,
    Never,
    Via(Vec<String>),
}

impl Route {
    fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}

/// A plan with its reason and attachments.
pub fn to_json(plan: &Plan) -> Value {
    json!({"reason": plan.reason, "attachments": plan.attachments.iter().map(attachment_to_json).collect::<Vec<_>>()})
}

/// An attachment. What it leaves open is left out.
pub fn attachment_to_json(attachment: &Attachment) -> Value {
    let Attachment { network, interface, ips, mac, args, runtime_config, patch, default_route } = attachment.clone();
    let mut written = Written {
        interface,
        addresses: ips,
        mac,
        args: args.into_iter().collect(),
        runtime_config: runtime_config.as_deref().map(parsed),
        patch: patch.as_deref().map(parsed),
        default_route: match default_route {
            DefaultRoute::Usual => Route::Usual,
            DefaultRoute::Never => Route::Never,
            DefaultRoute::Via(gateways) => Route::Via(gateways),
        },
        ..Written::default()
    };
    match network {
        Source::Installed(network) => written.network = Some(network),
        Source::Definition(DefinitionName { namespace, name }) => {
            written.definition = Some(Definition { namespace, name });
        }
        Source::Inline(text) => written.inline = Some(parsed(&text)),
    }
    json!(written)
}

/// An attachment in a word, as the annotation `cni` has it: `NETWORK`, or `NETWORK@INTERFACE`.
pub fn in_words(attachment: &Attachment) -> String {
    let network = match &attachment.network {
        Source::Installed(network) => network.clone(),
        Source::Definition(DefinitionName { namespace, name }) => format!("{namespace}/{name}"),
        Source::Inline(_) => "(inline)".into(),
    };
    match &attachment.interface {
        Some(interface) => format!("{network}@{interface}"),
        None => network,
    }
}

/// Reads an attachment as [`attachment_to_json`] writes it. A text is the network alone.
///
/// # Errors
/// The text says what is wrong.
pub fn attachment_from_json(value: &Value) -> Result<Attachment, String> {
    let value = match value {
        Value::String(network) => json!({"network": network}),
        value => value.clone(),
    };
    let written: Written = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let network = match (written.network, written.definition, written.inline) {
        (Some(network), None, None) => Source::Installed(network),
        (None, Some(Definition { namespace, name }), None) => Source::Definition(DefinitionName { namespace, name }),
        (None, None, Some(inline)) => Source::Inline(inline.to_string()),
        _ => return Err("write one of \"network\", \"definition\" and \"inline\"".into()),
    };
    Ok(Attachment {
        network,
        interface: written.interface,
        ips: written.addresses,
        mac: written.mac,
        args: written.args.into_iter().collect(),
        runtime_config: written.runtime_config.map(|value| value.to_string()),
        patch: written.patch.map(|value| value.to_string()),
        default_route: match written.default_route {
            Route::Usual => DefaultRoute::Usual,
            Route::Never => DefaultRoute::Never,
            Route::Via(gateways) => DefaultRoute::Via(gateways),
        },
    })
}

/// JSON text as JSON; text that is none as it is.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_is_written_and_read_again() {
        let all = [
            json!({"network": "10-calico.conflist"}),
            json!({
                "definition": {"namespace": "shop", "name": "storage"}, "interface": "net1", "addresses": ["10.0.0.7"],
                "mac": "02:00:00:00:00:01", "args": {"KEY": "VALUE"}, "runtimeConfig": {"bandwidth": {}},
                "patch": {"mtu": 9000}, "defaultRoute": {"via": ["10.0.0.1"]},
            }),
            json!({"inline": {"type": "macvlan"}, "defaultRoute": "never"}),
        ];
        for written in all {
            assert_eq!(attachment_to_json(&attachment_from_json(&written).unwrap()), written);
        }
        assert_eq!(attachment_from_json(&json!("calico")), attachment_from_json(&json!({"network": "calico"})));
    }

    #[test]
    fn a_wrong_attachment_is_refused() {
        for (wrong, why) in [
            (json!({}), "write one of"),
            (json!({"network": "a", "inline": {}}), "write one of"),
            (json!({"network": "a", "ips": []}), "unknown field `ips`"),
        ] {
            assert!(attachment_from_json(&wrong).unwrap_err().contains(why), "{wrong}");
        }
    }
}

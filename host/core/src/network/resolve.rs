//! Where a network's configuration comes from, and a plan's patch of it.

use serde_json::{Map, Value, json};

use super::Installed;
use super::context::{Context, invalid, object};
use crate::cni::{CniError, NetworkList, code};
use crate::object::ObjectName;
use crate::selector::abi::{Attachment, DefinitionName, Source};
use crate::selector::chain::Entry;
use crate::selector::sandbox::facts::Question;

/// The configuration of a network, from wherever the plan says.
///
/// # Errors
/// The network is not there, cannot be read now, or is no network.
pub(super) fn resolve(attachment: &Attachment, context: &Context<'_>) -> Result<NetworkList, CniError> {
    match &attachment.network {
        Source::Installed(written) => match context.catalogue.find(written) {
            Some(Installed { list, .. }) => Ok(list.clone()),
            None => Err(invalid(context.catalogue.absent(written))),
        },
        Source::Inline(text) => {
            let value = serde_json::from_str(text).map_err(|error| invalid(format!("not JSON: {error}")))?;
            NetworkList::from_value(&value)
        }
        Source::Definition(id) => resolve_definition(id, attachment, context),
    }
}

/// The kind of a definition.
const KIND: &str = "NetworkAttachmentDefinition";

/// The name of a definition.
///
/// # Errors
/// It can be none.
pub(super) fn definition(namespace: &str, name: &str) -> Result<ObjectName, String> {
    ObjectName::new("k8s.cni.cncf.io/v1", KIND, Some(namespace), name)
}

/// The configuration of a definition (multi-network standard, section 3.4): `spec.config` if there
/// is one, else the installed list of that name, else the installed single configuration of it. A
/// configuration without a name gets the definition's.
fn resolve_definition(
    id: &DefinitionName,
    attachment: &Attachment,
    context: &Context<'_>,
) -> Result<NetworkList, CniError> {
    let DefinitionName { namespace, name } = id;
    let wanted = definition(namespace, name)
        .map_err(|why| CniError::new(code::SELECTOR, format!("the plan names a {KIND} that can be none: {why}")))?;
    let object = context
        .facts
        .answer(&Question::Object(wanted))
        .map_err(|reason| CniError::new(code::TRY_AGAIN, format!("the {KIND} cannot be read: {reason}")))?;
    let object = object.as_str().ok_or_else(|| invalid(format!("there is no such {KIND}")))?;
    let object: Value = serde_json::from_str(object).map_err(|error| invalid(format!("the {KIND}: {error}")))?;
    let config = object.pointer("/spec/config").and_then(Value::as_str).unwrap_or_default();
    if config.trim().is_empty() {
        let network = context.catalogue.of_definition(name).ok_or_else(|| {
            invalid(format!("the {KIND} holds no configuration, and no installed network has its name"))
        })?;
        if let Some(Entry { name: selector, grants, .. }) = (context.planner)(attachment) {
            let granted = grants.check_meant(&network.list.name, &network.file);
            granted.map_err(|missing| missing.at(&format!("the {KIND}")).into_error(selector, grants))?;
        }
        return Ok(network.list.clone());
    }
    let mut config: Value =
        serde_json::from_str(config).map_err(|error| invalid(format!("its spec.config is not JSON: {error}")))?;
    if let Some(config) = config.as_object_mut()
        && config.get("name").is_none_or(|name| name.as_str() == Some(""))
    {
        config.insert("name".into(), name.as_str().into());
    }
    NetworkList::from_value(&config)
}

/// The member of a configuration that is for every plugin of the network (CNI conventions, "args in
/// network config").
const ARGS: &str = "args";

/// Applies a plan's patch: to the first plugin, and its member `args` to all of them.
///
/// # Errors
/// The patch is no object, or what comes out is no network.
pub(super) fn apply_patch(list: &mut NetworkList, patch: &str) -> Result<(), CniError> {
    let mut patch = object(Some(patch), "patch")?;
    if let Some(args) = patch.remove(ARGS) {
        patch_args(list, &args)?;
    }
    if let Some(first) = list.plugins.first_mut() {
        merge(first, &Value::Object(patch));
    }
    // The patched configuration obeys the same rules as a file.
    *list = NetworkList::from_value(&list.to_value()).map_err(|error| error.context("after the selector's patch"))?;
    Ok(())
}

/// Asks every plugin for `args`.
///
/// # Errors
/// The network has `args` that are no object, which nothing can be added to.
pub(super) fn patch_args(list: &mut NetworkList, args: &Value) -> Result<(), CniError> {
    for plugin in &mut list.plugins {
        let place = |path: &str| invalid(format!("its {path} is no object, so that nothing can be added to it"));
        let own = plugin.get(ARGS).filter(|own| !own.is_null());
        if own.is_some_and(|own| !own.is_object()) {
            return Err(place("args"));
        }
        if own.and_then(|own| own.get("cni")).is_some_and(|cni| !cni.is_object() && !cni.is_null()) {
            return Err(place("args.cni"));
        }
        merge(plugin, &json!({ARGS: args}));
    }
    Ok(())
}

fn merge(plugin: &mut Map<String, Value>, patch: &Value) {
    let mut patched = Value::Object(std::mem::take(plugin));
    json_patch::merge(&mut patched, patch);
    if let Value::Object(patched) = patched {
        *plugin = patched;
    }
}

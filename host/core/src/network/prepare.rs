//! From a selector's plan to attachments that can be carried out. All that can be wrong with a plan
//! is found here, before any delegate runs.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::Catalogue;
use super::Installed;
use super::interfaces::assign;
use super::limits::Limits;
use super::repeated::set_apart;
use crate::cni::{Call, CniArgs, CniError, NetworkList, code, quoted};
use crate::delegate;
use crate::object::ObjectName;
use crate::routes::Route;
use crate::selector::abi::{Attachment, DefaultRoute, Plan, Source};
use crate::selector::sandbox::facts::{Facts, Question};

/// Pairs of the runtime's `CNI_ARGS` that ask for addresses (CNI conventions, and the reference
/// plugins). Like `runtimeConfig`, they are about the runtime's own interface.
const ADDRESS_ARGUMENTS: [&str; 3] = ["IP", "MAC", "GATEWAY"];

/// All that a plan is checked against.
pub struct Context<'a> {
    /// The runtime's call.
    pub call: &'a Call,
    /// The members of the call's `runtimeConfig`.
    pub runtime_config: &'a Map<String, Value>,
    /// The networks of this node.
    pub catalogue: &'a Catalogue,
    /// Where NetworkAttachmentDefinitions come from.
    pub facts: &'a dyn Facts,
    /// Plugin types that mean this plugin itself.
    pub own_types: &'a [&'a str],
    /// The directories of plugins; none when the plugins need not be there.
    pub path: Option<&'a [PathBuf]>,
    /// Interfaces that the container has already.
    pub taken: &'a BTreeSet<String>,
    /// Whether an earlier plugin of the runtime's list has made the runtime's interface.
    pub is_served: bool,
    /// What one pod may have.
    pub limits: Limits,
    /// Whether to refuse what a network declares no capability for, instead of asking its plugins
    /// in the old way.
    pub strict: bool,
}

/// One attachment, ready to be carried out.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The interface inside the container.
    pub interface: String,
    /// The network's configuration, with the plan's patch applied.
    pub list: NetworkList,
    /// The `CNI_ARGS` for the network's plugins.
    pub cni_args: String,
    /// The values that the plugins may get as `runtimeConfig`.
    pub runtime_config: Map<String, Value>,
    /// What becomes of the network's default routes.
    pub default_route: Route,
}

/// Checks a plan and makes its attachments, in the plan's order.
///
/// # Errors
/// The first mistake; the message names network and interface.
pub fn prepare(plan: &Plan, context: &Context<'_>) -> Result<Vec<Prepared>, CniError> {
    context.limits.check_count(plan.attachments.len())?;
    refuse_what_is_there(context)?;
    let wanted: Vec<_> = plan.attachments.iter().map(|attachment| attachment.interface.as_deref()).collect();
    let interfaces = assign(&wanted, &context.call.interface, context.taken)?;
    refuse_nothing_of_the_runtimes(&interfaces, context)?;
    check_owners(plan)?;
    let mut attachments = plan
        .attachments
        .iter()
        .zip(interfaces)
        .map(|(attachment, interface)| {
            let place = format!("network {} on {interface}", describe(&attachment.network));
            prepare_one(attachment, interface, context).map_err(|error| error.context(place))
        })
        .collect::<Result<Vec<_>, _>>()?;
    context.limits.check_same(&attachments)?;
    set_apart(&mut attachments)?;
    Ok(attachments)
}

/// The runtime reports the address on its own interface as the pod's. So a plan must have a network
/// there, unless an earlier plugin of the runtime's list has made the interface.
fn refuse_nothing_of_the_runtimes(interfaces: &[String], context: &Context<'_>) -> Result<(), CniError> {
    let runtimes = &context.call.interface;
    if context.is_served || interfaces.contains(runtimes) {
        return Ok(());
    }
    Err(invalid(format!(
        "no network is on {runtimes}, the interface that the runtime asks for: leave the interface of one attachment \
         open, or name {runtimes}"
    )))
}

/// The runtime's interface is ours to make, and so ours to undo. One that exists already was made
/// by another program.
fn refuse_what_is_there(context: &Context<'_>) -> Result<(), CniError> {
    let runtimes = &context.call.interface;
    if context.is_served || !context.taken.contains(runtimes) {
        return Ok(());
    }
    let message = format!(
        "interface {runtimes} exists already in the container, and no plugin before this one tells of it \
         (prevResult): nothing was attached, so that it stays as it is"
    );
    Err(CniError::new(code::INVALID_ENVIRONMENT, message))
}

/// A source in the words of a message.
fn describe(source: &Source) -> String {
    match source {
        Source::Installed(name) => quoted(name),
        Source::Definition(name) => quoted(&format!("{}/{}", name.namespace, name.name)),
        Source::Inline(_) => "(inline)".into(),
    }
}

fn prepare_one(attachment: &Attachment, interface: String, context: &Context<'_>) -> Result<Prepared, CniError> {
    let mut list = resolve(&attachment.network, context)?;
    if let Some(patch) = &attachment.patch {
        apply_patch(&mut list, patch)?;
    }
    delegate::refuse_self(&list, context.own_types)?;
    if let Some(path) = context.path {
        list.types().into_iter().try_for_each(|kind| delegate::find(kind, path).map(drop))?;
    }
    let default_route = route(&attachment.default_route)?;

    // The runtime's own wishes are for the network that the runtime reports, and for no other
    // (multi-network standard, section 7.5).
    let args = CniArgs::new(&context.call.args);
    let (mut runtime_config, args) = if interface == context.call.interface {
        (context.runtime_config.clone(), args)
    } else {
        (Map::new(), CniArgs::new(args.without(&ADDRESS_ARGUMENTS)))
    };
    let declared = list.capabilities();
    for (key, value) in object(attachment.runtime_config.as_deref(), "runtime-config")? {
        if !declared.contains(&key) {
            return Err(invalid(format!(
                "{} is asked for, but no plugin of the network declares that capability",
                quoted(&key)
            )));
        }
        runtime_config.insert(key, value);
    }
    let mut arguments = attachment.args.clone();
    request_addresses(attachment, &mut list, &declared, &mut runtime_config, &mut arguments, context.strict)?;
    let cni_args = with_arguments(&args, &arguments)?;
    Ok(Prepared { interface, list, cni_args, runtime_config, default_route })
}

fn with_arguments(args: &CniArgs, pairs: &[(String, String)]) -> Result<String, CniError> {
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    args.with(&pairs)
}

/// Several attachments may keep the routes that their plugins set. An attachment that names a
/// gateway must be the only owner.
fn check_owners(plan: &Plan) -> Result<(), CniError> {
    let owners = plan.attachments.iter().filter_map(|attachment| match &attachment.default_route {
        DefaultRoute::Via(gateways) => Some(gateways),
        DefaultRoute::Usual | DefaultRoute::Never => None,
    });
    if owners.clone().count() > 1 && owners.clone().any(|gateways| !gateways.is_empty()) {
        return Err(invalid("more than one attachment asks for the default route; one can have it"));
    }
    Ok(())
}

fn resolve(source: &Source, context: &Context<'_>) -> Result<NetworkList, CniError> {
    match source {
        Source::Installed(written) => match context.catalogue.find(written) {
            Some(Installed { list, .. }) => Ok(list.clone()),
            None => Err(invalid(context.catalogue.absent(written))),
        },
        Source::Inline(text) => {
            let value = serde_json::from_str(text).map_err(|error| invalid(format!("not JSON: {error}")))?;
            NetworkList::from_value(&value)
        }
        Source::Definition(id) => resolve_definition(&id.namespace, &id.name, context),
    }
}

/// The configuration of a definition (multi-network standard, section 3.4): `spec.config` if there
/// is one, else the installed network of that name. A configuration without a name gets the
/// definition's.
fn resolve_definition(namespace: &str, name: &str, context: &Context<'_>) -> Result<NetworkList, CniError> {
    const KIND: &str = "NetworkAttachmentDefinition";
    let wanted = ObjectName::new("k8s.cni.cncf.io/v1", KIND, Some(namespace), name)
        .map_err(|why| CniError::new(code::SELECTOR, format!("the plan names a {KIND} that can be none: {why}")))?;
    let object = context
        .facts
        .answer(&Question::Object(wanted))
        .map_err(|reason| CniError::new(code::TRY_AGAIN, format!("the {KIND} cannot be read: {reason}")))?;
    let object = object.as_str().ok_or_else(|| invalid(format!("there is no such {KIND}")))?;
    let object: Value = serde_json::from_str(object).map_err(|error| invalid(format!("the {KIND}: {error}")))?;
    let config = object.pointer("/spec/config").and_then(Value::as_str).unwrap_or_default();
    if config.trim().is_empty() {
        let installed = context.catalogue.networks.iter().find(|network| network.list.name == name);
        return installed.map(|network| network.list.clone()).ok_or_else(|| {
            invalid(format!("the {KIND} holds no configuration, and no installed network has its name"))
        });
    }
    let mut config: Value =
        serde_json::from_str(config).map_err(|error| invalid(format!("its spec.config is not JSON: {error}")))?;
    if let Some(config) = config.as_object_mut()
        && config.get("name").is_none_or(|name| name.as_str() == Some(""))
    {
        config.insert("name".into(), name.into());
    }
    NetworkList::from_value(&config)
}

fn apply_patch(list: &mut NetworkList, patch: &str) -> Result<(), CniError> {
    let patch = Value::Object(object(Some(patch), "patch")?);
    let Some(first) = list.plugins.first_mut() else { return Ok(()) };
    let mut plugin = Value::Object(std::mem::take(first));
    json_patch::merge(&mut plugin, &patch);
    if let Value::Object(plugin) = plugin {
        *first = plugin;
    }
    // The patched configuration obeys the same rules as a file.
    *list = NetworkList::from_value(&list.to_value()).map_err(|error| error.context("after the selector's patch"))?;
    Ok(())
}

/// Asks for addresses in the way that the network understands: by capability, else by `CNI_ARGS`,
/// which is the old way, and manifests rely on it.
fn request_addresses(
    attachment: &Attachment,
    list: &mut NetworkList,
    declared: &BTreeSet<String>,
    runtime_config: &mut Map<String, Value>,
    arguments: &mut Vec<(String, String)>,
    strict: bool,
) -> Result<(), CniError> {
    let ips = attachment.ips.iter().map(|ip| parse_ip(ip).map(|parsed| (ip, parsed))).collect::<Result<Vec<_>, _>>()?;
    match ips.as_slice() {
        [] => {}
        ips if declared.contains("ips") => {
            let ips: Vec<_> = ips.iter().map(|(written, _)| *written).collect();
            runtime_config.insert("ips".into(), json!(ips));
        }
        [(_, ip)] => {
            legacy("ips", strict, &list.name)?;
            arguments.push(("IP".into(), ip.to_string()));
        }
        ips => {
            legacy("ips", strict, &list.name)?;
            let ips: Vec<_> = ips.iter().map(|(written, _)| (*written).clone()).collect();
            ask_by_args(list, &ips);
        }
    }
    if let Some(mac) = &attachment.mac {
        check_mac(mac)?;
        if declared.contains("mac") {
            runtime_config.insert("mac".into(), mac.clone().into());
        } else {
            legacy("mac", strict, &list.name)?;
            arguments.push(("MAC".into(), mac.clone()));
        }
    }
    Ok(())
}

/// Refuses a wish for which the network declares no capability if `strict`, or warns.
fn legacy(capability: &str, strict: bool, network: &str) -> Result<(), CniError> {
    if strict {
        let message = format!("{capability} is asked for, but no plugin of the network declares that capability");
        return Err(invalid(message));
    }
    tracing::warn!(network, capability, "not declared: asked for in the old way, by CNI_ARGS");
    Ok(())
}

/// Asks for several addresses, which do not fit into `CNI_ARGS`, by `args.cni.ips` (CNI
/// conventions, "args in network config").
fn ask_by_args(list: &mut NetworkList, ips: &[String]) {
    for plugin in &mut list.plugins {
        let mut plugin_value = Value::Object(std::mem::take(plugin));
        json_patch::merge(&mut plugin_value, &json!({"args": {"cni": {"ips": ips}}}));
        if let Value::Object(map) = plugin_value {
            *plugin = map;
        }
    }
}

fn parse_ip(text: &str) -> Result<IpAddr, CniError> {
    let address = text.parse().ok().or_else(|| text.parse::<IpNet>().ok().map(|net| net.addr()));
    address.ok_or_else(|| invalid(format!("{} is no IP address; write one as 10.1.2.3 or 10.1.2.3/24", quoted(text))))
}

fn check_mac(mac: &str) -> Result<(), CniError> {
    let bytes: Vec<_> = mac.split(':').collect();
    let valid = bytes.len() == 6
        && bytes.iter().all(|byte| byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit()));
    if valid {
        return Ok(());
    }
    Err(invalid(format!("{} is no hardware address; write one as 02:00:00:00:00:01", quoted(mac))))
}

/// What a plan's `default-route` asks for.
fn route(default_route: &DefaultRoute) -> Result<Route, CniError> {
    let gateways = match default_route {
        DefaultRoute::Usual => return Ok(Route::Usual),
        DefaultRoute::Never => return Ok(Route::Never),
        DefaultRoute::Via(gateways) => gateways,
    };
    let mut addresses: Vec<IpAddr> = Vec::new();
    for gateway in gateways {
        let address: IpAddr = gateway
            .parse()
            .map_err(|_| invalid(format!("default-route: {} is no gateway; write an IP address", quoted(gateway))))?;
        if addresses.iter().any(|other| other.is_ipv4() == address.is_ipv4()) {
            return Err(invalid("default-route: more than one gateway of the same address family"));
        }
        addresses.push(address);
    }
    Ok(Route::Via(addresses))
}

fn object(text: Option<&str>, what: &str) -> Result<Map<String, Value>, CniError> {
    let Some(text) = text else { return Ok(Map::new()) };
    serde_json::from_str(text).map_err(|error| invalid(format!("{what} is no JSON object: {error}")))
}

fn invalid(message: impl Into<String>) -> CniError {
    CniError::new(code::INVALID_CONFIG, message)
}

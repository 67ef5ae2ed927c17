//! From a selector's plan to attachments that can be carried out. All that can be wrong with a plan
//! is found here, before any delegate runs.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::addresses::{Wishes, ask_for_addresses};
use super::context::{Context, invalid, object};
use super::interfaces::assign;
use super::repeated::set_apart;
use super::resolve::{apply_patch, resolve};
use crate::cni::{CniArgs, CniError, NetworkList, code, quoted};
use crate::delegate;
use crate::device_info;
use crate::routes::Route;
use crate::selector::abi::{Attachment, DefaultRoute, Plan, Source};

/// Pairs of the runtime's `CNI_ARGS` that ask for addresses (CNI conventions, and the reference
/// plugins). Like `runtimeConfig`, they are about the runtime's own interface.
const ADDRESS_ARGUMENTS: [&str; 3] = ["IP", "MAC", "GATEWAY"];

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
    /// What the pod's owner should know, though the pod starts.
    pub warnings: Vec<String>,
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
            let prepared = prepare_one(attachment, interface, context);
            let mut prepared = prepared.map_err(|error| blame_owner(error, &attachment.network).context(&place))?;
            for warning in &mut prepared.warnings {
                warning.insert_str(0, &format!("{place}: "));
            }
            Ok(prepared)
        })
        .collect::<Result<Vec<_>, CniError>>()?;
    context.limits.check_same(&attachments)?;
    set_apart(&mut attachments)?;
    Ok(attachments)
}

/// A definition is an object of somebody's namespace, and a pod's owner names it: neither stands in
/// the configuration that a cluster's operator wrote.
fn blame_owner(error: CniError, network: &Source) -> CniError {
    let of_configuration = matches!(error.code, code::INVALID_CONFIG | code::DECODE | code::INCOMPATIBLE_VERSION);
    match network {
        Source::Definition(_) if of_configuration => CniError { code: code::REFUSED_INVALID, ..error },
        _ => error,
    }
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
    let mut list = resolve(attachment, context)?;
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
    let (runtime_config, args) = if interface == context.call.interface {
        (context.runtime_config.clone(), args)
    } else {
        (Map::new(), CniArgs::new(args.without(&ADDRESS_ARGUMENTS)))
    };
    let mut wishes = Wishes { runtime_config, arguments: attachment.args.clone(), warnings: Vec::new() };
    let declared = list.capabilities();
    for (key, value) in object(attachment.runtime_config.as_deref(), "runtime-config")? {
        if !declared.contains(&key) {
            return Err(invalid(format!(
                "{} is asked for, but no plugin of the network declares that capability",
                quoted(&key)
            )));
        }
        wishes.runtime_config.insert(key, value);
    }
    ask_for_addresses(attachment, &mut list, &mut wishes, context.strict)?;
    let Wishes { mut runtime_config, arguments, warnings } = wishes;
    device_info::name_file(&mut runtime_config, declared.contains(device_info::CAPABILITY), || {
        device_info::path(context.device_info_dir, &list.name, &context.call.container, &interface)
    });
    let cni_args = with_arguments(&args, &arguments)?;
    Ok(Prepared { interface, list, cni_args, runtime_config, default_route, warnings })
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

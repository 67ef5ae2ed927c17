//! ADD: chooses the pod's networks, attaches all of them or none, and answers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use super::CallFacts;
use super::Timings;
use super::attaching::Attaching;
use super::merge::{self, Answers, merge};
use super::namespace::Namer;
use super::plugin_dirs;
use super::request::{OwnTypes, Selected, build_request, select};
use super::warnings::{tell, tell_more, warnings};
use crate::agent_api::protocol::Part;
use crate::cni::{Call, CniArgs, CniError, CniResult, code, prev_result};
use crate::config::{self, Config};
use crate::network::{self, Catalogue, Prepared};
use crate::pod::{self, Identity};
use crate::record::{Header, Lock, Planned, Store, VERSION, boot_id};
use crate::routes::{Sandbox, Wanted, Wish};
use crate::selector::abi::{Attachment, Plan};
use crate::selector::sandbox::facts::Facts;
use crate::sources;

/// Serves ADD (CNI specification, section 2, "ADD").
///
/// # Errors
/// Every failure. Nothing stays attached then.
pub fn add(call: &Call, config: &Config, deadline: Instant, timings: &Timings) -> Result<Value, CniError> {
    let own = OwnTypes::of(call);
    let pod = Identity::from_args(&CniArgs::new(&call.args));
    let path = plugin_dirs(call, &config.paths);
    let previous = prev_result(&call.config, call.version)?;
    let catalogue = Arc::new(Catalogue::load(&config.paths.conf_dir, &own.as_refs())?);
    timings.part(Part::Configuration);
    let annotations = sources::annotations(&config.pods, call, &pod, deadline)?;
    let facts = CallFacts::new(config, &config.pods, &pod, &catalogue, deadline);
    let facts: Arc<dyn Facts> = Arc::new(facts);
    timings.part(Part::Facts);

    let is_served = previous.as_ref().is_some_and(|previous| merge::has_made(previous, &call.interface));
    let mut request = build_request(call, config, &catalogue, &pod, annotations);
    request.attributes.extend(is_served.then(|| ("served".to_owned(), call.interface.clone())));
    network::expect_likely(&request, &config.chain, &*facts);
    let selected = select(request, config, &facts, deadline, timings)?;
    timings.part(Part::Select);
    let given = Given {
        call,
        config,
        own: &own,
        pod: &pod,
        path: &path,
        previous: previous.as_ref(),
        is_served,
        catalogue: &catalogue,
        facts: &facts,
        deadline,
        timings,
    };
    given.carry_out(&selected).inspect_err(|_| timings.refused(selected.explanation()))
}

/// What an ADD knows beside the plan.
struct Given<'a> {
    call: &'a Call,
    config: &'a Config,
    own: &'a OwnTypes,
    pod: &'a Identity,
    path: &'a [PathBuf],
    /// The result of an earlier plugin of the runtime's list.
    previous: Option<&'a CniResult>,
    /// Whether that plugin made the runtime's interface.
    is_served: bool,
    catalogue: &'a Catalogue,
    facts: &'a Arc<dyn Facts>,
    deadline: Instant,
    timings: &'a Timings,
}

impl Given<'_> {
    /// Attaches what the chain selected, and answers.
    fn carry_out(&self, selected: &Selected) -> Result<Value, CniError> {
        let Given { call, config, own, pod, path, previous, is_served, catalogue, facts, deadline, timings } = *self;
        network::expect_definitions(&selected.plan, &**facts);
        let mut sandbox = Sandbox::open(call.netns.as_deref())?;
        let taken = taken_interfaces(previous.filter(|_| is_served), call, &selected.plan, sandbox.as_mut())?;
        let Selected { request, decision, .. } = selected;
        let planner = |attachment: &Attachment| config.chain.planner(request, &decision.trace, attachment);
        let context = network::Context {
            call,
            runtime_config: &pod::public_runtime_config(call),
            catalogue,
            facts: &**facts,
            planner: &planner,
            own_types: &own.as_refs(),
            path: Some(path),
            taken: &taken,
            is_served,
            device_info_dir: &config.device_info_dir,
            limits: config.limits,
            strict: config.strict,
        };
        let attachments = network::prepare(&selected.plan, &context).map_err(|error| {
            attached_already(&config.paths.state_dir, call).unwrap_or_else(|| selected.blame(error))
        })?;
        let warnings = warnings(&config.chain, &selected.request, &selected.decision.trace, &attachments);
        tell(call, &config.paths.state_dir, &warnings);
        timings.part(Part::Prepare);

        let store = Store::open(&config.paths.state_dir)?;
        let mut lock = store.lock(&call.container, deadline)?;
        clear_stale(&store, &mut lock, call, path, deadline)?;
        let journal = store.create(&lock, &header(call, pod, path, &attachments, selected))?;
        let durable = journal.sync_beside();
        let wishes: Vec<_> = attachments.iter().map(wish).collect();
        let wanted = Wanted { wishes: &wishes, owner: owner(call, config, &context, wishes.len(), sandbox.is_some()) };
        let mut attaching = Attaching::new(call, path, &attachments, journal, is_served, timings);
        timings.part(Part::Record);

        let attached = attaching.attach(&wanted, sandbox.as_mut(), deadline);
        timings.part(Part::Delegate);
        let answered = attached
            .and_then(|results| {
                let settled = attaching.settle_routes(&wanted, sandbox.as_mut(), results);
                settled.map_err(|error| selected.blame_for_routes(error))
            })
            .and_then(|outcomes| {
                let answers = Answers { outcomes: &outcomes, devices: &attaching.devices().known };
                merge(call, config, selected, answers, previous, facts, deadline)
            })
            .and_then(|merged| merge::answer(&merged, call.version).map(|result| (merged, result)));
        timings.part(Part::Merge);
        let answered = answered.and_then(|answered| durable.wait(deadline).map(|()| answered));
        timings.part(Part::Sync);
        match answered {
            Ok((merged, result)) => {
                tell_more(call, &config.paths.state_dir, &warnings, &attaching.devices().warnings);
                attaching.finish(&result, merged.annotations);
                timings.part(Part::Finish);
                lock.keep_file();
                Ok(result)
            }
            Err(error) => {
                if let Some(sandbox) = &mut sandbox {
                    sandbox.put_back();
                }
                attaching.undo();
                timings.part(Part::Undo);
                Err(error)
            }
        }
    }
}

/// The error for an interface that exists already, if a record explains it: the runtime owes a DEL.
fn attached_already(state_dir: &Path, call: &Call) -> Option<CniError> {
    let record = Store::open(state_dir).ok()?.load_attachments(&call.container, &call.interface).ok()??;
    (!record.header.is_of_earlier_boot()).then(|| owes_del(call))
}

fn owes_del(call: &Call) -> CniError {
    CniError::new(
        code::INVALID_ENVIRONMENT,
        format!(
            "container {} is attached already on {}: the runtime must call DEL before it calls ADD again",
            call.container, call.interface
        ),
    )
}

/// Undoes what a record of an earlier boot holds: the reboot took that container away, and a new
/// one may get the same identifier. A record of this boot means that the runtime owes a DEL.
fn clear_stale(
    store: &Store,
    lock: &mut Lock,
    call: &Call,
    path: &[PathBuf],
    deadline: Instant,
) -> Result<(), CniError> {
    match store.load_attachments(&call.container, &call.interface)? {
        None => Ok(()),
        Some(record) if !record.header.is_of_earlier_boot() => Err(owes_del(call)),
        Some(record) => {
            tracing::info!(container = call.container, "undoing the attachments of an earlier boot");
            super::del::detach(&record, lock, Namer::Record, path, deadline, None)
        }
    }
}

fn header(call: &Call, pod: &Identity, path: &[PathBuf], attachments: &[Prepared], selected: &Selected) -> Header {
    let planned = attachments.iter().map(|attachment| Planned {
        interface: attachment.interface.clone(),
        list: attachment.list.to_value(),
        cni_args: attachment.cni_args.clone(),
        runtime_config: attachment.runtime_config.clone(),
    });
    Header {
        version: VERSION,
        boot_id: boot_id(),
        container: call.container.clone(),
        interface: call.interface.clone(),
        netns: call.netns.clone().unwrap_or_default(),
        network: call.name.clone(),
        cni_args: call.args.clone(),
        pod: pod.recorded(),
        created: crate::time::now(),
        path: path.to_vec(),
        attachments: planned.collect(),
        decision: selected.explanation(),
    }
}

/// The interface that owns the default routes of which the plan says nothing. The result is none
/// when the container has one network only: there is nothing to decide.
fn owner<'a>(
    call: &'a Call,
    config: &Config,
    context: &network::Context<'_>,
    count: usize,
    has_namespace: bool,
) -> Option<&'a str> {
    let several = count > 1 || context.is_served;
    (several && has_namespace && config.default_route == config::DefaultRoute::Runtime).then_some(&call.interface)
}

fn wish(attachment: &Prepared) -> Wish<'_> {
    Wish {
        interface: &attachment.interface,
        network: &attachment.list.name,
        default_route: attachment.default_route.clone(),
    }
}

/// The interfaces that the container has already: the one that an earlier plugin made, all that
/// its result names, and all that exist. Undoing an ADD must not touch what it has not made.
fn taken_interfaces(
    served_by: Option<&CniResult>,
    call: &Call,
    plan: &Plan,
    sandbox: Option<&mut Sandbox>,
) -> Result<BTreeSet<String>, CniError> {
    let mut taken: BTreeSet<String> = served_by.map(merge::sandbox_interfaces).unwrap_or_default();
    taken.extend(served_by.map(|_| call.interface.clone()));
    let Some(sandbox) = sandbox else { return Ok(taken) };
    match plan.attachments.as_slice() {
        // Most pods have one network, and one question to the kernel is enough.
        [one] if served_by.is_none() && one.interface.as_ref().is_none_or(|name| *name == call.interface) => {
            taken.extend(sandbox.has(&call.interface)?.then(|| call.interface.clone()));
        }
        _ => taken.extend(sandbox.interfaces()?),
    }
    Ok(taken)
}

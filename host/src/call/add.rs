//! ADD: which networks, attach them, answer. All of them or none.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::request::{OwnTypes, Selected, select};
use super::{CallFacts, plugin_dirs};
use crate::cni::{self, Call, CniError, CniResult, Version, code};
use crate::config::Config;
use crate::delegate::Attach;
use crate::network::{self, Catalogue, Prepared};
use crate::pod::{self, Identity};
use crate::record::{Header, Journal, Planned, PodName, Record, Store};
use crate::selector::abi::{Merged, Outcome};
use crate::{merge, routes};

/// How long undoing may take when the call's own time is used up.
const UNDO_TIME: Duration = Duration::from_secs(30);

/// Serves ADD (CNI specification, section 2, "ADD").
///
/// # Errors
/// What failed; then nothing stays attached.
pub fn add(call: &Call, config: &Config, deadline: Instant) -> Result<Value, CniError> {
    let own = OwnTypes::of(call);
    let pod = Identity::from_args(&cni::CniArgs::new(&call.args));
    let previous = cni::prev_result(&call.config, call.version)?;
    let catalogue = Catalogue::load(&config.paths.conf_dir, &own.as_refs())?;
    let annotations = pod::annotations(&config.pods, call, &pod)?;
    let facts = CallFacts::new(&config.pods, &pod, &config.node, &catalogue);

    let selected = select(call, config, &catalogue, &pod, annotations, &facts, deadline)?;
    let attachments = network::prepare(
        &selected.plan,
        &network::Context {
            call,
            runtime_config: &pod::public_runtime_config(call),
            catalogue: &catalogue,
            facts: &facts,
            own_types: &own.as_refs(),
            path: &plugin_dirs(call, &config.paths),
            taken: &interfaces_of(previous.as_ref()),
            strict: config.strict,
        },
    )?;

    let store = Store::open(&config.paths.state_dir)?;
    let _lock = store.lock(&call.container, deadline)?;
    clear_stale(&store, call, config, deadline)?;
    let mut journal = store.create(&header(call, config, &pod, &attachments, &selected))?;
    let durable = journal.sync_beside();

    let attached = attach(call, config, &attachments, &mut journal, deadline)
        .and_then(|outcomes| routes::settle(call, &attachments, outcomes))
        .and_then(|outcomes| merge::merge(call, config, &selected, outcomes, previous.as_ref(), deadline))
        .and_then(|merged| answer(&merged, call.version).map(|result| (merged, result)))
        .and_then(|answered| durable.wait().map(|()| answered));
    match attached {
        Ok((merged, result)) => {
            journal.done(&result, &merged.annotations);
            Ok(result)
        }
        Err(error) => {
            undo(call, config, &attachments, journal);
            Err(error)
        }
    }
}

/// Runs the delegates, one network after the other. What ran is undone by the
/// caller; the failed network undoes itself here, since only here is known how
/// far it came.
fn attach(
    call: &Call,
    config: &Config,
    attachments: &[Prepared],
    journal: &mut Journal,
    deadline: Instant,
) -> Result<Vec<Outcome>, CniError> {
    let path = plugin_dirs(call, &config.paths);
    let mut outcomes = Vec::with_capacity(attachments.len());
    for (index, attachment) in attachments.iter().enumerate() {
        let attach = attachment_call(call, attachment, &path, deadline);
        let place = format!("network {:?} on {}", attachment.list.name, attachment.interface);
        let failed = |error: CniError, ran: usize, journal: &mut Journal| {
            let undo = Attach { deadline: Instant::now() + UNDO_TIME, ..attach };
            match undo.del(None, ran) {
                Ok(()) => journal.deleted(index),
                Err(undo) => tracing::error!(%undo, "undoing a failed attachment failed; the runtime's DEL repeats it"),
            }
            // The networks after this one were never started.
            (index + 1..attachments.len()).for_each(|later| journal.deleted(later));
            error
        };
        let result = attach.add().map_err(|failure| failed(failure.error, failure.ran, journal))?;
        journal.added(index, &result);
        let current = CniResult::from_value(&result, attachment.list.cni_version)
            .and_then(|result| result.check_safe().map(|()| result))
            .and_then(|result| result.convert(Version::CURRENT))
            .map_err(|error| error.context(&place))
            .map_err(|error| failed(error, attachment.list.plugins.len(), journal))?;
        outcomes.push(Outcome {
            interface: attachment.interface.clone(),
            network: attachment.list.name.clone(),
            result: current.to_value().to_string(),
        });
    }
    Ok(outcomes)
}

fn attachment_call<'a>(call: &'a Call, attachment: &'a Prepared, path: &'a [std::path::PathBuf], deadline: Instant) -> Attach<'a> {
    Attach {
        list: &attachment.list,
        container: &call.container,
        netns: call.netns.as_deref(),
        interface: &attachment.interface,
        args: &attachment.cni_args,
        runtime_config: &attachment.runtime_config,
        path,
        deadline,
    }
}

/// Undoes what is attached, the last one first. What cannot be undone stays in
/// the record, and the runtime's DEL tries again.
fn undo(call: &Call, config: &Config, attachments: &[Prepared], mut journal: Journal) {
    let path = plugin_dirs(call, &config.paths);
    let mut left = false;
    for index in journal.remaining() {
        let Some(attachment) = attachments.get(index) else { continue };
        let attach = attachment_call(call, attachment, &path, Instant::now() + UNDO_TIME);
        match attach.del(journal.result(index).as_ref(), attachment.list.plugins.len()) {
            Ok(()) => journal.deleted(index),
            Err(error) => {
                left = true;
                tracing::error!(%error, "undoing an attachment failed; the runtime's DEL repeats it");
            }
        }
    }
    if !left {
        journal.remove();
    }
}

/// A record of an earlier boot is of a container that the reboot took away; the
/// same identifier may come again. One of this boot means a missing DEL.
fn clear_stale(store: &Store, call: &Call, config: &Config, deadline: Instant) -> Result<(), CniError> {
    match store.load(&call.container, &call.interface)? {
        None => Ok(()),
        Some(record) if record.is_of_this_boot() => Err(CniError::new(
            code::INVALID_ENVIRONMENT,
            format!(
                "container {} is attached already on {}: the runtime must call DEL before it calls ADD again",
                call.container, call.interface
            ),
        )),
        Some(record) => {
            tracing::info!(container = call.container, "undoing the attachments of an earlier boot");
            super::del::detach(record, None, &plugin_dirs(call, &config.paths), deadline)
        }
    }
}

fn header(call: &Call, config: &Config, pod: &Identity, attachments: &[Prepared], selected: &Selected) -> Header {
    Header::new(
        call,
        PodName { namespace: pod.namespace.clone(), name: pod.name.clone(), uid: pod.uid.clone() },
        plugin_dirs(call, &config.paths),
        attachments
            .iter()
            .map(|attachment| Planned {
                interface: attachment.interface.clone(),
                list: attachment.list.to_value(),
                cni_args: attachment.cni_args.clone(),
                runtime_config: attachment.runtime_config.clone(),
            })
            .collect(),
        selected.explanation(),
    )
}

/// The merged result in the version that the runtime asked for.
fn answer(merged: &Merged, version: Version) -> Result<Value, CniError> {
    let result = CniResult::parse(merged.result.as_bytes(), Version::CURRENT)
        .and_then(|result| result.check_safe().map(|()| result))
        .map_err(|error| error.context("the merged result"))?;
    result.convert(version).map(|result| result.to_value()).map_err(|error| {
        error.context(format!("the pod's networks cannot be described in CNI version {version}"))
    })
}

fn interfaces_of(previous: Option<&CniResult>) -> BTreeSet<String> {
    previous.map(CniResult::sandbox_interfaces).unwrap_or_default()
}


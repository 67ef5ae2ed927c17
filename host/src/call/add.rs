//! ADD: which networks, attach them, answer. All of them or none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::namespace::Namer;
use super::request::{OwnTypes, Selected, build_request, select};
use super::{Account, CallFacts, merge, plugin_dirs};
use crate::cni::{Call, CniArgs, CniError, CniResult, Version, code, prev_result};
use crate::config::Config;
use crate::delegate::Attach;
use crate::network::{self, Catalogue, Prepared};
use crate::pod::{self, Identity};
use crate::record::{Header, Journal, Lock, Outcome, Planned, Store, VERSION, boot_id};
use crate::routes;
use crate::selector::abi::{self, DefaultRoute};

/// How long undoing may take when the call's own time is used up.
const UNDO_TIME: Duration = Duration::from_secs(30);

/// Serves ADD (CNI specification, section 2, "ADD").
///
/// # Errors
/// What failed; then nothing stays attached.
pub fn add(call: &Call, config: &Config, deadline: Instant, account: &Account) -> Result<Value, CniError> {
    let own = OwnTypes::of(call);
    let pod = Identity::from_args(&CniArgs::new(&call.args));
    let path = plugin_dirs(call, &config.paths);
    let previous = prev_result(&call.config, call.version)?;
    let catalogue = Catalogue::load(&config.paths.conf_dir, &own.as_refs())?;
    account.part("configuration");
    let annotations = pod::annotations(&config.pods, call, &pod, deadline)?;
    let facts = CallFacts::new(&config.pods, &pod, &config.node, &catalogue, deadline);
    account.part("facts");

    let request = build_request(call, config, &catalogue, &pod, annotations);
    let selected = select(request, config, &facts, deadline, account)?;
    account.part("select");
    let taken = taken_interfaces(previous.as_ref(), call, &selected)?;
    let context = network::Context {
        call,
        runtime_config: &pod::public_runtime_config(call),
        catalogue: &catalogue,
        facts: &facts,
        own_types: &own.as_refs(),
        path: Some(&path),
        taken: &taken,
        strict: config.strict,
    };
    let attachments = network::prepare(&selected.plan, &context).map_err(|error| selected.blame(error))?;
    account.part("prepare");

    let store = Store::open(&config.paths.state_dir)?;
    let mut lock = store.lock(&call.container, deadline)?;
    clear_stale(&store, &lock, call, &path, deadline)?;
    let journal = store.create(&lock, &header(call, &pod, &path, &attachments, &selected))?;
    let durable = journal.sync_beside();
    let mut attaching = Attaching { call, path: &path, attachments: &attachments, journal, done: Vec::new(), account };
    account.part("record");

    let attached = attaching.attach(deadline);
    account.part("delegate");
    let answered = attached
        .and_then(|results| settle_routes(call, &attachments, results))
        .and_then(|outcomes| merge::merge(call, config, &selected, &outcomes, previous.as_ref(), &facts, deadline))
        .and_then(|merged| merge::answer(&merged, call.version).map(|result| (merged, result)));
    account.part("merge");
    let answered = answered.and_then(|answered| durable.wait(deadline).map(|()| answered));
    account.part("sync");
    match answered {
        Ok((merged, result)) => {
            attaching.finish(&result, merged.annotations);
            account.part("finish");
            lock.keep_file();
            Ok(result)
        }
        Err(error) => {
            attaching.undo();
            account.part("undo");
            Err(error)
        }
    }
}

/// The attachments on their way.
struct Attaching<'a> {
    call: &'a Call,
    path: &'a [PathBuf],
    attachments: &'a [Prepared],
    journal: Journal,
    /// Of each network that was started: its result if it has one, and how many
    /// of its plugins ran.
    done: Vec<(Option<Value>, usize)>,
    account: &'a Account,
}

impl Attaching<'_> {
    /// Runs the delegates, one network after the other. The results come back in
    /// CNI 1.1.0.
    fn attach(&mut self, deadline: Instant) -> Result<Vec<Value>, CniError> {
        let mut results = Vec::with_capacity(self.attachments.len());
        for (index, attachment) in self.attachments.iter().enumerate() {
            let started = Instant::now();
            let added = self.delegates(attachment, deadline).add();
            self.account.network(&attachment.list, &attachment.interface, started, added.is_err());
            let result = match added {
                Ok(result) => result,
                Err(failure) => {
                    self.done.push((None, failure.ran));
                    return Err(failure.error);
                }
            };
            self.done.push((Some(result.clone()), attachment.list.plugins.len()));
            self.journal.added(index, &result)?;
            let current = CniResult::from_value(&result, attachment.list.cni_version)
                .and_then(|result| result.convert(Version::CURRENT));
            results.push(current.map_err(|error| error.context(place(attachment)))?.to_value());
        }
        Ok(results)
    }

    /// Undoes what was started, the last network first; of the one that failed
    /// those plugins that ran. What cannot be undone stays in the record, and the
    /// runtime's DEL tries again.
    fn undo(mut self) {
        let mut left = false;
        for (index, attachment) in self.attachments.iter().enumerate().rev() {
            let undone = match self.done.get(index) {
                None => Ok(()),
                Some((result, ran)) => {
                    self.delegates(attachment, Instant::now() + UNDO_TIME).del(result.as_ref(), *ran)
                }
            };
            match undone {
                Ok(()) => super::del::note_deleted(&mut self.journal, index),
                Err(error) => {
                    left = true;
                    tracing::error!(%error, "undoing an attachment failed; the runtime's DEL repeats it");
                }
            }
        }
        if !left {
            remove(self.journal);
        }
    }

    fn finish(mut self, result: &Value, annotations: Vec<(String, String)>) {
        let outcome = Outcome { result: result.clone(), annotations: annotations.into_iter().collect() };
        // The pod has its networks; what is lost here only informs.
        if let Err(error) = self.journal.done(&outcome) {
            tracing::warn!(%error, "the answer is not in the record");
        }
    }

    fn delegates<'b>(&'b self, attachment: &'b Prepared, deadline: Instant) -> Attach<'b> {
        Attach {
            list: &attachment.list,
            container: &self.call.container,
            netns: self.call.netns.as_deref(),
            interface: &attachment.interface,
            args: &attachment.cni_args,
            runtime_config: &attachment.runtime_config,
            path: self.path,
            deadline,
        }
    }
}

fn remove(journal: Journal) {
    if let Err(error) = journal.remove() {
        tracing::error!(%error, "an empty attachment record stays; the runtime's DEL removes it");
    }
}

/// A record of an earlier boot is of a container that the reboot took away; the
/// same identifier may come again. One of this boot means a missing DEL.
fn clear_stale(store: &Store, lock: &Lock, call: &Call, path: &[PathBuf], deadline: Instant) -> Result<(), CniError> {
    match store.load(&call.container, &call.interface)? {
        None => Ok(()),
        Some(record) if record.header.boot_id == boot_id() => Err(CniError::new(
            code::INVALID_ENVIRONMENT,
            format!(
                "container {} is attached already on {}: the runtime must call DEL before it calls ADD again",
                call.container, call.interface
            ),
        )),
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
        created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()),
        path: path.to_vec(),
        attachments: planned.collect(),
        decision: selected.explanation(),
    }
}

/// Gives the default routes to whom the plan gives them.
fn settle_routes(call: &Call, attachments: &[Prepared], results: Vec<Value>) -> Result<Vec<abi::Outcome>, CniError> {
    let wishes: Vec<_> = attachments.iter().map(wish).collect();
    let settled = routes::settle(call.netns.as_deref(), &wishes, results)?;
    Ok(attachments
        .iter()
        .zip(settled)
        .map(|(attachment, result)| abi::Outcome {
            interface: attachment.interface.clone(),
            network: attachment.list.name.clone(),
            result: result.to_string(),
        })
        .collect())
}

fn wish(attachment: &Prepared) -> routes::Wish<'_> {
    let default_route = match &attachment.default_route {
        DefaultRoute::Usual => routes::Route::Usual,
        DefaultRoute::Never => routes::Route::Never,
        // Checked when the plan was prepared.
        DefaultRoute::Via(gateways) => {
            routes::Route::Via(gateways.iter().filter_map(|gateway| gateway.parse().ok()).collect())
        }
    };
    routes::Wish { interface: &attachment.interface, network: &attachment.list.name, default_route }
}

/// Interfaces that the container has already: those of an earlier plugin's
/// result, and, when names are to be chosen freely, all that exist.
fn taken_interfaces(
    previous: Option<&CniResult>,
    call: &Call,
    selected: &Selected,
) -> Result<BTreeSet<String>, CniError> {
    let mut taken: BTreeSet<String> = previous.map(merge::sandbox_interfaces).unwrap_or_default();
    let unnamed = selected.plan.attachments.iter().filter(|attachment| attachment.interface.is_none()).count();
    // The runtime's own interface is its business; only further names are ours.
    if unnamed > 1
        && let Some(netns) = call.netns.as_deref().filter(|netns| Path::new(netns).exists())
    {
        taken.extend(routes::interface_names(netns)?.into_iter().filter(|name| *name != call.interface));
    }
    Ok(taken)
}

fn place(attachment: &Prepared) -> String {
    format!("network {:?} on {}", attachment.list.name, attachment.interface)
}

//! DEL: the exact reverse of ADD, from the record alone.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::Timings;
use super::attachment_of;
use super::devices;
use super::namespace::{Namer, to_undo_in};
use super::plugin_dirs;
use super::request::OwnTypes;
use crate::agent_api::protocol::Part;
use crate::cni::{Call, CniError};
use crate::config::{Paths, is_draining};
use crate::delegate::{Attach, kill_orphans};
use crate::record::adopted::{self, Adopted, Key};
use crate::record::{Journal, Lock, Record, Store};
use crate::time::{micros, share};

/// How long processes that a killed call left running may go on before they are killed; at most a
/// quarter of the call's own time.
const ORPHANS: Duration = Duration::from_secs(10);
/// How long killed processes may take to disappear.
const ORPHANS_END: Duration = Duration::from_secs(1);

/// Serves DEL (CNI specification, section 2, "DEL"). For an attachment that was never added, or is
/// gone already, it succeeds and runs nothing. An attachment without a record, because the runtime
/// made it without us, is undone from what libcni keeps of it.
///
/// # Errors
/// A delegate's DEL failed. What is left stays in the record, so that the runtime's next DEL
/// repeats only that.
pub fn del(call: &Call, paths: &Paths, deadline: Instant, timings: &Timings) -> Result<(), CniError> {
    let store = Store::open(&paths.state_dir)?;
    let mut lock = store.lock_only(&call.container, deadline)?;
    let record = store.load_attachments(&call.container, &call.interface)?;
    timings.part(Part::Record);
    let path = plugin_dirs(call, paths);
    let Some(record) = record else {
        store.sweep(&lock)?;
        let detached = detach_adopted(call, paths, &store, &path, deadline);
        timings.part(Part::Delegate);
        return detached;
    };
    let namer = Namer::Runtime(call.netns.as_deref());
    let detached = detach(&record, &mut lock, namer, &path, deadline, Some(timings));
    timings.part(Part::Delegate);
    detached?;
    if record.header.network != call.name {
        // Nothing is attached any more; a file too many is no reason to keep the pod.
        let header = &record.header;
        let key = Key { network: &header.network, container: &header.container, interface: &header.interface };
        if let Err(error) = adopted::forget(&paths.cni_cache_dir, &key) {
            tracing::warn!(%error, "what the runtime kept of this attachment stays");
        }
    }
    Ok(())
}

/// Undoes what the runtime attached without us as its own plugins would have: with their
/// configuration, arguments and result, the last plugin first.
fn detach_adopted(
    call: &Call,
    paths: &Paths,
    store: &Store,
    path: &[PathBuf],
    deadline: Instant,
) -> Result<(), CniError> {
    let own = OwnTypes::of(call);
    let key = Key { network: &call.name, container: &call.container, interface: &call.interface };
    let mut found = adopted::of_interface(&paths.cni_cache_dir, store, &key, &own.as_refs())?;
    found.retain(|found| !found.as_ref().is_ok_and(|adopted| is_the_runtimes(adopted, call)));
    let mut failures = Vec::new();
    let count = found.len();
    for (index, adopted) in found.into_iter().enumerate() {
        let detached = adopted.and_then(|adopted| {
            tracing::info!(network = adopted.list.name, "undoing what was attached without genie");
            let attach = Attach {
                list: &adopted.list,
                container: &call.container,
                netns: call.netns.as_deref(),
                interface: &call.interface,
                args: adopted.args.as_deref().unwrap_or(&call.args),
                runtime_config: &adopted.runtime_config,
                path,
                deadline: share(deadline, count - index),
            };
            attach.del(adopted.result.as_ref(), adopted.list.plugins.len())?;
            adopted.forget()
        });
        failures.extend(detached.err());
    }
    join(failures).map_or(Ok(()), Err)
}

/// Whether the runtime undoes this itself, since it calls us for the same list: for one that we
/// stand in while genie is being removed, or one that we attached as one of its plugins. A list that
/// we stood in during an earlier removal is no longer the runtime's.
fn is_the_runtimes(adopted: &Adopted, call: &Call) -> bool {
    let attached_with_us = adopted.own.iter().any(|own| !is_draining(own));
    adopted.list.name == call.name && (attached_with_us || is_draining(&call.config))
}

/// Undoes every attachment that the record still holds, the last one first. A failure of one does
/// not keep the others (multi-network standard, section 7.2), and one that hangs leaves them their
/// share of the time.
pub(super) fn detach(
    record: &Record,
    lock: &mut Lock,
    namer: Namer<'_>,
    path: &[PathBuf],
    deadline: Instant,
    timings: Option<&Timings>,
) -> Result<(), CniError> {
    let netns = to_undo_in(&record.header, namer);
    let mut journal = record.journal(lock)?;
    be_alone(&journal, deadline)?;
    let mut failures = Vec::new();
    let remaining = record.remaining();
    let last = remaining.last().copied();
    for (done, index) in remaining.iter().copied().enumerate() {
        let detached = attachment_of(record, index, path).and_then(|attachment| {
            let (plugins, started) = (attachment.list.plugins.len(), Instant::now());
            let until = share(deadline, remaining.len() - done);
            let detached = attachment.delegates(&record.header, netns, until).del(record.result(index), plugins);
            if let Some(timings) = timings {
                timings.network(&attachment.list, attachment.interface(), micros(started.elapsed()), detached.is_err());
            }
            if detached.is_ok() {
                devices::forget(attachment.device_file(&record.header));
            }
            detached
        });
        match detached {
            // Nothing is left to be told apart: the record is removed at once.
            Ok(()) if Some(index) == last && failures.is_empty() => {}
            Ok(()) => note_deleted(&mut journal, index),
            Err(error) => failures.push(error),
        }
    }
    match join(failures) {
        Some(error) => {
            lock.keep_file();
            Err(error)
        }
        None => journal.remove(),
    }
}

/// Notes in the record that an attachment is undone. A failure is only logged, since a full disk
/// must not keep a pod: without the note, the worst is that a DEL is repeated.
pub(super) fn note_deleted(journal: &mut Journal, index: usize) {
    if let Err(error) = journal.deleted(index) {
        tracing::warn!(%error, "what was taken away is not in the record");
    }
}

/// Waits until the processes of a killed call have ended, and kills them if they do not: they must
/// not attach again what this DEL undoes, and may be releasing what only they know of. They usually
/// end within milliseconds.
fn be_alone(journal: &Journal, deadline: Instant) -> Result<(), CniError> {
    let patience = (deadline.saturating_duration_since(Instant::now()) / 4).min(ORPHANS);
    if !journal.alone(Instant::now() + patience)? {
        kill_orphans(journal.held());
        if !journal.alone(Instant::now() + ORPHANS_END)? {
            let record = journal.path().display();
            tracing::warn!(%record, "a process that an earlier call left running cannot be killed; going on");
        }
    }
    Ok(())
}

/// Joins several errors to one, with the first one's code and all messages.
pub(super) fn join(failures: Vec<CniError>) -> Option<CniError> {
    let mut failures = failures.into_iter();
    let first = failures.next()?;
    Some(failures.fold(first, |mut joined, error| {
        joined.msg = format!("{}; {}", joined.msg, error.msg);
        if error.details.is_empty() { joined } else { joined.add_detail(error.details) }
    }))
}

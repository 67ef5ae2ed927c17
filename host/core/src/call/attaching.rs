//! An ADD whose delegates are being run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Timings;
use super::devices::{self, Devices};
use crate::cni::{Call, CniError, CniResult, Version};
use crate::delegate::Attach;
use crate::device_info::DeviceFile;
use crate::network::Prepared;
use crate::record::{Ending, Journal};
use crate::routes::{self, Sandbox, Wanted};
use crate::selector::abi;
use crate::time::micros;

/// How long undoing may take when the call's own time is used up.
const UNDO_TIME: Duration = Duration::from_secs(30);

/// An ADD whose delegates are being run.
pub(super) struct Attaching<'a> {
    call: &'a Call,
    path: &'a [PathBuf],
    attachments: &'a [Prepared],
    journal: Journal,
    /// What the plugins told of their devices.
    devices: Devices,
    /// For each network that was started: its result, if it has one, and how many of its plugins
    /// ran.
    done: Vec<(Option<Value>, usize)>,
    /// Results whose default routes are not those that the plugins set, by the network's index.
    settled: BTreeMap<usize, Value>,
    /// Whether an earlier plugin made an interface in the container.
    is_served: bool,
    timings: &'a Timings,
}

impl<'a> Attaching<'a> {
    /// Nothing is attached yet. The journal is that of a record which holds these attachments.
    /// `is_served` says whether an earlier plugin made an interface in the container.
    pub(super) fn new(
        call: &'a Call,
        path: &'a [PathBuf],
        attachments: &'a [Prepared],
        journal: Journal,
        is_served: bool,
        timings: &'a Timings,
    ) -> Self {
        let (devices, done, settled) = (Devices::default(), Vec::new(), BTreeMap::new());
        Self { call, path, attachments, journal, devices, done, settled, is_served, timings }
    }

    /// What the plugins told of their devices.
    pub(super) fn devices(&self) -> &Devices {
        &self.devices
    }

    /// Runs the delegates, one network after the other, each in a container without default routes.
    /// Returns the results in CNI 1.1.0.
    pub(super) fn attach(
        &mut self,
        wanted: &Wanted<'_>,
        mut sandbox: Option<&mut Sandbox>,
        deadline: Instant,
    ) -> Result<Vec<Value>, CniError> {
        let mut results = Vec::with_capacity(self.attachments.len());
        for (index, attachment) in self.attachments.iter().enumerate() {
            let is_first = index == 0 && !self.is_served;
            if let Some(sandbox) = sandbox.as_deref_mut().filter(|_| !is_first && !wanted.is_nothing()) {
                sandbox.set_aside().map_err(|error| error.context(place(attachment)))?;
            }
            let file = self.device_file(attachment).filter(|file| self.devices.make_room(*file, || place(attachment)));
            let started = Instant::now();
            let added = self.delegates(attachment, deadline).add();
            let took = micros(started.elapsed());
            self.timings.network(&attachment.list, &attachment.interface, took, added.is_err());
            let result = match added {
                Ok(result) => result,
                Err(failure) => {
                    self.done.push((None, failure.ran));
                    return Err(failure.error);
                }
            };
            self.done.push((Some(result.clone()), attachment.list.plugins.len()));
            self.devices.read(file, || place(attachment));
            self.journal.added(index, &result, took)?;
            let current = CniResult::from_value(&result, attachment.list.cni_version)
                .and_then(|result| result.convert(Version::CURRENT));
            results.push(current.map_err(|error| error.context(place(attachment)))?.to_value());
        }
        Ok(results)
    }

    /// Gives the default routes to the networks that own them.
    pub(super) fn settle_routes(
        &mut self,
        wanted: &Wanted<'_>,
        sandbox: Option<&mut Sandbox>,
        results: Vec<Value>,
    ) -> Result<Vec<abi::Outcome>, CniError> {
        // For most pods no route can change, and a copy would be a waste.
        let before = if wanted.is_nothing() { Vec::new() } else { results.clone() };
        let settled = routes::settle(sandbox, wanted, results)?;
        let changes = self.attachments.iter().zip(before.iter().zip(&settled)).enumerate();
        for (index, (attachment, (_, after))) in changes.filter(|(_, (_, (before, after)))| before != after) {
            self.settled.insert(index, in_version(after, attachment.list.cni_version));
        }
        let outcome = |(attachment, result): (&Prepared, Value)| abi::Outcome {
            interface: attachment.interface.clone(),
            network: attachment.list.name.clone(),
            result: result.to_string(),
        };
        Ok(self.attachments.iter().zip(settled).map(outcome).collect())
    }

    /// Undoes what was started, the last network first. Of the network that failed, it undoes the
    /// plugins that ran. What cannot be undone stays in the record, and the runtime's DEL tries
    /// again.
    pub(super) fn undo(mut self) {
        let mut left = false;
        for (index, attachment) in self.attachments.iter().enumerate().rev() {
            let undone = match self.done.get(index) {
                None => Ok(()),
                Some((result, ran)) => {
                    self.delegates(attachment, Instant::now() + UNDO_TIME).del(result.as_ref(), *ran)
                }
            };
            match undone {
                Ok(()) => {
                    devices::forget(self.device_file(attachment));
                    super::del::note_deleted(&mut self.journal, index);
                }
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

    pub(super) fn finish(mut self, result: &Value, annotations: Vec<(String, String)>) {
        let settled = std::mem::take(&mut self.settled);
        let outcome = Ending { result: result.clone(), annotations: annotations.into_iter().collect(), settled };
        // The pod has its networks already; what is lost here only informs.
        if let Err(error) = self.journal.done(&outcome) {
            tracing::warn!(%error, "the answer is not in the record");
        }
    }

    fn device_file<'b>(&self, attachment: &'b Prepared) -> Option<DeviceFile<'b>> {
        let Prepared { runtime_config, list, interface, .. } = attachment;
        DeviceFile::of(runtime_config, &list.name, &self.call.container, interface)
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

/// A result in the version of its network's plugins; unchanged if it cannot be converted.
fn in_version(result: &Value, version: Version) -> Value {
    let converted = CniResult::from_value(result, version).and_then(|read| read.convert(version));
    converted.map_or_else(|_| result.clone(), |converted| converted.to_value())
}

fn place(attachment: &Prepared) -> String {
    format!("network {:?} on {}", attachment.list.name, attachment.interface)
}

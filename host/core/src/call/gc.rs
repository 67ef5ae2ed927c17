//! GC: undoes the attachments that the runtime no longer knows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use super::collect::collect;
use super::del;
use super::plugin_dirs;
use super::request::OwnTypes;
use crate::cni::{Call, CniError, NetworkList, code};
use crate::config::Paths;
use crate::delegate::{self, ValidAttachment};
use crate::network::Catalogue;
use crate::record::{Listed, Record, Store};

/// The keys of the runtime's list. Both spellings are in use; libcni sends the second one for old
/// plugins.
const KEYS: [&str; 2] = ["cni.dev/valid-attachments", "cni.dev/attachments"];

/// Serves GC (CNI specification, section 2, "GC"). Every record of this network that the runtime's
/// list lacks is undone; then each delegate gets the list of its own network. `null` and `[]` mean
/// that no attachment is valid. An absent key, which the specification does not allow, does
/// nothing.
///
/// # Errors
/// All errors, joined. A failure does not keep the rest from being done.
pub fn gc(call: &Call, paths: &Paths, deadline: Instant) -> Result<(), CniError> {
    let Some(valid) = valid_attachments(call)? else {
        tracing::warn!("GC without {}: nothing done", KEYS[0]);
        return Ok(());
    };
    let store = Store::open(&paths.state_dir)?;
    let path = plugin_dirs(call, paths);
    let mut failures = Vec::new();
    let mut networks = installed(call, &paths.conf_dir)?;
    for entry in store.each()? {
        match entry? {
            Listed::Damaged { error, .. } => failures.push(error),
            Listed::Record(record) if record.header.network != call.name => {}
            Listed::Record(record) => {
                let key = ValidAttachment {
                    container: record.header.container.clone(),
                    interface: record.header.interface.clone(),
                };
                if valid.contains(&key) {
                    keep(&record, &mut networks);
                } else {
                    let collected = collect(&store, &key.container, &key.interface, &path, |_| true, deadline);
                    failures.extend(collected.err());
                }
            }
        }
    }
    for (list, mut attachments) in networks.into_values() {
        // The runtime's own entries stand for attachments from before genie was installed.
        attachments.extend(valid.iter().cloned());
        attachments.sort();
        attachments.dedup();
        failures.extend(delegate::gc(&list, &path, &attachments, deadline).err());
    }
    del::join(failures).map_or(Ok(()), Err)
}

/// The delegates' networks by name, with the attachments that stay.
type Networks = BTreeMap<String, (NetworkList, Vec<ValidAttachment>)>;

fn installed(call: &Call, conf_dir: &Path) -> Result<Networks, CniError> {
    let own = OwnTypes::of(call);
    let catalogue = Catalogue::load(conf_dir, &own.as_refs())?;
    let lists = catalogue.networks.into_iter().rev();
    Ok(lists.map(|network| (network.list.name.clone(), (network.list, Vec::new()))).collect())
}

/// Adds a record's attachments, under the names of the delegates' networks.
fn keep(record: &Record, networks: &mut Networks) {
    for index in record.remaining() {
        let Some(planned) = record.header.attachments.get(index) else { continue };
        let Ok(list) = NetworkList::from_value(&planned.list) else { continue };
        let attachment =
            ValidAttachment { container: record.header.container.clone(), interface: planned.interface.clone() };
        networks.entry(list.name.clone()).or_insert_with(|| (list, Vec::new())).1.push(attachment);
    }
}

fn valid_attachments(call: &Call) -> Result<Option<BTreeSet<ValidAttachment>>, CniError> {
    let wrong = |what: &str| {
        CniError::new(code::INVALID_CONFIG, format!("{}: {what}; expected [{{\"containerID\", \"ifname\"}}]", KEYS[0]))
    };
    let Some(value) = KEYS.iter().find_map(|key| call.config.get(*key)) else { return Ok(None) };
    let entries = match value {
        Value::Null => return Ok(Some(BTreeSet::new())),
        Value::Array(entries) => entries,
        _ => return Err(wrong("not a list")),
    };
    let entry = |entry: &Value| {
        let entry = entry.as_object()?;
        let text = |key| crate::cni::get(entry, key)?.as_str().map(ToOwned::to_owned);
        Some(ValidAttachment { container: text("containerID")?, interface: text("ifname")? })
    };
    entries
        .iter()
        .map(|value| entry(value).ok_or_else(|| wrong("an entry is wrong")))
        .collect::<Result<_, _>>()
        .map(Some)
}

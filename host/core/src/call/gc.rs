//! GC: undoes the attachments that the runtime no longer knows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::Value;

use super::collect::{collect, is_missing};
use super::del;
use super::plugin_dirs;
use super::request::OwnTypes;
use crate::cni::{Call, CniError, NetworkList, code};
use crate::config::Paths;
use crate::delegate::{self, ValidAttachment};
use crate::network::Catalogue;
use crate::record::adopted::{self, Adopted, Unusable};
use crate::record::{Listed, Record, Store};
use crate::time::share;

/// The keys of the runtime's list. Both spellings are in use; libcni sends the second one for old
/// plugins.
const KEYS: [&str; 2] = ["cni.dev/valid-attachments", "cni.dev/attachments"];

/// Serves GC (CNI specification, section 2, "GC"). Every record of this network that the runtime's
/// list lacks is undone; then the delegates are told what may still be in use. That is more than the
/// runtime knows of: its list has one interface of each pod, and the pods of one configuration.
/// `null` and `[]` mean that it knows no attachment. An absent key, which the specification does not
/// allow, does nothing.
///
/// Each delegate is told of all networks: one whose state is not by network would else free what
/// another network uses.
///
/// # Errors
/// All errors, joined. What fails does not keep the rest from being done, and neither does what
/// hangs. Only where something cannot be read that may tell of attachments, no delegate is asked: it
/// would free them.
pub fn gc(call: &Call, paths: &Paths, deadline: Instant) -> Result<(), CniError> {
    let Some(valid) = valid_attachments(call)? else {
        tracing::warn!("GC without {}: nothing done", KEYS[0]);
        return Ok(());
    };
    let store = Store::open(&paths.state_dir)?;
    let path = plugin_dirs(call, paths);
    let Found { mut in_use, stale, networks, unreadable, mut failures } = Found::on_node(call, paths, &store, &valid)?;
    let mut steps = stale.len() + networks.len();
    for Stale { key, attachments } in stale {
        let until = share(deadline, steps);
        steps -= 1;
        if let Err(error) = collect(&store, &key.container, &key.interface, &path, |_| true, until) {
            failures.push(error);
            // A call may be working on it, or a plugin could not undo it: it is not free yet.
            in_use.extend(attachments);
        }
    }
    let ask = unreadable.is_empty() || networks.is_empty();
    failures.extend(unreadable);
    if !ask {
        failures.push(not_asked());
        return del::join(failures).map_or(Ok(()), Err);
    }
    for list in networks.values() {
        failures.extend(delegate::gc(list, &path, &in_use, share(deadline, steps)).err());
        steps -= 1;
    }
    del::join(failures).map_or(Ok(()), Err)
}

/// What a GC has to do on this node, and what it must leave alone.
#[derive(Default)]
struct Found {
    /// What may still be in use, whoever attached it.
    in_use: BTreeSet<ValidAttachment>,
    /// The records to undo.
    stale: Vec<Stale>,
    /// The networks whose plugins are asked for GC, by name.
    networks: BTreeMap<String, NetworkList>,
    /// Why files cannot be read that may tell of attachments.
    unreadable: Vec<CniError>,
    failures: Vec<CniError>,
}

/// A record of this network that the runtime's list lacks.
struct Stale {
    /// The container and the interface that the runtime named.
    key: ValidAttachment,
    /// What the record holds.
    attachments: Vec<ValidAttachment>,
}

impl Found {
    fn on_node(call: &Call, paths: &Paths, store: &Store, valid: &BTreeSet<ValidAttachment>) -> Result<Self, CniError> {
        let own = OwnTypes::of(call);
        let own = own.as_refs();
        // The runtime's own entries stand for attachments from before genie was installed.
        let mut found = Self { in_use: valid.clone(), ..Self::default() };
        match Catalogue::load(&paths.conf_dir, &own) {
            Ok(catalogue) => found.add_networks(catalogue.networks.into_iter().map(|network| network.list)),
            Err(error) => found.failures.push(error),
        }
        for entry in store.each()? {
            match entry {
                Listed::Record(record) => found.add_record(&record, &call.name, valid),
                Listed::Damaged { error, .. } => found.unreadable.push(error),
            }
        }
        found.networks.retain(|_, list| delegate::takes_gc(list));
        if !found.networks.is_empty() {
            match adopted::all_without_record(&paths.cni_cache_dir, &paths.state_dir, &own) {
                Ok(adopted) => adopted.for_each(|adopted| found.add_adopted(adopted, &call.name, valid)),
                Err(error) => found.unreadable.push(error),
            }
        }
        Ok(found)
    }

    /// Adds networks. Of several with the same name the first one counts.
    fn add_networks(&mut self, lists: impl Iterator<Item = NetworkList>) {
        lists.for_each(|list| _ = self.networks.entry(list.name.clone()).or_insert(list));
    }

    /// Adds a record. The runtime's list tells nothing of those that were made under another name:
    /// they count as in use.
    fn add_record(&mut self, record: &Record, our_name: &str, valid: &BTreeSet<ValidAttachment>) {
        let header = &record.header;
        let named =
            |interface: &str| ValidAttachment { container: header.container.clone(), interface: interface.to_owned() };
        let left = record.remaining().into_iter().filter_map(|index| header.attachments.get(index));
        let attachments = left.clone().map(|planned| named(&planned.interface)).collect();
        let key = named(&header.interface);
        if header.network != our_name {
            self.in_use.extend::<Vec<_>>(attachments);
        } else if valid.contains(&key) {
            self.in_use.extend::<Vec<_>>(attachments);
            self.add_networks(left.filter_map(|planned| NetworkList::from_value(&planned.list).ok()));
        } else {
            self.stale.push(Stale { key, attachments });
        }
    }

    /// Adds what was attached without us, such as a further interface of a pod from before genie. It
    /// is in use as long as the runtime knows the container, or the container's namespace is there.
    fn add_adopted(&mut self, adopted: Result<Adopted, Unusable>, our_name: &str, valid: &BTreeSet<ValidAttachment>) {
        let (container, interface) = match adopted {
            Ok(adopted) => {
                let is_known = valid.iter().any(|valid| valid.container == adopted.container);
                if !is_known && is_missing(&adopted.netns) {
                    return;
                }
                (adopted.container, adopted.interface)
            }
            Err(Unusable { of: Some(of), .. }) => of,
            // The record tells of that attachment.
            Err(unusable) if unusable.may_be_of(our_name) => return,
            Err(unusable) => return self.unreadable.push(unusable.error),
        };
        self.in_use.insert(ValidAttachment { container, interface });
    }
}

/// The error beside those of what cannot be read.
fn not_asked() -> CniError {
    let message = "the networks' plugins were not asked for GC, because they would free what that file holds, though a \
                   pod may use it: GC goes on when the file can be read, or when it is removed because nothing of it is \
                   in use any more";
    CniError::new(code::RECORD, message)
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

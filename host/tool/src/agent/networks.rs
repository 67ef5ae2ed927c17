//! The networks of the node, for labels. Networks that a pod brings along, by an annotation or a
//! selector, get no label of their own: others choose their names, and as many as they like.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::install::{Layout, net_d};
use genie_core::cni::get;
use genie_core::config::OWN_TYPE;
use genie_core::network::Catalogue;

/// The label of all networks that have none of their own.
pub const OTHER: &str = "other";

/// A directory that changed less than this long ago may change again without a new time of
/// modification.
const SETTLED: Duration = Duration::from_secs(1);

/// The networks of the node.
pub struct Networks {
    layout: Layout,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The directory that was read, and its time of modification then.
    read: Option<(PathBuf, Option<SystemTime>)>,
    /// The type of each network's first plugin, by the network's name.
    plugins: BTreeMap<String, String>,
}

impl Networks {
    /// Makes the list for this node. Nothing is read yet.
    pub fn new(layout: Layout) -> Self {
        Self { layout, known: Mutex::default() }
    }

    /// The labels of a network: its name and the type of its first plugin. Both are [`OTHER`] when
    /// the network is not one of the node's.
    pub fn label(&self, network: &str) -> (String, String) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.plugins.contains_key(network) {
            self.refresh(&mut known);
        }
        match known.plugins.get(network) {
            Some(plugin) => (network.to_owned(), plugin.clone()),
            None => (OTHER.to_owned(), OTHER.to_owned()),
        }
    }

    /// Reads the conf dir if it has changed.
    fn refresh(&self, known: &mut Known) {
        let dir = self.conf_dir();
        let changed = fs::metadata(&dir).and_then(|dir| dir.modified()).ok();
        let settled = changed.is_none_or(|changed| changed.elapsed().is_ok_and(|since| since > SETTLED));
        let read = (dir, changed);
        if known.read.as_ref() == Some(&read) {
            return;
        }
        if let Ok(catalogue) = Catalogue::load(&read.0, &[OWN_TYPE]) {
            let plugin = |types: Vec<&str>| types.first().copied().unwrap_or(OTHER).to_owned();
            let lists = catalogue.networks.into_iter().map(|network| network.list);
            known.plugins = lists.map(|list| (list.name.clone(), plugin(list.types()))).collect();
            known.read = settled.then_some(read);
        }
    }

    /// Where the plugin looks for networks, by its configuration in force.
    fn conf_dir(&self) -> PathBuf {
        let conf = net_d::in_force(&self.layout);
        let named =
            get(&conf, "conf_dir").and_then(Value::as_str).filter(|dir| dir.starts_with('/')).map(PathBuf::from);
        self.layout.on_host(&named.unwrap_or_else(|| self.layout.conf_dir.clone()))
    }
}

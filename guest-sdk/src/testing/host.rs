//! The host that a test puts in the place of the real one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::log::Level;
use crate::node::Counters;

thread_local! {
    static RUNNING: RefCell<Option<Rc<Host>>> = const { RefCell::new(None) };
}

/// The groups of facts that a host may be unable to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facts {
    /// [`crate::pod`].
    Pod,
    /// [`crate::cluster`].
    Cluster,
    /// [`crate::node`].
    Node,
}

type ObjectKey = (String, String, Option<String>, String);

/// A host that answers what a test says, and keeps what the selector logs.
///
/// It answers inside of [`run`](Self::run), on the thread that called it.
/// Outside of it every fact is unavailable and messages go nowhere.
#[derive(Clone, Debug, Default)]
pub struct Host {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) service_account: Option<String>,
    pub(super) owner: Option<(String, String)>,
    pub(super) objects: BTreeMap<ObjectKey, String>,
    pub(super) traffic: BTreeMap<String, Counters>,
    pub(super) node_labels: BTreeMap<String, String>,
    pub(super) free_addresses: BTreeMap<String, u64>,
    pub(super) unavailable: BTreeMap<Facts, String>,
    pub(super) level: Option<Level>,
    pub(super) log: Rc<RefCell<Vec<(Level, String)>>>,
}

impl Host {
    /// A host that knows nothing: no labels, no owner, no objects, no traffic.
    pub fn new() -> Self {
        Self::default()
    }

    /// The pod has this label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The pod has this service account. Without it there is an error.
    #[must_use]
    pub fn service_account(mut self, name: &str) -> Self {
        self.service_account = Some(name.to_owned());
        self
    }

    /// The pod belongs to this controller.
    #[must_use]
    pub fn owner(mut self, kind: &str, name: &str) -> Self {
        self.owner = Some((kind.to_owned(), name.to_owned()));
        self
    }

    /// The cluster has this object, `json` as text. `namespace` is none for
    /// objects that have no namespace.
    #[must_use]
    pub fn object(mut self, api_version: &str, kind: &str, namespace: Option<&str>, name: &str, json: &str) -> Self {
        self.objects.insert(object_key(api_version, kind, namespace, name), json.to_owned());
        self
    }

    /// The node has an interface with these counters, in bytes.
    #[must_use]
    pub fn traffic(mut self, interface: &str, received: u64, sent: u64) -> Self {
        let counters = Counters { rx_bytes: received, tx_bytes: sent };
        self.traffic.insert(interface.to_owned(), counters);
        self
    }

    /// The node has this label.
    #[must_use]
    pub fn node_label(mut self, key: &str, value: &str) -> Self {
        self.node_labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The network in this file has so many addresses left.
    #[must_use]
    pub fn free_addresses(mut self, file: &str, count: u64) -> Self {
        self.free_addresses.insert(file.to_owned(), count);
        self
    }

    /// All facts of this group fail with `why`.
    #[must_use]
    pub fn unavailable(mut self, facts: Facts, why: &str) -> Self {
        self.unavailable.insert(facts, why.to_owned());
        self
    }

    /// Keeps messages of this level and above only. Without it all are kept.
    #[must_use]
    pub fn log_level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Runs `code` with this host, and gives its answer.
    pub fn run<T>(&self, code: impl FnOnce() -> T) -> T {
        /// Puts the earlier host back, even when `code` panics.
        struct Restore(Option<Rc<Host>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                let earlier = self.0.take();
                RUNNING.with(|running| *running.borrow_mut() = earlier);
            }
        }
        let this = Rc::new(self.clone());
        let _restore = Restore(RUNNING.with(|running| running.borrow_mut().replace(this)));
        code()
    }

    /// What was logged so far, in order.
    pub fn log(&self) -> Vec<(Level, String)> {
        self.log.borrow().clone()
    }

    /// Whether a message with this text in it was logged.
    pub fn logged(&self, text: &str) -> bool {
        self.log.borrow().iter().any(|(_, message)| message.contains(text))
    }
}

pub(super) fn object_key(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectKey {
    (api_version.to_owned(), kind.to_owned(), namespace.map(str::to_owned), name.to_owned())
}

/// The host of this thread, if a test runs one.
pub(super) fn running() -> Option<Rc<Host>> {
    RUNNING.with(|running| running.borrow().clone())
}

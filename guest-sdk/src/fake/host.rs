//! A host for tests, in place of the real one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::facts::Facts;
use super::grants::Grants;
use crate::types::{Counters, Level, Rates};

thread_local! {
    static RUNNING: RefCell<Option<Rc<Host>>> = const { RefCell::new(None) };
}

/// The namespace of the pod of [`request`](crate::testing::request).
pub(crate) const HOME: &str = "demo";

type ObjectKey = (String, String, Option<String>, String);

/// A host that answers whatever a test says, and keeps the selector's messages.
///
/// It answers inside of [`run`](Self::run), on the thread that called `run`. Elsewhere
/// every fact is unavailable and messages go nowhere.
///
/// ```
/// use genie_selector::testing::{Facts, Host};
/// use genie_selector::{Refusal, pod};
///
/// let host = Host::new().unavailable(Facts::Pod, "the agent is not there yet");
/// assert!(matches!(host.run(pod::labels), Err(Refusal::Unavailable(_))));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Host {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) service_account: Option<String>,
    pub(super) owner: Option<(String, String)>,
    pub(super) namespace_labels: BTreeMap<String, String>,
    pub(super) objects: BTreeMap<ObjectKey, String>,
    pub(super) traffic: BTreeMap<String, Counters>,
    pub(super) traffic_rates: BTreeMap<String, Rates>,
    pub(super) node_labels: BTreeMap<String, String>,
    pub(super) free_addresses: BTreeMap<String, u64>,
    pub(super) unavailable: BTreeMap<Facts, String>,
    pub(super) grants: Option<Grants>,
    pub(super) home: Option<String>,
    pub(super) level: Option<Level>,
    pub(super) log: Rc<RefCell<Vec<(Level, String)>>>,
    pub(super) asked: Rc<RefCell<Vec<String>>>,
}

impl Host {
    /// A host without any facts: no labels, no owner, no objects, no traffic.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the pod a label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Gives the pod a service account. Without one [`pod::service_account`] fails.
    ///
    /// [`pod::service_account`]: crate::pod::service_account
    #[must_use]
    pub fn service_account(mut self, name: &str) -> Self {
        self.service_account = Some(name.to_owned());
        self
    }

    /// Gives the pod a controlling owner.
    #[must_use]
    pub fn owner(mut self, kind: &str, name: &str) -> Self {
        self.owner = Some((kind.to_owned(), name.to_owned()));
        self
    }

    /// Gives the pod's namespace a label.
    #[must_use]
    pub fn namespace_label(mut self, key: &str, value: &str) -> Self {
        self.namespace_labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Gives the cluster an object, whose text is `json`. `namespace` is none for an
    /// object without one.
    #[must_use]
    pub fn object(mut self, api_version: &str, kind: &str, namespace: Option<&str>, name: &str, json: &str) -> Self {
        self.objects.insert(object_key(api_version, kind, namespace, name), json.to_owned());
        self
    }

    /// Gives the node an interface with these counters, in bytes.
    #[must_use]
    pub fn traffic(mut self, interface: &str, received: u64, sent: u64) -> Self {
        let counters = Counters { rx_bytes: received, tx_bytes: sent };
        self.traffic.insert(interface.to_owned(), counters);
        self
    }

    /// Gives the node an interface that receives and sends so many bytes in a second. Without any
    /// [`node::traffic_rate`] fails, as on a node without an agent.
    ///
    /// [`node::traffic_rate`]: crate::node::traffic_rate
    #[must_use]
    pub fn traffic_rate(mut self, interface: &str, received: u64, sent: u64) -> Self {
        let rates = Rates { rx_bytes: received, tx_bytes: sent };
        self.traffic_rates.insert(interface.to_owned(), rates);
        self
    }

    /// Gives the node a label.
    #[must_use]
    pub fn node_label(mut self, key: &str, value: &str) -> Self {
        self.node_labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Says how many addresses are left for the network in this file.
    #[must_use]
    pub fn free_addresses(mut self, file: &str, count: u64) -> Self {
        self.free_addresses.insert(file.to_owned(), count);
        self
    }

    /// Makes all facts of a group unavailable, because of `why`.
    #[must_use]
    pub fn unavailable(mut self, facts: Facts, why: &str) -> Self {
        self.unavailable.insert(facts, why.to_owned());
        self
    }

    /// Holds the selector's questions against the `grant` of its entry, as in the configuration. A
    /// question without its grant panics, where the real host would not load the module or would end
    /// the call. Without this every question is answered. What a plan may say is not checked here,
    /// but by `genie-host test-selector`.
    ///
    /// ```should_panic
    /// use genie_selector::{pod, testing};
    ///
    /// let host = testing::Host::new().granted(r#"["node"]"#);
    /// _ = host.run(pod::labels);
    /// ```
    ///
    /// # Panics
    ///
    /// When `grant` is no list in JSON.
    #[must_use]
    pub fn granted(mut self, grant: &str) -> Self {
        self.grants = Some(Grants::read(grant));
        self
    }

    /// Names the pod's own namespace, whose objects need no `namespaces` in a grant. Without it that
    /// is `demo`, the one of [`request`](crate::testing::request).
    #[must_use]
    pub fn in_namespace(mut self, name: &str) -> Self {
        self.home = Some(name.to_owned());
        self
    }

    /// Keeps only messages of this level and above. Without it all messages are kept.
    #[must_use]
    pub fn log_level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Runs `code` with this host and returns its answer.
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

    /// The questions so far, in order: the function's name, and what it was asked for
    /// (`node::label zone`).
    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// The messages so far, in order.
    pub fn log(&self) -> Vec<(Level, String)> {
        self.log.borrow().clone()
    }

    /// Whether a message contains this text.
    pub fn logged(&self, text: &str) -> bool {
        self.log.borrow().iter().any(|(_, message)| message.contains(text))
    }
}

impl Host {
    /// Panics when the import of these facts is not granted.
    pub(super) fn hold_import(&self, facts: Facts) {
        if let Some(grants) = &self.grants {
            grants.hold_import(facts);
        }
    }

    /// Panics when an object is not granted.
    pub(super) fn hold_object(&self, api_version: &str, kind: &str, namespace: Option<&str>) {
        if let Some(grants) = &self.grants {
            grants.hold_object(api_version, kind, namespace, self.home.as_deref().unwrap_or(HOME));
        }
    }
}

pub(super) fn object_key(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectKey {
    (api_version.to_owned(), kind.to_owned(), namespace.map(str::to_owned), name.to_owned())
}

/// The host that a test runs on this thread, if there is one.
pub(super) fn running() -> Option<Rc<Host>> {
    RUNNING.with(|running| running.borrow().clone())
}

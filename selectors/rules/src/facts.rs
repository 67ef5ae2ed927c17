//! What the rules may want to know. Each fact is asked for once, when the first rule needs it.

use std::cell::{OnceCell, RefCell};

use genie_selector::{Refusal, Request, namespace, node, pod};

type Labels = Vec<(String, String)>;

/// The request, and the facts that cost the host a read.
pub struct Facts<'a> {
    /// The request, which costs nothing.
    pub request: &'a Request,
    labels: OnceCell<Labels>,
    service_account: OnceCell<String>,
    owner: OnceCell<Option<(String, String)>>,
    namespace_labels: OnceCell<Labels>,
    node_labels: RefCell<Vec<(String, Option<String>)>>,
}

impl<'a> Facts<'a> {
    /// Nothing is asked yet.
    pub fn of(request: &'a Request) -> Self {
        Self {
            request,
            labels: OnceCell::new(),
            service_account: OnceCell::new(),
            owner: OnceCell::new(),
            namespace_labels: OnceCell::new(),
            node_labels: RefCell::default(),
        }
    }

    /// A label of the pod.
    pub fn label(&self, key: &str) -> Result<Option<&str>, Refusal> {
        Ok(value(once(&self.labels, pod::labels)?, key))
    }

    /// The pod's service account.
    pub fn service_account(&self) -> Result<&str, Refusal> {
        Ok(once(&self.service_account, pod::service_account)?)
    }

    /// The kind of the pod's controlling owner.
    pub fn owner_kind(&self) -> Result<Option<&str>, Refusal> {
        Ok(once(&self.owner, pod::owner)?.as_ref().map(|(kind, _)| &**kind))
    }

    /// A label of the pod's namespace.
    pub fn namespace_label(&self, key: &str) -> Result<Option<&str>, Refusal> {
        Ok(value(once(&self.namespace_labels, namespace::labels)?, key))
    }

    /// Whether a label of the node passes a test, which gets none when there is no such label.
    pub fn is_node_label(&self, key: &str, test: impl Fn(Option<&str>) -> bool) -> Result<bool, Refusal> {
        let mut told = self.node_labels.borrow_mut();
        if let Some((_, value)) = told.iter().find(|(asked, _)| asked == key) {
            return Ok(test(value.as_deref()));
        }
        let value = node::label(key)?;
        let passes = test(value.as_deref());
        told.push((key.to_owned(), value));
        Ok(passes)
    }
}

fn once<T>(fact: &OnceCell<T>, ask: impl FnOnce() -> Result<T, Refusal>) -> Result<&T, Refusal> {
    if let Some(known) = fact.get() {
        return Ok(known);
    }
    let told = ask()?;
    Ok(fact.get_or_init(|| told))
}

fn value<'a>(labels: &'a Labels, key: &str) -> Option<&'a str> {
    labels.iter().find(|(found, _)| found == key).map(|(_, value)| &**value)
}

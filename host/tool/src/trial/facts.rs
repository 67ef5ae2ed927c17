//! Facts that are given, in place of those of a cluster and a node.

mod written;

pub use written::{WrittenFacts, WrittenName, WrittenPod, WrittenTraffic};

/// Why there are no rates where bytes since the interfaces came up are known. Cases and records that were
/// written before selectors could ask for rates are answered so, as on a node without an agent.
pub const NO_RATES: &str = "the bytes since the interfaces came up are known here, and no rates";

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use genie_core::object::{ObjectName, labels_of};
use genie_core::pod::{Annotations, PodFacts};
use genie_core::selector::sandbox::facts::{Facts, Question};
use genie_core::sources::Manifests;

/// Answers that are known beforehand.
pub trait Answers: Send + Sync {
    /// The answer, or the reason why it cannot be had; none when neither was given.
    fn find(&self, question: &Question) -> Option<Result<Value, String>>;
}

/// Answers from what was given, and remembers what was asked beyond it.
pub struct Known<A> {
    given: A,
    missing: Mutex<Vec<Question>>,
}

impl<A: Answers> Known<A> {
    /// Facts that know only what was given.
    pub fn new(given: A) -> Arc<Self> {
        Arc::new(Self { given, missing: Mutex::default() })
    }

    /// What was asked and not given, each question once, in the order in which it was asked.
    pub fn missing(&self) -> Vec<Question> {
        self.asked_beyond().clone()
    }

    fn asked_beyond(&self) -> MutexGuard<'_, Vec<Question>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Answers> Facts for Known<A> {
    fn answer(&self, question: &Question) -> Result<Value, String> {
        self.given.find(question).unwrap_or_else(|| {
            let mut missing = self.asked_beyond();
            if !missing.contains(question) {
                missing.push(question.clone());
            }
            Err("this fact is not given".into())
        })
    }
}

/// The facts of a pod, a cluster and a node that somebody wrote down. Those that were left out are
/// not known, which is another thing than an object or a label that does not exist.
#[derive(Clone, Debug, Default)]
pub struct GivenFacts {
    /// The pod's labels.
    pub labels: Option<Annotations>,
    /// The pod's service account.
    pub service_account: Option<String>,
    /// Kind and name of the pod's controlling owner; the inner one is none for a pod without one.
    pub owner: Option<Option<(String, String)>>,
    /// The pod's namespace; empty if it is not known.
    pub namespace: String,
    /// The labels of the pod's namespace, in place of those of a Namespace among `objects`.
    pub namespace_labels: Option<Annotations>,
    /// Objects of the cluster.
    pub objects: Vec<Value>,
    /// Objects that do not exist.
    pub absent: BTreeSet<ObjectName>,
    /// The node's labels; none for one that the node has not.
    pub node_labels: BTreeMap<String, Option<String>>,
    /// Bytes received and sent, by interface, or by the beginning of several interfaces' names.
    pub traffic: BTreeMap<String, (u64, u64)>,
    /// Bytes received and sent in a second, likewise.
    pub traffic_rate: BTreeMap<String, (u64, u64)>,
    /// Free addresses by the network's file; none where its address management does not tell.
    pub free_addresses: BTreeMap<String, Option<u64>>,
    /// Facts that cannot be had, each with the reason that the selector gets.
    pub unavailable: Vec<(Question, String)>,
}

impl GivenFacts {
    /// What a pod's manifest tells of it.
    pub fn of_pod(pod: &PodFacts) -> Self {
        Self {
            labels: Some(pod.labels.clone()),
            service_account: pod.service_account.clone(),
            owner: Some(pod.owner.clone()),
            namespace: pod.identity.namespace.clone(),
            ..Self::default()
        }
    }

    /// Whether anything of the pod itself is given.
    pub fn is_about_the_pod(&self) -> bool {
        self.labels.is_some() || self.service_account.is_some() || self.owner.is_some()
    }

    fn known(&self, question: &Question) -> Option<Value> {
        match question {
            Question::Labels => Some(json!(self.labels.as_ref()?.iter().collect::<Vec<_>>())),
            Question::ServiceAccount => Some(json!(self.service_account.as_ref()?)),
            Question::Owner => Some(json!(self.owner.as_ref()?)),
            Question::Object(object) if self.absent.contains(object) => Some(Value::Null),
            Question::Object(object) => {
                // Reading objects that are in memory cannot fail.
                let found = Manifests::These(self.objects.clone()).object(object).ok()??;
                Some(found.to_string().into())
            }
            Question::NamespaceLabels => {
                let labels = self.namespace_labels.clone().or_else(|| self.labels_of_namespace())?;
                Some(json!(labels.iter().collect::<Vec<_>>()))
            }
            Question::Traffic { prefix } => Some(json!(sum(&self.traffic, prefix)?)),
            Question::TrafficRate { prefix } => Some(json!(sum(&self.traffic_rate, prefix)?)),
            Question::NodeLabel { key } => Some(json!(self.node_labels.get(key)?)),
            Question::FreeAddresses { network } => Some(json!(self.free_addresses.get(network)?)),
        }
    }
}

impl GivenFacts {
    fn labels_of_namespace(&self) -> Option<Annotations> {
        let name = ObjectName::new("v1", "Namespace", None, &self.namespace).ok()?;
        Some(labels_of(&Manifests::These(self.objects.clone()).object(&name).ok()??))
    }
}

/// The sum of all figures whose names begin so; none if there is none.
fn sum(figures: &BTreeMap<String, (u64, u64)>, prefix: &str) -> Option<(u64, u64)> {
    let mut meant = figures.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, figures)| *figures);
    let first = meant.next()?;
    Some(meant.fold(first, |sum, more| (sum.0.saturating_add(more.0), sum.1.saturating_add(more.1))))
}

impl Answers for GivenFacts {
    fn find(&self, question: &Question) -> Option<Result<Value, String>> {
        if let Some((_, reason)) = self.unavailable.iter().find(|(unavailable, _)| unavailable == question) {
            return Some(Err(reason.clone()));
        }
        match (self.known(question), question) {
            (Some(answer), _) => Some(Ok(answer)),
            (None, Question::TrafficRate { prefix }) if self.traffic_rate.is_empty() => {
                self.find(&Question::Traffic { prefix: prefix.clone() }).map(|_| Err(NO_RATES.into()))
            }
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests;

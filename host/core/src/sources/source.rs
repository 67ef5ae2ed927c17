//! A source of pod facts.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Access, Manifests, ask};
use crate::agent_api::client::{self, Asked};
use crate::agent_api::protocol::{Answer, Body};
use crate::cni::{CniError, code};
use crate::object::ObjectName;
use crate::pod::{Identity, PodFacts};

/// How long the agent may take for an object that it has to ask the API server for.
const AGENT_WAIT: Duration = Duration::from_secs(3);

/// A source of pod facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodSource {
    /// `runtimeConfig["io.kubernetes.cri.pod-annotations"]`.
    Runtime,
    /// `K8S_ANNOT` in `CNI_ARGS`.
    Args,
    /// The agent, at its socket. It may be absent at any time.
    Agent(PathBuf),
    /// The API server.
    Api(Box<Api>),
    /// Kubernetes manifests, for nodes without a cluster.
    Manifests(Manifests),
}

/// How to ask the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// The credentials.
    pub access: Access,
    /// The path of the program `genie-host`, which holds the client.
    pub tool: PathBuf,
}

/// What a source says of an object of the cluster.
pub enum Lookup {
    /// The object.
    Found(Value),
    /// The source knows such objects, and this one does not exist.
    Absent,
    /// The source does not know.
    Silent,
}

impl PodSource {
    /// What the source knows of a pod. The result is none when it does not know the pod.
    ///
    /// # Errors
    /// The source should know the pod, and does not answer.
    pub fn pod(&self, pod: &Identity, deadline: Instant) -> Result<Option<PodFacts>, CniError> {
        if pod.name.is_empty() && !matches!(self, Self::Manifests(_)) {
            return Ok(None);
        }
        let answer = match self {
            Self::Runtime | Self::Args => return Ok(None),
            Self::Manifests(manifests) => return manifests.pod(pod),
            // A later source may know the pod. If none does, the pod has to wait.
            Self::Agent(socket) => client::ask(socket, Body::Pod(pod.clone()), deadline)
                .map_err(|reason| CniError::new(code::TRY_AGAIN, reason))?,
            Self::Api(api) => Some(api.ask(Body::Pod(pod.clone()), deadline)?),
        };
        match answer {
            // The agent and the child have checked that this is the pod of this uid.
            Some(Answer::Pod(facts)) => Ok(facts),
            _ => Ok(None),
        }
    }

    /// Whether this source is asked for objects of the cluster.
    pub fn has_objects(&self) -> bool {
        !matches!(self, Self::Runtime | Self::Args)
    }

    /// Asks for several objects of the cluster, and does not wait for the answer. The result is none
    /// where that gains nothing, or nobody is there to be asked.
    pub fn ask_ahead(&self, objects: &[ObjectName], deadline: Instant) -> Option<Ahead> {
        let Self::Agent(socket) = self else { return None };
        let question = Body::Objects { objects: objects.to_vec(), wait_ms: wait_ms(deadline) };
        let asked = client::send(socket, question, deadline).ok()?;
        Some(Ahead { objects: objects.to_vec(), asked })
    }

    /// Looks for one object of the cluster.
    ///
    /// # Errors
    /// The source should know the object, and does not answer.
    pub fn object(&self, object: &ObjectName, deadline: Instant) -> Result<Lookup, CniError> {
        let question = || Body::Object { object: object.clone(), wait_ms: wait_ms(deadline) };
        let answer = match self {
            Self::Runtime | Self::Args => None,
            Self::Manifests(manifests) => Some(Answer::Object(manifests.object(object)?)),
            Self::Agent(socket) => client::ask(socket, question(), deadline).unwrap_or_else(|reason| {
                tracing::info!(reason, "going on without the agent");
                None
            }),
            Self::Api(api) => Some(api.ask(question(), deadline)?),
        };
        Ok(answer.map_or(Lookup::Silent, Lookup::from))
    }
}

impl From<Answer> for Lookup {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Object(Some(object)) => Self::Found(object),
            Answer::Object(None) => Self::Absent,
            _ => Self::Silent,
        }
    }
}

impl Api {
    fn ask(&self, question: Body, deadline: Instant) -> Result<Answer, CniError> {
        ask(&self.tool, &self.access, question, deadline).map_err(|reason| CniError::new(code::TRY_AGAIN, reason))
    }

    /// A way to the API server. `tool` is the program that holds the client, which may be this one.
    pub fn new(access: Access, tool: &Path) -> Self {
        Self { access, tool: tool.into() }
    }
}

fn wait_ms(deadline: Instant) -> u64 {
    let wait = AGENT_WAIT.min(deadline.saturating_duration_since(Instant::now()) / 2);
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// Objects that the agent was asked for.
pub struct Ahead {
    objects: Vec<ObjectName>,
    asked: Asked,
}

impl Ahead {
    /// Whether this object was asked for.
    pub fn names(&self, object: &ObjectName) -> bool {
        self.objects.contains(object)
    }

    /// What the agent says of each object: what is silent here, the agent does not know. The result
    /// is empty when it was asked by words that it does not understand, and has to be asked for one
    /// object at a time.
    pub fn wait(self, deadline: Instant) -> Vec<(ObjectName, Lookup)> {
        match self.asked.answer(deadline) {
            Ok(Answer::Objects(answers)) => {
                self.objects.into_iter().zip(answers.into_iter().map(Lookup::from)).collect()
            }
            Ok(_) => Vec::new(),
            Err(error) => {
                tracing::info!(%error, "going on without the agent");
                self.objects.into_iter().map(|object| (object, Lookup::Silent)).collect()
            }
        }
    }
}

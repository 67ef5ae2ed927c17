//! A source of pod facts.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Access, Manifests, ask};
use crate::agent_api::client;
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

    /// Looks for one object of the cluster.
    ///
    /// # Errors
    /// The source should know the object, and does not answer.
    pub fn object(&self, object: &ObjectName, deadline: Instant) -> Result<Lookup, CniError> {
        let wait = AGENT_WAIT.min(deadline.saturating_duration_since(Instant::now()) / 2);
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let question = || Body::Object { object: object.clone(), wait_ms };
        let answer = match self {
            Self::Runtime | Self::Args => None,
            Self::Manifests(manifests) => Some(Answer::Object(manifests.object(object)?)),
            Self::Agent(socket) => client::ask(socket, question(), deadline).unwrap_or_else(|reason| {
                tracing::info!(reason, "going on without the agent");
                None
            }),
            Self::Api(api) => Some(api.ask(question(), deadline)?),
        };
        Ok(match answer {
            Some(Answer::Object(Some(object))) => Lookup::Found(object),
            Some(Answer::Object(None)) => Lookup::Absent,
            _ => Lookup::Silent,
        })
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

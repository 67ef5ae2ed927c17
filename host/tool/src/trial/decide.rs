//! Asks a chain, and makes of its plan what a node would carry out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::verdict::{Verdict, attached};
use crate::approve;
use crate::approve::finding::{Finding, Level};
use genie_core::call::{self, OwnTypes};
use genie_core::cni::{Call, Verb, Version};
use genie_core::config::Config;
use genie_core::network::{self, Catalogue};
use genie_core::pod::{Annotations, Identity};
use genie_core::selector::abi::{Attachment, Plan, Request};
use genie_core::selector::child::compiler;
use genie_core::selector::decision::{Decision, Failed, Step};
use genie_core::selector::module::Module;
use genie_core::selector::sandbox::facts::Facts;

/// How long selectors may take. Their fuel ends them long before.
pub(super) const TIME: Duration = Duration::from_mins(2);

/// A configuration, and the networks of a node.
pub struct Trial {
    /// The configuration: the chain, what one pod may have, how modules are loaded.
    pub config: Config,
    /// The networks.
    pub catalogue: Arc<Catalogue>,
    /// The configuration as the runtime hands it to the plugin, with its `type`.
    pub map: Map<String, Value>,
    /// The interface that the runtime asks for.
    pub interface: String,
}

/// What was decided for a pod.
pub struct Decided {
    /// What the chain was asked.
    pub request: Request,
    /// The outcome.
    pub verdict: Verdict,
    /// What each selector did.
    pub trace: Vec<Step>,
    /// The index of the entry that decided.
    pub decided_by: Option<usize>,
}

impl Trial {
    /// The call that a runtime would make for the pod.
    pub fn call(&self, pod: &Identity) -> Call {
        let name = self.map.get("name").and_then(Value::as_str).unwrap_or("test").to_owned();
        let uid = pod.uid.as_ref().map(|uid| format!(";K8S_POD_UID={uid}")).unwrap_or_default();
        let args = if pod.name.is_empty() {
            String::new()
        } else {
            format!("IgnoreUnknown=1;K8S_POD_NAMESPACE={};K8S_POD_NAME={}{uid}", pod.namespace, pod.name)
        };
        Call {
            verb: Verb::Add,
            container: "test".into(),
            netns: None,
            interface: self.interface.clone(),
            args,
            path: Vec::new(),
            config: self.map.clone(),
            selectors: None,
            name,
            version: Version::CURRENT,
        }
    }

    /// What the chain is asked for a pod. The node's name and an earlier decision can be added.
    pub fn request(&self, pod: &Identity, annotations: Annotations) -> Request {
        call::build_request(&self.call(pod), &self.config, &self.catalogue, pod, annotations)
    }

    /// Checks the configuration, and returns the warnings. It loads every selector, and so compiles
    /// it before selectors are timed.
    ///
    /// # Errors
    /// Everything for which no node would put the configuration in force.
    pub fn approve(&self) -> Result<Vec<String>, Vec<String>> {
        let deadline = Instant::now() + compiler::TIME;
        let load = |module: &Module| Some(self.config.loader.load(module, deadline));
        let found = approve::chain::chain(&self.config.chain, &load, deadline);
        let is_error = |finding: &Finding| finding.level == Level::Error;
        let words = |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.what).collect();
        let (errors, doubtful): (Vec<_>, Vec<_>) = found.into_iter().partition(is_error);
        if errors.is_empty() { Ok(words(doubtful)) } else { Err(words(errors)) }
    }

    /// What the chain answers.
    ///
    /// # Errors
    /// A selector refuses or fails.
    pub fn ask(&self, request: &Request, facts: &Arc<dyn Facts>) -> Result<Decision, Failed> {
        self.config.chain.decide(&self.config.loader, request, facts, Instant::now() + TIME)
    }

    /// What becomes of the pod. A plan counts only if it can be carried out; programs of plugins
    /// need not be there.
    pub fn decide(&self, request: Request, facts: &Arc<dyn Facts>) -> Decided {
        let decision = match self.ask(&request, facts) {
            Ok(decision) => decision,
            Err(failed) => {
                let verdict = Verdict::of_failure(failed.error, &failed.trace);
                return Decided { request, verdict, trace: failed.trace, decided_by: None };
            }
        };
        let Decision { plan, decided_by, trace } = decision;
        let verdict = plan.map_or(Verdict::Pass, |plan| self.prepare(plan, decided_by, &request, &trace, facts));
        Decided { request, verdict, trace, decided_by }
    }

    fn prepare(
        &self,
        plan: Plan,
        decided_by: Option<usize>,
        request: &Request,
        trace: &[Step],
        facts: &Arc<dyn Facts>,
    ) -> Verdict {
        let call = self.call(&identity(request));
        let own = OwnTypes::of(&call);
        let planner = |attachment: &Attachment| self.config.chain.planner(request, trace, attachment);
        let context = network::Context {
            call: &call,
            runtime_config: &Map::new(),
            catalogue: &self.catalogue,
            facts: &**facts,
            planner: &planner,
            own_types: &own.as_refs(),
            path: None,
            taken: &BTreeSet::new(),
            is_served: false,
            device_info_dir: &self.config.device_info_dir,
            limits: self.config.limits,
            strict: self.config.strict,
        };
        let decider = decided_by.and_then(|index| self.config.chain.entries.get(index));
        match network::prepare(&plan, &context) {
            Ok(prepared) => Verdict::Plan {
                decided_by: decider.map(|entry| entry.name.clone()),
                attachments: attached(&plan, prepared, &self.catalogue),
                plan,
            },
            Err(error) => Verdict::Refused(error),
        }
    }
}

/// The pod that a request is about.
pub fn identity(request: &Request) -> Identity {
    let pod = &request.pod;
    Identity { namespace: pod.namespace.clone(), name: pod.name.clone(), uid: pod.uid.clone() }
}

//! What a selector's imports answer during a call.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use crate::agent_api::client;
use crate::agent_api::protocol::{Answer, Body};
use crate::config::Config;
use crate::network::Catalogue;
use crate::node;
use crate::object::{ObjectName, labels_of};
use crate::pod::{Identity, PodFacts};
use crate::selector::sandbox::facts::{Facts, Question, UNNAMED_NODE};
use crate::sources::{Ahead, Lookup, PodSource};

/// The most objects that are asked for ahead. More are no pod's usual need.
const AHEAD: usize = 16;

/// The facts of one call: those of its pod, of the cluster and of this node.
pub struct CallFacts {
    sources: Vec<PodSource>,
    pod: Identity,
    node: String,
    agent: PathBuf,
    catalogue: Arc<Catalogue>,
    deadline: Instant,
    /// What each source said of the pod, so that it is asked only once.
    told: Mutex<Vec<Option<PodFacts>>>,
    ahead: Mutex<Expected>,
}

/// Objects that are asked for before somebody needs them.
#[derive(Default)]
struct Expected {
    /// The questions whose answers were not looked at.
    asked: Vec<Ahead>,
    /// What was answered. Each answer is given once: a later question is about the object as it is then.
    told: Vec<(ObjectName, Lookup)>,
}

impl CallFacts {
    /// Prepares the facts of the node that this configuration is of. Nothing is read until a selector
    /// asks. The pod and the cluster's objects are known by `sources`.
    pub fn new(
        config: &Config,
        sources: &[PodSource],
        pod: &Identity,
        catalogue: &Arc<Catalogue>,
        deadline: Instant,
    ) -> Self {
        Self {
            sources: sources.to_vec(),
            pod: pod.clone(),
            node: config.node.clone(),
            agent: config.paths.agent.clone(),
            catalogue: Arc::clone(catalogue),
            deadline,
            told: Mutex::default(),
            ahead: Mutex::default(),
        }
    }

    /// A fact of the pod, from the first source that has it.
    fn of_pod<T>(&self, fact: impl Fn(&PodFacts) -> Option<T>) -> Result<T, String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, source) in self.sources.iter().enumerate() {
            if index == told.len() {
                told.push(source.pod(&self.pod, self.deadline).map_err(|error| error.msg)?);
            }
            if let Some(fact) = told.get(index).and_then(Option::as_ref).and_then(&fact) {
                return Ok(fact);
            }
        }
        Err(format!(
            "no source of pod facts knows more of pod {}/{} than its annotations",
            self.pod.namespace, self.pod.name
        ))
    }

    fn find_object(&self, object: &ObjectName) -> Result<Option<Value>, String> {
        let expected = self.expected(object);
        let agent_was_asked = expected.is_some();
        let mut any = false;
        match expected {
            Some(Lookup::Found(object)) => return Ok(Some(object)),
            Some(Lookup::Absent) => any = true,
            Some(Lookup::Silent) | None => {}
        }
        for source in &self.sources {
            if agent_was_asked && matches!(source, PodSource::Agent(_)) {
                continue;
            }
            match source.object(object, self.deadline).map_err(|error| error.msg)? {
                Lookup::Found(object) => return Ok(Some(object)),
                Lookup::Absent => any = true,
                Lookup::Silent => {}
            }
        }
        let none = "no source of cluster objects answers: the configuration names no API server \
                    (kubernetes.kubeconfig) and no manifests, and no agent runs";
        if any { Ok(None) } else { Err(none.into()) }
    }

    /// What was answered for an object that was expected.
    fn expected(&self, object: &ObjectName) -> Option<Lookup> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = ahead.asked.iter().position(|asked| asked.names(object)) {
            let answers = ahead.asked.swap_remove(place).wait(self.deadline);
            ahead.told.extend(answers);
        }
        let place = ahead.told.iter().position(|(known, _)| known == object)?;
        Some(ahead.told.swap_remove(place).1)
    }

    fn namespace_labels(&self) -> Result<BTreeMap<String, String>, String> {
        let name = &self.pod.namespace;
        if name.is_empty() {
            return Err("the runtime names no pod, and so no namespace".into());
        }
        let namespace = self.find_object(&ObjectName::new("v1", "Namespace", None, name)?)?;
        let namespace = namespace.ok_or_else(|| format!("nothing is known of namespace {name:?}"))?;
        Ok(labels_of(&namespace))
    }

    fn node_label(&self, key: &str) -> Result<Option<String>, String> {
        if self.node.is_empty() {
            return Err(UNNAMED_NODE.into());
        }
        let node = self.find_object(&ObjectName::new("v1", "Node", None, &self.node)?)?;
        let node = node.ok_or_else(|| format!("nothing is known of node {:?}", self.node))?;
        Ok(node["metadata"]["labels"][key].as_str().map(ToOwned::to_owned))
    }

    /// What interfaces receive and send in a second. Only the agent knows that: a call does not last long
    /// enough to count.
    fn traffic_rate(&self, prefix: &str) -> Result<(u64, u64), String> {
        let question = Body::TrafficRate { prefix: prefix.to_owned() };
        match client::ask(&self.agent, question, self.deadline)? {
            Some(Answer::TrafficRate { rx_bytes, tx_bytes }) => Ok((rx_bytes, tx_bytes)),
            Some(_) => Err("the agent answers another question".into()),
            None => Err("no agent runs, which would count".into()),
        }
    }

    fn free_addresses(&self, network: &str) -> Result<Option<u64>, String> {
        let installed = self.catalogue.find(network).ok_or_else(|| format!("no network {network:?} is installed"))?;
        Ok(node::free_addresses(&installed.list))
    }
}

impl Facts for CallFacts {
    fn answer(&self, question: &Question) -> Result<Value, String> {
        match question {
            Question::Labels => Ok(json!(
                self.of_pod(|pod| Some(pod.labels.iter().map(|(key, value)| json!([key, value])).collect::<Vec<_>>()))?
            )),
            Question::ServiceAccount => Ok(json!(self.of_pod(|pod| pod.service_account.clone())?)),
            Question::Owner => Ok(json!(self.of_pod(|pod| Some(pod.owner.clone()))?)),
            Question::Object(object) => Ok(json!(self.find_object(object)?.map(|object| object.to_string()))),
            Question::NamespaceLabels => Ok(json!(self.namespace_labels()?.iter().collect::<Vec<_>>())),
            Question::Traffic { prefix } => Ok(json!(node::traffic(prefix)?)),
            Question::TrafficRate { prefix } => Ok(json!(self.traffic_rate(prefix)?)),
            Question::NodeLabel { key } => Ok(json!(self.node_label(key)?)),
            Question::FreeAddresses { network } => Ok(json!(self.free_addresses(network)?)),
        }
    }

    fn expect(&self, objects: &[ObjectName]) {
        let Some(source) = self.sources.iter().find(|source| source.has_objects()) else { return };
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |object: &&ObjectName| !ahead.asked.iter().any(|asked| asked.names(object));
        let new: Vec<_> = objects.iter().filter(is_new).cloned().collect();
        if (1..=AHEAD).contains(&new.len()) {
            ahead.asked.extend(source.ask_ahead(&new, self.deadline));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::thread::JoinHandle;
    use std::time::Duration;

    use super::*;
    use crate::selector::module::NamesOnly;

    /// An agent that answers each connection with the next of these lines. Returns what it was asked.
    fn agent(socket: &Path, answers: &[&'static str]) -> JoinHandle<Vec<Value>> {
        let listener = UnixListener::bind(socket).unwrap();
        let answers = answers.to_vec();
        std::thread::spawn(move || {
            let answer = |answer: &str| {
                let mut stream = BufReader::new(listener.accept().unwrap().0);
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                writeln!(stream.get_mut(), "{answer}").unwrap();
                serde_json::from_str(&line).unwrap()
            };
            answers.into_iter().map(answer).collect()
        })
    }

    fn facts(dir: &Path) -> CallFacts {
        let config = json!({"pods": ["runtime", "agent"], "agent": dir.join("agent.sock")});
        let config = Config::from_map(config.as_object().unwrap(), &NamesOnly).unwrap();
        let catalogue = Arc::new(Catalogue::load(dir, &[]).unwrap());
        let deadline = Instant::now() + Duration::from_secs(10);
        CallFacts::new(&config, &config.pods, &Identity::default(), &catalogue, deadline)
    }

    fn definition(name: &str) -> ObjectName {
        ObjectName::new("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", Some("demo"), name).unwrap()
    }

    fn name(answer: Result<Value, String>) -> Option<String> {
        let object: Value = serde_json::from_str(answer.unwrap().as_str()?).unwrap();
        object["metadata"]["name"].as_str().map(ToOwned::to_owned)
    }

    const A: &str = r#"{"version":1,"object":{"metadata":{"name":"a"}}}"#;
    const A_AND_NONE: &str = r#"{"version":1,"objects":[{"object":{"metadata":{"name":"a"}}},{"object":null}]}"#;

    #[test]
    fn objects_that_are_expected_are_one_question() {
        let dir = tempfile::tempdir().unwrap();
        let asked = agent(&dir.path().join("agent.sock"), &[A_AND_NONE, A]);
        let facts = facts(dir.path());
        let [a, b] = ["a", "b"].map(definition);
        facts.expect(&[a.clone(), b.clone()]);
        // An object that was asked for is not asked for again.
        facts.expect(std::slice::from_ref(&a));
        assert_eq!(facts.answer(&Question::Object(b)), Ok(Value::Null), "it does not exist");
        assert_eq!(name(facts.answer(&Question::Object(a.clone()))).as_deref(), Some("a"));
        // How it is later is another question.
        assert_eq!(name(facts.answer(&Question::Object(a))).as_deref(), Some("a"));
        let [first, second] = &asked.join().unwrap()[..] else { panic!("two questions") };
        assert_eq!(first["objects"]["objects"].as_array().map(Vec::len), Some(2), "{first}");
        assert_eq!(second["object"]["name"], "a", "{second}");
    }

    #[test]
    fn an_agent_that_does_not_understand_is_asked_for_one_object_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let asked = agent(&dir.path().join("agent.sock"), &[r#"{"version":1,"error":"not understood"}"#, A, A]);
        let facts = facts(dir.path());
        facts.expect(&["a", "b"].map(definition));
        for _ in 0..2 {
            assert_eq!(name(facts.answer(&Question::Object(definition("a")))).as_deref(), Some("a"));
        }
        assert_eq!(asked.join().unwrap().len(), 3);
    }

    #[test]
    fn an_agent_that_does_not_know_is_not_asked_again() {
        let dir = tempfile::tempdir().unwrap();
        let answer = r#"{"version":1,"objects":[{"error":"the API server does not answer in time"}]}"#;
        let asked = agent(&dir.path().join("agent.sock"), &[answer]);
        let facts = facts(dir.path());
        facts.expect(&[definition("a")]);
        let refused = facts.answer(&Question::Object(definition("a"))).unwrap_err();
        assert!(refused.contains("no source of cluster objects answers"), "{refused}");
        assert_eq!(asked.join().unwrap().len(), 1);
    }
}

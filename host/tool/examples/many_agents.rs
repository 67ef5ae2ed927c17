//! The agents of many nodes in one process, for `make bench PART=agents`: each follows
//! definitions, and with `WITH_PODS` in the environment pods, by the agent's own code, with a client
//! and connections of its own.
//!
//! It does what it is told, a line each on standard input, and answers with a line of JSON.
//!
//! - `start`: all agents at once. Each asks for the definition, as a call of its node's first pod.
//! - `ask`: every agent is asked for the definition once more.
//! - `change TEXT`: the definition gets another configuration, and each agent is told.
//! - `roll COUNT`: so many agents at a time end, and new ones take their places.
//!
//! What is answered: `seconds`, and in `after` the seconds after which each agent was done, the
//! first agent's first; `failed` counts questions that had to be asked again.

use std::cell::Cell;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use genie_core::object::ObjectName;
use genie_host::agent::{Context, Options, definitions, follow};
use genie_host::install::Layout;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::task::{AbortHandle, LocalSet, spawn_local};

/// The definition that all agents ask for.
const NAMESPACE: &str = "default";
const NAME: &str = "net";
/// The time between two looks at all agents.
const LOOK: Duration = Duration::from_millis(5);
/// How long a question waits for its answer; then it is asked again. A call waits for three seconds
/// and is made again by the runtime; the answer that it has not waited for comes all the same.
const WAIT: Duration = Duration::from_mins(10);

/// The agent of one node. It ends when this is dropped.
struct Agent {
    context: Arc<Context>,
    follows: AbortHandle,
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.follows.abort();
    }
}

impl Agent {
    fn start(number: usize, kubeconfig: &Path) -> Self {
        let nowhere = PathBuf::from("/nonexistent");
        let layout = Layout {
            host_root: "/".into(),
            bin_dir: nowhere.clone(),
            conf_dir: nowhere.clone(),
            state_dir: nowhere.clone(),
            cache_dir: nowhere.clone(),
        };
        let options = Options {
            layout,
            source: None,
            daemon_set: None,
            node: format!("node{number}"),
            socket: nowhere,
            listen: None,
            pod: None,
            registry: genie_host::agent::pull::Settings::default(),
            kubeconfig: Some(kubeconfig.into()),
            traffic_every: genie_host::agent::traffic::EVERY,
        };
        let context = Arc::new(Context::new(options));
        let followed = Arc::clone(&context);
        let follows = spawn_local(async move {
            if with_pods() {
                follow(&followed).await;
            } else {
                definitions::watch(&followed).await;
            }
        })
        .abort_handle();
        Self { context, follows }
    }

    /// Whether it follows everything.
    fn is_ready(&self) -> bool {
        (!with_pods() || self.context.pods.is_watched()) && self.context.definitions.is_watched()
    }

    fn version(&self) -> Option<String> {
        self.context.definitions.version(NAMESPACE, NAME)
    }
}

/// Whether agents follow the pods of their nodes, too.
fn with_pods() -> bool {
    std::env::var_os("WITH_PODS").is_some()
}

/// All agents.
struct Swarm {
    agents: Vec<Agent>,
    count: usize,
    kubeconfig: PathBuf,
    failed: Rc<Cell<usize>>,
}

impl Swarm {
    /// Asks each of these agents once, all at the same time, until there are answers.
    async fn ask(&self, agents: &[Agent]) -> Result<Vec<f64>> {
        let begun = Instant::now();
        let questions: Vec<_> = agents
            .iter()
            .map(|agent| {
                let (context, failed) = (Arc::clone(&agent.context), Rc::clone(&self.failed));
                spawn_local(async move {
                    let wanted =
                        ObjectName::new("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", Some(NAMESPACE), NAME)?;
                    loop {
                        let answer = tokio::time::timeout(WAIT, definitions::answer(&context, &wanted, WAIT)).await;
                        match answer {
                            Ok(Ok(Some(_))) => return Ok::<_, String>(begun.elapsed().as_secs_f64()),
                            Ok(Ok(None)) => return Err("the definition is absent".into()),
                            Ok(Err(_)) | Err(_) => failed.set(failed.get() + 1),
                        }
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                })
            })
            .collect();
        let mut after = Vec::new();
        for question in questions {
            after.push(question.await?.map_err(anyhow::Error::msg)?);
        }
        Ok(after)
    }

    /// Starts agents, each of which has a question at once, and waits until they follow everything.
    async fn start(&self, numbers: std::ops::Range<usize>) -> Result<(Vec<Agent>, Vec<f64>)> {
        let begun = Instant::now();
        let agents: Vec<_> = numbers.map(|number| Agent::start(number, &self.kubeconfig)).collect();
        let (asked, after) = tokio::join!(self.ask(&agents), each(&agents, begun, Agent::is_ready));
        asked?;
        Ok((agents, after))
    }

    async fn obey(&mut self, command: &str) -> Result<Vec<f64>> {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        match verb {
            "start" => {
                let (agents, after) = self.start(0..self.count).await?;
                self.agents = agents;
                Ok(after)
            }
            "ask" => self.ask(&self.agents).await,
            "change" => self.change(rest).await,
            "roll" => self.roll(rest.parse()?).await,
            _ => bail!("{command:?} is no command"),
        }
    }

    async fn change(&self, text: &str) -> Result<Vec<f64>> {
        let first = self.agents.first().context("there are no agents")?;
        let old = first.version().context("an agent has not kept the definition")?;
        let admin = std::env::var_os("ADMIN").context("ADMIN names the administrator's kubeconfig")?;
        let access = genie_core::sources::Access { kubeconfig: Some(admin.into()), ..Default::default() };
        let client = genie_host::kubernetes::connect(&access).await.map_err(anyhow::Error::msg)?;
        let resource = genie_host::kubernetes::definitions();
        let api: Api<DynamicObject> = Api::namespaced_with(client, NAMESPACE, &resource);
        let patch = Patch::Merge(json!({"spec": {"config": json!({"type": text}).to_string()}}));
        let begun = Instant::now();
        let changed = async {
            let patched = api.patch(NAME, &PatchParams::default(), &patch).await;
            patched.map(drop)
        };
        let knows = |agent: &Agent| agent.version().as_ref() != Some(&old);
        let (changed, after) = tokio::join!(changed, each(&self.agents, begun, knows));
        changed?;
        Ok(after)
    }

    async fn roll(&mut self, at_a_time: usize) -> Result<Vec<f64>> {
        let begun = Instant::now();
        let mut after = Vec::new();
        let numbers: Vec<usize> = (0..self.count).collect();
        for portion in numbers.chunks(at_a_time) {
            let (Some(first), Some(last)) = (portion.first(), portion.last()) else { continue };
            let numbers = *first..last + 1;
            self.agents.drain(numbers.clone());
            let (new, _) = self.start(numbers).await?;
            self.agents.splice(*first..*first, new);
            after.extend(std::iter::repeat_n(begun.elapsed().as_secs_f64(), portion.len()));
        }
        Ok(after)
    }
}

/// Looks until it holds for each agent. Returns after how many seconds it did.
async fn each(agents: &[Agent], begun: Instant, holds: impl Fn(&Agent) -> bool) -> Vec<f64> {
    let mut after = vec![f64::NAN; agents.len()];
    loop {
        for (agent, after) in agents.iter().zip(&mut after) {
            if after.is_nan() && holds(agent) {
                *after = begun.elapsed().as_secs_f64();
            }
        }
        if !after.iter().any(|after| after.is_nan()) {
            return after;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(kubeconfig), Some(count)) = (arguments.next(), arguments.next()) else {
        bail!("usage: many_agents KUBECONFIG COUNT");
    };
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (count, kubeconfig) = (count.parse()?, kubeconfig.into());
    let mut swarm = Swarm { agents: Vec::new(), count, kubeconfig, failed: Rc::default() };
    let local = LocalSet::new();
    // Commands come on another thread: meanwhile the agents go on.
    let (sender, mut commands) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    local.block_on(&runtime, async {
        while let Some(command) = commands.recv().await {
            let begun = Instant::now();
            swarm.failed.set(0);
            let mut after = swarm.obey(&command).await.with_context(|| command.clone())?;
            after.sort_by(f64::total_cmp);
            let done: Value =
                json!({"seconds": begun.elapsed().as_secs_f64(), "after": after, "failed": swarm.failed.get()});
            writeln!(std::io::stdout(), "{done}")?;
        }
        Ok(())
    })
}

//! What `test-selector` is given beside the configuration: pods, facts, an earlier decision, and
//! what the networks answer.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

use super::Arguments;
use super::report::Told;
use crate::command::Mistakes;
use crate::suite::schema::{self, Part};
use crate::trial::facts::{GivenFacts, Known, WrittenFacts};
use crate::trial::pods::{self, Given};
use crate::trial::{Decided, Trial, Verdict, question};
use genie_core::call::{CallFacts, warnings};
use genie_core::selector::sandbox::facts::Facts;
use genie_core::sources::{self, Manifests, yaml_error};

/// How long reading a pod's facts may take.
const TIME: Duration = Duration::from_mins(2);

/// All that was given.
pub struct Inputs {
    pods: Vec<Given>,
    objects: Option<Manifests>,
    /// Facts that are all that is known.
    facts: Option<GivenFacts>,
    decided: Option<Value>,
    outcomes: Option<Vec<Value>>,
}

impl Inputs {
    /// Reads what the command line names. `notes` gets what is left out.
    ///
    /// # Errors
    /// A file cannot be read, or is not what it should be.
    pub fn read(arguments: &Arguments, notes: &mut Vec<String>) -> Result<Self> {
        let files = [&arguments.pod, &arguments.facts, &arguments.outcomes].into_iter().flatten();
        let files = files.map(|file| file.as_os_str()).chain(arguments.decided.as_ref().map(AsRef::as_ref));
        if files.filter(|file| *file == "-").count() > 1 {
            bail!("the standard input can be only one of the files: \"-\" is given more than once");
        }
        let pods = match &arguments.pod {
            Some(file) => {
                let (pods, others) = pods::read(file)?;
                notes.extend(others);
                pods
            }
            None => vec![Given::unnamed()],
        };
        let objects = arguments.objects.as_ref().map(|dir| pods::objects(dir, notes)).transpose()?;
        let facts = arguments.facts.as_ref().map(|file| facts(file)).transpose()?;
        let outcomes = arguments.outcomes.as_ref().map(|file| outcomes(file)).transpose()?;
        let decided = arguments.decided.as_ref().map(|written| decided(written)).transpose()?;
        Ok(Self { pods, objects, facts, decided, outcomes })
    }

    /// The name of the Node among the manifests, if there is exactly one.
    ///
    /// # Errors
    /// Manifests cannot be read.
    pub fn only_node(&self) -> Result<Option<String>> {
        let mut names = BTreeSet::new();
        for manifests in self.pods.iter().map(|pod| &pod.manifests).chain(&self.objects) {
            let objects = manifests.objects()?;
            let nodes = objects.iter().filter(|object| object["apiVersion"] == "v1" && object["kind"] == "Node");
            names.extend(nodes.filter_map(|node| node["metadata"]["name"].as_str()).map(ToOwned::to_owned));
        }
        Ok(if names.len() == 1 { names.pop_first() } else { None })
    }

    /// Decides for each pod.
    ///
    /// # Errors
    /// What was given is wrong, or does not fit together.
    pub fn ask(self, trial: &Trial) -> Result<Vec<Told>> {
        let Self { pods, objects, facts, decided, outcomes } = self;
        let plan = decided.map(|decided| trial.plan_of(&decided)).transpose();
        let plan = plan.map_err(|error| anyhow!("--decided: {error}"))?;
        let ask = |pod: Given| {
            let deadline = Instant::now() + TIME;
            let identity = &pod.facts.identity;
            let sources = [&pod.manifests].into_iter().chain(&objects).cloned();
            let sources: Vec<_> = sources.map(sources::PodSource::Manifests).collect();
            let annotations = sources::annotations(&sources, &trial.call(identity), identity, deadline)
                .with_context(|| pod.label.clone())?;
            let mut request = trial.request(identity, annotations);
            request.decided.clone_from(&plan);
            let asked = |facts: &Arc<dyn Facts>| {
                let decided = trial.decide(request.clone(), facts);
                let merged = outcomes.as_ref().map(|outcomes| trial.merge(&decided, outcomes, facts)).transpose();
                let merged = merged.map_err(|error| anyhow!("--outcomes: {}: {error}", pod.label))?.flatten();
                Ok::<_, anyhow::Error>((decided, merged))
            };
            let ((decided, merged), missing) = match &facts {
                None => {
                    let facts = CallFacts::new(&trial.config, &sources, identity, &trial.catalogue, deadline);
                    (asked(&(Arc::new(facts) as _))?, Vec::new())
                }
                Some(facts) => {
                    let facts = with_pod(facts, &pod, objects.as_ref())?;
                    let known = Known::new(facts);
                    (asked(&(Arc::<Known<_>>::clone(&known) as _))?, known.missing())
                }
            };
            let attachments = match &decided.verdict {
                Verdict::Plan { attachments, .. } => attachments.as_slice(),
                _ => &[],
            };
            let prepared = attachments.iter().map(|attached| &attached.prepared);
            let mut warnings = warnings(&trial.config.chain, &decided.request, &decided.trace, prepared);
            warnings.extend(missing.iter().map(|missing| {
                let (asked, write) = (question::in_words(missing), question::how_to_give(missing));
                format!("asked {asked}, which --facts does not give: write {write} (there without \"facts.\")")
            }));
            let (merged, refused) = match merged {
                Some(Ok(merged)) => (Some(merged), None),
                Some(Err(error)) => (None, Some(Verdict::of_merge(error))),
                None => (None, None),
            };
            let decided = Decided { verdict: refused.unwrap_or(decided.verdict), ..decided };
            Ok(Told { pod, decided, warnings, merged, missing })
        };
        pods.into_iter().map(ask).collect()
    }
}

/// The given facts with those of the pod's manifest.
fn with_pod(facts: &GivenFacts, pod: &Given, objects: Option<&Manifests>) -> Result<GivenFacts> {
    let mut all = GivenFacts { namespace: pod.facts.identity.namespace.clone(), ..facts.clone() };
    all.objects.extend(pod.manifests.objects()?);
    if let Some(objects) = objects {
        all.objects.extend(objects.objects()?);
    }
    let of_pod = pod.is_known().then(|| GivenFacts::of_pod(&pod.facts));
    // What the facts say of the pod is all that is known of it.
    if let Some(of_pod) = of_pod.filter(|_| !facts.is_about_the_pod()) {
        (all.labels, all.service_account, all.owner) = (of_pod.labels, of_pod.service_account, of_pod.owner);
    }
    Ok(all)
}

/// The text of a file, and what it is called in messages.
fn text_of(file: &Path) -> Result<(String, String)> {
    if file == Path::new("-") {
        let text = io::read_to_string(io::stdin()).context("cannot read the standard input")?;
        return Ok((text, "the standard input".into()));
    }
    let name = file.display().to_string();
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    Ok((text, name))
}

/// The value in a file of YAML or JSON.
fn value_of(file: &Path) -> Result<(Value, String)> {
    let (text, name) = text_of(file)?;
    let options = serde_saphyr::options! { with_snippet: false };
    let value = serde_saphyr::from_str_with_options(&text, options)
        .map_err(|error| anyhow!("{name}: {}", yaml_error(&error)))?;
    Ok((value, name))
}

/// Facts: those of a case, or what a case has under `facts`.
fn facts(file: &Path) -> Result<GivenFacts> {
    let (value, name) = value_of(file)?;
    let value = match value.get("facts") {
        Some(facts) => facts.clone(),
        None if value.is_null() => Value::Object(serde_json::Map::new()),
        None => value,
    };
    let found = schema::mistakes(Part::Facts, &value, "facts");
    if !found.is_empty() {
        return Err(Mistakes { what: format!("{name} holds no facts"), found }.into());
    }
    let written: WrittenFacts = serde_json::from_value(value).with_context(|| name.clone())?;
    let mut facts = GivenFacts::default();
    let dir = file.parent().filter(|_| file != Path::new("-")).unwrap_or(Path::new(""));
    written.add_to(&mut facts, dir).context(name)?;
    Ok(facts)
}

/// Results of CNI plugins: a list, or what a case has under `outcomes`.
fn outcomes(file: &Path) -> Result<Vec<Value>> {
    let (value, name) = value_of(file)?;
    let value = value.get("outcomes").cloned().unwrap_or(value);
    match value {
        Value::Array(results) => Ok(results),
        _ => bail!("{name} holds no list of CNI results"),
    }
}

/// What was decided: in a file, else as it is written.
fn decided(written: &str) -> Result<Value> {
    let file = Path::new(written);
    if file != Path::new("-") && !file.is_file() {
        if written.contains('/') {
            bail!("--decided: there is no file {written}");
        }
        return Ok(written.into());
    }
    let (value, _) = value_of(file)?;
    Ok(value.get("decided").cloned().unwrap_or(value))
}

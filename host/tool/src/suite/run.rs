//! Runs cases.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use super::case::Case;
use super::differ::Difference;
use super::expect::{Seen, differences};
use super::trials::Trials;
use crate::trial::Trial;
use crate::trial::facts::{GivenFacts, Known};
use crate::trial::pods::{self, Given};
use genie_core::pod::is_private;
use genie_core::selector::sandbox::facts::{Facts, Question};

/// How a case ended.
#[derive(Clone, Debug)]
pub enum CaseOutcome {
    /// All is as expected.
    Passed,
    /// Something is not.
    Failed(Box<Failure>),
    /// The case cannot be run, since something in it is wrong.
    Error(String),
}

/// Why a case failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What is other than expected.
    pub differences: Vec<Difference>,
    /// What selectors asked, and the case does not give.
    pub missing: Vec<Question>,
    /// What was seen.
    pub seen: Seen,
}

/// Runs cases in one process.
pub struct Runner {
    trials: Trials,
}

impl Runner {
    /// With `any_digest`, modules are asked although a configuration approves another digest.
    pub fn new(any_digest: bool) -> Self {
        Self { trials: Trials::new(any_digest) }
    }

    /// Reads configurations and modules anew from here on. What was compiled stays.
    pub fn forget(&mut self) {
        self.trials.forget();
    }

    /// The files of the modules that were asked.
    pub fn modules(&self) -> Vec<PathBuf> {
        self.trials.files()
    }

    /// Runs a case whose paths start in `dir`.
    pub fn run(&mut self, case: &Case, dir: &Path) -> CaseOutcome {
        self.try_run(case, dir).unwrap_or_else(|error| CaseOutcome::Error(format!("{error:#}")))
    }

    fn try_run(&mut self, case: &Case, dir: &Path) -> Result<CaseOutcome> {
        let trial = self.trials.of(case, dir)?;
        let (seen, missing) = see(case, dir, &trial)?;
        let differences = differences(&case.expect, &seen).map_err(|error| anyhow!(error))?;
        if differences.is_empty() && missing.is_empty() {
            return Ok(CaseOutcome::Passed);
        }
        Ok(CaseOutcome::Failed(Box::new(Failure { differences, missing, seen })))
    }
}

/// What is seen of a case, and what was asked beyond what it gives.
fn see(case: &Case, dir: &Path, trial: &Trial) -> Result<(Seen, Vec<Question>)> {
    let pod = pod_of(case, dir)?;
    let mut facts = if pod.is_known() { GivenFacts::of_pod(&pod.facts) } else { GivenFacts::default() };
    facts.namespace.clone_from(&pod.facts.identity.namespace);
    facts.objects = pod.manifests.objects()?;
    case.facts.clone().add_to(&mut facts, dir)?;
    let known = Known::new(facts);
    let facts: Arc<dyn Facts> = Arc::<Known<_>>::clone(&known);

    let mut annotations = pod.facts.annotations.clone();
    annotations.retain(|key, _| !is_private(key));
    let mut request = trial.request(&pod.facts.identity, annotations);
    if let Some(node) = &case.node {
        request.node.clone_from(node);
    }
    let decided = case.decided.as_ref().map(|decided| trial.plan_of(decided)).transpose();
    request.decided = decided.map_err(|error| anyhow!("decided: {error}"))?;
    let decided = trial.decide(request, &facts);
    let merged = match &case.outcomes {
        Some(outcomes) => trial.merge(&decided, outcomes, &facts).map_err(|error| anyhow!(error))?,
        None => None,
    };
    let seen = Seen::of(&decided, merged);
    Ok((seen, known.missing()))
}

fn pod_of(case: &Case, dir: &Path) -> Result<Given> {
    let (pods, _) = match &case.pod {
        None => return Ok(Given::unnamed()),
        Some(Value::String(file)) => pods::read(&dir.join(file))?,
        Some(object) => pods::of_objects("of the case", std::slice::from_ref(object))?,
    };
    match <[Given; 1]>::try_from(pods) {
        Ok([pod]) => Ok(pod),
        Err(pods) => bail!("the case's manifest holds {} pods; a case is about one", pods.len()),
    }
}

//! The chain of selectors: which are asked, in which order, and which one decides.

use std::sync::Arc;
use std::time::Instant;

use crate::cni::{CniError, code};
use crate::selector::abi::{Attachment, Merged, Outcome, Plan, Refusal, Request, Verdict};
use crate::selector::completed::with_sandbox;
use crate::selector::decision::{Decision, Failed, Step, StepOutcome};
use crate::selector::grants::{Grants, is_same};
use crate::selector::mistake;
use crate::selector::module::loaded::{LoadedSelector, mismatched};
use crate::selector::module::{Loader, Module};
use crate::selector::sandbox::facts::Facts;
use crate::selector::sandbox::limits::Limits;
use crate::selector::sandbox::log::hand_on;
use crate::selector::sandbox::run::Ran;
use crate::selector::sandbox::task::{Bounds, Task, TaskAnswer};
use crate::selector::settings::Settings;
use crate::text::one_line;
use crate::time::micros;

/// When the selector of an entry is asked: the key `run`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Run {
    /// Until there is a plan.
    #[default]
    UntilDecided,
    /// Also when there is a plan.
    Always,
    /// After everything is decided. The answer is compared with the decision and changes nothing.
    Shadow,
}

/// One selector of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The selector's name in messages: its own, or that of its file.
    pub name: String,
    /// The module to run.
    pub module: Module,
    /// When the selector is asked.
    pub run: Run,
    /// The selector's settings.
    pub settings: Settings,
    /// What the selector may read and say.
    pub grants: Grants,
    /// How much the selector may use.
    pub limits: Limits,
    /// The key `wake`: the selector is asked only for pods that have one of these annotations. Without
    /// the key, the selector is asked for every pod.
    pub wake: Option<Vec<String>>,
}

/// The selectors of a configuration, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chain {
    /// The entries. Once there is a plan, only those with [`Run::Always`] are asked.
    pub entries: Vec<Entry>,
    /// The name of the entry that merges, whichever entry decided. When it is none, the one that
    /// decided merges.
    pub merge: Option<String>,
}

/// What a merge gets beside the outcomes.
#[derive(Clone, Copy)]
pub struct Merging<'a> {
    /// The entry that made the plan, [`Decision::decided_by`].
    pub decided_by: Option<usize>,
    /// What the chain was asked.
    pub request: &'a Request,
    /// The plan that the chain decided on, with every attachment's interface named.
    pub plan: &'a Plan,
    /// How many bytes were asked and answered for the decision ([`Decision::asked`]).
    pub asked: usize,
    /// What the selector's imports answer.
    pub facts: &'a Arc<dyn Facts>,
    /// Computes the result of the standard merge.
    pub standard: &'a dyn Fn() -> Result<Merged, CniError>,
}

impl Entry {
    /// Whether the pod has none of the annotations that wake this selector. Then it is not loaded.
    pub fn sleeps(&self, request: &Request) -> bool {
        let has = |key: &String| request.annotations.iter().any(|(known, _)| known == key);
        self.wake.as_ref().is_some_and(|wake| !wake.iter().any(has))
    }

    fn load(&self, loader: &Loader, deadline: Instant) -> Result<LoadedSelector, CniError> {
        let selector = loader.load(&self.module, deadline)?;
        self.grants.check_imports(&self.name, selector.imports())?;
        Ok(selector)
    }

    /// Loads and runs the selector. The caller sets the step's outcome from the answer; until then
    /// it is [`StepOutcome::Pass`], or the failure.
    fn carry_out(
        &self,
        loader: &Loader,
        task: Task,
        asked: usize,
        facts: &Arc<dyn Facts>,
        deadline: Instant,
    ) -> (Result<TaskAnswer, CniError>, Step) {
        let start = Instant::now();
        let (grants, limits) = (self.grants.clone(), self.limits.clone());
        let bounds = Bounds { selector: self.name.clone(), grants, limits, asked };
        let mut load_micros = 0;
        let Ran { answer, usage, logs, consulted } = if start >= deadline {
            let message = format!("the time for this CNI call ran out before selector {:?} was asked", self.name);
            Ran::failed(CniError::new(code::TRY_AGAIN, message))
        } else {
            let selector = self.load(loader, deadline);
            load_micros = micros(start.elapsed());
            match selector {
                Ok(selector) => selector.run(task, &bounds, facts, deadline),
                Err(error) => Ran::failed(error),
            }
        };
        hand_on(&self.name, &logs);
        let outcome = match &answer {
            Ok(_) => StepOutcome::Pass,
            Err(error) => StepOutcome::Failed(error.to_string()),
        };
        let micros = micros(start.elapsed());
        (answer, Step { selector: self.name.clone(), outcome, usage, micros, load_micros, logs, imports: consulted })
    }

    fn refused(&self, refusal: Refusal) -> CniError {
        let name = &self.name;
        match refusal {
            Refusal::Invalid(mistake) => mistake::error(name, &mistake),
            Refusal::Denied(reason) => {
                let message = format!("selector {name:?} denies: {}", one_line(&reason));
                CniError::new(code::REFUSED_DENIED, message)
            }
            Refusal::Unavailable(reason) => {
                let message = format!("selector {name:?} cannot decide now: {}", one_line(&reason));
                CniError::new(code::TRY_AGAIN, message)
            }
            Refusal::Internal(reason) => {
                let message = format!("selector {name:?} failed: {}", one_line(&reason));
                CniError::new(code::SELECTOR, message)
            }
        }
    }
}

impl Chain {
    /// Asks the selectors in order until one of them has a plan, and after that those that are
    /// always asked. Each of the latter sees the plan so far, and may let it stand, replace it, or
    /// refuse the pod. One that sleeps is not asked. Only selectors that are asked are loaded; shadows
    /// are not. It is no error here
    /// when all of them pass. A plan in the request counts as decided already; only trials have one.
    ///
    /// # Errors
    /// - [`code::REFUSED_INVALID`], [`code::REFUSED_DENIED`]: a selector refuses the pod.
    /// - [`code::TRY_AGAIN`]: a selector says so, or time runs out.
    /// - [`code::SELECTOR`]: a selector fails or goes over a limit.
    /// - [`code::INVALID_CONFIG`]: the configuration is wrong, settings included.
    pub fn decide(
        &self,
        loader: &Loader,
        request: &Request,
        facts: &Arc<dyn Facts>,
        deadline: Instant,
    ) -> Result<Decision, Failed> {
        let mut decision = Decision { plan: request.decided.clone(), decided_by: None, trace: Vec::new() };
        for (index, entry) in self.entries.iter().enumerate() {
            let not_asked = match entry.run {
                Run::Shadow => Some(StepOutcome::Shadow),
                Run::UntilDecided if decision.plan.is_some() => Some(StepOutcome::Skipped),
                Run::UntilDecided | Run::Always => entry.sleeps(request).then_some(StepOutcome::Asleep),
            };
            if let Some(outcome) = not_asked {
                decision.trace.push(Step::new(&entry.name, outcome));
                continue;
            }
            let asked = decision.asked();
            let (verdict, step) = entry.select(loader, request, decision.plan.as_ref(), asked, facts, deadline);
            decision.trace.push(step);
            match verdict {
                Ok(Verdict::Pass) => {}
                Ok(Verdict::Plan(plan)) => {
                    decision.plan = Some(plan);
                    decision.decided_by = Some(index);
                }
                Err(error) => {
                    return Err(Failed { error, trace: decision.trace });
                }
            }
        }
        Ok(decision)
    }

    /// The entry whose plan brought in an attachment; entries behind it passed it on. None when the
    /// request had it already. `trace` is that of the decision.
    pub fn planner(&self, request: &Request, trace: &[Step], attachment: &Attachment) -> Option<&Entry> {
        let has = |plan: &Plan| plan.attachments.iter().any(|earlier| is_same(earlier, attachment));
        let plans = self.entries.iter().zip(trace).rev().filter_map(|(entry, step)| match &step.outcome {
            StepOutcome::Plan(plan) => Some((Some(entry), plan)),
            _ => None,
        });
        let first = request.decided.iter().map(|plan| (None, plan));
        let (entry, _) = plans.chain(first).take_while(|(_, plan)| has(plan)).last()?;
        entry
    }

    /// Asks the shadows for their answers to a request that was decided: with this plan, or by
    /// refusing the pod. Each is asked by itself, and a failure is an answer, too.
    pub fn ask_shadows(
        &self,
        loader: &Loader,
        request: &Request,
        plan: Option<&Plan>,
        facts: &Arc<dyn Facts>,
        deadline: Instant,
    ) -> Vec<Step> {
        let shadows = self.entries.iter().filter(|entry| entry.run == Run::Shadow && !entry.sleeps(request));
        shadows.map(|entry| entry.select(loader, request, plan, 0, facts, deadline).1).collect()
    }

    /// Merges by the entry that the configuration's `merge` names, else by the one that decided.
    /// The result is none when that entry has no merge of its own, so that the standard merge
    /// serves.
    ///
    /// Errors are those of [`Chain::decide`].
    pub fn merge(
        &self,
        loader: &Loader,
        merging: Merging<'_>,
        outcomes: &[Outcome],
        deadline: Instant,
    ) -> Option<Result<Merged, CniError>> {
        let Merging { decided_by, request, plan, asked, facts, standard } = merging;
        let entry = match &self.merge {
            Some(name) => match self.merging_entry(name, loader, deadline) {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error)),
            },
            None => self.entries.get(decided_by?)?,
        };
        match entry.load(loader, deadline) {
            Ok(selector) if !selector.merges() => return None,
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
        let task = Task::Merge {
            request: request.clone(),
            plan: plan.clone(),
            outcomes: outcomes.to_vec(),
            settings: entry.settings.text().to_owned(),
        };
        let (answer, _) = entry.carry_out(loader, task, asked, facts, deadline);
        Some(answer.and_then(|answer| match answer {
            TaskAnswer::Merged(Ok(merged)) => {
                let standard = standard()?;
                let merged = with_sandbox(merged, &standard);
                let checked = entry.grants.check_merged(&merged, outcomes, &standard);
                checked.map(|()| merged).map_err(|missing| missing.into_error(&entry.name, &entry.grants))
            }
            TaskAnswer::Merged(Err(refusal)) => Err(entry.refused(refusal)),
            _ => Err(mismatched(&entry.name)),
        }))
    }

    /// The name of the entry that merges when the entry `decided_by` has decided.
    pub fn merger(&self, decided_by: Option<usize>) -> Option<&str> {
        let decider = || self.entries.get(decided_by?).map(|entry| entry.name.as_str());
        self.merge.as_deref().or_else(decider)
    }

    /// Loads every entry that an ADD may ask, to check the configuration.
    pub fn load_all(&self, loader: &Loader, deadline: Instant) -> Result<(), CniError> {
        let mut asked = self.entries.iter().filter(|entry| entry.run != Run::Shadow);
        asked.try_for_each(|entry| entry.load(loader, deadline).map(drop))?;
        match &self.merge {
            Some(name) => self.merging_entry(name, loader, deadline).map(drop),
            None => Ok(()),
        }
    }

    fn merging_entry(&self, name: &str, loader: &Loader, deadline: Instant) -> Result<&Entry, CniError> {
        let wrong = |reason| {
            let message = format!("\"merge\": {name:?} of the configuration {reason}");
            Err(CniError::new(code::INVALID_CONFIG, message))
        };
        match self.entries.iter().find(|entry| entry.name == name) {
            None => wrong("names none of its selectors"),
            Some(entry) if !entry.load(loader, deadline)?.merges() => wrong("names a selector that exports no merge"),
            Some(entry) => Ok(entry),
        }
    }
}

impl Entry {
    /// Asks the selector what it makes of a request, for which there is a plan already or none.
    fn select(
        &self,
        loader: &Loader,
        request: &Request,
        decided: Option<&Plan>,
        asked: usize,
        facts: &Arc<dyn Facts>,
        deadline: Instant,
    ) -> (Result<Verdict, CniError>, Step) {
        let mut told = Request { decided: decided.cloned(), ..request.clone() };
        told.attributes.extend(self.grants.forbidden(&request.networks).map(|file| ("forbidden".into(), file)));
        let task = Task::Select { request: told, settings: self.settings.text().to_owned() };
        let (answer, mut step) = self.carry_out(loader, task, asked, facts, deadline);
        (answer.and_then(|answer| self.verdict(answer, request, decided, &mut step)), step)
    }

    /// Makes a verdict of the answer to `select`, and the step's outcome. A plan is checked against
    /// the grants here.
    fn verdict(
        &self,
        answer: TaskAnswer,
        request: &Request,
        decided: Option<&Plan>,
        step: &mut Step,
    ) -> Result<Verdict, CniError> {
        let verdict = match answer {
            TaskAnswer::Verdict(Ok(Verdict::Plan(plan))) if plan.attachments.is_empty() => {
                let message =
                    format!("selector {:?} failed: its plan is empty; to say nothing it must pass", self.name);
                Err((CniError::new(code::SELECTOR, message), false))
            }
            TaskAnswer::Verdict(Ok(Verdict::Plan(plan))) => match self.grants.check_plan(&plan, request, decided) {
                Ok(()) => Ok(Verdict::Plan(plan)),
                Err(missing) => Err((missing.into_error(&self.name, &self.grants), false)),
            },
            TaskAnswer::Verdict(Ok(Verdict::Pass)) => Ok(Verdict::Pass),
            TaskAnswer::Verdict(Err(refusal)) => {
                let failed = matches!(refusal, Refusal::Internal(_));
                Err((self.refused(refusal), !failed))
            }
            _ => Err((mismatched(&self.name), false)),
        };
        step.outcome = match &verdict {
            Ok(Verdict::Pass) => StepOutcome::Pass,
            Ok(Verdict::Plan(plan)) => StepOutcome::Plan(plan.clone()),
            Err((error, true)) => StepOutcome::Refused(error.to_string()),
            Err((error, false)) => StepOutcome::Failed(error.to_string()),
        };
        verdict.map_err(|(error, _)| error)
    }
}

//! The cases, in the order in which they run.

mod annotations;
mod deployment;
mod directories;
mod faults;
mod networks;
mod removal;
mod rules;
mod script;
mod selectors;
mod tutorial;
mod walkthrough;

use anyhow::Result;

use crate::trial::Trial;

/// A case: its name, which is also its namespace, and what it does.
pub struct Case {
    /// The name of the case.
    pub name: &'static str,
    /// Runs the case. The error says what is wrong.
    pub run: fn(&Trial) -> Result<()>,
}

/// All cases.
pub fn all() -> Vec<Case> {
    let groups = [
        networks::CASES,
        annotations::CASES,
        selectors::CASES,
        rules::CASES,
        script::CASES,
        tutorial::CASES,
        removal::CASES,
        faults::CASES,
        deployment::CASES,
        directories::CASES,
        walkthrough::CASES,
    ];
    groups.into_iter().flatten().map(|(name, run)| Case { name, run: *run }).collect()
}

/// The type of a group of cases.
type Group = &'static [(&'static str, fn(&Trial) -> Result<()>)];

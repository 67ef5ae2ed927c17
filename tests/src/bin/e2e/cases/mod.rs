//! The cases, in the order in which they run.

mod annotations;
mod deployment;
mod directories;
mod faults;
mod networks;
mod removal;
mod selectors;
mod walkthrough;

use anyhow::Result;

use crate::trial::Trial;

/// A case: its name, which is its namespace too, and what it does.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// Fails with what is wrong.
    pub run: fn(&Trial) -> Result<()>,
}

/// All of them.
pub fn all() -> Vec<Case> {
    let groups = [
        networks::CASES,
        annotations::CASES,
        selectors::CASES,
        removal::CASES,
        faults::CASES,
        deployment::CASES,
        directories::CASES,
        walkthrough::CASES,
    ];
    groups.into_iter().flatten().map(|(name, run)| Case { name, run: *run }).collect()
}

/// What a group is written as.
type Group = &'static [(&'static str, fn(&Trial) -> Result<()>)];

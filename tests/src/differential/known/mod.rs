//! The known differences. Why each is one is in `docs/multus-differences.md`; here is how it shows: in
//! which member of an observation, in what form there, and under which circumstances. So a rule is no
//! wider than the difference that it is named after, since what it takes in is looked at by nobody. There is a
//! file for each part of the document.

mod answer;
mod networks;
mod refused;
mod seen;
mod told;
mod undone;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::Case;
use super::differences::{Difference, differences};
use seen::Seen;

/// A difference that has a reason.
pub struct Known {
    /// Its name, which the document has, too.
    pub name: &'static str,
    /// Whether this is it.
    shows: fn(&Seen<'_>) -> bool,
}

/// What a comparison has given.
#[derive(Debug)]
pub struct Compared {
    /// The case's name.
    pub case: String,
    /// The names of the known differences.
    pub known: BTreeSet<&'static str>,
    /// The others.
    pub unknown: Vec<Difference>,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: known {:?}, and", self.case, self.known)?;
        self.unknown.iter().try_for_each(|difference| write!(f, "\n    {difference}"))
    }
}

/// All known differences. The first that a difference is counts: a refused pod differs in all that
/// follows, so refusals are first.
pub fn all() -> impl Iterator<Item = &'static Known> {
    [refused::ALL, networks::ALL, undone::ALL, told::ALL, answer::ALL].into_iter().flatten()
}

/// Compares what both did in a case.
pub fn compare(case: &Case, theirs: &Value, ours: &Value) -> Compared {
    let mut compared = Compared { case: case.name().to_owned(), known: BTreeSet::new(), unknown: Vec::new() };
    for difference in differences(theirs, ours) {
        let seen = Seen { case, theirs, ours, difference: &difference };
        match all().find(|known| (known.shows)(&seen)) {
            Some(known) => _ = compared.known.insert(known.name),
            None => compared.unknown.push(difference),
        }
    }
    compared
}

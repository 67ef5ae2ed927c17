//! The known differences. Why each is one is in `docs/multus-differences.md`; here is how it shows.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::Case;
use super::differences::{Difference, differences};

/// A difference that has a reason.
pub struct Known {
    /// Its name, which the document has, too.
    pub name: &'static str,
    /// Whether this is it.
    shows: fn(&Seen<'_>) -> bool,
}

/// A difference, and where it was seen.
struct Seen<'s> {
    case: &'s Case,
    theirs: &'s Value,
    ours: &'s Value,
    difference: &'s Difference,
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

/// Compares what both did in a case.
pub fn compare(case: &Case, theirs: &Value, ours: &Value) -> Compared {
    let mut compared = Compared { case: case.name().to_owned(), known: BTreeSet::new(), unknown: Vec::new() };
    for difference in differences(theirs, ours) {
        let seen = Seen { case, theirs, ours, difference: &difference };
        match ALL.iter().find(|known| (known.shows)(&seen)) {
            Some(known) => _ = compared.known.insert(known.name),
            None => compared.unknown.push(difference),
        }
    }
    compared
}

/// All known differences.
pub const ALL: &[Known] = &[];

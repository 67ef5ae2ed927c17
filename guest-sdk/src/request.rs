//! What a request says.

use crate::Request;

impl Request {
    /// The value of one of the pod's annotations; none if it has no such
    /// annotation. An annotation may be there and blank.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        value(&self.annotations, key)
    }

    /// The first attribute with this key.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        value(&self.attributes, key)
    }

    /// All attributes with this key, in the host's order.
    pub fn attributes<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes.iter().filter(move |(found, _)| found == key).map(|(_, value)| &**value)
    }
}

/// The value of the first pair with this key.
pub(crate) fn value<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs.iter().find(|(found, _)| found == key).map(|(_, value)| &**value)
}

//! Reading a request.

use crate::Request;

impl Request {
    /// The value of one of the pod's annotations, or none if the pod has no such
    /// annotation. A value may be blank.
    ///
    /// ```
    /// use genie_selector::testing;
    ///
    /// let request = testing::request().with_annotation("example.org/tier", "gold");
    /// assert_eq!(request.annotation("example.org/tier"), Some("gold"));
    /// assert_eq!(request.annotation("example.org/colour"), None);
    /// ```
    pub fn annotation(&self, key: &str) -> Option<&str> {
        value(&self.annotations, key)
    }

    /// The value of the first attribute with this key. [`Request`] lists the keys.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        value(&self.attributes, key)
    }

    /// The values of all attributes with this key, in the host's order.
    pub fn attributes<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes.iter().filter(move |(found, _)| found == key).map(|(_, value)| &**value)
    }
}

/// The value of the first pair with this key.
pub(crate) fn value<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs.iter().find(|(found, _)| found == key).map(|(_, value)| &**value)
}

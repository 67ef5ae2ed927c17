//! Grants in words, for `test-selector` and `doctor`.

use std::collections::BTreeSet;

use super::Grants;
use super::Plain;

impl Grants {
    /// What a selector with these grants may read and say, each in a few words, such as `may choose
    /// every installed network`.
    pub fn in_words(&self) -> Vec<String> {
        let mut words = vec![match &self.networks {
            None => "may choose every installed network".to_owned(),
            Some(patterns) => format!("may choose the installed networks {}", patterns.list()),
        }];
        let plain = [
            (Plain::Pod, "may read the pod's labels, owner and service account"),
            (Plain::Node, "may read the node's traffic, labels and free addresses"),
            (Plain::Addresses, "may ask for IP and hardware addresses"),
            (Plain::DefaultRoute, "may say who owns the default route"),
            (Plain::Result, "may merge to a result of its own making"),
        ];
        words.extend(plain.iter().filter(|(plain, _)| self.has(*plain)).map(|(_, words)| (*words).to_owned()));
        let lists = [
            (self.cluster.in_words(), "may read objects of the cluster:"),
            (self.definitions.in_words(), "may choose NetworkAttachmentDefinitions of"),
            (joined(&self.inline), "may write configurations of the plugins"),
            (joined(&self.patch.iter().map(|path| path.join(".")).collect()), "may patch configurations at"),
            (joined(&self.args), "may add to CNI_ARGS:"),
            (joined(&self.capabilities), "may set the capabilities"),
            ((!self.annotations.is_empty()).then(|| self.annotations.list()), "may publish the annotations"),
        ];
        words.extend(lists.into_iter().filter_map(|(list, what)| Some(format!("{what} {}", list?))));
        words
    }
}

fn joined(names: &BTreeSet<String>) -> Option<String> {
    (!names.is_empty()).then(|| names.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
}

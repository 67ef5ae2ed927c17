//! The selector ABI as Rust types, generated from `guest-sdk/wit`, the one source of truth. Every
//! record's fields are described there.
//!
//! The bindings are those of the world with `merge`, which holds everything; whether a selector
//! exports `merge` is looked up in its component. Exports and imports match by semantic version: a
//! selector built for any `0.1.x` fits.

#[allow(missing_docs, clippy::all, clippy::pedantic, unused_qualifications)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../guest-sdk/wit",
        world: "selector-with-merge",
        // An import may end the call, for example when the deadline has passed.
        imports: { default: trappable },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

pub use bindings::genie::selector::log::Level as LogLevel;
pub use bindings::genie::selector::types::{
    About, Attachment, DefaultRoute, DefinitionName, Merged, Mistake, Network, Outcome, Plan, PodName, Refusal,
    Request, Source, Verdict,
};

pub use bindings::exports::genie::selector::{merge, select};
pub use bindings::genie::selector::{cluster, log, node, pod, types};

/// The package of the ABI, as it begins the names of its interfaces.
pub const PACKAGE: &str = "genie:selector/";
/// The versions that this host speaks: every one that begins like this.
pub const VERSIONS: &str = "0.1.";
/// The interface that every selector exports.
pub const SELECT: &str = "genie:selector/select@0.1.0";
/// The interface that a selector exports when it merges in its own way.
pub const MERGE: &str = "genie:selector/merge@0.1.0";

#[cfg(test)]
impl Request {
    /// A request for a pod of this namespace with these annotations, on a node of which nothing is known.
    pub fn of_pod(namespace: &str, annotations: &[(&str, &str)]) -> Self {
        Self {
            pod: PodName { namespace: namespace.into(), name: "web".into(), uid: None },
            annotations: annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            container: "c".into(),
            interface: "eth0".into(),
            node: String::new(),
            networks: Vec::new(),
            decided: None,
            attributes: Vec::new(),
        }
    }
}

/// The network that `written` means in a plan: the one of that file, else the first of that name.
pub fn installed<'a>(networks: &'a [Network], written: &str) -> Option<&'a Network> {
    let by_file = networks.iter().find(|network| network.file == written);
    by_file.or_else(|| networks.iter().find(|network| network.name == written))
}

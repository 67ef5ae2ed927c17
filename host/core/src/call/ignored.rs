//! What a pod asks for and no selector reads.

use crate::cni::quoted;
use crate::selector::abi::Request;
use crate::selector::chain::{Chain, Run};
use crate::selector::module::Module;

/// The annotation of the multi-network standard (section 4.1).
const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";

/// The built-in selector that reads it.
const READER: &str = "network-attachment";

/// A warning for a pod that asks for networks of the standard when no selector of the chain can
/// read that annotation. Of the built-in selectors one reads it. What a module reads is not known,
/// so a chain with a module gets no warning.
pub fn ignored(chain: &Chain, request: &Request) -> Option<String> {
    let (_, written) = request.annotations.iter().find(|(key, _)| key == NETWORKS)?;
    let is_built_in = |module: &Module| matches!(module, Module::BuiltIn(name) if *name != READER);
    let is_read = written.trim().is_empty()
        || !chain.entries.iter().filter(|entry| entry.run != Run::Shadow).all(|entry| is_built_in(&entry.module));
    (!is_read).then(|| {
        format!(
            "the annotation {NETWORKS} ({}) is not heeded: no selector of genie's configuration reads it, and the \
             pod gets its other networks only; have the operator add {{\"module\": \"{READER}\"}} to the \
             configuration's selectors, or name installed networks in the annotation \"cni\"",
            quoted(written)
        )
    })
}

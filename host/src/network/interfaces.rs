//! Which interface each attachment gets.

use std::collections::BTreeSet;

use crate::cni::{CniError, code, names, quoted};

/// Names the interfaces of a plan's attachments, in the plan's order.
///
/// `wanted` is what the plan says of each; `runtime` is the interface that the
/// runtime asked for; `taken` are names that exist already. The first
/// attachment without a name gets the runtime's interface, unless another asks
/// for that one by name; further ones get the lowest free `ethN`.
///
/// # Errors
/// A name that is no interface name, or one that is asked for twice or taken.
pub fn assign(wanted: &[Option<&str>], runtime: &str, taken: &BTreeSet<String>) -> Result<Vec<String>, CniError> {
    let mut used = taken.clone();
    for name in wanted.iter().flatten() {
        names::check_interface(name).map_err(|error| error.context(format!("interface {}", quoted(name))))?;
        if taken.contains(*name) {
            return Err(CniError::new(code::INVALID_CONFIG, format!("interface {name} exists already in the pod")));
        }
        if !used.insert((*name).to_owned()) {
            return Err(CniError::new(code::INVALID_CONFIG, format!("interface {name} is asked for twice")));
        }
    }
    let automatic = |used: &mut BTreeSet<String>| {
        let name = if used.contains(runtime) {
            // One more name than are in use is enough to find a free one.
            (0..=used.len()).map(|number| format!("eth{number}")).find(|name| !used.contains(name))
        } else {
            Some(runtime.to_owned())
        };
        let name = name.unwrap_or_default();
        used.insert(name.clone());
        name
    };
    Ok(wanted.iter().map(|name| name.map_or_else(|| automatic(&mut used), ToOwned::to_owned)).collect())
}

//! Which interface each attachment gets.

use std::collections::BTreeSet;

use crate::cni::{CniError, code, names, quoted};

/// Names the interfaces of a plan's attachments, in the plan's order.
///
/// `wanted` is what the plan says of each; `runtime` is the interface that the runtime asked for;
/// `taken` are names that exist already. The first attachment without a name gets the runtime's
/// interface, unless another one asks for that by name; further ones get the lowest free `ethN`.
///
/// # Errors
/// - [`code::INVALID_ENVIRONMENT`]: a name is no interface name, or is reserved.
/// - [`code::INVALID_CONFIG`]: two attachments ask for the same name.
/// - [`code::REFUSED_INVALID`]: a name exists already, which only the host knows.
///
/// The selector that reads a pod's annotation has checked its names before, and can say where a
/// wrong one is.
pub fn assign(wanted: &[Option<&str>], runtime: &str, taken: &BTreeSet<String>) -> Result<Vec<String>, CniError> {
    let mut used = taken.clone();
    for name in wanted.iter().flatten() {
        check_name(name)?;
        if taken.contains(*name) {
            let message = format!("interface {name} exists already in the pod; choose another name, or none");
            return Err(CniError::new(code::REFUSED_INVALID, message));
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

/// The specification's rules come first, in the words that people search for. The SDK adds the
/// names that no pod can use.
fn check_name(name: &str) -> Result<(), CniError> {
    let place = format!("interface {}", quoted(name));
    names::check_interface(name).map_err(|error| error.context(&place))?;
    let checked = genie_selector::interface::check(name);
    checked.map_err(|why| CniError::new(code::INVALID_ENVIRONMENT, format!("{place}: it {why}")))
}

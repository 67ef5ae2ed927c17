//! The imports that there are, by their names.

use super::super::abi;
use crate::cni::{CniError, code};

/// The packages of WASI that are there, empty: no files, no environment, no
/// network. Everything else of WASI is refused.
const WASI: [&str; 6] = ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// The name of an interface of the ABI without package and version.
pub(super) fn interface(import: &str) -> Option<&str> {
    import.strip_prefix(abi::PACKAGE)?.split('@').next()
}

/// Whether what the import answers comes from [`super::super::facts::Facts`].
pub(in crate::selector) fn is_fact(import: &str) -> bool {
    matches!(interface(import), Some("pod" | "cluster" | "node"))
}

/// Whether the import is one of WASI.
pub(in crate::selector) fn is_wasi(import: &str) -> bool {
    import.starts_with("wasi:")
}

/// Fails when the host has no such import at all, or none in this version.
pub(in crate::selector) fn check_known(selector: &str, imports: &[String]) -> Result<(), CniError> {
    for import in imports {
        check_version(selector, import)?;
        let known = match interface(import) {
            Some(name) => matches!(name, "types" | "log" | "pod" | "cluster" | "node"),
            None => WASI.iter().any(|package| import.starts_with(package)),
        };
        if !known {
            let message = format!(
                "selector {selector:?} imports {import}, which no selector gets: there are log, pod, cluster and node \
                 of genie:selector@0.1, and wasi without http"
            );
            return Err(CniError::new(code::SELECTOR, message));
        }
    }
    Ok(())
}

/// Fails when the name of an interface of the ABI carries a version that this
/// host does not speak.
pub(in crate::selector) fn check_version(selector: &str, name: &str) -> Result<(), CniError> {
    match name.strip_prefix(abi::PACKAGE).and_then(|rest| rest.split_once('@')) {
        Some((_, version)) if !version.starts_with(abi::VERSIONS) => Err(CniError::new(
            code::SELECTOR,
            format!(
                "selector {selector:?} was built for genie:selector@{version}, this host speaks 0.1: rebuild the \
                 selector, or install a genie-host of its time"
            ),
        )),
        _ => Ok(()),
    }
}

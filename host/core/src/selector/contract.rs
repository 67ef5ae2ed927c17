//! What a component must look like to be a selector, for the compiler and the runner alike.
//!
//! The names of imports and exports are in a component's bytes, too, so a module with a wrong one
//! is refused before it is compiled.

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::selector::abi;
use std::path::Path;

use crate::cni::{CniError, code};
use crate::digest::Digest;

/// The address space of each memory, in bytes: all that 32 bits can name. So none of a selector's reads
/// and writes has to be checked, which would be a quarter of its instructions. A service with less
/// address space (`LimitAS=`) cannot run selectors; what is reserved costs no memory.
pub const ADDRESS_SPACE: u64 = 4 << 30;

/// The names of a component's imports and exports.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The names of the imports.
    pub imports: Vec<String>,
    /// The names of the exports.
    pub exports: Vec<String>,
}

impl Names {
    /// The names of a compiled component.
    pub fn of(component: &Component) -> Self {
        let (component_type, engine) = (component.component_type(), component.engine());
        Self {
            imports: component_type.imports(engine).map(|(name, _)| name.to_owned()).collect(),
            exports: component_type.exports(engine).map(|(name, _)| name.to_owned()).collect(),
        }
    }

    /// Fails when these are not the names of a selector that this host can run.
    pub fn check_selector(&self, selector: &str) -> Result<(), CniError> {
        for export in &self.exports {
            check_version(selector, export)?;
        }
        // All versions fit by now, so only names are compared.
        let select = abi::SELECT.split_once('@').map(|(name, _)| name);
        if !self.exports.iter().any(|export| export.split_once('@').map(|(name, _)| name) == select) {
            let has = if self.exports.is_empty() { "nothing".into() } else { self.exports.join(", ") };
            let hint = match &self.exports[..] {
                [] => ": does its source end in `genie_selector::export!(NAME);`?",
                _ => "",
            };
            let message = format!(
                "selector {selector:?} is a component, but no selector: it exports {has}, and not {}{hint}",
                abi::SELECT
            );
            return Err(CniError::new(code::SELECTOR, message));
        }
        check_known(selector, &self.imports)
    }
}

/// What a component imports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imports {
    /// The names of the interfaces.
    pub names: Vec<String>,
    /// The functions of the interface `cluster`; none when they are not known.
    pub of_cluster: Vec<String>,
}

impl Imports {
    /// Whether the component can ask for the labels of the pod's namespace.
    pub fn has_namespace_labels(&self) -> bool {
        self.of_cluster.iter().any(|function| function == "namespace-labels")
    }

    /// Whether the component can ask for an object of a kind that it names itself.
    pub fn has_get(&self) -> bool {
        self.of_cluster.iter().any(|function| function == "get")
    }
}

/// The packages of WASI that are linked, empty: no files, no environment, no network. Everything
/// else of WASI is refused.
const WASI: [&str; 6] = ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// The name of an interface of the ABI without package and version.
pub fn interface(import: &str) -> Option<&str> {
    import.strip_prefix(abi::PACKAGE)?.split('@').next()
}

/// Whether the import's answers come from [`crate::selector::sandbox::facts::Facts`].
pub fn is_fact(import: &str) -> bool {
    matches!(interface(import), Some("pod" | "cluster" | "node"))
}

/// Whether the import is one of WASI.
pub fn is_wasi(import: &str) -> bool {
    import.starts_with("wasi:")
}

/// Fails when the host has no such import, or not in this version.
pub fn check_known(selector: &str, imports: &[String]) -> Result<(), CniError> {
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

/// Fails when the name of an interface of the ABI has a version that this host does not speak.
pub fn check_version(selector: &str, name: &str) -> Result<(), CniError> {
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

/// Whether the component merges in its own way.
pub fn has_merge(component: &Component) -> bool {
    component.get_export_index(None, abi::MERGE).is_some()
}

/// Checks that a component is a selector that this host can run, and returns what it imports.
pub fn imports_of(selector: &str, component: &Component) -> Result<Imports, CniError> {
    let names = Names::of(component);
    names.check_selector(selector)?;
    let of_cluster = names.imports.iter().find(|import| interface(import) == Some("cluster"));
    let of_cluster = of_cluster.map(|cluster| functions(component, cluster)).unwrap_or_default();
    Ok(Imports { names: names.imports, of_cluster })
}

/// The functions that a component imports of an interface. What it does not call is usually not among
/// them: compilers leave that out.
fn functions(component: &Component, interface: &str) -> Vec<String> {
    let (component_type, engine) = (component.component_type(), component.engine());
    match component_type.get_import(engine, interface).map(|import| import.ty) {
        Some(ComponentItem::ComponentInstance(instance)) => {
            let is_function = |item: &ComponentItem| matches!(item, ComponentItem::ComponentFunc(_));
            let exports = instance.exports(engine).filter(|(_, export)| is_function(&export.ty));
            exports.map(|(name, _)| name.to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// Fails when a module's file is not the one that was approved.
pub fn check_digest(path: &Path, approved: Digest, found: Digest) -> Result<(), CniError> {
    if approved == found {
        return Ok(());
    }
    let message = format!(
        "the module {} has the SHA-256 digest {found}, the configuration approves {approved}: put the approved file \
         back, or approve this one",
        path.display()
    );
    Err(CniError::new(code::SELECTOR, message))
}

/// The reason why a component is run by a process of its own on a node, as the end of a sentence
/// that begins with "it": what it imports is more than a plugin without WASI links, or can be used
/// for longer than fuel bounds. The result is none for every other component.
pub fn needs_child(component: &Component, imports: &[String]) -> Option<&'static str> {
    if imports.iter().any(|import| is_wasi(import)) {
        Some("imports WASI")
    } else if has_memories(component) {
        Some("has more than one memory")
    } else {
        None
    }
}

/// Whether a component has memories between which texts can be copied. Wasmtime copies, which costs
/// no fuel, so only the end of a child is sure to stop it at the deadline.
fn has_memories(component: &Component) -> bool {
    component.resources_required().is_none_or(|required| required.num_memories > 1)
}

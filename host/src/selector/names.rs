//! What a component imports and exports, by name. The names are in its bytes, too, so a
//! module that is refused for one of them is refused before anything is compiled.

use wasmtime::component::Component;

use super::{abi, grants};
use crate::cni::{CniError, code};

/// The names at a component's border.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
}

impl Names {
    /// The names of a component that is compiled.
    pub(super) fn of(component: &Component) -> Self {
        let (component_type, engine) = (component.component_type(), component.engine());
        Self {
            imports: component_type.imports(engine).map(|(name, _)| name.to_owned()).collect(),
            exports: component_type.exports(engine).map(|(name, _)| name.to_owned()).collect(),
        }
    }

    /// Reads the names of a component. What is inside of it is passed over, not checked.
    #[cfg(feature = "tool")]
    pub(super) fn read(component: &[u8]) -> wasmparser::Result<Self> {
        use wasmparser::{Parser, Payload};
        let mut names = Self::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        names.imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports {
                        names.exports.push(export?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(names)
    }

    /// Fails when these are not the names of a selector that this host can run.
    pub(super) fn check(&self, selector: &str) -> Result<(), CniError> {
        for export in &self.exports {
            grants::check_version(selector, export)?;
        }
        // The versions fit: any that is left does.
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
        grants::check_known(selector, &self.imports)
    }
}

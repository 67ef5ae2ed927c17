//! Reads the names of a component from its bytes.

use genie_core::selector::contract::Names;
use wasmparser::{Parser, Payload};

/// Reads the names of a component. Its content is skipped, not checked.
///
/// # Errors
/// The bytes are no component.
pub fn read(component: &[u8]) -> wasmparser::Result<Names> {
    let mut names = Names::default();

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

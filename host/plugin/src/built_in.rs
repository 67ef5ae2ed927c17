//! The built-in selectors inside this program, compiled. `build.rs` writes the table.

use crate::in_place::Paged;

include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The artefact of the built-in selector with this name.
pub fn artefact(name: &str) -> Option<&'static [u8]> {
    ARTEFACTS.iter().find(|(built_in, _)| *built_in == name).map(|(_, artefact)| *artefact)
}

//! The selectors inside this program, as components. `build.rs` writes the table.

include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The component of the built-in selector with this name.
pub fn component(name: &str) -> Option<&'static [u8]> {
    COMPONENTS.iter().find(|(built_in, _)| *built_in == name).map(|(_, component)| *component)
}

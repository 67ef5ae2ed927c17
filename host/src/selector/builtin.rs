//! The selectors inside this binary. `build.rs` writes the table: ahead-of-time
//! artefacts in the plugin, components in the tool.

mod table {
    #[cfg(all(feature = "plugin", not(feature = "tool")))]
    use super::super::artefact::Paged;
    include!(concat!(env!("OUT_DIR"), "/builtins.rs"));
}

/// The bytes of the built-in selector with this name: an artefact in the plugin
/// (feature `plugin` without `tool`), a component in the tool.
pub fn builtin(name: &str) -> Option<&'static [u8]> {
    find(name).map(|(_, bytes, _)| *bytes)
}

/// The SHA-256 digest, in hexadecimal, of that selector's component.
pub fn digest(name: &str) -> Option<&'static str> {
    find(name).map(|(_, _, digest)| *digest)
}

/// The names of all built-in selectors.
pub fn names() -> impl Iterator<Item = &'static str> {
    table::BUILTINS.iter().map(|(name, _, _)| *name)
}

fn find(name: &str) -> Option<&'static (&'static str, &'static [u8], &'static str)> {
    table::BUILTINS.iter().find(|(builtin, _, _)| *builtin == name)
}

//! The built-in selectors. The build scripts of both programs include this file.

/// The names of the built-in selectors; their crates are `selectors/NAME`.
pub const BUILT_INS: [&str; 2] = ["annotation", "default-plugin"];

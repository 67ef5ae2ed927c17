//! The built-in selectors. The build scripts of both programs include this file.

/// The built-in selectors, each with the grants of an entry without the key `grant`, as JSON of that
/// key. Their crates are `selectors/NAME`.
pub const BUILT_INS: [(&str, &str); 3] =
    [("annotation", "[]"), ("default-plugin", "[]"), ("rules", r#"["pod", "node", {"cluster": ["v1/Namespace"]}]"#)];

//! Names of definitions and namespaces.

/// Checks a DNS label (RFC 1123), as the standard wants it for namespaces and definitions (section
/// 3.3).
///
/// # Errors
/// The text says what is wrong, to be read after the name.
pub fn check(name: &str) -> Result<(), &'static str> {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() {
        return Err("is empty");
    }
    if name.len() > 63 {
        return Err("is longer than the 63 bytes of a name");
    }
    if !name.bytes().all(is_inner) || name.starts_with('-') || name.ends_with('-') {
        return Err("is no name: it has to be of lower-case letters, digits and, inside, hyphens");
    }
    Ok(())
}

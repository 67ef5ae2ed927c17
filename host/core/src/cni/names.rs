//! Which container ids, network names and interface names are usable.
//!
//! All three end up in file names and on command lines, so they are checked before anything else is
//! done with them. The rules are the specification's. The messages are those of Go plugins, because
//! people search for them.

use super::CniError;
use super::code;

/// The longest interface name that Linux takes, in bytes.
pub const INTERFACE_NAME_MAX: usize = 15;

/// Whether `text` starts with an ASCII letter or digit and goes on with ASCII letters, digits, `_`,
/// `.` and `-`. Its length is not limited.
pub fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// Checks a container id, as in `CNI_CONTAINERID` (specification, section 2).
///
/// # Errors
/// [`code::INVALID_ENVIRONMENT`] for an id that is not an [identifier](is_identifier); the details
/// hold the id.
pub fn check_container(container: &str) -> Result<(), CniError> {
    if is_identifier(container) {
        return Ok(());
    }
    Err(CniError::new(code::INVALID_ENVIRONMENT, "invalid characters in containerID").with_details(container))
}

/// Checks a network's name (specification, section 1).
///
/// # Errors
/// [`code::INVALID_CONFIG`] for an empty name and for one that is not an
/// [identifier](is_identifier); the details hold the name.
pub fn check_network(name: &str) -> Result<(), CniError> {
    if name.is_empty() {
        return Err(CniError::new(code::INVALID_CONFIG, "missing network name"));
    }
    if is_identifier(name) {
        return Ok(());
    }
    Err(CniError::new(code::INVALID_CONFIG, "invalid characters found in network name").with_details(name))
}

/// Checks an interface name, as in `CNI_IFNAME` (specification, section 2): 1 to
/// [`INTERFACE_NAME_MAX`] bytes, neither `.` nor `..`, without `/`, `:`, white space and control
/// characters.
///
/// # Errors
/// [`code::INVALID_ENVIRONMENT`] when the name breaks one of these rules; the message says which.
pub fn check_interface(name: &str) -> Result<(), CniError> {
    let refuse = |msg| Err(CniError::new(code::INVALID_ENVIRONMENT, msg));
    if name.is_empty() {
        return refuse("interface name is empty");
    }
    if name.len() > INTERFACE_NAME_MAX {
        return Err(CniError::new(code::INVALID_ENVIRONMENT, "interface name is too long")
            .with_details(format!("interface name should be less than {} characters", INTERFACE_NAME_MAX + 1)));
    }
    if name == "." || name == ".." {
        return refuse("interface name is . or ..");
    }
    if name.contains(|c: char| c == '/' || c == ':' || c.is_whitespace()) {
        return refuse("interface name contains / or : or whitespace characters");
    }
    // A zero byte would end the name early; other control characters change what a terminal shows.
    if name.contains(char::is_control) {
        return refuse("interface name contains control characters");
    }
    Ok(())
}

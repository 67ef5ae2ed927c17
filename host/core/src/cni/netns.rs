//! The guard against working on the plugin's own network namespace.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::CniError;
use super::Environment;
use super::code;

/// The network namespace of the calling thread.
const OWN: &str = "/proc/thread-self/ns/net";

/// The network namespace of the node's first process: the node's own, wherever this process was
/// started.
const FIRST: &str = "/proc/1/ns/net";

/// Refuses a call whose `CNI_NETNS` is the plugin's own network namespace: a plugin that went on
/// would reconfigure the host. ADD and DEL call this before they do anything else. Go plugins look
/// only afterwards, when the damage is done and a result is already printed.
///
/// `netns` is [`Call::netns`](super::Call::netns). A path that cannot be looked at is not refused:
/// DEL is often called when the namespace is gone. `CNI_NETNS_OVERRIDE` (`1`, or `TRUE` in any
/// case) switches the check off.
///
/// # Errors
/// [`code::INVALID_NETNS`] when it is the plugin's own, or the plugin's own cannot be looked at.
pub fn check_not_own(netns: Option<&str>, environment: &dyn Environment) -> Result<(), CniError> {
    let Some(netns) = netns else { return Ok(()) };
    let overridden =
        environment.var("CNI_NETNS_OVERRIDE").is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"));
    if overridden {
        return Ok(());
    }
    let Ok(given) = identity(Path::new(netns)) else {
        return Ok(());
    };
    let own = identity(Path::new(OWN)).map_err(|error| {
        CniError::new(code::INVALID_NETNS, "get plugin's netns failed").with_details(format!("{OWN}: {error}"))
    })?;
    if given == own {
        return Err(CniError::new(
            code::INVALID_NETNS,
            "plugin's netns and netns from CNI_NETNS should not be the same",
        ));
    }
    Ok(())
}

/// Whether the path is the node's own network namespace: that of this process, or of the node's
/// first process. Nothing of a container may be undone there, so a path that cannot be looked at
/// counts as the node's own.
pub fn is_the_nodes(netns: &Path) -> bool {
    let (Ok(given), Ok(own)) = (identity(netns), identity(Path::new(OWN))) else { return true };
    given == own || identity(Path::new(FIRST)).is_ok_and(|first| first == given)
}

/// Device and inode, which tell one namespace from another.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    use super::*;

    fn environment(value: Option<&str>) -> BTreeMap<&'static str, OsString> {
        value.map(|value| ("CNI_NETNS_OVERRIDE", value.into())).into_iter().collect()
    }

    #[test]
    fn case_37_own_namespace_is_refused() {
        for path in ["/proc/self/ns/net", "/proc/thread-self/ns/net"] {
            let error = check_not_own(Some(path), &environment(None)).unwrap_err();
            assert_eq!(error.code, 8);
            assert_eq!(error.msg, "plugin's netns and netns from CNI_NETNS should not be the same");
        }
    }

    #[test]
    fn case_37_override_lets_it_through() {
        for value in ["1", "TRUE", "true", "True"] {
            assert_eq!(check_not_own(Some("/proc/self/ns/net"), &environment(Some(value))), Ok(()));
        }
        for value in ["", "0", "yes", "11"] {
            assert!(check_not_own(Some("/proc/self/ns/net"), &environment(Some(value))).is_err());
        }
    }

    #[test]
    fn what_is_no_namespace_or_gone_is_not_checked() {
        let none = environment(None);
        assert_eq!(check_not_own(None, &none), Ok(()));
        for path in ["", "/proc/self/ns/gone", "/proc/self/ns/uts", "\0"] {
            assert_eq!(check_not_own(Some(path), &none), Ok(()), "{path:?}");
        }
    }
}

//! Names of network interfaces.
//!
//! ```
//! use genie_selector::interface;
//!
//! assert_eq!(interface::check("net1"), Ok(()));
//! assert!(interface::check("a/b").is_err());
//! ```

/// How many bytes Linux keeps of a name.
const LONGEST: usize = 15;

/// `lo` is there already. The other two stand for all interfaces wherever interfaces are
/// configured.
const RESERVED: [&str; 3] = ["lo", "all", "default"];

/// Whether `name` can be a further network interface of a pod.
///
/// # Errors
///
/// A message that says what is wrong with the name, to be read after the name.
pub fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > LONGEST {
        Err("is no interface name: it must have 1 to 15 bytes")
    } else if name == "." || name == ".." {
        Err("is no interface name: `.` and `..` are reserved")
    } else if RESERVED.contains(&name) {
        Err("is reserved: choose another name")
    } else if name.contains('%') {
        Err("is no interface name: it must have no `%`")
    } else if name.contains(|c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control()) {
        Err("is no interface name: it must have no `/`, no `:` and no white space")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_of_up_to_fifteen_bytes_pass() {
        for name in ["e", "eth0", "net1", "a.b", "123456789012345", "süd"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_linux_refuses_are_refused() {
        for name in
            ["", ".", "..", "a/b", "a:b", "a b", "a\tb", "a\0b", "1234567890123456", "eth%d", "lo", "all", "default"]
        {
            assert!(check(name).is_err(), "{name:?}");
        }
        assert!(check("ääääääää").is_err(), "sixteen bytes, eight characters");
    }
}

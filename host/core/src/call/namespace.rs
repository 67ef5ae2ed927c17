//! In which network namespace a record's attachments are undone.
//!
//! A record names a namespace by its path, and a path comes to mean something else: after
//! a reboot `/proc/PID/ns/net` is that of any process, most likely the node's own. A
//! plugin that is told to delete `eth0` there does so.

use std::path::Path;

use crate::cni::netns;
use crate::record::Header;

/// Who says where the container's namespace is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Namer<'a> {
    /// The runtime, in this call.
    Runtime(Option<&'a str>),
    /// Nobody but the record.
    Record,
}

/// The namespace that delegates are told; none where it is gone, or where it is not
/// certain that this is still the container's: every plugin has to undo what it did
/// without one (CNI specification, section 2, "DEL").
pub(super) fn to_undo_in<'a>(header: &'a Header, namer: Namer<'a>) -> Option<&'a str> {
    match namer {
        // Which boot a record is of takes a read. Most are younger than the machine's start, and
        // their namespaces have names that go with it.
        Namer::Runtime(netns) if header.is_younger_than_boot() && !netns.is_some_and(is_of_a_process) => netns,
        // No namespace outlives its boot.
        _ if header.is_of_earlier_boot() => None,
        Namer::Runtime(netns) => netns,
        Namer::Record => Some(header.netns.as_str()).filter(|netns| is_still_the_containers(netns)),
    }
}

fn is_still_the_containers(netns: &str) -> bool {
    !is_of_a_process(netns) && !netns::is_the_nodes(Path::new(netns))
}

/// A process's number is given to another one when it has ended.
fn is_of_a_process(netns: &str) -> bool {
    Path::new(netns).starts_with("/proc")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::{VERSION, boot_id};

    fn header(netns: &str, boot_id: &str) -> Header {
        Header {
            version: VERSION,
            boot_id: boot_id.into(),
            container: "c1".into(),
            interface: "eth0".into(),
            netns: netns.into(),
            network: "n".into(),
            cni_args: String::new(),
            pod: None,
            created: 1,
            path: Vec::new(),
            attachments: Vec::new(),
            decision: json!({}),
        }
    }

    #[test]
    fn the_nodes_own_namespace_is_never_handed_over() {
        for netns in ["/proc/self/ns/net", "/proc/1/ns/net", "/proc/thread-self/ns/net", "/no/such/namespace", ""] {
            assert_eq!(to_undo_in(&header(netns, &boot_id()), Namer::Record), None, "{netns:?}");
        }
    }

    #[test]
    fn a_record_of_an_earlier_boot_is_undone_without_a_namespace_whoever_names_one() {
        // Any file will do for a namespace that is not our own.
        let namespace = tempfile::NamedTempFile::new().unwrap();
        let netns = namespace.path().to_str().unwrap();
        let (earlier, now) = (header(netns, "another boot"), header(netns, &boot_id()));
        for namer in [Namer::Record, Namer::Runtime(Some(netns))] {
            assert_eq!(to_undo_in(&earlier, namer), None);
            assert_eq!(to_undo_in(&now, namer), Some(netns));
        }
    }
}

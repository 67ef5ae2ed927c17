//! Which network namespace a record's attachments are undone in.
//!
//! A record names a namespace by its path, and a path can come to mean another namespace: after a
//! reboot `/proc/PID/ns/net` is that of any process, most likely the node's own. A plugin that is
//! told to delete `eth0` there does so.

use std::path::Path;

use crate::cni::netns;
use crate::record::Header;

/// Where the path of the container's namespace comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Namer<'a> {
    /// From the runtime, in this call.
    Runtime(Option<&'a str>),
    /// From the record alone.
    Record,
}

/// The namespace that delegates are told. The result is none where the namespace is gone, or may no
/// longer be the container's: every plugin has to undo what it did without one (CNI specification,
/// section 2, "DEL").
pub(super) fn to_undo_in<'a>(header: &'a Header, namer: Namer<'a>) -> Option<&'a str> {
    match namer {
        // To find the boot of a record takes a read. Most records are younger than the machine's
        // start, and the names of their namespaces do not outlive a boot.
        Namer::Runtime(netns) if header.is_younger_than_boot() && !netns.is_some_and(is_of_a_process) => netns,
        // A namespace does not outlive its boot.
        _ if header.is_of_earlier_boot() => None,
        Namer::Runtime(netns) => netns,
        Namer::Record => Some(header.netns.as_str()).filter(|netns| is_still_the_containers(netns)),
    }
}

fn is_still_the_containers(netns: &str) -> bool {
    !is_of_a_process(netns) && !netns::is_the_nodes(Path::new(netns))
}

/// Whether the path is that of a process. When the process has ended, another one may get its
/// number.
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

//! The first line of a record: everything that the reverse of an ADD needs.

use std::path::PathBuf;

use rustix::time::{ClockId, clock_gettime};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::line;
use crate::cni::{CniError, code};

/// The version of the record format that this build writes. A record of a higher version is left
/// alone.
pub const VERSION: u32 = 1;

/// What was about to be attached, written before the first delegate runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header<D = Value> {
    /// The [`VERSION`] of the build that wrote the record.
    pub version: u32,
    /// The boot that the record belongs to ([`boot_id`]). After a later boot the container is gone.
    pub boot_id: String,
    /// The container's id.
    pub container: String,
    /// The interface that the runtime named.
    pub interface: String,
    /// The path of the container's network namespace.
    pub netns: String,
    /// The name of our own configuration.
    pub network: String,
    /// The runtime's `CNI_ARGS`, as they came.
    pub cni_args: String,
    /// The pod; none outside of Kubernetes.
    pub pod: Option<Pod>,
    /// When the record was written, in seconds since 1970.
    pub created: u64,
    /// The directories in which plugins were searched.
    pub path: Vec<PathBuf>,
    /// The attachments to make, in this order.
    pub attachments: Vec<Planned>,
    /// The decision that led to them, for `genie-host records`; nothing here reads it.
    pub decision: D,
}

impl Header<IgnoredAny> {
    /// The header whose decision was not read, and is null.
    pub(super) fn undecided(self) -> Header {
        let Self { version, boot_id, container, interface, netns, network, cni_args, pod, created, path, .. } = self;
        let (attachments, decision) = (self.attachments, Value::Null);
        Header {
            version,
            boot_id,
            container,
            interface,
            netns,
            network,
            cni_args,
            pod,
            created,
            path,
            attachments,
            decision,
        }
    }
}

impl Header {
    /// The first line of the record, as [`Store::create`](super::Store::create) writes it.
    ///
    /// # Errors
    /// [`code::IO`] when the header is nested so deeply that it could not be read again.
    pub fn line(&self) -> Result<Vec<u8>, CniError> {
        line::encode(self).map_err(|error| CniError::new(code::IO, format!("an attachment record: {error}")))
    }

    /// Whether the record was written after the machine was started. This costs no read, and
    /// compares with the clock of now: it is false when in doubt, but true for too many records
    /// after a clock was set back.
    pub fn is_younger_than_boot(&self) -> bool {
        let now = crate::time::now();
        let uptime = u64::try_from(clock_gettime(ClockId::Boottime).tv_sec).unwrap_or_default();
        self.created > now.saturating_sub(uptime)
    }

    /// Whether the machine was started anew since, so that the container is gone. False where the
    /// kernel does not tell its boots apart.
    pub fn is_of_earlier_boot(&self) -> bool {
        is_earlier(&self.boot_id, &boot_id())
    }
}

/// A pod's identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The pod's uid; empty where an older runtime does not tell it.
    pub uid: String,
}

/// One attachment: what its delegates are called with, on ADD and again on DEL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The interface inside the container.
    pub interface: String,
    /// The network's list of plugins, as a configuration document.
    pub list: Value,
    /// `CNI_ARGS`.
    pub cni_args: String,
    /// Values for capabilities.
    pub runtime_config: Map<String, Value>,
}

/// Whether `one` is the id of an earlier boot than the running one, `now`. False when either is
/// empty.
pub fn is_earlier(one: &str, now: &str) -> bool {
    !one.is_empty() && !now.is_empty() && one != now
}

/// The id of the running boot; empty when the kernel does not tell it.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

//! A cgroup in every hierarchy of the machine (version 1), for a node's containers. So they are not
//! among the machine's own, and none is left there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::shell::{command, succeeds};

/// Makes a group and its parents.
pub(crate) fn make(group: &str) -> Result<()> {
    for hierarchy in hierarchies() {
        let mut above = hierarchy.clone();
        for part in Path::new(group) {
            let own = above.join(part);
            if !own.is_dir() {
                fs::create_dir(&own).with_context(|| own.display().to_string())?;
            }
            // A new cpuset is empty, and nothing can run in an empty one.
            for file in ["cpuset.cpus", "cpuset.mems"] {
                if let Ok(value) = fs::read_to_string(above.join(file)) {
                    fs::write(own.join(file), value.trim()).with_context(|| own.display().to_string())?;
                }
            }
            above = own;
        }
    }
    Ok(())
}

/// Removes a group and everything below it. Groups that are in use stay.
pub(crate) fn remove(group: &str) {
    for hierarchy in hierarchies() {
        let own = hierarchy.join(group);
        if own.is_dir() {
            // In these file systems only directories can be removed, the deepest first.
            succeeds(command("find").arg(own).args(["-depth", "-type", "d", "-delete"]));
        }
    }
}

fn hierarchies() -> Vec<PathBuf> {
    let all = fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
    // `cpu` may be a link to `cpu,cpuacct`.
    all.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

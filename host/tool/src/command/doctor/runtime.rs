//! The container runtime: does it read the directories that genie is installed into?

use std::path::Path;

use super::finding::{Finding, fail, ok};
use super::site::Site;
use crate::install::runtime::{self, Reads};

pub fn check(site: &Site) -> Vec<Finding> {
    let (conf_dir, bin_dir) = (site.conf_dir.display(), site.bin_dir.display());
    if site.trust_dirs {
        return vec![ok(format!("it is taken for granted that the runtime reads {conf_dir} and {bin_dir}"))];
    }
    // At this point the root directory is the host's.
    vec![match runtime::look(Path::new("/"), &site.conf_dir, &site.bin_dir) {
        Reads::Ours(what) => ok(what),
        Reads::Others { what, advice } => fail(what, advice),
        Reads::Unknown => ok(format!("no runtime is known here; that it reads {conf_dir} is taken for granted")),
    }]
}

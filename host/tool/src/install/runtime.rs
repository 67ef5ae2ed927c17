//! Whether the node's container runtime reads the directories that we install into. If it does not,
//! it never calls us, or does not find us.

mod known;
mod read;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::beneath;
use known::KNOWN;
pub use read::Runtime;

/// The variable that says that the directories are right, whatever is found here.
pub const TRUST_DIRS: &str = "GENIE_TRUST_DIRS";

/// What the node's runtimes read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Our directories. The text says which runtime reads them, and how that is known.
    Ours(String),
    /// Other directories.
    Others {
        /// Which runtime reads which directories.
        what: String,
        /// What the operator can do.
        advice: String,
    },
    /// No runtime is known here.
    Unknown,
}

/// Looks at the runtimes of the node whose file system is mounted at `root`.
pub fn look(root: &Path, conf_dir: &Path, bin_dir: &Path) -> Reads {
    let runtimes = in_use(root);
    let mut first = None;
    for runtime in &runtimes {
        match elsewhere(root, runtime, conf_dir, bin_dir) {
            None => {
                let (name, dir, from) = (runtime.name, runtime.conf_dir.display(), &runtime.from);
                return Reads::Ours(format!("{name} reads {dir} ({from})"));
            }
            Some(others) => first = first.or(Some(others)),
        }
    }
    first.unwrap_or(Reads::Unknown)
}

/// The runtimes that could serve this node's pods: those that run. If a distribution of Kubernetes
/// has brought one of them along, it is only that one.
fn in_use(root: &Path) -> Vec<Runtime> {
    let read = |is_wanted: &dyn Fn(&known::Known) -> bool| -> Vec<Runtime> {
        KNOWN.iter().filter(|known| is_wanted(known)).filter_map(|known| read::read(root, known)).collect()
    };
    let runs = |known: &known::Known| beneath::exists(root, Path::new(known.socket));
    // A runtime that was told to keep its files elsewhere is not known here.
    for is_own in [true, false] {
        if KNOWN.iter().any(|known| known.is_own == is_own && runs(known)) {
            return read(&|known| known.is_own == is_own && runs(known));
        }
    }
    // No runtime runs. A general one may be installed for other things than Kubernetes: it counts
    // only if its configuration names another conf dir than the usual one.
    let mut told = read(&|known| !known.is_own);
    told.retain(|runtime| runtime.conf_dir != Path::new(genie_core::config::CONF_DIR));
    let own = read(&|known| known.is_own);
    if own.is_empty() { told } else { own }
}

/// What is wrong when the runtime reads other directories. The result is none when it reads ours.
fn elsewhere(root: &Path, runtime: &Runtime, conf_dir: &Path, bin_dir: &Path) -> Option<Reads> {
    let Runtime { name, conf_dir: reads, bin_dirs, from } = runtime;
    let ours = |dir: &Path| bin_dirs.is_empty() || bin_dirs.iter().any(|theirs| beneath::is_same(root, theirs, dir));
    let mut flags = Vec::new();
    let mut wrong = Vec::new();
    if !beneath::is_same(root, reads, conf_dir) {
        wrong.push(format!("reads network configurations in {}, not in {}", reads.display(), conf_dir.display()));
        flags.push(format!("--conf-dir={}", reads.display()));
    }
    if !ours(bin_dir) {
        let theirs = joined(bin_dirs);
        wrong.push(format!("looks for plugins in {theirs}, not in {}", bin_dir.display()));
        flags.extend(bin_dirs.first().map(|dir| format!("--bin-dir={}", dir.display())));
    }
    (!wrong.is_empty()).then(|| Reads::Others {
        what: format!("{name} {} ({from}): no pod gets its networks from genie", wrong.join(" and ")),
        advice: format!(
            "start genie-host with {} (or with --trust-dirs, should it read ours all the same)",
            flags.join(" ")
        ),
    })
}

fn joined(dirs: &[PathBuf]) -> String {
    dirs.iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>().join(", ")
}

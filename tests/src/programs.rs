//! Where the programs under test, and those they work with, are. A missing one fails
//! the test and says what to run; nothing is skipped.

use std::path::{Path, PathBuf};

/// The workspace.
pub fn root() -> &'static Path {
    // The directory of a member is never the root of the file system.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"))
}

/// A program of `dist`, or of the directory that `GENIE_DIST` names.
///
/// # Panics
/// When it is not there.
pub fn dist(name: &str) -> PathBuf {
    let dir = std::env::var_os("GENIE_DIST").map_or_else(|| root().join("dist"), PathBuf::from);
    let program = dir.join(name);
    assert!(program.is_file(), "{} is missing; run: make build", program.display());
    // Whoever enters a mount namespace ends up in its root.
    program.canonicalize().expect("a file that exists has a path")
}

/// Where `tests/tools/build` puts what it builds; `GENIE_TOOLS` says otherwise.
pub fn tools() -> PathBuf {
    std::env::var_os("GENIE_TOOLS").map_or_else(|| root().join("target/tools"), PathBuf::from)
}

/// The directory of the real plugins: those of `tests/tools/build`, else Debian's.
///
/// # Panics
/// When there is neither.
pub fn plugins() -> PathBuf {
    let candidates = [tools().join("cni"), PathBuf::from("/usr/lib/cni")];
    let found = candidates.into_iter().find(|dir| dir.join("bridge").is_file() && dir.join("host-local").is_file());
    found.expect("no reference plugins; run: tests/tools/build")
}

/// Debian's old reference plugins (1.1.1), which know neither STATUS nor GC.
///
/// # Panics
/// When they are not installed.
pub fn old_plugins() -> PathBuf {
    let dir = PathBuf::from("/usr/lib/cni");
    assert!(dir.join("bridge").is_file(), "Debian's plugins are missing; run: tests/tools/packages");
    dir
}

/// The real cnitool.
///
/// # Panics
/// When it was not built.
pub fn cnitool() -> PathBuf {
    tool("cnitool")
}

/// A program that `tests/tools/build` builds.
///
/// # Panics
/// When it was not built.
pub fn tool(name: &str) -> PathBuf {
    let program = tools().join("bin").join(name);
    assert!(program.is_file(), "{} is missing; run: tests/tools/build", program.display());
    program
}

/// The recorder, as cargo built it beside the test that runs.
///
/// # Panics
/// When it is not there.
pub fn recorder() -> PathBuf {
    let program = target_profile_dir().join("recorder");
    assert!(program.is_file(), "{} is missing; run: cargo build -p genie-tests", program.display());
    program
}

/// What stays as a node's first process when it is told to `hold`.
pub(crate) fn holder() -> PathBuf {
    let program = target_profile_dir().join("e2e");
    assert!(program.is_file(), "{} is missing; run: cargo build -p genie-tests", program.display());
    program
}

/// Cargo's target directory.
///
/// # Panics
/// When the running program is not in there.
pub fn target() -> PathBuf {
    target_profile_dir().parent().expect("a profile's directory is in the target directory").to_owned()
}

/// `target/debug`: where cargo put the binaries that go with the running test.
pub(crate) fn target_profile_dir() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let dir = test.parent().expect("a program is in a directory");
    if dir.ends_with("deps") { dir.parent().unwrap_or(dir).to_owned() } else { dir.to_owned() }
}

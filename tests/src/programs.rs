//! Finds the programs under test, and those that they work with. When one is missing, the test
//! fails and says what to run; nothing is skipped.

use std::path::{Path, PathBuf};

/// The directory of the workspace.
pub fn root() -> &'static Path {
    // The directory of a member is never the root of the file system.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"))
}

/// A program of `dist` (or the engine of scripts there), or of the directory that `GENIE_DIST` names.
///
/// # Panics
/// When it is missing.
pub fn dist(name: &str) -> PathBuf {
    let dir = std::env::var_os("GENIE_DIST").map_or_else(|| root().join("dist"), PathBuf::from);
    let program = dir.join(name);
    assert!(program.is_file(), "{} is missing; run: make build script", program.display());
    // The path must be that of the file itself: in another mount namespace a link may lead
    // elsewhere.
    program.canonicalize().expect("a file that exists has a path")
}

/// The directory that `tests/tools/build` fills. `GENIE_TOOLS` can name another one.
pub fn tools() -> PathBuf {
    std::env::var_os("GENIE_TOOLS").map_or_else(|| root().join("target/tools"), PathBuf::from)
}

/// The directory of the real plugins: the one of `tests/tools/build`, or else Debian's.
///
/// # Panics
/// When neither has them.
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

/// The recorder. Cargo has built it beside the running test.
///
/// # Panics
/// When it is missing.
pub fn recorder() -> PathBuf {
    let program = target_profile_dir().join("recorder");
    assert!(program.is_file(), "{} is missing; run: cargo build -p genie-tests", program.display());
    program
}

/// The program that stays as a node's first process when it is told to `hold`.
pub(crate) fn holder() -> PathBuf {
    let program = target_profile_dir().join("e2e");
    assert!(program.is_file(), "{} is missing; run: cargo build -p genie-tests", program.display());
    program
}

/// Cargo's target directory.
///
/// # Panics
/// When the running program is not in it.
pub fn target() -> PathBuf {
    target_profile_dir().parent().expect("a profile's directory is in the target directory").to_owned()
}

/// `target/debug`: the directory of the binaries that belong to the running test.
pub(crate) fn target_profile_dir() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let dir = test.parent().expect("a program is in a directory");
    if dir.ends_with("deps") { dir.parent().unwrap_or(dir).to_owned() } else { dir.to_owned() }
}

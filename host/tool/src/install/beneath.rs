//! Resolves the node's paths as the node does, wherever its file system is mounted: a link of the
//! node that begins with `/` leads to a place of the node.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

use super::on_host;

/// The largest file that is read, in bytes. They are configurations.
const LONGEST: u64 = 1 << 20;

/// The content of a regular file, which must be text.
///
/// # Errors
/// The file cannot be read, is too large, or is not a regular file of text.
pub fn read(root: &Path, path: &Path) -> io::Result<String> {
    // Opening must not block if it is a pipe.
    let file: File = open(root, path, OFlags::RDONLY | OFlags::NONBLOCK)?.into();
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(io::Error::other("it is not a file of a reasonable size"));
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Whether there is anything at a path.
pub fn exists(root: &Path, path: &Path) -> bool {
    open(root, path, OFlags::PATH).is_ok()
}

/// Whether two paths lead to one place. Where one does not exist, the paths themselves are
/// compared.
pub fn is_same(root: &Path, one: &Path, other: &Path) -> bool {
    let place = |path| {
        let metadata = File::from(open(root, path, OFlags::PATH)?).metadata()?;
        io::Result::Ok((metadata.dev(), metadata.ino()))
    };
    // Comparing components ignores a `/` at the end.
    one.components().eq(other.components()) || matches!((place(one), place(other)), (Ok(a), Ok(b)) if a == b)
}

fn open(root: &Path, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    let top = openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    match openat2(top, path, flags, Mode::empty(), ResolveFlags::IN_ROOT) {
        // Kernels before 5.6 do not have the call, and older filters of system calls forbid it.
        Err(Errno::NOSYS | Errno::PERM) => Ok(openat(CWD, on_host(root, path), flags, Mode::empty())?),
        opened => Ok(opened?),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_of_the_node_leads_to_a_place_of_the_node() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("var/lib/k/net.d")).unwrap();
        fs::create_dir_all(at("etc/cni")).unwrap();
        symlink("/var/lib/k/net.d", at("etc/cni/net.d")).unwrap();
        fs::write(at("var/lib/k/net.d/x"), "here").unwrap();
        let [ours, theirs] = ["/etc/cni/net.d", "/var/lib/k/net.d/"].map(Path::new);
        assert!(is_same(root.path(), ours, theirs));
        assert_eq!(read(root.path(), Path::new("/etc/cni/net.d/x")).unwrap(), "here");
        assert!(exists(root.path(), ours) && !exists(root.path(), Path::new("/etc/passwd")));
        let [one, other] = ["/no/such/dir", "/no/such/./dir/"].map(Path::new);
        assert!(is_same(root.path(), one, other) && !is_same(root.path(), one, ours));
        assert!(read(root.path(), ours).is_err(), "a directory");
    }
}

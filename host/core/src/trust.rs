//! Which directories and files may hold native code that runs as root.
//!
//! An artefact is as powerful as this program: a user that can write it, or can put another file in
//! its place, owns the node. So the whole chain of directories is opened from `/` downward, each
//! step relative to the one before and none through a symbolic link. Each directory is checked
//! after it was opened, so that what was checked is what is used.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

/// What to do about a directory that does not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Fail with [`Distrust::Missing`].
    Fail,
    /// Create the directory with mode 0755.
    Create,
}

/// Why a path is not used.
#[derive(Debug)]
pub enum Distrust {
    /// The path does not exist.
    Missing(PathBuf),
    /// The path cannot be opened.
    Unreadable(PathBuf, Errno),
    /// Another user could have written it.
    Unsafe(PathBuf, String),
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{} does not exist", path.display()),
            Self::Unreadable(path, error) => {
                write!(f, "{} cannot be opened: {error}", path.display())
            }
            Self::Unsafe(path, reason) => write!(f, "{} {reason}", path.display()),
        }
    }
}

/// Opens a directory that only root (or this process's user) can change.
///
/// A directory above it that all may write is accepted if it is sticky, as `/tmp` is: in there,
/// others cannot replace what is not theirs, and the next directory is checked in turn. The
/// directory itself may not be such a one, since others could link a file of root's into it, under
/// a name of their choice.
pub fn open_dir(path: &Path, missing: Missing) -> Result<OwnedFd, Distrust> {
    let mut at = PathBuf::from("/");
    let mut steps = names(path)?.into_iter().peekable();
    let mut dir = rustix::fs::openat(CWD, &at, flags(steps.peek().is_none()), Mode::empty())
        .map_err(|error| Distrust::Unreadable(at.clone(), error))?;
    check_dir(&dir, &at, steps.peek().is_none())?;
    while let Some(name) = steps.next() {
        at.push(name);
        let last = steps.peek().is_none();
        dir = step(&dir, name, &at, last, missing)?;
        check_dir(&dir, &at, last)?;
    }
    Ok(dir)
}

/// Opens a regular file in a directory from [`open_dir`], if only root (or this process's user) can
/// change the file.
pub fn open_file(dir: &OwnedFd, name: &str, path: &Path) -> Result<(OwnedFd, Stat), Distrust> {
    // Not blocking, in case the file is a pipe, which is refused once it is open.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::openat(dir, name, flags, Mode::empty()).map_err(|error| failed(path, error))?;
    let stat = check_file(&file, path)?;
    Ok((file, stat))
}

/// Fails when this open file is not a regular one, or another user can change it.
pub fn check_file(file: &OwnedFd, path: &Path) -> Result<Stat, Distrust> {
    let stat = stat(file, path)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Distrust::Unsafe(path.into(), "is not a regular file".into()));
    }
    check_owner(&stat, path)?;
    if stat.st_mode & 0o022 != 0 {
        return Err(writable(&stat, path));
    }
    Ok(stat)
}

/// How many links a path may lead through, as for the kernel.
const LINKS: usize = 40;

/// Opens a regular file that only root (or this process's user) can change or replace. Every
/// directory on the way is checked as [`open_dir`] does, and so are the owners of the links that it
/// goes through.
pub fn open_linked(path: &Path) -> Result<OwnedFd, Distrust> {
    if !path.is_absolute() {
        return Err(Distrust::Unsafe(path.into(), "is not an absolute path".into()));
    }
    let missing = || Distrust::Missing(path.into());
    let root = rustix::fs::openat(CWD, "/", flags(false), Mode::empty()).map_err(|error| failed(path, error))?;
    check_dir(&root, Path::new("/"), false)?;
    let mut left = steps_of(path);
    let (mut way, mut links) = (vec![(PathBuf::from("/"), root)], 0);
    while let Some(name) = left.pop() {
        if name == ".." {
            if way.len() > 1 {
                way.pop();
            }
            continue;
        }
        let (dir_path, dir) = way.last().ok_or_else(missing)?;
        let at = dir_path.join(&name);
        let unreadable = |error| match error {
            Errno::NOENT => Distrust::Missing(at.clone()),
            error => Distrust::Unreadable(at.clone(), error),
        };
        let seen = rustix::fs::openat(dir, &name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
            .map_err(unreadable)?;
        let its = stat(&seen, &at)?;
        match FileType::from_raw_mode(its.st_mode) {
            FileType::Symlink => {
                check_owner(&its, &at)?;
                links += 1;
                if links > LINKS {
                    return Err(Distrust::Unreadable(path.into(), Errno::LOOP));
                }
                let target = rustix::fs::readlinkat(&seen, "", Vec::new()).map_err(unreadable)?;
                let target = PathBuf::from(OsStr::from_bytes(target.as_bytes()));
                if target.is_absolute() {
                    way.truncate(1);
                }
                left.extend(steps_of(&target));
            }
            FileType::Directory => {
                check_dir(&seen, &at, false)?;
                way.push((at, seen));
            }
            _ if left.is_empty() => {
                check_dir(dir, dir_path, true)?;
                // No other user can put another file in its place meanwhile.
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
                let file = rustix::fs::openat(dir, &name, flags, Mode::empty()).map_err(unreadable)?;
                check_file(&file, &at)?;
                return Ok(file);
            }
            _ => return Err(Distrust::Unreadable(at, Errno::NOTDIR)),
        }
    }
    Err(Distrust::Unsafe(path.into(), "is not a regular file".into()))
}

/// A path's steps, the last one first.
fn steps_of(path: &Path) -> Vec<OsString> {
    let steps = path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    steps.collect()
}

fn names(path: &Path) -> Result<Vec<&OsStr>, Distrust> {
    let unusable = |reason: &str| Err(Distrust::Unsafe(path.into(), reason.into()));
    if !path.is_absolute() {
        return unusable("is not an absolute path");
    }
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => names.push(name),
            Component::ParentDir | Component::Prefix(_) => {
                return unusable("contains `..`: write it without");
            }
        }
    }
    Ok(names)
}

fn flags(last: bool) -> OFlags {
    // Passing through a directory takes no right to read. The last one is read, since it is synced.
    let access = if last { OFlags::RDONLY } else { OFlags::PATH };
    access | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn step(dir: &OwnedFd, name: &OsStr, at: &Path, last: bool, missing: Missing) -> Result<OwnedFd, Distrust> {
    let open = || rustix::fs::openat(dir, name, flags(last), Mode::empty());
    match open() {
        Err(Errno::NOENT) if missing == Missing::Create => {
            match rustix::fs::mkdirat(dir, name, Mode::from_raw_mode(0o755)) {
                // Another process was faster; the check that follows decides.
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(Distrust::Unreadable(at.into(), error)),
            }
            open().map_err(|error| failed(at, error))
        }
        other => other.map_err(|error| failed(at, error)),
    }
}

fn failed(path: &Path, error: Errno) -> Distrust {
    match error {
        Errno::NOENT => Distrust::Missing(path.into()),
        Errno::LOOP | Errno::NOTDIR => {
            let real = std::fs::canonicalize(path).map(|real| format!(" (it leads to {})", real.display()));
            let reason = format!("is a symbolic link or no directory: write the real path{}", real.unwrap_or_default());
            Distrust::Unsafe(path.into(), reason)
        }
        error => Distrust::Unreadable(path.into(), error),
    }
}

fn check_dir(dir: &OwnedFd, path: &Path, last: bool) -> Result<(), Distrust> {
    let stat = stat(dir, path)?;
    check_owner(&stat, path)?;
    let sticky = stat.st_mode & 0o1000 != 0;
    if stat.st_mode & 0o022 != 0 && (last || !sticky) {
        return Err(writable(&stat, path));
    }
    Ok(())
}

fn stat(file: impl AsFd, path: &Path) -> Result<Stat, Distrust> {
    rustix::fs::fstat(file).map_err(|error| Distrust::Unreadable(path.into(), error))
}

fn check_owner(stat: &Stat, path: &Path) -> Result<(), Distrust> {
    let user = rustix::process::geteuid().as_raw();
    if stat.st_uid == 0 || stat.st_uid == user {
        return Ok(());
    }
    let reason = format!("belongs to user {}, not to root: change its owner (chown root)", stat.st_uid);
    Err(Distrust::Unsafe(path.into(), reason))
}

fn writable(stat: &Stat, path: &Path) -> Distrust {
    let reason = format!(
        "can be written by others than its owner (mode {:04o}): take that away (chmod go-w)",
        stat.st_mode & 0o7777
    );
    Distrust::Unsafe(path.into(), reason)
}

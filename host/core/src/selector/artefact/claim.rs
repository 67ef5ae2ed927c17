//! One compiles a module, the others wait: a locked file beside its artefact,
//! `.SHA256.lock`.
//!
//! The lock is the kernel's and belongs to the open file: it ends with the last process that
//! has the file open, so a kill leaves none. The compiler has the file as its standard
//! output, and thereby the lock; what it says there, everybody reads who has waited.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::digest::Digest;
use crate::lock;
use crate::selector::artefact::engine::ENGINE_ID;
use crate::trust::{self, Distrust, Missing};

/// How much of what a compiler said is read, in bytes.
const MAX_SAID: usize = 64 << 10;

/// The right to compile one module, as long as this is there.
pub struct Claim {
    /// The directory of artefacts.
    pub dir: OwnedFd,
    file: File,
    /// Whether somebody else had it until now.
    waited: bool,
}

impl Claim {
    /// Takes the claim to a module. None: somebody else has it still at the deadline.
    ///
    /// What others did meanwhile is for the caller to see: the artefact, or what they
    /// [said](Self::heard).
    ///
    /// # Errors
    /// The cache cannot be used, or not be written.
    pub fn take(cache_dir: &Path, digest: Digest, deadline: Instant) -> Result<Option<Self>, Distrust> {
        let dir = cache_dir.join(ENGINE_ID);
        let path = dir.join(file_name(digest));
        let dir = trust::open_dir(&dir, Missing::Create)?;
        // Not blocking, in case it is a pipe.
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = rustix::fs::openat(&dir, file_name(digest), flags, Mode::from_raw_mode(0o600))
            .map_err(|error| Distrust::Unreadable(path.clone(), error))?;
        trust::check_file(&file, &path)?;
        let file = File::from(file);
        let mut waited = false;
        let locked = lock::until(deadline, || {
            let ours = lock::exclusive(&file)?;
            waited |= !ours;
            Ok(ours.then_some(()))
        });
        match locked {
            Ok(Some(())) => Ok(Some(Self { dir, file, waited })),
            Ok(None) => Ok(None),
            Err(error) => Err(Distrust::Unreadable(path, Errno::from_io_error(&error).unwrap_or(Errno::IO))),
        }
    }

    /// The claim that this process was started with: the file is its standard output.
    pub fn inherited(cache_dir: &Path, digest: Digest) -> Option<Self> {
        let dir = trust::open_dir(&cache_dir.join(ENGINE_ID), Missing::Fail).ok()?;
        let of_path = rustix::fs::statat(&dir, file_name(digest), rustix::fs::AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let output = rustix::io::dup(io::stdout()).ok()?;
        let of_output = rustix::fs::fstat(&output).ok()?;
        let same = (of_path.st_dev, of_path.st_ino) == (of_output.st_dev, of_output.st_ino);
        same.then(|| Self { dir, file: output.into(), waited: false })
    }

    /// The file, for a process that is to have the claim as well.
    pub fn share(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// What those said for whom this one waited. None: nothing, or it was not for us,
    /// since we came later.
    pub fn heard(&self) -> Option<String> {
        Some(self.said()).filter(|said| self.waited && !said.is_empty())
    }

    /// What was said into the file.
    pub fn said(&self) -> String {
        let mut said = vec![0; MAX_SAID];
        // What cannot be read is as good as not said.
        let length = self.file.read_at(&mut said, 0).unwrap_or_default();
        String::from_utf8_lossy(said.get(..length).unwrap_or_default()).trim().to_owned()
    }

    /// Says this to all who wait, in place of what was said before.
    pub fn say(&self, text: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all_at(text.as_bytes(), 0)
    }

    /// Whether somebody took the file away, being done, so that the next one to come
    /// makes another.
    pub fn is_over(&self) -> io::Result<bool> {
        Ok(rustix::fs::fstat(&self.file)?.st_nlink == 0)
    }

    /// Takes the file away: the artefact is in its place, or there will be none. Those who
    /// wait have it open, and read what was said.
    pub fn finish(self, digest: Digest) {
        // What is left over hinders nobody.
        let _ = rustix::fs::unlinkat(&self.dir, file_name(digest), rustix::fs::AtFlags::empty());
    }
}

fn file_name(digest: Digest) -> String {
    format!(".{digest}.lock")
}

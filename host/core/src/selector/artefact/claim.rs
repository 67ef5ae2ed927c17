//! One process compiles a module, and the others wait: a locked file beside the artefact,
//! `.SHA256.lock`.
//!
//! The lock is the kernel's and belongs to the open file: it ends with the last process that has
//! the file open, so a killed one leaves no lock. The compiler has the file as its standard output,
//! and so the lock. What it writes there is read by all that have waited.

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

/// The most bytes of a compiler's output that are read.
const MAX_SAID: usize = 64 << 10;

/// The right to compile one module, as long as this exists.
pub struct Claim {
    /// The directory of artefacts.
    pub dir: OwnedFd,
    file: File,
    /// Whether another process had the claim until now.
    waited: bool,
}

impl Claim {
    /// Takes the claim to a module. The result is none when another process still has it at the
    /// deadline.
    ///
    /// The caller has to look at what others did meanwhile: they left the artefact, or [a
    /// reason](Self::heard).
    ///
    /// # Errors
    /// The cache cannot be used, or cannot be written.
    pub fn take(cache_dir: &Path, digest: Digest, deadline: Instant) -> Result<Option<Self>, Distrust> {
        let dir = cache_dir.join(ENGINE_ID);
        let path = dir.join(file_name(digest));
        let dir = trust::open_dir(&dir, Missing::Create)?;
        // Not blocking, in case the file is a pipe.
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

    /// The claim that this process was started with. Its file is our standard output; the result is
    /// none when that is another file.
    pub fn inherited(cache_dir: &Path, digest: Digest) -> Option<Self> {
        let dir = trust::open_dir(&cache_dir.join(ENGINE_ID), Missing::Fail).ok()?;
        let of_path = rustix::fs::statat(&dir, file_name(digest), rustix::fs::AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let output = rustix::io::dup(io::stdout()).ok()?;
        let of_output = rustix::fs::fstat(&output).ok()?;
        let same = (of_path.st_dev, of_path.st_ino) == (of_output.st_dev, of_output.st_ino);
        same.then(|| Self { dir, file: output.into(), waited: false })
    }

    /// The claim's file, for a process that is to share the claim.
    pub fn share(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// What the process that this one waited for has said. The result is none when it said nothing,
    /// or when this process did not wait, so that the text is older.
    pub fn heard(&self) -> Option<String> {
        Some(self.said()).filter(|said| self.waited && !said.is_empty())
    }

    /// The text in the claim's file.
    pub fn said(&self) -> String {
        let mut said = vec![0; MAX_SAID];
        // A text that cannot be read counts as none.
        let length = self.file.read_at(&mut said, 0).unwrap_or_default();
        String::from_utf8_lossy(said.get(..length).unwrap_or_default()).trim().to_owned()
    }

    /// Says this to all that wait, in place of what was said before.
    pub fn say(&self, text: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all_at(text.as_bytes(), 0)
    }

    /// Whether the claim's file was removed by a process that has finished. The next process to
    /// come makes a new file.
    pub fn is_over(&self) -> io::Result<bool> {
        Ok(rustix::fs::fstat(&self.file)?.st_nlink == 0)
    }

    /// Removes the file: the artefact is in its place, or there will be none. Processes that wait
    /// have the file open, and read what was said.
    pub fn finish(self, digest: Digest) {
        // A file that is left over does no harm.
        let _ = rustix::fs::unlinkat(&self.dir, file_name(digest), rustix::fs::AtFlags::empty());
    }
}

fn file_name(digest: Digest) -> String {
    format!(".{digest}.lock")
}

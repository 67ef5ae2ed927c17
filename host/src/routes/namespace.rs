//! Working inside the container's network namespace.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::cni::{CniError, code};

/// Does some work in the network namespace at the path `netns`.
///
/// It happens in a thread of its own, which ends with it: no other code ever runs in
/// the container's namespace.
///
/// # Errors
/// Code 4 when the namespace cannot be entered; the work's own.
pub fn inside<T: Send>(netns: &str, work: impl FnOnce() -> Result<T, CniError> + Send) -> Result<T, CniError> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, || {
            enter(netns)?;
            work()
        });
        let thread = thread.map_err(|error| failed(netns, &error))?;
        thread.join().unwrap_or_else(|_| Err(failed(netns, &"the thread for it broke down")))
    })
}

/// Moves the calling thread there, for good.
pub(super) fn enter(netns: &str) -> Result<(), CniError> {
    let enter = || -> io::Result<()> {
        let namespace = File::open(netns)?;
        Ok(move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?)
    };
    enter().map_err(|error| failed(netns, &error))
}

pub(super) fn failed(netns: &str, error: &dyn fmt::Display) -> CniError {
    let message = format!("cannot enter the network namespace {netns}: {error}");
    CniError::new(code::INVALID_ENVIRONMENT, message)
}

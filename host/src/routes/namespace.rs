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
    let failed = |error: &dyn fmt::Display| {
        let message = format!("cannot enter the network namespace {netns}: {error}");
        CniError::new(code::INVALID_ENVIRONMENT, message)
    };
    let enter = || -> io::Result<()> {
        let namespace = File::open(netns)?;
        Ok(move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?)
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, || {
            enter().map_err(|error| failed(&error))?;
            work()
        });
        let thread = thread.map_err(|error| failed(&error))?;
        thread.join().unwrap_or_else(|_| Err(failed(&"the thread for it broke down")))
    })
}

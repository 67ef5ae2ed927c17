//! Working inside the container's network namespace.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::cni::{CniError, code};

/// The network namespace of the calling thread.
const OWN: &str = "/proc/thread-self/ns/net";
/// How many times the way back is tried.
const BACK_ATTEMPTS: usize = 100;

/// Does short work in a network namespace, on the calling thread: a thread of its own costs more
/// than all else that a call does with its container. The work must not start anything.
///
/// # Errors
/// [`code::INVALID_ENVIRONMENT`] when the namespace cannot be entered.
pub fn visit<T>(netns: &str, work: impl FnOnce() -> T) -> Result<T, CniError> {
    let own = File::open(OWN).map_err(|error| failed(netns, &error))?;
    enter(netns)?;
    let done = work();
    let back = || move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::Network));
    // The kernel may be short of memory for a moment. A thread that stays inside would take the
    // container for the node, so end: nothing is attached yet, and nothing is lost.
    if (0..BACK_ATTEMPTS).all(|_| back().is_err()) {
        std::process::abort();
    }
    Ok(done)
}

/// Moves the calling thread into the namespace.
fn enter(netns: &str) -> Result<(), CniError> {
    let enter = || -> io::Result<()> {
        let namespace = File::open(netns)?;
        Ok(move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?)
    };
    enter().map_err(|error| failed(netns, &error))
}

fn failed(netns: &str, error: &dyn fmt::Display) -> CniError {
    let message = format!("cannot enter the network namespace {netns}: {error}");
    CniError::new(code::INVALID_ENVIRONMENT, message)
}

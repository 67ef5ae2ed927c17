//! Modules in registries, in the layout that the CNCF has for WebAssembly: how they are named, read,
//! written and signed.
//!
//! A registry is a stranger. What it answers is bounded in size and time, and so is the memory of a
//! process that asks one. On a node that is a child of the agent, so that nothing that a registry
//! says can end the agent.

pub mod access;
pub mod archive;
pub mod certificates;
mod client;
mod credentials;
pub mod package;
pub mod reference;
pub mod signature;

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub use access::Access;
use client::Registry;
pub use credentials::of_user;
pub use package::Package;
pub use reference::Reference;

/// How long everything that one command asks of a registry may take, if nothing else is said.
pub const TIME: Duration = Duration::from_mins(2);
/// How much memory this process may take while it speaks with a registry, in bytes: the largest
/// module several times.
const MEMORY: u64 = 256 << 20;

/// Reads a package of a registry, with its signatures if there are any.
///
/// # Errors
/// The registry does not answer in time, or not with what the reference names.
pub fn pull(reference: &Reference, access: &Access) -> Result<Package> {
    run(access, &access.place(reference).host, async { Registry::new(access, reference)?.pull(reference).await })
        .with_context(|| format!("{reference} cannot be pulled"))
}

/// Writes a package to a registry.
///
/// # Errors
/// The registry does not answer in time, or does not take it.
pub fn push(reference: &Reference, package: &Package, access: &Access) -> Result<()> {
    run(access, &access.place(reference).host, async {
        Registry::new(access, reference)?.push(reference, package).await
    })
    .with_context(|| format!("{reference} cannot be pushed"))
}

fn run<T>(access: &Access, host: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let _bound = Bound::memory();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async { tokio::time::timeout(access.time, work).await });
    // A name that does not resolve is waited for by a thread, which would be waited for here.
    runtime.shutdown_background();
    let late = |_| anyhow!("that took longer than {} s", access.time.as_secs());
    done.unwrap_or_else(|elapsed| Err(late(elapsed))).with_context(|| format!("the registry {host}"))
}

/// A bound on the memory of this process. It ends with this value: the compiler has another.
struct Bound(Rlimit);

impl Bound {
    fn memory() -> Option<Self> {
        let before = getrlimit(Resource::Data);
        let is_less = before.current.is_none_or(|current| current > MEMORY);
        let limit = Rlimit { current: Some(MEMORY), ..before };
        (is_less && setrlimit(Resource::Data, limit).is_ok()).then_some(Self(before))
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        // Raising it again to what it was is allowed.
        _ = setrlimit(Resource::Data, self.0);
    }
}

//! Compiles a module into an artefact. This is only in the tool: the plugin holds no compiler.

use std::borrow::Cow;
use std::path::Path;
use std::thread;

use rustix::process::{Resource, Rlimit, setrlimit};
use wasmparser::Parser;
use wasmtime::component::Component;
use wit_component::ComponentEncoder;

use super::engine::engine;
use super::names;
use genie_core::cni::{CniError, code};
use genie_core::digest::Digest;
use genie_core::selector::artefact::cache;
use genie_core::selector::artefact::claim::Claim;
use genie_core::selector::child::compiler;
use genie_core::selector::contract::{Imports, Names};

/// The first eight bytes of a component.
pub(super) const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// The first eight bytes of a core module.
pub(super) const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Makes a component of a core module that was built with wit-bindgen for `wasm32-unknown-unknown`,
/// so that authors need no further tool. A component is returned as it is. `selector` is the name
/// for messages.
pub fn componentize<'a>(selector: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, CniError> {
    let is_component = bytes.starts_with(COMPONENT);
    if !is_component && !bytes.starts_with(CORE_MODULE) {
        let message = format!("selector {selector:?} is no WebAssembly module: it does not begin as one");
        return Err(CniError::new(code::SELECTOR, message));
    }
    check_whole(selector, bytes)?;
    if is_component {
        return Ok(Cow::Borrowed(bytes));
    }
    // This checks the names only. The code is checked when it is compiled.
    let encoded = ComponentEncoder::default().module(bytes).and_then(|mut encoder| encoder.encode());
    encoded.map(Cow::Owned).map_err(|error| {
        let message = format!(
            "selector {selector:?} cannot be made a component: build it for wasm32-unknown-unknown with the \
             genie-selector SDK, or for wasm32-wasip2; what another compiler made for WASI 0.1, as Go's does, \
             `genie-host componentize` makes a component"
        );
        CniError::new(code::SELECTOR, message).with_details(format!("{error:#}"))
    })
}

/// Fails when a module is only written in part: its sections say how long they are. What makes components
/// relies on that.
fn check_whole(selector: &str, bytes: &[u8]) -> Result<(), CniError> {
    let mut payloads = Parser::new(0).parse_all(bytes);
    payloads.try_for_each(|payload| payload.map(drop)).map_err(|error| {
        let message = format!(
            "selector {selector:?} is damaged or cut off after {} bytes: build it or copy it again",
            bytes.len()
        );
        CniError::new(code::SELECTOR, message).with_details(error.to_string())
    })
}

/// What a module imports, by names: which functions of the cluster these are is not known. The module is
/// not compiled for it.
///
/// # Errors
/// By its names, the module is no selector, or none that this host can run.
pub fn imports(selector: &str, bytes: &[u8]) -> Result<Imports, CniError> {
    checked(selector, bytes).map(|(_, names)| Imports { names: names.imports, of_cluster: Vec::new() })
}

/// The component of a module, and its names, which were found to fit.
fn checked<'a>(selector: &str, bytes: &'a [u8]) -> Result<(Cow<'a, [u8]>, Names), CniError> {
    let component = componentize(selector, bytes)?;
    let names = names::read(&component).map_err(|error| uncompilable(selector, &error.to_string()))?;
    names.check_selector(selector)?;
    Ok((component, names))
}

/// Compiles a module (a component, or a core module of wit-bindgen) for use in this process. Fails
/// before it compiles when the module is no selector.
pub(super) fn compile(selector: &str, bytes: &[u8]) -> Result<Component, CniError> {
    let (component, _) = checked(selector, bytes)?;
    Component::from_binary(engine()?, &component).map_err(|error| uncompilable(selector, &format!("{error:#}")))
}

/// Makes the artefact of a module: native code for this architecture, which
/// [`genie_core::selector::artefact::load`] loads. Fails when the module is no selector.
pub fn artefact(selector: &str, bytes: &[u8]) -> Result<Vec<u8>, CniError> {
    let (component, _) = checked(selector, bytes)?;
    engine()?.precompile_component(&component).map_err(|error| uncompilable(selector, &format!("{error:#}")))
}

fn uncompilable(selector: &str, reason: &str) -> CniError {
    CniError::new(code::SELECTOR, format!("selector {selector:?} does not compile")).with_details(reason)
}

/// Compiles a module into the cache, if this process was started with the claim to that (see
/// [`genie_core::selector::child::compiler`]). Memory and time are then bounded. The result is
/// false when this process has no such claim.
///
/// # Errors
/// The module is no selector or does not compile, or its artefact cannot be written.
pub fn compile_as_claimed(selector: &str, bytes: &[u8], cache_dir: &Path) -> Result<bool, CniError> {
    let digest = Digest::of(bytes);
    let Some(claim) = Claim::inherited(cache_dir, digest) else { return Ok(false) };
    bound().map_err(|reason| CniError::new(code::SELECTOR, format!("compiling cannot be bounded: {reason}")))?;
    cache::write(claim, digest, &artefact(selector, bytes)?)?;
    Ok(true)
}

/// Takes away the claim that this process was started with, if it has one to this module. This is
/// for a failure: the process that started this one may be gone, and could not do it.
pub fn give_up(digest: Digest, cache_dir: &Path) {
    if let Some(claim) = Claim::inherited(cache_dir, digest) {
        claim.finish(digest);
    }
}

/// Bounds this process in memory and time, for the rest of its life: the process that started it
/// may be gone, and could not do it.
fn bound() -> Result<(), String> {
    let memory = u64::try_from(compiler::memory()?).unwrap_or(u64::MAX);
    let limit = Rlimit { current: Some(memory), maximum: Some(memory) };
    // The limit is not on addresses: the allocator reserves many that it never uses.
    setrlimit(Resource::Data, limit).map_err(|error| error.to_string())?;
    let watch = || {
        thread::sleep(compiler::TIME);
        eprintln!("genie-host: it took longer than {} s", compiler::TIME.as_secs());
        std::process::exit(1);
    };
    thread::Builder::new().spawn(watch).map_err(|error| error.to_string())?;
    Ok(())
}

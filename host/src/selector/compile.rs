//! From a module to an artefact. In the tool only: the plugin holds no compiler.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use wasmtime::component::Component;
use wit_component::ComponentEncoder;

use super::cache;
use super::digest::Digest;
use super::engine::engine;
use super::module::check_digest;
use super::names::Names;
use crate::cni::{CniError, code};

/// The largest module that is compiled, in bytes.
pub const MAX_MODULE: u64 = 32 << 20;

/// The first eight bytes of a component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// The first eight bytes of a core module.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Reads a module's file. Larger than [`MAX_MODULE`] is an error.
pub fn read(path: &Path) -> Result<Vec<u8>, CniError> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_MODULE + 1).read_to_end(&mut bytes)).map_err(|error| {
        CniError::new(code::SELECTOR, format!("the module {} cannot be read: {error}", path.display()))
    })?;
    if bytes.len() as u64 > MAX_MODULE {
        let message = format!("the module {} is larger than {} MiB", path.display(), MAX_MODULE >> 20);
        return Err(CniError::new(code::SELECTOR, message));
    }
    Ok(bytes)
}

/// Makes a component of a core module that was built with wit-bindgen for
/// `wasm32-unknown-unknown`, so that authors need no further tool. A component
/// is given back as it is. `selector` is for messages.
pub fn componentize<'a>(selector: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, CniError> {
    if bytes.starts_with(COMPONENT) {
        return Ok(Cow::Borrowed(bytes));
    }
    if !bytes.starts_with(CORE_MODULE) {
        let message = format!("selector {selector:?} is no WebAssembly module: it does not begin as one");
        return Err(CniError::new(code::SELECTOR, message));
    }
    // Code is looked at when it is compiled, names before.
    let encoded = ComponentEncoder::default().module(bytes).and_then(|mut encoder| encoder.encode());
    encoded.map(Cow::Owned).map_err(|error| {
        let message = format!(
            "selector {selector:?} cannot be made a component: build it for wasm32-unknown-unknown with the \
             genie-selector SDK, or for wasm32-wasip2"
        );
        CniError::new(code::SELECTOR, message).with_details(format!("{error:#}"))
    })
}

/// The names of a module's imports, without compiling it.
///
/// # Errors
/// The module is no selector, or none that this host can run, by its names.
pub fn imports(selector: &str, bytes: &[u8]) -> Result<Vec<String>, CniError> {
    checked(selector, bytes).map(|(_, names)| names.imports)
}

/// The component of a module, whose names were found to fit.
fn checked<'a>(selector: &str, bytes: &'a [u8]) -> Result<(Cow<'a, [u8]>, Names), CniError> {
    let component = componentize(selector, bytes)?;
    let names = Names::read(&component).map_err(|error| uncompilable(selector, &error.to_string()))?;
    names.check(selector)?;
    Ok((component, names))
}

/// Compiles a module, a component or a core module of wit-bindgen, for use in
/// this process. Fails when it is no selector, before it compiles.
pub(super) fn compile(selector: &str, bytes: &[u8]) -> Result<Component, CniError> {
    let (component, _) = checked(selector, bytes)?;
    Component::from_binary(engine()?, &component).map_err(|error| uncompilable(selector, &format!("{error:#}")))
}

/// Makes the artefact of a module: native code for this architecture that
/// [`super::artefact`] loads. Fails when the module is no selector.
pub fn artefact(selector: &str, bytes: &[u8]) -> Result<Vec<u8>, CniError> {
    let (component, _) = checked(selector, bytes)?;
    engine()?.precompile_component(&component).map_err(|error| uncompilable(selector, &format!("{error:#}")))
}

fn uncompilable(selector: &str, reason: &str) -> CniError {
    CniError::new(code::SELECTOR, format!("selector {selector:?} does not compile")).with_details(reason)
}

/// Compiles the module of this file into the cache, and gives its digest and
/// the artefact's path. Where `expected` is given, a file with another digest
/// is refused.
pub fn compile_to_cache(
    path: &Path,
    expected: Option<Digest>,
    cache_dir: &Path,
) -> Result<(Digest, PathBuf), CniError> {
    let bytes = read(path)?;
    let digest = Digest::of(&bytes);
    check_digest(path, expected, digest)?;
    let artefact = artefact(&path.display().to_string(), &bytes)?;
    Ok((digest, cache::write(cache_dir, digest, &artefact)?))
}

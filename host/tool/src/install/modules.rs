//! The modules that a configuration names and that the installation puts on the node: keys of the
//! ConfigMap, and packages of registries. Each gets a path of the node, and the digest that pins it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};

use super::Layout;
use super::Origin;
use super::file;
use super::pulled::Packages;
use crate::registry::Reference;
use crate::registry::reference::SCHEME;
use crate::registry::signature::Key;
use crate::script::{self, Engine};
use genie_core::cni::get;
use genie_core::digest::Digest;
use genie_core::selector::module::{MAX_MODULE, read};

/// The key of the ConfigMap that modules of registries have to be signed with, if it is there.
pub const KEY: &str = "registry-key.pub";
/// The ending of a compressed module's name.
pub(super) const GZIP: &str = ".gz";

/// A module, and where the completed configuration has it.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The module's path on the node.
    path: PathBuf,
    sha256: Digest,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    /// Of the ConfigMap.
    Bytes(Vec<u8>),
    /// Of the package with this manifest, as this process reaches the file.
    Kept { manifest: Digest, file: PathBuf },
}

/// Modules of registries that are not on the node yet. The agent pulls them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotHere(pub Vec<Reference>);

impl fmt::Display for NotHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        write!(
            f,
            "not on this node yet: {}; the agent pulls what is missing, and `genie-host load` brings it from an archive",
            names.join(", ")
        )
    }
}

impl std::error::Error for NotHere {}

/// Gives all modules that the installation puts on the node their paths and digests.
///
/// # Errors
/// A module is missing, or not what the configuration says. [`NotHere`] if only modules of
/// registries are missing.
pub fn complete(config: &mut Map<String, Value>, layout: &Layout, config_dir: &Path) -> Result<Vec<Placed>> {
    let packages = Packages::of(&layout.on_host(&layout.state_dir));
    let mut key = None;
    let (mut placed, mut renamed, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    let entries = config.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case("selectors"));
    let entries = entries.and_then(|(_, value)| value.as_array_mut()).into_iter().flatten();
    for entry in entries.filter_map(Value::as_object_mut) {
        let Some(name) = get(entry, "module").and_then(Value::as_str).map(ToOwned::to_owned) else { continue };
        let module = if name.starts_with(SCHEME) {
            let reference: Reference = name.parse().map_err(anyhow::Error::msg)?;
            if key.is_none() {
                key = Some(trusted(config_dir)?);
            }
            let manifest = reference.pinned().map_err(anyhow::Error::msg)?;
            let Some(kept) = packages.find(manifest, key.as_ref().and_then(Option::as_ref))? else {
                missing.push(reference);
                continue;
            };
            let content = Content::Kept { manifest, file: kept.file };
            Placed { path: place(layout, kept.sha256, &reference.file_name()), sha256: kept.sha256, content }
        } else if let Some(stem) = of_config_map(&name) {
            let bytes = read_key(config_dir, &name)?;
            let sha256 = Digest::of(&bytes);
            Placed { path: place(layout, sha256, stem), sha256, content: Content::Bytes(bytes) }
        } else {
            continue;
        };
        pin(entry, &name, &module)?;
        renamed.push((name, module.path.clone()));
        placed.push(module);
    }
    ensure!(missing.is_empty(), NotHere(missing));
    if let Some((_, merge)) = config.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case("merge"))
        && let Some((_, path)) = renamed.iter().find(|(name, _)| merge.as_str() == Some(name))
    {
        *merge = json!(path);
    }
    Ok(placed)
}

/// Makes the ConfigMap's scripts, such as `"module": "policy.js"`, entries of the engine, which gets
/// a path on the node as a module of the ConfigMap does.
///
/// # Errors
/// A script or the engine cannot be read, or an entry is wrong.
pub fn complete_scripts(config: &mut Map<String, Value>, layout: &Layout, source: &Origin) -> Result<Option<Placed>> {
    let path = |engine: &Engine| place(layout, engine.digest, script::ENGINE);
    let engine = script::complete(config, &source.config_dir, || Engine::read(&source.programs), path)?;
    let placed =
        |engine: Engine| Placed { path: path(&engine), sha256: engine.digest, content: Content::Bytes(engine.bytes) };
    Ok(engine.map(placed))
}

/// Writes the module's path and digest into its entry.
fn pin(entry: &mut Map<String, Value>, name: &str, module: &Placed) -> Result<()> {
    if let Some(pinned) = get(entry, "sha256").and_then(Value::as_str) {
        ensure!(
            Digest::parse(pinned) == Some(module.sha256),
            "selector {name:?} has the digest {} and not the one that \"sha256\" pins it to",
            module.sha256
        );
    }
    entry.retain(|key, _| !["module", "sha256"].iter().any(|own| key.eq_ignore_ascii_case(own)));
    entry.insert("module".into(), json!(module.path));
    entry.insert("sha256".into(), module.sha256.to_string().into());
    Ok(())
}

/// The key that modules of registries have to be signed with.
fn trusted(config_dir: &Path) -> Result<Option<Key>> {
    let file = config_dir.join(KEY);
    file.exists().then(|| Key::read(&file)).transpose()
}

/// The file name of a module that is a key of the ConfigMap, uncompressed. The result is none for
/// any other module.
pub fn of_config_map(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(GZIP).unwrap_or(name);
    (!name.contains('/') && Path::new(stem).extension() == Some(OsStr::new("wasm"))).then_some(stem)
}

/// Reads a module of the ConfigMap, which may be there compressed.
fn read_key(config_dir: &Path, name: &str) -> Result<Vec<u8>> {
    let names =
        if name.ends_with(GZIP) { vec![name.to_owned()] } else { vec![name.to_owned(), format!("{name}{GZIP}")] };
    let Some(key) = names.iter().find(|key| config_dir.join(key).exists()) else {
        bail!(
            "selector {name:?} is no key of the ConfigMap: add it (kubectl create configmap --from-file), or write an \
             absolute path of the node"
        );
    };
    let bytes = read(&config_dir.join(key))?;
    if key.ends_with(GZIP) { unpack(&bytes).with_context(|| format!("selector {key:?}")) } else { Ok(bytes) }
}

/// Decompresses a module. More than [`MAX_MODULE`] bytes are never held.
fn unpack(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut module = Vec::new();
    let unpacked = GzDecoder::new(bytes).take(MAX_MODULE + 1).read_to_end(&mut module);
    unpacked.context("it is not compressed by gzip")?;
    ensure!(module.len() as u64 <= MAX_MODULE, "it is larger than {} MiB when it is unpacked", MAX_MODULE >> 20);
    Ok(module)
}

/// Puts the modules where the completed configuration names them.
///
/// # Errors
/// A file cannot be written, or the file of a package is damaged.
pub fn store(layout: &Layout, placed: &[Placed]) -> Result<()> {
    for Placed { path, sha256, content } in placed {
        let at = layout.on_host(path);
        file::make_dir(at.parent().unwrap_or(&at), 0o700)?;
        match content {
            Content::Bytes(bytes) => _ = file::place(&at, bytes, 0o600)?,
            Content::Kept { manifest, file } => link(layout, file, *manifest, *sha256, &at)?,
        }
    }
    Ok(())
}

/// Gives the module of a package its name. One that is damaged is removed, and is then pulled again.
fn link(layout: &Layout, file: &Path, manifest: Digest, sha256: Digest, at: &Path) -> Result<()> {
    if Digest::of(&read(file)?) != sha256 {
        Packages::of(&layout.on_host(&layout.state_dir)).remove(manifest)?;
        bail!("{} was damaged; its package is removed and has to be pulled again", file.display());
    }
    if file::digest(at)? == Some(sha256) {
        return Ok(());
    }
    file::remove(at).and_then(|()| fs::hard_link(file, at)).with_context(|| format!("{} cannot be made", at.display()))
}

/// Removes the modules of earlier configurations. A call that began with one of them has its
/// compiled form from the cache.
///
/// # Errors
/// A directory cannot be read, or a file cannot be removed.
pub fn prune(layout: &Layout, placed: &[Placed]) -> Result<()> {
    let used: BTreeSet<_> = placed.iter().filter_map(|module| module.path.parent()?.file_name()).collect();
    let dir = layout.on_host(&dir(layout));
    let entries = match fs::read_dir(&dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        entries => Some(entries.with_context(|| dir.display().to_string())?),
    };
    for entry in entries.into_iter().flatten() {
        let entry = entry.with_context(|| dir.display().to_string())?;
        if !used.contains(entry.file_name().as_os_str()) {
            fs::remove_dir_all(entry.path())
                .with_context(|| format!("{} cannot be removed", entry.path().display()))?;
        }
    }
    let manifest = |module: &Placed| match module.content {
        Content::Kept { manifest, .. } => Some(manifest),
        Content::Bytes(_) => None,
    };
    Packages::of(&layout.on_host(&layout.state_dir)).prune(&placed.iter().filter_map(manifest).collect())
}

/// The directory of the modules that a configuration names, on the node.
fn dir(layout: &Layout) -> PathBuf {
    layout.state_dir.join("selectors")
}

fn place(layout: &Layout, sha256: Digest, name: &str) -> PathBuf {
    dir(layout).join(sha256.to_string()).join(name)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_compressed_module_is_the_one_that_was_compressed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("tenant.wasm.gz"), packed(b"a module")).unwrap();
        for name in ["tenant.wasm.gz", "tenant.wasm"] {
            assert_eq!(read_key(dir.path(), name).unwrap(), b"a module", "{name}");
        }
        fs::write(dir.path().join("tenant.wasm"), "another").unwrap();
        assert_eq!(read_key(dir.path(), "tenant.wasm").unwrap(), b"another");
        let error = read_key(dir.path(), "guard.wasm").unwrap_err();
        assert!(error.to_string().contains("no key of the ConfigMap"), "{error}");
    }

    #[test]
    fn what_unpacks_to_more_than_a_module_is_refused() {
        let bomb = packed(&vec![0; usize::try_from(MAX_MODULE).unwrap() + 1]);
        assert!(bomb.len() < 1 << 20);
        assert!(unpack(&bomb).unwrap_err().to_string().contains("larger than 32 MiB"));
        assert!(unpack(b"\0asm").unwrap_err().to_string().contains("not compressed by gzip"));
        assert!(unpack(&packed(b"a module")[..20]).is_err());
    }

    #[test]
    fn only_names_of_modules_are_keys_of_the_config_map() {
        assert_eq!(of_config_map("tenant.wasm"), Some("tenant.wasm"));
        assert_eq!(of_config_map("tenant.wasm.gz"), Some("tenant.wasm"));
        for other in ["annotation", "tenant.gz", ".wasm", "/tenant.wasm", "a/b.wasm.gz"] {
            assert_eq!(of_config_map(other), None, "{other}");
        }
    }
}

//! The packages of registries that this node has, by the digests of their manifests:
//!
//! ```text
//! <state_dir>/registry/<manifest>/<digest>      content: manifests, configurations, the module
//! <state_dir>/registry/<manifest>/signatures    the digest of the signatures' manifest, if any
//! <state_dir>/registry/<manifest>/loaded        an archive brought it, and no configuration names it yet
//! ```
//!
//! They come from a registry or from an archive, and are checked before they come here. A package
//! that a configuration names is not pulled again.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use oci_client::manifest::OciImageManifest;

use super::file;
use crate::registry::package::{self, Package};
use crate::registry::signature::Key;
use genie_core::digest::Digest;

/// The file that names the signatures' manifest.
const SIGNATURES: &str = "signatures";
/// The file that keeps a package from being removed before a configuration names it.
const LOADED: &str = "loaded";

/// The packages below a state directory.
#[derive(Clone, Debug)]
pub struct Packages(PathBuf);

/// A module of a package on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The module's file, as this process reaches it.
    pub file: PathBuf,
    /// The module's digest.
    pub sha256: Digest,
}

impl Packages {
    /// The packages below a state directory, as this process reaches it.
    pub fn of(state_dir: &Path) -> Self {
        Self(state_dir.join("registry"))
    }

    /// The directory of all packages.
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// The module of a package. The result is none when it is not here as a whole, or is not signed
    /// with the key, if there is one: then it has to be pulled.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn find(&self, manifest: Digest, key: Option<&Key>) -> Result<Option<Kept>> {
        let dir = self.package(manifest);
        let Some(parsed) = read(&dir, manifest)? else { return Ok(None) };
        let Ok(module) = package::module(&parsed) else { return Ok(None) };
        let kept = Kept { file: dir.join(module.digest.to_string()), sha256: module.digest };
        if !fs::metadata(&kept.file).is_ok_and(|metadata| metadata.is_file() && metadata.len() == module.size) {
            return Ok(None);
        }
        let is_trusted = key.map_or(Ok(true), |key| is_signed(&dir, manifest, key))?;
        Ok(is_trusted.then_some(kept))
    }

    /// Puts a package here. With `loaded` it stays until a configuration has named it.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn put(&self, package: &Package, loaded: bool) -> Result<()> {
        let (place, new) = (self.package(package.manifest), self.0.join(format!(".{}.new", package.manifest)));
        remove(&new)?;
        file::make_dir(&new, 0o700)?;
        for (digest, content) in &package.blobs {
            file::place(&new.join(digest.to_string()), content, 0o600)?;
        }
        if let Some(signatures) = package.signatures {
            file::place(&new.join(SIGNATURES), signatures.to_string().as_bytes(), 0o600)?;
        }
        if loaded {
            file::place(&new.join(LOADED), b"", 0o600)?;
        }
        // One that is there is damaged, or lacks a signature.
        remove(&place)?;
        fs::rename(&new, &place).and_then(|()| file::sync_parent(&place)).with_context(|| place.display().to_string())
    }

    /// Removes a package.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn remove(&self, manifest: Digest) -> Result<()> {
        remove(&self.package(manifest))
    }

    /// Removes the packages that the configuration in force does not name, but for those that were
    /// loaded and are yet to be named.
    ///
    /// # Errors
    /// A directory cannot be read, or a file cannot be removed.
    pub fn prune(&self, named: &BTreeSet<Digest>) -> Result<()> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries.with_context(|| self.0.display().to_string())?,
        };
        for entry in entries {
            let path = entry.with_context(|| self.0.display().to_string())?.path();
            let digest = path.file_name().and_then(OsStr::to_str).and_then(Digest::parse);
            if digest.is_some_and(|digest| named.contains(&digest)) {
                file::remove(&path.join(LOADED)).with_context(|| path.display().to_string())?;
            } else if digest.is_some() && !path.join(LOADED).exists() {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn package(&self, manifest: Digest) -> PathBuf {
        self.0.join(manifest.to_string())
    }
}

/// A manifest of a package. The result is none when it is missing or damaged.
fn read(dir: &Path, digest: Digest) -> Result<Option<OciImageManifest>> {
    let manifest = file::read(&dir.join(digest.to_string()))?.filter(|manifest| Digest::of(manifest) == digest);
    Ok(manifest.and_then(|manifest| package::parse(&manifest).ok()))
}

fn is_signed(dir: &Path, manifest: Digest, key: &Key) -> Result<bool> {
    let named = file::read(&dir.join(SIGNATURES))?.and_then(|text| String::from_utf8(text).ok());
    let Some(digest) = named.as_deref().and_then(Digest::parse) else { return Ok(false) };
    let signatures = read(dir, digest)?;
    let document = |digest: Digest| file::read(&dir.join(digest.to_string()))?.context("a signed document is missing");
    Ok(key.verify(manifest, signatures.as_ref(), document).is_ok())
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", dir.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::package::Title;

    fn package(module: &[u8]) -> Package {
        Package::of(module.into(), &Title { name: "tenant", version: "1", summary: "" }, None).unwrap()
    }

    #[test]
    fn a_package_is_found_only_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (packages, package) = (Packages::of(dir.path()), package(b"a module"));
        let find = || packages.find(package.manifest, None).unwrap();
        assert_eq!(find(), None);
        packages.put(&package, false).unwrap();
        let kept = find().unwrap();
        assert_eq!((fs::read(&kept.file).unwrap(), kept.sha256), (b"a module".to_vec(), Digest::of(b"a module")));
        fs::write(&kept.file, "a mod").unwrap();
        assert_eq!(find(), None, "a part of the module");
        packages.put(&package, false).unwrap();
        assert!(find().is_some());
        fs::write(packages.package(package.manifest).join(package.manifest.to_string()), "{}").unwrap();
        assert_eq!(find(), None, "another manifest");
    }

    #[test]
    fn what_no_configuration_names_any_more_goes() {
        let dir = tempfile::tempdir().unwrap();
        let packages = Packages::of(dir.path());
        let [named, unnamed, loaded] = [&b"named"[..], b"unnamed", b"loaded"].map(package);
        packages.put(&named, false).unwrap();
        packages.put(&unnamed, false).unwrap();
        packages.put(&loaded, true).unwrap();
        let is_there = |package: &Package| packages.find(package.manifest, None).unwrap().is_some();
        packages.prune(&[named.manifest].into()).unwrap();
        assert!(is_there(&named) && !is_there(&unnamed) && is_there(&loaded));
        packages.prune(&[loaded.manifest].into()).unwrap();
        assert!(!is_there(&named) && is_there(&loaded));
        packages.prune(&BTreeSet::new()).unwrap();
        assert!(!is_there(&loaded), "once it was named it goes as any other");
    }
}

//! A package as a file: a tar archive of an OCI image layout, which other tools read and write, too.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use oci_client::manifest::{OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE};
use serde::Deserialize;
use serde_json::{Value, json};
use tar::{Archive, Builder, EntryType, Header};

use super::package::{self, Blobs, MAX_DOCUMENT, Package};
use super::reference::Reference;
use super::signature;
use genie_core::digest::Digest;
use genie_core::selector::module::MAX_MODULE;

/// What names a manifest in the index.
const NAME: &str = "org.opencontainers.image.ref.name";
/// The index of an archive.
const INDEX: &str = "index.json";
/// Where the content is.
const BLOBS: &str = "blobs/sha256/";
/// The most bytes of content that are read: a module, and documents about it.
const MOST: u64 = MAX_MODULE + 8 * MAX_DOCUMENT;
/// The most files that are read.
const FILES: usize = 64;

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Writes a package. The same package is the same bytes.
///
/// # Errors
/// It cannot be written.
pub fn write(package: &Package, reference: &Reference, to: impl Write) -> Result<()> {
    let mut archive = Builder::new(to);
    let mut add = |path: &str, content: &[u8]| {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, content)
    };
    add("oci-layout", br#"{"imageLayoutVersion": "1.0.0"}"#)?;
    let manifest = |digest: Digest, name: String| -> Result<Value> {
        let size = package.blob(digest)?.len();
        Ok(json!({"mediaType": OCI_IMAGE_MEDIA_TYPE, "digest": format!("sha256:{digest}"), "size": size,
            "annotations": {NAME: name}}))
    };
    let mut manifests = vec![manifest(package.manifest, reference.at(package.manifest).to_string())?];
    if let Some(signatures) = package.signatures {
        manifests.push(manifest(signatures, signature::tag(package.manifest))?);
    }
    let index = json!({"schemaVersion": 2, "mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE, "manifests": manifests});
    add(INDEX, &serde_json::to_vec(&index)?)?;
    for (digest, content) in &package.blobs {
        add(&format!("{BLOBS}{digest}"), content)?;
    }
    archive.into_inner()?.flush()?;
    Ok(())
}

/// Reads the package of an archive, and holds everything in it against its digest.
///
/// # Errors
/// The archive cannot be read, is too large, or does not hold one module.
pub fn read(from: impl Read) -> Result<Package> {
    let (index, blobs) = files(from)?;
    let index: Index = serde_json::from_slice(&index.context("it has no index.json: it is no OCI image layout")?)
        .context("its index.json is not as OCI writes one")?;
    let digest = |text: &str| Some(text).filter(|text| text.starts_with("sha256:")).and_then(Digest::parse);
    let listed: Vec<_> = index
        .manifests
        .iter()
        .map(|listed| Some((digest(&listed.digest)?, listed.annotations.get(NAME).map(String::as_str))))
        .collect::<Option<_>>()
        .context("its index.json has a digest that is no SHA-256")?;
    let is_signatures = |name: Option<&str>| name.is_some_and(|name| name.starts_with("sha256-"));
    let modules: Vec<_> = listed.iter().filter(|(_, name)| !is_signatures(*name)).collect();
    let [(manifest, _)] = modules[..] else { bail!("it holds {} modules, and one is taken", modules.len()) };
    let tag = signature::tag(*manifest);
    let signatures = listed.iter().find(|(_, name)| *name == Some(&tag)).map(|(digest, _)| *digest);
    let package = Package { manifest: *manifest, signatures, blobs };
    check(&package)?;
    Ok(package)
}

/// The index, and all content whose digest is its name.
fn files(from: impl Read) -> Result<(Option<Vec<u8>>, Blobs)> {
    let (mut index, mut blobs) = (None, Blobs::new());
    // What is read is what counts: sizes in headers may be wrong.
    let mut archive = Archive::new(from.take(MOST));
    for (count, entry) in archive.entries().context("it is no tar archive")?.enumerate() {
        let mut entry = entry.context("it is no tar archive, or larger than a module may be")?;
        ensure!(count < FILES, "it holds more than {FILES} files");
        if entry.header().entry_type() != EntryType::Regular {
            continue;
        }
        let path = entry.path().context("it holds a name that is none")?.into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).context("it ends too early, or is larger than a module may be")?;
        if path == Path::new(INDEX) {
            index = Some(content);
        } else if let Some(named) = path.to_str().and_then(|path| path.strip_prefix(BLOBS)) {
            let digest = Digest::of(&content);
            ensure!(Digest::parse(named) == Some(digest), "its file {named:?} has the digest {digest}");
            blobs.insert(digest, content);
        }
    }
    Ok((index, blobs))
}

/// Checks that a package is whole.
fn check(package: &Package) -> Result<()> {
    let manifest = package.parsed()?;
    let mut parts = vec![package::module(&manifest)?, package::part(&manifest.config, MAX_DOCUMENT)?];
    if let Some(signatures) = package.signatures {
        let signatures = package::parse(package.blob(signatures)?)?;
        parts.extend(signature::documents(&signatures)?.iter().map(|signed| signed.document));
    }
    for part in parts {
        let size = package.blob(part.digest)?.len() as u64;
        ensure!(size == part.size, "sha256:{} has {size} bytes, and {} by its manifest", part.digest, part.size);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::package::Title;

    fn package() -> Package {
        Package::of(b"a module".into(), &Title { name: "tenant", version: "1", summary: "" }, None).unwrap()
    }

    fn written(package: &Package) -> Vec<u8> {
        let mut archive = Vec::new();
        write(package, &"oci://registry/tenant:1".parse().unwrap(), &mut archive).unwrap();
        archive
    }

    #[test]
    fn what_is_written_is_read() {
        let package = package();
        let archive = written(&package);
        assert_eq!(archive, written(&package));
        let found = read(&archive[..]).unwrap();
        assert_eq!((found.manifest, found.blobs), (package.manifest, package.blobs));
    }

    #[test]
    fn a_damaged_archive_is_refused() {
        let whole = package();
        let archive = written(&whole);
        let refused = |archive: &[u8], why: &str| {
            let error = format!("{:#}", read(archive).expect_err(why));
            assert!(error.contains(why), "{error}");
        };
        let changed = |from: &str, to: &str| {
            let at = archive.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
            [&archive[..at], to.as_bytes(), &archive[at + from.len()..]].concat()
        };
        refused(&changed("a module", "a modulo"), "has the digest");
        refused(&Builder::new(Vec::new()).into_inner().unwrap(), "no index.json");
        refused(&archive[..1500], "no tar archive");
        refused(b"no archive", "no tar archive");
        let mut part = whole;
        part.blobs.remove(&Digest::of(b"a module"));
        refused(&written(&part), "is missing");
    }
}

//! A module as registries hold it: a manifest, which names by their digests a configuration that
//! says what the module is, and the module itself; and the signatures of the manifest, a manifest
//! of its own. The layout is that of the CNCF for WebAssembly, and two older ones are read, too.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use serde_json::{Value, json};

use genie_core::digest::Digest;
use genie_core::selector::contract::Names;
use genie_core::selector::module::MAX_MODULE;
use genie_core::text::one_line;

/// The type of the configuration that a manifest names.
pub const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The types of a module: the first is written, all are read.
pub const MODULES: [&str; 3] = [
    "application/wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
];
/// The largest manifest or configuration that is read, in bytes.
pub const MAX_DOCUMENT: u64 = 1 << 20;

/// A time that says nothing: the same module is the same package whenever it is made.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Content by its digest.
pub type Blobs = BTreeMap<Digest, Vec<u8>>;

/// A module with everything that its registry has of it.
#[derive(Clone, Debug)]
pub struct Package {
    /// The digest of the module's manifest.
    pub manifest: Digest,
    /// The digest of the signatures' manifest, if there are signatures.
    pub signatures: Option<Digest>,
    /// All content, manifests included, by its digest.
    pub blobs: Blobs,
}

/// What a manifest says about a part of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The digest of its content.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// What a module says about itself, for people who look at a registry.
pub struct Title<'a> {
    /// The module's name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// What it does, in a sentence.
    pub summary: &'a str,
}

impl Package {
    /// Makes a package of a module. `names` are those of a component; a core module has none.
    ///
    /// # Errors
    /// The module is too large.
    pub fn of(module: Vec<u8>, title: &Title<'_>, names: Option<&Names>) -> Result<Self> {
        ensure!(module.len() as u64 <= MAX_MODULE, "the module is larger than {} MiB", MAX_MODULE >> 20);
        let digest = Digest::of(&module);
        let mut config = json!({
            "created": CREATED, "architecture": "wasm", "os": "wasip2", "layerDigests": [format!("sha256:{digest}")],
        });
        if let Some(Names { imports, exports }) = names {
            config["component"] = json!({"imports": imports, "exports": exports});
        }
        let mut blobs = Blobs::new();
        let config = add(&mut blobs, serde_json::to_vec(&config)?, CONFIG);
        let layer = add(&mut blobs, module, MODULES[0]);
        let annotations = [
            ("org.opencontainers.image.title", title.name),
            ("org.opencontainers.image.version", title.version),
            ("org.opencontainers.image.description", title.summary),
        ];
        let written = annotations.into_iter().filter(|(_, value)| !value.is_empty());
        let manifest = OciImageManifest {
            schema_version: 2,
            media_type: Some(OCI_IMAGE_MEDIA_TYPE.into()),
            config,
            layers: vec![layer],
            annotations: Some(written.map(|(key, value)| (key.into(), one_line(value))).collect()),
            ..OciImageManifest::default()
        };
        let manifest = serde_json::to_vec(&manifest)?;
        let digest = Digest::of(&manifest);
        blobs.insert(digest, manifest);
        Ok(Self { manifest: digest, signatures: None, blobs })
    }

    /// The module's bytes.
    ///
    /// # Errors
    /// The package lacks its manifest or its module.
    pub fn module(&self) -> Result<&[u8]> {
        self.blob(module(&self.parsed()?)?.digest)
    }

    /// The module's manifest.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn parsed(&self) -> Result<OciImageManifest> {
        parse(self.blob(self.manifest)?)
    }

    /// The content with this digest.
    ///
    /// # Errors
    /// The package lacks it.
    pub fn blob(&self, digest: Digest) -> Result<&[u8]> {
        let blob = self.blobs.get(&digest).map(Vec::as_slice);
        blob.with_context(|| format!("the content sha256:{digest} is missing"))
    }
}

fn add(blobs: &mut Blobs, content: Vec<u8>, media_type: &str) -> OciDescriptor {
    let digest = Digest::of(&content);
    let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
    blobs.insert(digest, content);
    OciDescriptor {
        media_type: media_type.into(),
        digest: format!("sha256:{digest}"),
        size,
        ..OciDescriptor::default()
    }
}

/// Reads a manifest.
///
/// # Errors
/// It is none, or one of several modules.
pub fn parse(manifest: &[u8]) -> Result<OciImageManifest> {
    let value: Value = serde_json::from_slice(manifest).context("the manifest is not JSON")?;
    ensure!(value.get("manifests").is_none(), "it is a list of manifests: name one of them by its digest");
    serde_json::from_value(value).context("the manifest is not as OCI writes one")
}

/// What a manifest says about its module.
///
/// # Errors
/// There is no module, more than one, or one that is too large.
pub fn module(manifest: &OciImageManifest) -> Result<Part> {
    let is_module = |layer: &&OciDescriptor| MODULES.contains(&&*layer.media_type);
    let mut modules = manifest.layers.iter().filter(is_module);
    let Some(layer) = modules.next() else {
        let types: Vec<_> = manifest.layers.iter().map(|layer| &*layer.media_type).collect();
        bail!("it holds no WebAssembly module: its layers are of the types {:?}", one_line(&types.join(", ")));
    };
    ensure!(modules.next().is_none(), "it holds more than one WebAssembly module");
    part(layer, MAX_MODULE).context("its module")
}

/// What a descriptor says, if it is within the bound.
///
/// # Errors
/// The digest is no SHA-256, or the size is none or above `most`.
pub fn part(descriptor: &OciDescriptor, most: u64) -> Result<Part> {
    let digest = Some(&descriptor.digest).filter(|digest| digest.starts_with("sha256:"));
    let digest = digest.and_then(|digest| Digest::parse(digest));
    let digest =
        digest.with_context(|| format!("has the digest {:?}, which is no SHA-256", one_line(&descriptor.digest)))?;
    let size = u64::try_from(descriptor.size).ok().filter(|size| (1..=most).contains(size));
    let size = size.with_context(|| format!("has {} bytes, and 1 to {most} are taken", descriptor.size))?;
    Ok(Part { digest, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty component.
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn package() -> Package {
        let title = Title { name: "tenant", version: "1.0.0", summary: "by\nlabel" };
        Package::of(COMPONENT.into(), &title, Some(&Names::default())).unwrap()
    }

    #[test]
    fn a_package_holds_what_its_manifest_names() {
        let package = package();
        assert_eq!(package.module().unwrap(), COMPONENT);
        let manifest = package.parsed().unwrap();
        assert_eq!(module(&manifest).unwrap(), Part { digest: Digest::of(COMPONENT), size: 8 });
        let config = part(&manifest.config, MAX_DOCUMENT).unwrap();
        let config: Value = serde_json::from_slice(package.blob(config.digest).unwrap()).unwrap();
        assert_eq!(config["layerDigests"][0], json!(format!("sha256:{}", Digest::of(COMPONENT))));
        assert_eq!(config["component"], json!({"imports": [], "exports": []}));
        let annotations = manifest.annotations.unwrap();
        assert_eq!(annotations["org.opencontainers.image.description"], "by label");
    }

    #[test]
    fn the_same_module_is_the_same_package() {
        assert_eq!(package().manifest, package().manifest);
    }

    #[test]
    fn older_layouts_are_read_and_other_content_is_refused() {
        let of = |layers: &[&str], size: i64| {
            let digest = format!("sha256:{}", Digest::of(COMPONENT));
            let layer = |media_type: &&str| json!({"mediaType": media_type, "digest": digest, "size": size});
            let layers: Vec<_> = layers.iter().map(layer).collect();
            let manifest = json!({"schemaVersion": 2, "config": layers.first(), "layers": layers});
            parse(&serde_json::to_vec(&manifest).unwrap()).and_then(|manifest| module(&manifest))
        };
        for media_type in MODULES {
            assert!(of(&[media_type, "text/markdown"], 8).is_ok(), "{media_type}");
        }
        assert!(of(&["text/markdown"], 8).unwrap_err().to_string().contains("text/markdown"));
        assert!(of(&MODULES, 8).is_err());
        for size in [-1, 0, (MAX_MODULE + 1).cast_signed()] {
            assert!(format!("{:#}", of(&MODULES[..1], size).unwrap_err()).contains("bytes"), "{size}");
        }
    }
}

//! What is asked of a registry. Everything that it answers is bounded, and held against the digest
//! and the size that its reference or manifest names.

use anyhow::{Context as _, Result, anyhow, ensure};
use futures::TryStreamExt as _;
use oci_client::client::Client;
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor};
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference as Image, RegistryOperation};

use super::access::{Access, Place};
use super::package::{self, MAX_DOCUMENT, Package, Part};
use super::reference::Reference;
use super::signature;
use genie_core::digest::Digest;
use genie_core::text::one_line;

/// The types of manifests that are asked for.
const MANIFESTS: [&str; 2] = [OCI_IMAGE_MEDIA_TYPE, "application/vnd.docker.distribution.manifest.v2+json"];
/// The most bytes that are reserved before they have come.
const RESERVED: u64 = 1 << 20;

/// A repository of a registry.
pub struct Registry {
    client: Client,
    auth: RegistryAuth,
    place: Place,
}

impl Registry {
    /// Makes a client for the repository of a reference. Nothing is asked yet.
    ///
    /// # Errors
    /// The credentials or the authority cannot be used.
    pub fn new(access: &Access, reference: &Reference) -> Result<Self> {
        // A second provider would be a second library of cryptography. Only the first call installs it.
        _ = rustls::crypto::ring::default_provider().install_default();
        let place = access.place(reference);
        let auth = access.credentials(&place)?;
        let client = Client::try_from(access.client(&place)?).map_err(said)?;
        Ok(Self { client, auth, place })
    }

    /// Reads a package, with its signatures if there are any.
    ///
    /// # Errors
    /// The registry does not answer, or not with what the reference names.
    pub async fn pull(&self, reference: &Reference) -> Result<Package> {
        self.begin(&self.image(reference), RegistryOperation::Pull).await?;
        let found = self.manifest(&self.image(reference)).await?;
        let manifest = found.context("there is no such module")?;
        let digest = Digest::of(&manifest);
        if let Some(pinned) = reference.digest() {
            ensure!(digest == pinned, "{} answers with the digest sha256:{digest} for {reference}", self.place.host);
        }
        let parsed = package::parse(&manifest)?;
        let module = package::module(&parsed)?;
        let mut package = Package { manifest: digest, signatures: None, blobs: [(digest, manifest)].into() };
        for part in [package::part(&parsed.config, MAX_DOCUMENT).context("its configuration")?, module] {
            self.add(&mut package, part).await?;
        }
        self.signatures(&mut package).await?;
        Ok(package)
    }

    /// Writes a package, and names it by the tag of the reference.
    ///
    /// # Errors
    /// The registry does not take it.
    pub async fn push(&self, reference: &Reference, package: &Package) -> Result<()> {
        let image = self.image(reference);
        self.begin(&image, RegistryOperation::Push).await?;
        let manifest = package.parsed()?;
        for part in [package::part(&manifest.config, MAX_DOCUMENT)?, package::module(&manifest)?] {
            let name = format!("sha256:{}", part.digest);
            if !self.client.blob_exists(&image, &name).await.map_err(said)? {
                let content = package.blob(part.digest)?.to_vec();
                self.client.push_blob(&image, content, &name).await.map_err(said)?;
            }
        }
        let content = package.blob(package.manifest)?.to_vec();
        let media_type = OCI_IMAGE_MEDIA_TYPE.parse().context("the type of a manifest")?;
        self.client.push_manifest_raw(&image, content, media_type).await.map_err(said)?;
        Ok(())
    }

    /// The reference as the client names it, at the registry that is asked.
    fn image(&self, reference: &Reference) -> Image {
        let Place { host, repository } = self.place.clone();
        match (reference.digest(), reference.tag()) {
            (Some(digest), _) => Image::with_digest(host, repository, format!("sha256:{digest}")),
            (None, tag) => Image::with_tag(host, repository, tag.unwrap_or("latest").into()),
        }
    }

    /// Finds out how the registry wants to know who asks. The client itself would go on without
    /// credentials where this fails.
    async fn begin(&self, image: &Image, operation: RegistryOperation) -> Result<()> {
        let token = self.client.auth(image, &self.auth, operation).await.map_err(said)?;
        // The client ends the process with one that cannot be sent.
        let can_be_sent = |token: String| token.bytes().all(|byte| byte.is_ascii_graphic());
        ensure!(token.is_none_or(can_be_sent), "it gives a token that no request can hold");
        Ok(())
    }

    /// A manifest's bytes. The result is none when there is no such manifest.
    async fn manifest(&self, image: &Image) -> Result<Option<Vec<u8>>> {
        match self.client.pull_manifest_raw(image, &self.auth, &MANIFESTS).await {
            Ok((manifest, _)) => {
                ensure!(manifest.len() as u64 <= MAX_DOCUMENT, "the manifest is larger than {MAX_DOCUMENT} bytes");
                Ok(Some(manifest.into()))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(said(error)),
        }
    }

    async fn add(&self, package: &mut Package, part: Part) -> Result<()> {
        let content = self.blob(part).await.with_context(|| format!("the content sha256:{}", part.digest))?;
        package.blobs.insert(part.digest, content);
        Ok(())
    }

    async fn blob(&self, part: Part) -> Result<Vec<u8>> {
        let image = Image::with_digest(
            self.place.host.clone(),
            self.place.repository.clone(),
            format!("sha256:{}", part.digest),
        );
        // Addresses that a manifest names are not asked.
        let descriptor = OciDescriptor { digest: format!("sha256:{}", part.digest), ..OciDescriptor::default() };
        let mut stream = self.client.pull_blob_stream(&image, &descriptor).await.map_err(said)?.stream;
        let mut content = Vec::with_capacity(usize::try_from(part.size.min(RESERVED))?);
        while let Some(bytes) = stream.try_next().await.map_err(|error| anyhow!(one_line(&error.to_string())))? {
            content.extend_from_slice(&bytes);
            ensure!(content.len() as u64 <= part.size, "has more than the {} bytes that its manifest says", part.size);
        }
        // The client has compared the digest.
        ensure!(content.len() as u64 == part.size, "has {} bytes, and {} by its manifest", content.len(), part.size);
        Ok(content)
    }

    async fn signatures(&self, package: &mut Package) -> Result<()> {
        let Place { host, repository } = self.place.clone();
        let image = Image::with_tag(host, repository, signature::tag(package.manifest));
        let Some(manifest) = self.manifest(&image).await.context("its signatures")? else { return Ok(()) };
        let digest = Digest::of(&manifest);
        let parsed = package::parse(&manifest).context("its signatures")?;
        let mut parts =
            vec![package::part(&parsed.config, MAX_DOCUMENT).context("the configuration of its signatures")?];
        parts.extend(signature::documents(&parsed)?.iter().map(|signed| signed.document));
        package.blobs.insert(digest, manifest);
        package.signatures = Some(digest);
        for part in parts {
            self.add(package, part).await?;
        }
        Ok(())
    }
}

fn is_missing(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::ServerError { code, .. } => *code == 404,
        OciDistributionError::RegistryError { envelope, .. } => envelope.errors.iter().any(|error| {
            matches!(error.code, OciErrorCode::ManifestUnknown | OciErrorCode::NotFound | OciErrorCode::NameUnknown)
        }),
        _ => false,
    }
}

/// The client's error in words. Addresses are left out: of one that a registry leads on to, the
/// query may be a password.
fn said(error: OciDistributionError) -> anyhow::Error {
    let text = match error {
        OciDistributionError::RequestError(error) => return anyhow::Error::new(error.without_url()),
        OciDistributionError::UnauthorizedError { .. } => {
            "it asks for credentials, and those that are given, if any, are not enough (docker login, --auth-file)"
                .into()
        }
        OciDistributionError::AuthenticationFailure(said) => format!("it refuses the credentials: {said}"),
        OciDistributionError::RegistryError { envelope, .. } => {
            let said: Vec<_> =
                envelope.errors.iter().map(|error| format!("{:?}: {}", error.code, error.message)).collect();
            format!("it says {}", said.join("; "))
        }
        OciDistributionError::ServerError { code, message, .. } => format!("it answers {code} {message}"),
        other => other.to_string(),
    };
    anyhow!(one_line(&text))
}

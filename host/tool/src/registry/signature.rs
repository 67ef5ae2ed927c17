//! Signatures of manifests, as cosign makes them with a key: a manifest with the tag
//! `sha256-DIGEST.sig` beside the one that is signed. Each of its layers is a small document that
//! names the signed digest, and has the signature of that document as an annotation.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use oci_client::manifest::OciImageManifest;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;

use super::package::{self, Package, Part};
use genie_core::digest::Digest;

/// The annotation of a layer that holds its signature, in base64.
const ANNOTATION: &str = "dev.cosignproject.cosign/signature";
/// The type of a layer that is a signed document.
const DOCUMENT: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The most signatures of a manifest that are looked at.
const MOST: usize = 16;
/// The largest signed document, in bytes.
const LONGEST: u64 = 64 << 10;
/// What a public key on the curve P-256 begins with, as X.509 writes it; a point of 65 bytes follows.
const P256: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

/// A public key that modules have to be signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(Vec<u8>);

/// A signed document, as the signatures' manifest has it.
#[derive(Debug)]
pub struct Signed<'a> {
    /// The document.
    pub document: Part,
    signature: &'a str,
}

#[derive(Deserialize)]
struct Document {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

impl Key {
    /// Reads a key in PEM: the `cosign.pub` of `cosign generate-key-pair`.
    ///
    /// # Errors
    /// The file cannot be read, or is no key of ECDSA on P-256.
    pub fn read(file: &Path) -> Result<Self> {
        let key = SubjectPublicKeyInfoDer::from_pem_file(file).ok();
        let point = key.as_ref().and_then(|key| key.strip_prefix(P256)).filter(|point| point.len() == 65);
        let point = point.with_context(|| {
            format!("{} is no public key in PEM of ECDSA on P-256, as cosign makes them", file.display())
        })?;
        Ok(Self(point.into()))
    }

    /// Checks that one of the signatures is of this key and for this manifest. `read` reads a
    /// document.
    ///
    /// # Errors
    /// There is no such signature.
    pub fn verify(
        &self,
        manifest: Digest,
        signatures: Option<&OciImageManifest>,
        read: impl Fn(Digest) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let signatures = signatures.with_context(|| {
            format!("sha256:{manifest} is not signed, and the key asks for a signature: cosign sign --key cosign.key …")
        })?;
        let mut of_another = false;
        for signed in documents(signatures)? {
            let document = read(signed.document.digest)?;
            if !self.is_mine(&document, signed.signature) {
                continue;
            }
            // Only what the key vouches for is parsed.
            let Document { critical } = serde_json::from_slice(&document).context("the signed document")?;
            let named = Some(&critical.image.digest).filter(|digest| digest.starts_with("sha256:"));
            let is_this = named.and_then(|named| Digest::parse(named)) == Some(manifest);
            if is_this && critical.kind == "cosign container image signature" {
                return Ok(());
            }
            of_another = true;
        }
        ensure!(!of_another, "the signature of sha256:{manifest} is one of another digest: somebody moved it here");
        bail!("no signature of sha256:{manifest} is by the key")
    }

    /// Checks that a package is signed with this key.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub fn verify_package(&self, package: &Package) -> Result<()> {
        let signatures = package.signatures.map(|digest| package::parse(package.blob(digest)?)).transpose()?;
        self.verify(package.manifest, signatures.as_ref(), |digest| package.blob(digest).map(<[u8]>::to_vec))
    }

    fn is_mine(&self, document: &[u8], signature: &str) -> bool {
        let Ok(signature) = BASE64_STANDARD.decode(signature.trim()) else { return false };
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0).verify(document, &signature).is_ok()
    }
}

/// The tag of the signatures of a manifest.
pub fn tag(manifest: Digest) -> String {
    format!("sha256-{manifest}.sig")
}

/// The signed documents of a signatures' manifest.
///
/// # Errors
/// There are too many, or one is too large.
pub fn documents(signatures: &OciImageManifest) -> Result<Vec<Signed<'_>>> {
    let layers = signatures.layers.iter().filter(|layer| layer.media_type == DOCUMENT);
    let signed = layers.filter_map(|layer| Some((layer, layer.annotations.as_ref()?.get(ANNOTATION)?)));
    let signed: Vec<_> = signed
        .map(|(layer, signature)| {
            Ok(Signed { document: package::part(layer, LONGEST).context("a signed document")?, signature })
        })
        .collect::<Result<_>>()?;
    ensure!(signed.len() <= MOST, "there are {} signatures, and at most {MOST} are looked at", signed.len());
    Ok(signed)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    struct Pair(EcdsaKeyPair, Key);

    fn pair() -> Pair {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
        let key = Key(pair.public_key().as_ref().into());
        Pair(pair, key)
    }

    /// What the key says of the manifest `of` when `signer` has signed a document about `about`.
    fn verified(key: &Key, of: Digest, about: &str, signer: &Pair, change: impl Fn(&mut Vec<u8>)) -> Result<()> {
        let mut document = serde_json::to_vec(&json!({"critical": {
            "identity": {"docker-reference": "r/x"}, "image": {"docker-manifest-digest": about},
            "type": "cosign container image signature"}, "optional": null}))
        .unwrap();
        let signature = signer.0.sign(&SystemRandom::new(), &document).unwrap();
        change(&mut document);
        let layer = json!({"mediaType": DOCUMENT, "digest": format!("sha256:{}", Digest::of(&document)),
            "size": document.len(), "annotations": {ANNOTATION: BASE64_STANDARD.encode(signature.as_ref())}});
        let manifest = json!({"schemaVersion": 2, "config": layer, "layers": [layer]});
        let manifest = package::parse(&serde_json::to_vec(&manifest).unwrap()).unwrap();
        key.verify(of, Some(&manifest), |digest| {
            assert_eq!(digest, Digest::of(&document));
            Ok(document.clone())
        })
    }

    #[test]
    fn only_the_keys_own_signature_of_this_manifest_counts() {
        let (ours, other, of) = (pair(), pair(), Digest::of(b"manifest"));
        let about = format!("sha256:{of}");
        let moved = format!("sha256:{}", Digest::of(b"another"));
        assert!(verified(&ours.1, of, &about, &ours, |_| ()).is_ok());
        let refused = |result: Result<()>, why: &str| {
            let error = format!("{:#}", result.expect_err(why));
            assert!(error.contains(why), "{error}");
        };
        refused(verified(&ours.1, of, &about, &other, |_| ()), "no signature of");
        refused(verified(&ours.1, of, &about, &ours, |document| document.push(b' ')), "no signature of");
        refused(verified(&ours.1, of, &moved, &ours, |_| ()), "another digest");
        refused(verified(&ours.1, of, "sha512:00", &ours, |_| ()), "another digest");
        refused(ours.1.verify(of, None, |_| Ok(Vec::new())), "is not signed");
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key.pub");
        let pem = |der: &[u8]| {
            format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(der))
        };
        let right = [P256, &pair().1.0].concat();
        fs::write(&file, pem(&right)).unwrap();
        assert!(Key::read(&file).is_ok());
        for wrong in [
            pem(&right[..60]),
            pem(&[b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", &[0; 32][..]].concat()),
            "no".into(),
        ] {
            fs::write(&file, wrong).unwrap();
            assert!(Key::read(&file).unwrap_err().to_string().contains("P-256"));
        }
        assert!(Key::read(&dir.path().join("missing")).is_err());
    }
}

//! The names of modules in registries: `oci://REGISTRY/NAME:TAG`, `oci://REGISTRY/NAME@sha256:…`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use genie_core::digest::Digest;
use genie_core::text::one_line;

/// What the name of a module in a registry begins with.
pub const SCHEME: &str = "oci://";

/// The longest name of a repository, in bytes.
const LONGEST: usize = 255;

/// A module in a registry. A tag may mean another module tomorrow; a digest is one manifest for
/// ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// The registry's host, with its port if it has one.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The name within the registry, such as `policies/tenant`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if one is written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest, if it is written.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The digest of the manifest, which has to be written.
    ///
    /// # Errors
    /// There is a tag or nothing in its place. The message says how to find out the digest.
    pub fn pinned(&self) -> Result<Digest, String> {
        self.digest.ok_or_else(|| {
            format!(
                "{self} has no digest, and what has none may be another module tomorrow: write \
                 {SCHEME}{}/{}@sha256:…, which `genie-host inspect {self}` prints",
                self.registry, self.repository
            )
        })
    }

    /// The same module by the digest of its manifest.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// The name of the module's file: the last part of the repository's name, `tenant.wasm`.
    pub fn file_name(&self) -> String {
        let last = self.repository.rsplit('/').next().unwrap_or(&self.repository);
        format!("{}.wasm", last.strip_suffix(".wasm").unwrap_or(last))
    }
}

/// Whether a host, which may have a port, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!(
                "{:?} is no module of a registry: {why}; write {SCHEME}REGISTRY/NAME:TAG or \
                 {SCHEME}REGISTRY/NAME@sha256:DIGEST",
                one_line(written)
            )
        };
        let rest = written.strip_prefix(SCHEME).ok_or_else(|| wrong("it does not begin with oci://"))?;
        let (rest, digest) = match rest.split_once('@') {
            Some((_, digest)) if digest.contains('/') => return Err(wrong("credentials do not belong into it")),
            Some((rest, digest)) => {
                let parsed = digest.starts_with("sha256:").then(|| Digest::parse(digest)).flatten();
                (rest, Some(parsed.ok_or_else(|| wrong("its digest is not sha256: and 64 hexadecimal digits"))?))
            }
            None => (rest, None),
        };
        let (registry, name) = rest.split_once('/').ok_or_else(|| wrong("it names no repository"))?;
        let (repository, tag) = match name.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (name, None),
        };
        if !is_host(registry) {
            return Err(wrong("its registry is no host"));
        }
        if !is_repository(repository) {
            return Err(wrong(
                "the name of its repository is not of lower-case letters, digits, and . _ - between them",
            ));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("its tag is not of letters, digits, and . _ - between them"));
        }
        Ok(Self { registry: registry.into(), repository: repository.into(), tag: tag.map(Into::into), digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.map_or(Ok(()), |digest| write!(f, "@sha256:{digest}"))
    }
}

/// Whether this is a host with a port or without: a name, or an address.
pub(super) fn is_host(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    !text.is_empty() && text.bytes().all(inside) && !text.starts_with(['-', '.', ':'])
}

/// Whether this is the name of a repository, of which each part may be the name of a file.
pub(super) fn is_repository(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    let is_part = |part: &str| {
        let end = |c: char| c.is_ascii_alphanumeric();
        part.starts_with(end) && part.ends_with(end) && part.bytes().all(inside)
    };
    text.len() <= LONGEST && text.split('/').all(is_part)
}

fn is_tag(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= 128 && text.bytes().all(inside) && !text.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn a_reference_is_read_and_written_alike() {
        for written in [
            "oci://registry.example.org/policies/tenant:1.2.0".to_owned(),
            "oci://127.0.0.1:5000/tenant".to_owned(),
            "oci://[::1]:5000/tenant:latest".to_owned(),
            format!("oci://registry/a/b-c/d_e@sha256:{DIGEST}"),
            format!("oci://registry/tenant:1@sha256:{DIGEST}"),
        ] {
            assert_eq!(written.parse::<Reference>().map(|read| read.to_string()), Ok(written));
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_reason() {
        for (written, why) in [
            ("registry/tenant:1", "does not begin with oci://"),
            ("oci://tenant", "names no repository"),
            ("oci:///tenant", "no host"),
            ("oci://user:secret@registry/tenant", "credentials do not belong"),
            ("oci://registry/../tenant", "name of its repository"),
            ("oci://registry/Tenant", "name of its repository"),
            ("oci://registry/tenant:", "its tag"),
            ("oci://registry/tenant@sha512:00", "64 hexadecimal digits"),
            ("oci://registry/tenant@sha256:00", "64 hexadecimal digits"),
        ] {
            let error = written.parse::<Reference>().expect_err(written);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_tag_alone_pins_nothing() {
        let tagged: Reference = "oci://registry/policies/tenant:1".parse().unwrap();
        assert!(tagged.pinned().unwrap_err().contains("genie-host inspect oci://registry/policies/tenant:1"));
        let pinned = tagged.at(Digest::parse(DIGEST).unwrap());
        assert_eq!(pinned.to_string(), format!("oci://registry/policies/tenant@sha256:{DIGEST}"));
        assert!(pinned.pinned().is_ok());
        assert_eq!(pinned.file_name(), "tenant.wasm");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "localhost:5000", "127.0.0.1", "127.8.0.1:5000", "[::1]:5000", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["registry", "localhost.example.org", "10.0.0.1:5000", "127.0.0.1.example.org", "[fd00::1]:5000"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}

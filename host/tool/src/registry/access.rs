//! How registries are reached.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;

use super::credentials;
use super::reference::{Reference, is_host, is_loopback, is_repository};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a registry may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// How registries are reached, and with which credentials.
#[derive(Clone, Debug)]
pub struct Access {
    /// Credentials in docker's format. Without a file registries are asked without.
    pub auth_file: Option<PathBuf>,
    /// The certificates, in PEM, that vouch for registries in place of the system's.
    pub authority: Option<PathBuf>,
    /// Registries that are asked in place of others.
    pub mirrors: Vec<Mirror>,
    /// Whether registries of other machines are asked without TLS, too.
    pub plain_http: bool,
    /// How long everything together may take.
    pub time: Duration,
}

/// A registry that has what another has, under the same names or below a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The registry that references name.
    of: String,
    /// The registry that is asked, and what its repositories' names begin with.
    host: String,
    prefix: Option<String>,
}

/// A repository at the registry that is asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The registry's host.
    pub host: String,
    /// The repository's name there.
    pub repository: String,
}

impl FromStr for Mirror {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let wrong = || format!("{written:?} is no mirror: write REGISTRY=HOST, or REGISTRY=HOST/PREFIX");
        let (of, to) = written.split_once('=').ok_or_else(wrong)?;
        let (host, prefix) = match to.split_once('/') {
            Some((host, prefix)) => (host, Some(prefix.to_owned())),
            None => (to, None),
        };
        let is_right = is_host(of) && is_host(host) && prefix.as_deref().is_none_or(is_repository);
        if is_right { Ok(Self { of: of.into(), host: host.into(), prefix }) } else { Err(wrong()) }
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.of, self.host)?;
        self.prefix.as_ref().map_or(Ok(()), |prefix| write!(f, "/{prefix}"))
    }
}

impl Access {
    /// Where a reference's repository is asked for.
    pub fn place(&self, reference: &Reference) -> Place {
        let (host, repository) = (reference.registry(), reference.repository());
        match self.mirrors.iter().find(|mirror| mirror.of == host) {
            Some(Mirror { host, prefix: Some(prefix), .. }) => {
                Place { host: host.clone(), repository: format!("{prefix}/{repository}") }
            }
            Some(Mirror { host, prefix: None, .. }) => Place { host: host.clone(), repository: repository.into() },
            None => Place { host: host.into(), repository: repository.into() },
        }
    }

    /// The credentials for a repository.
    ///
    /// # Errors
    /// As [`credentials::find`].
    pub fn credentials(&self, place: &Place) -> Result<RegistryAuth> {
        let file = self.auth_file.as_ref();
        file.map_or(Ok(RegistryAuth::Anonymous), |file| credentials::find(file, &place.host, &place.repository))
    }

    /// The client's settings for a registry.
    ///
    /// # Errors
    /// The authority cannot be read.
    pub(super) fn client(&self, place: &Place) -> Result<ClientConfig> {
        let plain = self.plain_http || (is_loopback(&place.host) && self.authority.is_none());
        let mut authorities = Vec::new();
        if let Some(file) = &self.authority {
            let data = fs::read(file).with_context(|| format!("the authority {} cannot be read", file.display()))?;
            // An empty list would mean the system's certificates.
            let begins = b"-----BEGIN CERTIFICATE-----";
            let is_pem = data.windows(begins.len()).any(|window| window == begins);
            ensure!(is_pem, "the authority {} holds no certificate in PEM", file.display());
            authorities.push(Certificate { encoding: CertificateEncoding::Pem, data });
        }
        Ok(ClientConfig {
            protocol: if plain { ClientProtocol::Http } else { ClientProtocol::Https },
            // Two requests for each content: more registries can do that.
            use_monolithic_push: true,
            tls_certs_only: authorities,
            platform_resolver: None,
            connect_timeout: Some(CONNECT),
            read_timeout: Some(SILENCE),
            user_agent: concat!("genie-host/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_asked_in_place_of_its_registry() {
        let mirrors = ["docker.io=mirror.local:5000", "registry.example.org=mirror.local:5000/proxy/ghcr"];
        let mirrors = mirrors.map(|written| {
            let mirror: Mirror = written.parse().unwrap();
            assert_eq!(mirror.to_string(), written);
            mirror
        });
        let mirrors = mirrors.into();
        let access = Access { auth_file: None, authority: None, mirrors, plain_http: false, time: CONNECT };
        for (written, host, repository) in [
            ("oci://docker.io/a/b:1", "mirror.local:5000", "a/b"),
            ("oci://registry.example.org/a/b:1", "mirror.local:5000", "proxy/ghcr/a/b"),
            ("oci://quay.io/a/b:1", "quay.io", "a/b"),
        ] {
            let place = Place { host: host.into(), repository: repository.into() };
            assert_eq!(access.place(&written.parse().unwrap()), place);
        }
        for wrong in ["docker.io", "=a", "a=", "a=https://b", "a=b/", "a=b/../c"] {
            assert!(wrong.parse::<Mirror>().is_err(), "{wrong}");
        }
    }
}

//! How the commands `push`, `pull`, `inspect`, `save` reach a registry.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::registry::access::Mirror;
use crate::registry::signature::Key;
use crate::registry::{self, Access, Package, Reference, certificates};

#[derive(Args)]
pub struct RegistryArguments {
    /// Credentials for registries, in the format of docker's config.json; by default
    /// `$REGISTRY_AUTH_FILE`, else docker's own file
    #[arg(long, value_name = "FILE")]
    auth_file: Option<PathBuf>,
    /// The certificates, in PEM, that vouch for registries in place of the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// A registry that is asked in place of another, with a prefix for its repositories or without
    #[arg(long = "mirror", value_name = "REGISTRY=HOST[/PREFIX]")]
    mirrors: Vec<Mirror>,
    /// Ask without TLS. Registries of this machine are asked so unless there is a `--ca-file`
    #[arg(long)]
    plain_http: bool,
    /// How long all of it may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = registry::TIME.as_secs())]
    timeout: u64,
}

/// The key that a module has to be signed with.
#[derive(Args)]
pub struct Signed {
    /// The public key that the module has to be signed with: cosign's cosign.pub
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl RegistryArguments {
    /// How registries are reached.
    ///
    /// # Errors
    /// There are no certificates that the client could start with.
    pub fn access(&self) -> Result<Access> {
        certificates::ensure(self.ca_file.as_deref())?;
        Ok(Access {
            auth_file: self.auth_file.clone().or_else(registry::of_user),
            authority: self.ca_file.clone(),
            mirrors: self.mirrors.clone(),
            plain_http: self.plain_http,
            time: Duration::from_secs(self.timeout),
        })
    }

    /// Pulls a package, and checks its signature if a key is given.
    pub fn pull(&self, reference: &Reference, signed: &Signed) -> Result<Package> {
        let key = signed.key()?;
        let package = registry::pull(reference, &self.access()?)?;
        if let Some(key) = key {
            key.verify_package(&package)?;
        }
        Ok(package)
    }
}

impl Signed {
    /// The key, if one is given.
    pub fn key(&self) -> Result<Option<Key>> {
        self.key.as_deref().map(Key::read).transpose()
    }
}

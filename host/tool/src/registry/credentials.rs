//! Credentials for registries, from a file in docker's format, which `docker login` and Kubernetes'
//! pull secrets have.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;

/// The largest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// A file of docker's. Nothing of it is ever shown.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Login>,
    #[serde(default)]
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Login {
    #[serde(rename = "auth")]
    pair: String,
    username: String,
    password: String,
    registrytoken: String,
    identitytoken: String,
}

/// The file of credentials that docker and podman would read for this user, if it exists.
pub fn of_user() -> Option<PathBuf> {
    let named = |variable: &str| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let file = named("REGISTRY_AUTH_FILE")
        .or_else(|| named("DOCKER_CONFIG").map(|dir| dir.join("config.json")))
        .or_else(|| named("HOME").map(|home| home.join(".docker/config.json")))?;
    file.is_file().then_some(file)
}

/// The credentials of a file for a repository of a registry. A file without any for it means that
/// the registry is asked without.
///
/// # Errors
/// The file cannot be read, or holds credentials for the registry in a form that is not supported.
/// The message quotes nothing of the file.
pub fn find(file: &Path, registry: &str, repository: &str) -> Result<RegistryAuth> {
    let what = || format!("the credentials {}", file.display());
    let config = read(file).with_context(what)?;
    let place = format!("{registry}/{repository}");
    // As Kubernetes does: the most precise one counts.
    let found = config.auths.iter().filter(|(key, _)| is_for(key, &place)).max_by_key(|(key, _)| host_of(key).len());
    match found {
        Some((_, login)) => login.usable().with_context(what),
        None if config.cred_helpers.contains_key(registry) || config.creds_store.is_some() => bail!(
            "{} name a program that keeps those for {registry}, and no program is run: write them into a file \
             (docker login with an empty \"credsStore\") and name it by --auth-file",
            what()
        ),
        None => Ok(RegistryAuth::Anonymous),
    }
}

impl Login {
    fn usable(&self) -> Result<RegistryAuth> {
        if !self.registrytoken.is_empty() {
            return Ok(RegistryAuth::Bearer(self.registrytoken.clone()));
        }
        if !self.pair.is_empty() {
            let decoded = BASE64_STANDARD.decode(self.pair.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let pair = decoded.as_deref().and_then(|decoded| decoded.split_once(':'));
            let (name, password) = pair.context("an \"auth\" is not the base64 of NAME:PASSWORD")?;
            return Ok(RegistryAuth::Basic(name.into(), password.trim_end_matches('\0').into()));
        }
        ensure!(self.identitytoken.is_empty(), "an \"identitytoken\" is not supported: use a name and a password");
        // What `docker logout` or a credential helper leaves behind.
        if self.username.is_empty() {
            return Ok(RegistryAuth::Anonymous);
        }
        Ok(RegistryAuth::Basic(self.username.clone(), self.password.clone()))
    }
}

fn read(file: &Path) -> Result<Config> {
    let mut text = Vec::new();
    File::open(file).and_then(|file| file.take(LONGEST).read_to_end(&mut text)).context("cannot be read")?;
    // A message of the parser may quote a value.
    serde_json::from_slice(&text).map_err(|error| {
        anyhow::anyhow!("are not in docker's format (line {}, column {})", error.line(), error.column())
    })
}

/// Whether credentials under this key are for a repository.
fn is_for(key: &str, place: &str) -> bool {
    let rest = place.strip_prefix(host_of(key));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The key without what docker writes around the host.
fn host_of(key: &str) -> &str {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    let key = key.trim_end_matches('/');
    let key = key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key);
    if key == "index.docker.io" { "docker.io" } else { key }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn found(file: &str, registry: &str, repository: &str) -> Result<RegistryAuth> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        fs::write(&path, file).unwrap();
        find(&path, registry, repository)
    }

    fn basic(name: &str, password: &str) -> RegistryAuth {
        RegistryAuth::Basic(name.into(), password.into())
    }

    #[test]
    fn the_most_precise_credentials_count() {
        let file = r#"{"auths": {"https://r.example.org/v1/": {"auth": "YTpi"},
            "r.example.org/team": {"username": "c", "password": "d:e"}, "r.example.org.evil": {"auth": "eDp5"},
            "https://index.docker.io/v1/": {"auth": "ZjpnOmg="}, "t": {"registrytoken": "token"}}}"#;
        assert_eq!(found(file, "r.example.org", "tenant").unwrap(), basic("a", "b"));
        assert_eq!(found(file, "r.example.org", "team/tenant").unwrap(), basic("c", "d:e"));
        assert_eq!(found(file, "r.example.org", "teams/tenant").unwrap(), basic("a", "b"));
        assert_eq!(found(file, "docker.io", "x/y").unwrap(), basic("f", "g:h"));
        assert_eq!(found(file, "t", "x").unwrap(), RegistryAuth::Bearer("token".into()));
        for other in ["other", "r.example.org:5000", "r.example"] {
            assert_eq!(found(file, other, "tenant").unwrap(), RegistryAuth::Anonymous, "{other}");
        }
    }

    #[test]
    fn no_message_shows_what_the_file_holds() {
        for (file, why) in [
            (r#"{"auths": "c2VjcmV0"}"#, "docker's format (line 1"),
            (r#"{"auths": {"r": {"auth": 5}}} secret"#, "docker's format"),
            (r#"{"auths": {"r": {"auth": "c2VjcmV0"}}}"#, "base64 of NAME:PASSWORD"),
            (r#"{"auths": {"r": {"identitytoken": "secret"}}}"#, "not supported"),
            (r#"{"credsStore": "secretservice"}"#, "--auth-file"),
            (r#"{"credHelpers": {"r": "secret"}}"#, "no program is run"),
        ] {
            let error = format!("{:#}", found(file, "r", "x").expect_err(file));
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("secret") && !error.contains("c2VjcmV0"), "{error}");
        }
    }
}

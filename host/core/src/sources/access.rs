//! How a configuration says to reach the API server: with CNI-Genie's own keys, so that its file
//! works as it is.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cni::{CniError, code, get};

/// The access that a configuration describes.
///
/// | key | field |
/// | --- | --- |
/// | `kubernetes.kubeconfig` | `kubeconfig` |
/// | `kubernetes.k8s_api_root`, else `policy.k8s_api_root` | `server` |
/// | `policy.k8s_auth_token` | `token` |
/// | `policy.k8s_client_certificate` | `client_certificate` |
/// | `policy.k8s_client_key` | `client_key` |
/// | `policy.k8s_certificate_authority` | `certificate_authority` |
///
/// These keys win over the same values in the kubeconfig.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The path of a kubeconfig, whose current context counts.
    pub kubeconfig: Option<PathBuf>,
    /// The root of the server, such as `https://10.96.0.1:443`.
    pub server: Option<String>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// The path of the client's certificate, in PEM.
    pub client_certificate: Option<PathBuf>,
    /// The path of the client's key, in PEM.
    pub client_key: Option<PathBuf>,
    /// The path of the certificate of the server's authority, in PEM.
    pub certificate_authority: Option<PathBuf>,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

impl Access {
    /// Reads the access. The result is none when the configuration names no API server.
    ///
    /// # Errors
    /// A value has the wrong type, or a path is not absolute.
    pub fn from_config(config: &Map<String, Value>) -> Result<Option<Self>, CniError> {
        let kubernetes = section(config, "kubernetes")?;
        let policy = section(config, "policy")?;
        let root = match text(kubernetes, "kubernetes", "k8s_api_root")? {
            Some(root) => Some(root),
            None => text(policy, "policy", "k8s_api_root")?,
        };
        let access = Self {
            kubeconfig: path(kubernetes, "kubernetes", "kubeconfig")?,
            server: root.map(|root| without_api_path(&root).to_owned()),
            token: text(policy, "policy", "k8s_auth_token")?.map(Secret),
            client_certificate: path(policy, "policy", "k8s_client_certificate")?,
            client_key: path(policy, "policy", "k8s_client_key")?,
            certificate_authority: path(policy, "policy", "k8s_certificate_authority")?,
        };
        Ok((access.kubeconfig.is_some() || access.server.is_some()).then_some(access))
    }
}

/// The server's root without the path of the API: sites write `https://10.96.0.1:443/api/v1/`.
fn without_api_path(root: &str) -> &str {
    root.split_once("/api/").map_or(root, |(root, _)| root).trim_end_matches('/')
}

fn section<'a>(config: &'a Map<String, Value>, key: &str) -> Result<Option<&'a Map<String, Value>>, CniError> {
    match get(config, key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(section)) => Ok(Some(section)),
        Some(_) => Err(CniError::new(code::INVALID_CONFIG, format!("configuration key {key:?} is no object"))),
    }
}

/// The absolute path of a file. Some write the file's content there instead; if that were used as a
/// path, the error about the missing file would show it.
fn path(section: Option<&Map<String, Value>>, name: &str, key: &str) -> Result<Option<PathBuf>, CniError> {
    match text(section, name, key)?.map(PathBuf::from) {
        Some(path) if !path.is_absolute() => {
            let message = format!(
                "configuration key \"{name}.{key}\" is no absolute path: write where the file is, not what it holds"
            );
            Err(CniError::new(code::INVALID_CONFIG, message))
        }
        path => Ok(path),
    }
}

/// A text. Errors do not quote the value, which may be the token.
fn text(section: Option<&Map<String, Value>>, name: &str, key: &str) -> Result<Option<String>, CniError> {
    match section.and_then(|section| get(section, key)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(CniError::new(code::INVALID_CONFIG, format!("configuration key \"{name}.{key}\" is no text"))),
    }
}

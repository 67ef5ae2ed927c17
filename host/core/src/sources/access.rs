//! How a configuration says to reach the API server: with CNI-Genie's own keys,
//! so that its file works as it is.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cni::{CniError, code, get};

/// What a configuration says.
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
/// What it says itself wins over what the kubeconfig says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// A kubeconfig; its current context counts.
    pub kubeconfig: Option<PathBuf>,
    /// The root of the server, such as `https://10.96.0.1:443`.
    pub server: Option<String>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// A certificate that the client shows, in PEM.
    pub client_certificate: Option<PathBuf>,
    /// Its key, in PEM.
    pub client_key: Option<PathBuf>,
    /// The authority that the server's certificate must be of, in PEM.
    pub certificate_authority: Option<PathBuf>,
}

/// A text that nothing prints.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

impl Access {
    /// Reads it. None: the configuration names no API server.
    ///
    /// # Errors
    /// A key has a value of another kind, or a path is none.
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

/// Sites write `https://10.96.0.1:443/api/v1/`; the root ends before that.
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

/// Where a file is. Who writes there what it holds would read it again in the message that
/// there is no such file.
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

/// The value is not quoted: it may be the token.
fn text(section: Option<&Map<String, Value>>, name: &str, key: &str) -> Result<Option<String>, CniError> {
    match section.and_then(|section| get(section, key)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(CniError::new(code::INVALID_CONFIG, format!("configuration key \"{name}.{key}\" is no text"))),
    }
}

//! Credentials for the API server: do they exist, for root alone, and are they still valid? Nothing
//! of their content is ever printed.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::finding::{Finding, fail, ok, warn};
use super::site::Site;
use genie_core::sources::Access;
use genie_core::trust::{self, Distrust};

/// The time before a token's end at which to warn, in seconds. The agent renews it long before.
const SOON: u64 = 300;
/// The advice where the agent should have renewed something.
const AGENT: &str = "the agent renews it: see whether it runs on this node, and what it logs";

pub fn check(site: &Site) -> Vec<Finding> {
    let access = match Access::from_config(&site.map) {
        Ok(Some(access)) => access,
        Ok(None) => return vec![ok("the configuration names no API server: none is asked by calls")],
        // This is reported with the configuration.
        Err(_) => return Vec::new(),
    };
    let mut found = Vec::new();
    let (mut files, mut token) = (Vec::new(), access.token.map(|token| token.0));
    files.extend(access.client_key);
    let mut certificates: Vec<_> = access.client_certificate.into_iter().chain(access.certificate_authority).collect();
    if let Some(path) = &access.kubeconfig {
        match user(path) {
            Ok(user) => {
                let beside = |file: &str| path.parent().unwrap_or(Path::new("/")).join(file);
                let text = |key: &str| user[key].as_str().filter(|text| !text.is_empty());
                files.push(path.clone());
                files.extend(text("client-key").map(beside));
                certificates.extend(text("client-certificate").map(beside));
                if let (None, Some(file)) = (&token, text("tokenFile").map(beside)) {
                    token = fs::read_to_string(&file).ok();
                    files.push(file);
                }
                token = token.or_else(|| text("token").map(ToOwned::to_owned));
            }
            Err(reason) => found.push(fail(reason, AGENT.replace("renews", "writes"))),
        }
    }
    found.extend(files.iter().filter_map(for_root_alone));
    files.extend(certificates);
    found.extend(files.iter().filter_map(of_root));
    let now = genie_core::time::now();
    found.extend(token.as_deref().and_then(expiry).and_then(|expiry| lifetime(expiry, now)));
    if found.is_empty() {
        found.push(ok("there, for root alone, and not expired"));
    }
    found
}

/// The user of a kubeconfig's current context.
fn user(path: &Path) -> Result<Value, String> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("kubeconfig {shown} cannot be read: {error}"))?;
    // The parser's message could quote the file.
    let file: Value = serde_saphyr::from_str(&text).map_err(|_| format!("{shown} is no kubeconfig"))?;
    let named = |list: &str, name: &Value| {
        file[list].as_array().into_iter().flatten().find(|entry| entry["name"] == *name && name.is_string()).cloned()
    };
    let context = named("contexts", &file["current-context"]);
    let context = context.ok_or_else(|| format!("{shown} has no current context"))?;
    let user = named("users", &context["context"]["user"]);
    Ok(user.ok_or_else(|| format!("the current context of {shown} names no user of it"))?["user"].take())
}

/// Returns a finding when users other than root may use the file.
fn for_root_alone(file: impl AsRef<Path>) -> Option<Finding> {
    let file = file.as_ref();
    let shown = file.display();
    match fs::metadata(file) {
        Err(error) => Some(fail(format!("{shown} cannot be read: {error}"), AGENT.replace("renews", "writes"))),
        Ok(metadata) if metadata.mode() & 0o077 != 0 => {
            let what = format!("others than root can use {shown} (mode {:04o})", metadata.mode() & 0o7777);
            Some(warn(what, format!("chmod 600 {shown}")))
        }
        Ok(_) => None,
    }
}

/// Returns a finding when users other than root could have written the file.
fn of_root(file: impl AsRef<Path>) -> Option<Finding> {
    match trust::open_linked(file.as_ref()) {
        Err(distrust @ Distrust::Unsafe(..)) => {
            let what = format!("calls do not use it: {distrust}");
            Some(fail(what, "put that right: what root reads must be root's"))
        }
        // A file that does not exist is reported above.
        _ => None,
    }
}

/// The time when a token expires, in seconds since 1970. The result is none when the token does not
/// tell.
pub(super) fn expiry(token: &str) -> Option<u64> {
    let claims = URL_SAFE_NO_PAD.decode(token.trim().split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Value>(&claims).ok()?["exp"].as_u64()
}

/// Returns a finding when a token has expired or soon will.
fn lifetime(expiry: u64, now: u64) -> Option<Finding> {
    match expiry.checked_sub(now) {
        None => Some(fail(format!("the token expired {} min ago", (now - expiry) / 60), AGENT)),
        Some(left) if left < SOON => Some(warn(format!("the token expires in {left} s"), AGENT)),
        Some(_) => None,
    }
}

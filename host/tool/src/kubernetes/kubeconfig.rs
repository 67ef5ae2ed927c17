//! Reads a kubeconfig, as root. So the file and all files that it names must be root's, it may name
//! no program, and the server's address is parsed before it is judged.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use hyper::Uri;
use kube::config::{AuthInfo, Cluster, Kubeconfig};

use genie_core::trust::{self, Distrust};

/// The largest kubeconfig that is read, in bytes.
const LONGEST: u64 = 1 << 20;
/// The hosts that may be asked without TLS: this machine.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Reads a kubeconfig. Relative paths in it are taken from its own directory, as kubectl
/// takes them.
///
/// # Errors
/// The file does not exist, users other than root could have written it, or it is no kubeconfig.
/// The message quotes nothing of the file.
pub(super) fn read(path: &Path) -> Result<Kubeconfig, String> {
    let wrong = |why: String| format!("kubeconfig {} cannot be read: {why}", path.display());
    let file = open(path).map_err(|error| wrong(error.to_string()))?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    // The error of the parser may quote the file.
    let mut config = Kubeconfig::from_yaml(&text).map_err(|_| wrong("it is no kubeconfig".into()))?;
    let dir = path.parent().unwrap_or(Path::new("/"));
    let resolve = |file: &mut Option<String>| {
        if let Some(relative) = file.as_mut().filter(|file| Path::new(file).is_relative()) {
            *relative = dir.join(&*relative).to_string_lossy().into_owned();
        }
    };
    for cluster in config.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        resolve(&mut cluster.certificate_authority);
    }
    for user in config.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        for file in [&mut user.client_certificate, &mut user.client_key, &mut user.token_file] {
            resolve(file);
        }
    }
    Ok(config)
}

/// Opens a file that only root could have written.
fn open(path: &Path) -> Result<File, Distrust> {
    trust::open_linked(path).map(File::from)
}

/// Checks the cluster and the user of the current context. `of` names the file in messages.
///
/// # Errors
/// The kubeconfig runs a program, shows a token to a server that is not verified, uses a proxy, or
/// names a file that users other than root could have written.
pub(super) fn refuse_harmful(file: &Kubeconfig, of: &str) -> Result<(), String> {
    let current = file.current_context.as_deref().unwrap_or_default();
    let context = file.contexts.iter().find(|named| named.name == current).and_then(|named| named.context.as_ref());
    let name = context.map(|context| context.cluster.as_str()).unwrap_or_default();
    let cluster = file.clusters.iter().find(|named| named.name == name).and_then(|named| named.cluster.as_ref());
    let cluster =
        cluster.ok_or_else(|| format!("the kubeconfig{of}'s current context {current:?} names no cluster"))?;
    let user = context.and_then(|context| context.user.as_deref());
    let user = file.auth_infos.iter().find(|named| Some(named.name.as_str()) == user);
    let none = AuthInfo::default();
    let user = user.and_then(|named| named.auth_info.as_ref()).unwrap_or(&none);
    refuse_programs(user, of)?;
    refuse_unverified(cluster, of)?;
    let named = [
        ("certificate-authority", &cluster.certificate_authority, cluster.certificate_authority_data.is_some()),
        ("client-certificate", &user.client_certificate, user.client_certificate_data.is_some()),
        ("client-key", &user.client_key, user.client_key_data.is_some()),
        ("tokenFile", &user.token_file, user.token.is_some()),
    ];
    // A value in the kubeconfig itself wins over a file.
    for (key, path, _) in named.into_iter().filter(|(_, _, is_written)| !is_written) {
        if let Some(path) = path {
            open(Path::new(path)).map_err(|error| format!("{path} ({key} for the API server) is not used: {error}"))?;
        }
    }
    Ok(())
}

/// Refuses programs: they would run as root, on every node.
fn refuse_programs(user: &AuthInfo, of: &str) -> Result<(), String> {
    let keys = [("exec", user.exec.is_some()), ("auth-provider", user.auth_provider.is_some())];
    match keys.iter().find(|(_, is_there)| *is_there) {
        None => Ok(()),
        Some((key, _)) => Err(format!(
            "the kubeconfig{of} gets its credentials from a program (\"{key}\" of the current context's user): that is \
             not done, since it would run as root; use tokenFile, or client-certificate and client-key"
        )),
    }
}

/// Refuses servers that are not verified: they could keep the token. Without TLS only this machine
/// may be asked.
fn refuse_unverified(cluster: &Cluster, of: &str) -> Result<(), String> {
    let Some(server) = cluster.server.as_deref().filter(|server| !server.is_empty()) else {
        return Err("no API server is named: set kubernetes.k8s_api_root, or `server` in the kubeconfig".into());
    };
    let shown = judge(server)?;
    if cluster.insecure_skip_tls_verify == Some(true) {
        return Err(format!(
            "the kubeconfig says not to verify the certificate of {shown}: that is not done; \
             name its authority (policy.k8s_certificate_authority, or certificate-authority in the kubeconfig)"
        ));
    }
    if cluster.proxy_url.as_ref().is_some_and(|proxy| !proxy.is_empty()) {
        return Err(format!(
            "the kubeconfig{of} names a proxy (proxy-url): {shown} is asked without one; take the key out, or name a \
             server that this node reaches itself"
        ));
    }
    Ok(())
}

/// Checks the server's address, and returns it for messages. A user is left out, since a password
/// could be in it.
fn judge(server: &str) -> Result<String, String> {
    let uri: Uri = server.parse().map_err(|_| "the API server's address is no URL: write https://HOST:PORT")?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err("the API server's address names no scheme and host: write https://HOST:PORT".into());
    };
    let (scheme, host) = (scheme.to_ascii_lowercase(), authority.host().to_ascii_lowercase());
    let port = authority.port().map(|port| format!(":{port}")).unwrap_or_default();
    let shown = format!("{scheme}://{host}{port}");
    if authority.as_str().contains('@') {
        return Err(format!("the API server's address names a user (what stands before `@`): write {shown}"));
    }
    match &*scheme {
        "https" => Ok(shown),
        "http" if LOCAL.contains(&&*host) => Ok(shown),
        "http" => Err(format!("{shown} is not asked without TLS: use https")),
        _ => Err(format!("{shown} is not asked: use https")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_before_it_is_judged() {
        for good in [
            "https://10.96.0.1:443",
            "https://api.example",
            "http://localhost:8080",
            "http://127.0.0.1",
            "http://[::1]:1",
        ] {
            assert_eq!(judge(good).as_deref(), Ok(good));
        }
        for plain in [
            "http://10.96.0.1",
            "HTTP://10.96.0.1",
            "hTTp://api.example:80/x",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://127.0.0.2",
        ] {
            let error = judge(plain).unwrap_err();
            assert!(error.contains("without TLS"), "{plain}: {error}");
        }
        for user in
            ["http://localhost:s3cret@api.example", "http://127.0.0.1@api.example", "https://a:s3cret@api.example"]
        {
            let error = judge(user).unwrap_err();
            assert!(error.contains("names a user") && !error.contains("s3cret"), "{user}: {error}");
        }
        for other in [
            "",
            "api.example",
            "10.96.0.1:443",
            "//api.example",
            "/x",
            "ftp://api.example",
            "https://",
            "http:localhost",
        ] {
            assert!(judge(other).is_err(), "{other}");
        }
    }
}

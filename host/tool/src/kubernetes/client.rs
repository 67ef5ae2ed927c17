//! Makes a client from credentials. The server's certificate is always verified.

use std::time::Duration;

use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::ConfigExt as _;
use kube::client::retry::RetryPolicy;
use kube::config::{Cluster, KubeConfigOptions, Kubeconfig, NamedAuthInfo, NamedCluster};
use kube::{Client, Config};
use tower::retry::RetryLayer;
use tower::{BoxError, ServiceBuilder};

use super::kubeconfig;
use genie_core::sources::Access;

/// How long establishing a connection may take, as in other clients. To begin again sooner would
/// make an API server to which all nodes connect at once do the same work in vain, again and again.
/// Who cannot wait for an answer keeps the time himself.
const CONNECT: Duration = Duration::from_secs(30);
/// How long it may take until a request is written.
const WRITE: Duration = Duration::from_secs(5);
/// A proxy that is set and never used.
const NO_PROXY: &str = "http://localhost";

/// The client for the access that a configuration names.
///
/// # Errors
/// The credentials are wrong. Nothing has been asked of the server yet.
pub async fn connect(access: &Access) -> Result<Client, String> {
    client(config(access).await?)
}

/// The server's address, and the credentials for it.
///
/// # Errors
/// The credentials are wrong.
pub(super) async fn config(access: &Access) -> Result<Config, String> {
    let mut file = match &access.kubeconfig {
        Some(path) => kubeconfig::read(path)?,
        None => empty(),
    };
    override_with(access, &mut file);
    let of = access.kubeconfig.as_ref().map(|path| format!(" {}", path.display())).unwrap_or_default();
    kubeconfig::refuse_harmful(&file, &of)?;
    // Where no proxy is named, kube takes the environment's. Calls have no such environment, and a
    // command must ask the same way as calls do.
    for cluster in file.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        cluster.proxy_url = Some(NO_PROXY.into());
    }
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
    let config = config.map_err(|error| {
        format!(
            "the credentials for the API server{} are wrong: {error}",
            if of.is_empty() { String::new() } else { format!(" in{of}") }
        )
    });
    config.map(|mut config| {
        config.proxy_url = None;
        config
    })
}

/// The client of a pod of the cluster.
///
/// # Errors
/// This process runs in no pod, or the pod's service account is not mounted.
pub fn in_cluster() -> Result<Client, String> {
    let config = Config::incluster_env()
        .map_err(|error| format!("no service account of a pod is here (give a kubeconfig): {error}"))?;
    client(config)
}

pub(super) fn client(mut config: Config) -> Result<Client, String> {
    config.connect_timeout = Some(CONNECT);
    // The caller keeps the time of a request; a watch stays open for as long as it likes.
    config.read_timeout = None;
    config.write_timeout = Some(WRITE);
    config.accept_invalid_certs = false;
    let server = config.cluster_url.to_string();
    without_delay(config).map_err(|error| format!("no client can be made for {server}: {error}"))
}

/// A client like kube's, but everything it writes leaves at once. Kube's own keeps a connection's
/// first request back until the server has acknowledged the handshake, and servers take up to 40 ms
/// for that.
fn without_delay(config: Config) -> kube::Result<Client> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(connector)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.default_retry.then(|| RetryLayer::new(RetryPolicy::server_retry())))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector));
    Ok(Client::new(service, config.default_namespace))
}

/// The names of the context, cluster and user when there is no kubeconfig.
const NAME: &str = "genie";

fn empty() -> Kubeconfig {
    let context = kube::config::Context { cluster: NAME.into(), user: Some(NAME.into()), ..Default::default() };
    Kubeconfig {
        clusters: vec![NamedCluster { name: NAME.into(), cluster: Some(Cluster::default()), ..Default::default() }],
        auth_infos: vec![NamedAuthInfo { name: NAME.into(), ..Default::default() }],
        contexts: vec![kube::config::NamedContext { name: NAME.into(), context: Some(context), ..Default::default() }],
        current_context: Some(NAME.into()),
        ..Default::default()
    }
}

/// Puts the configuration's values over those of the file, in every cluster and user: the current
/// context names one of each.
fn override_with(access: &Access, file: &mut Kubeconfig) {
    let text = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    for cluster in file.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        if access.server.is_some() {
            cluster.server.clone_from(&access.server);
        }
        if access.certificate_authority.is_some() {
            cluster.certificate_authority = text(&access.certificate_authority);
            cluster.certificate_authority_data = None;
            // CNI-Genie's generated kubeconfig has this set. With an authority the certificate can
            // be verified.
            cluster.insecure_skip_tls_verify = None;
        }
    }
    for user in &mut file.auth_infos {
        let user = user.auth_info.get_or_insert_default();
        if let Some(token) = &access.token {
            user.token = Some(token.0.clone().into());
            user.token_file = None;
        }
        if access.client_certificate.is_some() {
            user.client_certificate = text(&access.client_certificate);
            user.client_certificate_data = None;
        }
        if access.client_key.is_some() {
            user.client_key = text(&access.client_key);
            user.client_key_data = None;
        }
    }
}

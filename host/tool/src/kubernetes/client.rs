//! Makes a client from credentials. The server's certificate is always verified.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use hyper::{Request, Response};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ConfigExt as _};
use kube::config::{Cluster, KubeConfigOptions, Kubeconfig, NamedAuthInfo, NamedCluster};
use kube::{Client, Config};
use tokio::time::{Instant, Sleep, sleep_until};
use tower::retry::{Policy, RetryLayer};
use tower::{BoxError, ServiceBuilder};

use super::kubeconfig;
use genie_core::sources::Access;

/// How long establishing a connection may take, as in other clients. To begin again sooner would
/// make an API server to which all nodes connect at once do the same work in vain, again and again.
/// Who cannot wait for an answer keeps the time himself.
const CONNECT: Duration = Duration::from_secs(30);
/// How long it may take until a request is written.
const WRITE: Duration = Duration::from_secs(5);
/// How long a request that the server refuses for now (429, 503, 504) waits before it is made again,
/// where the server does not say it: at first, and at most.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));
/// How often such a request is made again at most.
const TIMES: u32 = 15;
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
        .layer(RetryLayer::new(Patience::new()?))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector));
    Ok(Client::new(service, config.default_namespace))
}

/// kube's policy for requests that the server refuses for now. It waits as long as the server says, if
/// that is not too short after several refusals; and then up to as long again, by chance. The server
/// tells the agents of all nodes the same, and they began at the same time: without that they would
/// come again at the same time, and be refused again.
#[derive(Clone)]
struct Patience(RetryPolicy);

impl Patience {
    fn new() -> kube::Result<Self> {
        let policy = RetryPolicy::new(AGAIN.0, AGAIN.1, TIMES, true);
        policy.map(Self).map_err(|error| kube::Error::Service(error.into()))
    }
}

impl<B> Policy<Request<Body>, Response<B>, BoxError> for Patience {
    type Future = Sleep;

    fn retry(
        &mut self,
        request: &mut Request<Body>,
        answer: &mut Result<Response<B>, BoxError>,
    ) -> Option<Self::Future> {
        let until = self.0.retry(request, answer)?.deadline();
        Some(sleep_until(until + part(until.saturating_duration_since(Instant::now()))))
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        <RetryPolicy as Policy<Request<Body>, Response<B>, BoxError>>::clone_request(&mut self.0, request)
    }
}

/// A part of this time, another one each time.
fn part(of: Duration) -> Duration {
    let thousandths = u32::try_from(RandomState::new().hash_one(0) % 1000).unwrap_or_default();
    of * thousandths / 1000
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a request waits when the server has refused it, each time until it is given up.
    fn waits(answer: impl Fn() -> Response<()>) -> Vec<Duration> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        // A wait is looked at, and not waited for.
        runtime.block_on(async {
            let mut policy = Patience::new().unwrap();
            let mut next = || {
                let now = Instant::now();
                let wait = policy.retry(&mut Request::new(Body::empty()), &mut Ok(answer()))?;
                Some(wait.deadline().saturating_duration_since(now))
            };
            std::iter::from_fn(&mut next).collect()
        })
    }

    fn refused(code: u16, after: Option<&str>) -> Response<()> {
        let mut answer = Response::builder().status(code);
        if let Some(after) = after {
            answer = answer.header("Retry-After", after);
        }
        answer.body(()).unwrap()
    }

    #[test]
    fn a_request_that_is_refused_for_now_waits_as_the_server_says_and_not_as_long_as_all_others() {
        let all: Vec<_> = (0..20).map(|_| waits(|| refused(429, Some("7")))[0]).collect();
        // The server's time begins a moment after ours.
        let (least, most) = (Duration::from_secs(6), Duration::from_secs(15));
        assert!(all.iter().all(|wait| (least..most).contains(wait)), "{all:?}");
        let seconds: std::collections::BTreeSet<_> = all.iter().map(Duration::as_millis).collect();
        assert!(seconds.len() > 10, "{all:?}");
    }

    #[test]
    fn it_is_made_again_so_often_and_waits_longer_each_time_within_bounds() {
        for answer in [|| refused(429, Some("1")), || refused(429, None), || refused(503, Some("no number"))] {
            let all = waits(answer);
            assert_eq!(all.len(), usize::try_from(TIMES).unwrap());
            assert!(all.iter().all(|wait| *wait <= AGAIN.1 * 2), "{all:?}");
            assert!(all.last() > all.first(), "{all:?}");
        }
        assert!(waits(|| refused(403, None)).is_empty() && waits(|| refused(500, Some("1"))).is_empty());
    }
}

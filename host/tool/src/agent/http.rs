//! Metrics and health over HTTP.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::Context;
use super::connections::Connections;
use super::metrics::classic;

/// The format that Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The format for clients that do not ask for `OpenMetrics`.
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";
/// How many connections are served at once. Anybody on the node may open them.
const CONNECTIONS: usize = 64;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection may take as a whole: a client may be slow to read, or never read.
const LONGEST: Duration = Duration::from_secs(15);

/// Listens on the address.
///
/// # Errors
/// The address cannot be listened on.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
}

/// Serves for ever.
pub async fn serve_http(context: &Arc<Context>, listener: TcpListener) {
    let mut connections = Connections::at_most(CONNECTIONS);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let context = Arc::clone(context);
        let connection = async move {
            let service = service_fn(|request| {
                let response = answer(&context, &request);
                async { Ok::<_, Infallible>(response) }
            });
            let mut http = http1::Builder::new();
            http.keep_alive(false).timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            // A client that went away is no news.
            _ = timeout(LONGEST, http.serve_connection(TokioIo::new(stream), service)).await;
        };
        connections.add(connection).await;
    }
}

fn answer(context: &Context, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, kind, text) = match request.uri().path() {
        "/metrics" => {
            let (kind, text) = metrics(context, request);
            (StatusCode::OK, kind, text)
        }
        // An answer shows that the agent works. That the API server is away is no reason to restart
        // the agent.
        "/healthz" => (StatusCode::OK, "text/plain", "ok\n".to_owned()),
        "/readyz" => match context.problem() {
            None => (StatusCode::OK, "text/plain", "ok\n".to_owned()),
            Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{problem}\n")),
        },
        _ => (StatusCode::NOT_FOUND, "text/plain", "there are /metrics, /healthz and /readyz\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    if let Ok(kind) = kind.parse() {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}

fn metrics(context: &Context, request: &Request<Incoming>) -> (&'static str, String) {
    let text = context.metrics_text();
    let accepted = request.headers().get_all(ACCEPT).iter().filter_map(|accepted| accepted.to_str().ok());
    let asks = accepted.into_iter().any(|accepted| accepted.contains("application/openmetrics-text"));
    if asks { (OPEN_METRICS, text) } else { (CLASSIC, classic(&text)) }
}

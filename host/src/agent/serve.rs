//! The socket: what the plugin asks and tells.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::timeout;

use super::Context;
use super::protocol::{Answer, Body, MAX_LINE, OLDEST, Report, Request, Response, VERSION};
use crate::kubernetes;
use crate::object::ObjectName;

/// How many connections are served at once; more wait in the kernel.
const CONNECTIONS: usize = 64;
/// How long a plugin may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an object serves for further pods: a burst of pods asks for the same.
const FRESH: Duration = Duration::from_secs(1);

/// How long an object is waited for, whatever the plugin says: its connection is one
/// of few.
const LONGEST: Duration = Duration::from_secs(30);

/// Objects that are being read or were just now, by what was asked for. Whoever asks
/// for the same waits for the one answer; other objects wait for nobody.
type Objects = Mutex<HashMap<ObjectName, Arc<OnceCell<(Instant, Option<Value>)>>>>;

/// Serves for ever.
///
/// # Errors
/// The socket cannot be made.
pub async fn serve(context: &Arc<Context>) -> io::Result<()> {
    let listener = listen(&context.options.layout.on_host(&context.options.socket))?;
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let objects = Arc::new(Objects::default());
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return Ok(()) };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: those of others will be free again.
                tracing::warn!(%error, "a connection of the plugin was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (context, objects) = (Arc::clone(context), Arc::clone(&objects));
        tokio::spawn(async move {
            if let Err(error) = converse(&context, &objects, stream).await {
                tracing::debug!(%error, "a connection of the plugin ended early");
            }
            drop(slot);
        });
    }
}

/// A socket that an agent of before left, or still listens on, is replaced: it has
/// to go, and this one is there. It is renamed into its place when it is root's
/// alone, so that there is one at any time, and never one for others.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let beside = path.with_extension("new");
    let made = || {
        if let Some(dir) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&beside)?;
        fs::set_permissions(&beside, Permissions::from_mode(0o600))?;
        fs::rename(&beside, path)?;
        Ok(listener)
    };
    made().map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {}: {error}", path.display())))
}

async fn converse(context: &Context, objects: &Objects, stream: UnixStream) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    if peer != 0 && peer != rustix::process::geteuid().as_raw() {
        tracing::warn!(uid = peer, "who is not root is not served");
        return Ok(());
    }
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    let mut limited = (&mut stream).take(limit);
    timeout(PATIENCE, limited.read_until(b'\n', &mut line))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let Some(answer) = answer(context, objects, &line).await else { return Ok(()) };
    let mut response = serde_json::to_vec(&Response { version: VERSION, answer })?;
    response.push(b'\n');
    timeout(PATIENCE, stream.write_all(&response)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// None: nothing is to be answered.
async fn answer(context: &Context, objects: &Objects, line: &[u8]) -> Option<Answer> {
    // The version first: the rest may be shaped in a way that only it explains.
    let parsed: Result<Value, _> = serde_json::from_slice(line);
    let version = parsed.as_ref().ok().and_then(|request| request["version"].as_u64());
    if !version.is_some_and(|version| (u64::from(OLDEST)..=u64::from(VERSION)).contains(&version)) {
        return Some(Answer::Versions { oldest: OLDEST, newest: VERSION });
    }
    let request = parsed.and_then(serde_json::from_value::<Request>);
    match request.map(|request| request.body) {
        Err(error) => Some(Answer::Error(format!("not understood: {error}"))),
        Ok(Body::Pod(pod)) => Some(Answer::Pod(context.pods.get(&pod))),
        Ok(Body::Object { object: wanted, wait_ms }) => {
            let read = object(context, objects, &wanted);
            let object = timeout(LONGEST.min(Duration::from_millis(wait_ms)), read).await;
            let object = object.unwrap_or_else(|_| Err("the API server does not answer in time".into()));
            Some(object.map_or_else(Answer::Error, Answer::Object))
        }
        Ok(Body::Report(report)) => {
            take(context, &report);
            None
        }
    }
}

async fn object(context: &Context, objects: &Objects, wanted: &ObjectName) -> Result<Option<Value>, String> {
    let object = {
        let mut objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.retain(|_, object| match object.get() {
            Some((read, _)) => read.elapsed() < FRESH,
            None => Arc::strong_count(object) > 1,
        });
        Arc::clone(objects.entry(wanted.clone()).or_default())
    };
    // A failure fills nothing: who asks next, or waits already, tries again.
    let read = || async {
        let client = context.client().await?;
        let object = kubernetes::object(&client, wanted).await?;
        Ok::<_, String>((Instant::now(), object))
    };
    object.get_or_try_init(read).await.map(|(_, object)| object.clone())
}

/// Counts and logs what a call did.
fn take(context: &Context, report: &Report) {
    context.metrics.called(report);
    let pod = report.pod.as_ref().map(|pod| format!("{}/{}", pod.namespace, pod.name)).unwrap_or_default();
    let (verb, container, interface) = (&report.verb, &report.container, &report.interface);
    let networks = list(&report.networks, |network| format!("{}@{}", network.network, network.interface));
    let selectors = list(&report.selectors, |run| format!("{}={}", run.name, run.outcome));
    let parts = list(&report.parts, |(part, micros)| format!("{part}={micros}"));
    let micros = report.micros;
    match report.code {
        None => tracing::info!(verb, pod, container, interface, networks, selectors, micros, parts, "call"),
        Some(code) => {
            let error = report.message.as_deref().unwrap_or_default();
            tracing::warn!(
                verb,
                pod,
                container,
                interface,
                networks,
                selectors,
                micros,
                parts,
                code,
                error,
                "call failed"
            );
        }
    }
    context.publish.notify_one();
}

fn list<T>(of: &[T], text: impl Fn(&T) -> String) -> String {
    of.iter().map(text).collect::<Vec<_>>().join(",")
}

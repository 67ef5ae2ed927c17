//! The plugin's socket: questions and reports of calls.

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
use super::connections::Connections;
use super::definitions;
use super::pods::Known;
use super::reports::Reports;
use crate::kubernetes;
use genie_core::agent_api::protocol::{Answer, Body, MAX_LINE, OLDEST, Request, Response, VERSION};
use genie_core::object::ObjectName;
use genie_core::pod::{Identity, is_private};

/// How many connections are served at once. A node does not start so many pods at a time: the
/// oldest connection is then of a call that hangs, and that call goes on without us.
const CONNECTIONS: usize = 128;
/// How long a plugin may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an object that was read answers for further pods: a burst of pods asks for the same
/// object.
const FRESH: Duration = Duration::from_secs(1);

/// The longest wait for an object, whatever the plugin says: the number of connections is bounded.
const LONGEST: Duration = Duration::from_secs(30);

/// How many objects one question may name: as many as one call may have networks by default.
const OBJECTS: usize = 16;
/// How many pods that are too large to be kept are read at once: an answer may be a megabyte.
const LARGE_AT_ONCE: usize = 4;

/// What connections share.
struct Shared {
    objects: Objects,
    large: Semaphore,
    reports: Reports,
}

/// Objects that are being read or were read just now, by name. Calls that ask for the same object
/// wait for one answer; calls for other objects do not wait for it.
type Objects = Mutex<HashMap<ObjectName, Arc<OnceCell<(Instant, Option<Value>)>>>>;

/// Serves for ever.
///
/// # Errors
/// The socket cannot be made.
pub async fn serve_plugins(context: &Arc<Context>) -> io::Result<()> {
    let listener = listen(&context.options.layout.on_host(&context.options.socket))?;
    let large = Semaphore::new(LARGE_AT_ONCE);
    let shared = Arc::new(Shared { objects: Objects::default(), large, reports: Reports::default() });
    tokio::join!(accept(context, &shared, &listener), shared.reports.take(context));
    Ok(())
}

async fn accept(context: &Arc<Context>, shared: &Arc<Shared>, listener: &UnixListener) {
    let mut connections = Connections::at_most(CONNECTIONS);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Most likely there are no descriptors left. Connections that end free theirs.
                tracing::warn!(%error, "a connection of the plugin was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (context, shared) = (Arc::clone(context), Arc::clone(shared));
        let connection = async move {
            if let Err(error) = converse(&context, &shared, stream).await {
                tracing::debug!(%error, "a connection of the plugin ended early");
            }
        };
        connections.add(connection).await;
    }
}

/// Replaces the socket that an earlier agent left, or still listens on: the new agent is the one
/// that stays. The new socket is renamed into its place when only root may use it. So there is a
/// socket at any time, and it is never open to others.
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

async fn converse(context: &Context, shared: &Shared, stream: UnixStream) -> io::Result<()> {
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
    let answer = match understood(&line) {
        Err(answer) => *answer,
        Ok(Body::Pod(pod)) => match context.pods.get(&pod) {
            Known::Nothing => Answer::Pod(None),
            Known::Facts(facts) => Answer::Pod(Some(facts)),
            Known::Large(_) => {
                let wait_ms = u64::try_from(LONGEST.as_millis()).unwrap_or(u64::MAX);
                say(&mut stream, Answer::Later { wait_ms }).await?;
                large(context, shared, &pod).await
            }
        },
        Ok(Body::Object { object, wait_ms }) => of_cluster(context, shared, &object, wait_ms).await,
        Ok(Body::Objects { objects, wait_ms }) => {
            let objects = objects.iter().take(OBJECTS).map(|object| of_cluster(context, shared, object, wait_ms));
            Answer::Objects(futures::future::join_all(objects).await)
        }
        Ok(Body::TrafficRate { prefix }) => context.traffic.answer(&prefix, Instant::now()),
        Ok(Body::Report(report)) => {
            shared.reports.add(*report);
            return Ok(());
        }
    };
    say(&mut stream, answer).await
}

/// The answer to a question for one object of the cluster.
async fn of_cluster(context: &Context, shared: &Shared, wanted: &ObjectName, wait_ms: u64) -> Answer {
    let wait = LONGEST.min(Duration::from_millis(wait_ms));
    let read = async {
        if definitions::is_definition(wanted) {
            definitions::answer(context, wanted, wait).await
        } else {
            object(context, &shared.objects, wanted).await
        }
    };
    let object = timeout(wait, read).await;
    let object = object.unwrap_or_else(|_| Err("the API server does not answer in time".into()));
    object.map_or_else(Answer::Error, Answer::Object)
}

async fn say(stream: &mut BufReader<UnixStream>, answer: Answer) -> io::Result<()> {
    let mut response = serde_json::to_vec(&Response { version: VERSION, answer })?;
    response.push(b'\n');
    timeout(PATIENCE, stream.write_all(&response)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Returns what the line asks for, or else the answer to a line that is not understood.
fn understood(line: &[u8]) -> Result<Body, Box<Answer>> {
    // The version comes first: without it the shape of the rest is not known.
    let parsed: Result<Value, _> = serde_json::from_slice(line);
    let version = parsed.as_ref().ok().and_then(|request| request["version"].as_u64());
    if !version.is_some_and(|version| (u64::from(OLDEST)..=u64::from(VERSION)).contains(&version)) {
        return Err(Box::new(Answer::Versions { oldest: OLDEST, newest: VERSION }));
    }
    let request = parsed.and_then(serde_json::from_value::<Request>);
    request.map(|request| request.body).map_err(|error| Box::new(Answer::Error(format!("not understood: {error}"))))
}

/// The facts of a pod that is too large to be kept, read from the API server.
async fn large(context: &Context, shared: &Shared, pod: &Identity) -> Answer {
    let read = async {
        let _turn = shared.large.acquire().await.map_err(|error| error.to_string())?;
        let client = context.client().await?;
        kubernetes::pod(&client, pod).await
    };
    match timeout(LONGEST, read).await {
        Ok(Ok(mut facts)) => {
            if let Some(facts) = &mut facts {
                facts.annotations.retain(|key, _| !is_private(key));
            }
            Answer::Pod(facts)
        }
        Ok(Err(why)) => Answer::Error(why),
        Err(_) => Answer::Error("the API server does not answer in time".into()),
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
    // A failure is not stored: calls that wait already, and later ones, try again.
    let read = || async {
        let client = context.client().await?;
        let object = kubernetes::object(&client, wanted).await?;
        Ok::<_, String>((Instant::now(), object))
    };
    object.get_or_try_init(read).await.map(|(_, object)| object.clone())
}

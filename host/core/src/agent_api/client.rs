//! The plugin's side of the agent's socket. Whatever goes wrong here, the call goes on without the
//! agent, provided that another source has the answer.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

use super::protocol::{Answer, Body, CallReport, MAX_LINE, Request, Response, VERSION};

/// How long the plugin waits for what the agent knows already.
pub const AT_ONCE: Duration = Duration::from_millis(5);
/// How long the plugin waits for what the agent has to ask the API server for.
pub const LATER: Duration = Duration::from_secs(3);

/// Asks the agent. The result is none when no agent runs.
///
/// # Errors
/// An agent runs, but it does not answer, or not soon enough. The text says why.
pub fn ask(socket: &Path, question: Body, deadline: Instant) -> Result<Option<Answer>, String> {
    match send(socket, question, deadline).and_then(|asked| asked.answer(deadline)) {
        Ok(Answer::Versions { oldest, newest }) => {
            Err(format!("the agent speaks versions {oldest} to {newest}, and not {VERSION}"))
        }
        Ok(Answer::Error(reason)) => Err(format!("the agent does not tell: {reason}")),
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(format!("the agent at {} does not answer: {error}", socket.display())),
    }
}

/// A question that the agent has got.
pub struct Asked {
    stream: BufReader<UnixStream>,
    /// The end of the time for the answer's first line.
    until: Instant,
}

impl Asked {
    /// Waits for the answer.
    ///
    /// # Errors
    /// It does not arrive in time, or cannot be read.
    pub fn answer(mut self, deadline: Instant) -> io::Result<Answer> {
        let answer = next(&mut self.stream, self.until)?.answer;
        let Answer::Later { wait_ms } = answer else { return Ok(answer) };
        let wait = LATER.min(Duration::from_millis(wait_ms));
        next(&mut self.stream, deadline.min(Instant::now() + wait)).map(|response| response.answer)
    }
}

/// Tells the agent what a call did, and does not wait.
pub fn report(socket: &Path, report: CallReport) {
    let body = Body::Report(Box::new(report));
    // The kernel takes what fits into the socket's buffer; the rest of a monstrous report is not
    // worth a wait.
    let told = connect(socket).and_then(|mut stream| stream.write_all(&line(body)?));
    if let Err(error) = told.as_ref().map_err(ToString::to_string)
        && !told.as_ref().is_err_and(is_absent)
    {
        tracing::info!(error, "the agent did not take the report of this call");
    }
}

/// Asks, and returns the agent's response as it is.
///
/// # Errors
/// No answer arrives before `deadline`, or the answer cannot be read.
pub fn converse(socket: &Path, question: Body, deadline: Instant) -> io::Result<Response> {
    let mut asked = send(socket, question, deadline)?;
    next(&mut asked.stream, deadline)
}

/// Asks, and does not wait for the answer.
///
/// # Errors
/// No agent runs, or it does not take the question.
pub fn send(socket: &Path, question: Body, deadline: Instant) -> io::Result<Asked> {
    let wait = match &question {
        Body::Object { wait_ms, .. } | Body::Objects { wait_ms, .. } => Duration::from_millis(*wait_ms),
        _ => AT_ONCE,
    };
    let until = deadline.min(Instant::now() + wait);
    let mut stream = connect(socket)?;
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(left(until)?))?;
    stream.write_all(&line(question)?)?;
    Ok(Asked { stream: BufReader::new(stream), until })
}

/// Reads the next line.
fn next(stream: &mut BufReader<UnixStream>, deadline: Instant) -> io::Result<Response> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\n") {
        stream.get_ref().set_read_timeout(Some(left(deadline)?))?;
        let read = stream.fill_buf()?;
        if read.is_empty() {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "it closed the connection"));
        }
        let of_line = read.iter().position(|byte| *byte == b'\n').map_or(read.len(), |end| end + 1);
        answer.extend_from_slice(read.get(..of_line).unwrap_or_default());
        stream.consume(of_line);
        if answer.len() > MAX_LINE {
            return Err(io::Error::new(ErrorKind::InvalidData, "its answer has no end"));
        }
    }
    Ok(serde_json::from_slice(&answer)?)
}

/// Connects without waiting: when an agent hangs and as many calls stand before it as the kernel
/// allows, a connection that waits would wait for ever. Only an agent of root, or of the plugin's
/// own user, is believed.
fn connect(socket: &Path) -> io::Result<UnixStream> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let connection = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&connection, &SocketAddrUnix::new(socket)?)?;
    let stream = UnixStream::from(connection);
    let peer = socket_peercred(&stream)?;
    let ours = rustix::process::geteuid();
    if peer.uid.is_root() || peer.uid == ours {
        Ok(stream)
    } else {
        Err(io::Error::new(ErrorKind::PermissionDenied, format!("who listens on {} is not root", socket.display())))
    }
}

fn line(body: Body) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(&Request { version: VERSION, body })?;
    line.push(b'\n');
    Ok(line)
}

/// The time left until `deadline`, or an error when there is none: the kernel takes a limit of zero
/// for no limit.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

//! A selector that takes what it can get: files, sockets, the environment. It refuses the pod, and
//! its message says what it got.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, thread};

use genie_selector::{About, Refusal, Request, Selector, Verdict};

struct Grasping;

#[derive(serde::Deserialize)]
struct Settings {
    /// Instead, end the process with this status.
    exit: Option<i32>,
}

/// An attempt and its result: what was got, or the error.
type Attempt = (&'static str, fn() -> io::Result<String>);

const ATTEMPTS: [Attempt; 12] = [
    ("read a file", || fs::read_to_string("/etc/passwd")),
    ("read a file beside", || fs::read_to_string("passwd")),
    ("write a file", || fs::write("/tmp/grasped", "x").map(|()| "written".into())),
    ("list a directory", || fs::read_dir("/").map(|entries| format!("{} entries", entries.count()))),
    ("make a directory", || fs::create_dir("/tmp/grasped.d").map(|()| "made".into())),
    ("connect", || TcpStream::connect("127.0.0.1:22").map(|_| "connected".into())),
    ("listen", || TcpListener::bind("0.0.0.0:0").map(|_| "listening".into())),
    ("open a UDP socket", || UdpSocket::bind("0.0.0.0:0").map(|_| "bound".into())),
    ("look up a name", || "localhost:80".to_socket_addrs().map(|found| format!("{} addresses", found.count()))),
    ("read the environment", || some(&env::vars().map(|(name, _)| name).collect::<Vec<_>>())),
    ("read its arguments", || some(&env::args().collect::<Vec<_>>())),
    ("read its input", || {
        let mut input = Vec::new();
        io::stdin().read_to_end(&mut input)?;
        some(&input.iter().map(u8::to_string).collect::<Vec<_>>())
    }),
];

/// Getting nothing counts as an error.
fn some(got: &[String]) -> io::Result<String> {
    if got.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(got.join(",")) }
}

impl Selector for Grasping {
    type Settings = Settings;

    fn about() -> About {
        About::new("grasping", "0.1.0", "takes what it can get")
    }

    fn select(_request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        if let Some(status) = settings.exit {
            process::exit(status);
        }
        let mut got: Vec<_> =
            ATTEMPTS.iter().filter_map(|(what, attempt)| attempt().ok().map(|got| format!("{what}: {got}"))).collect();
        let before = Instant::now();
        thread::sleep(Duration::from_hours(1));
        if before.elapsed() > Duration::ZERO {
            got.push("the time".into());
        }
        if let Ok(thread) = thread::Builder::new().spawn(|| ()) {
            got.push(format!("a thread: {:?}", thread.join().is_ok()));
        }
        Err(Refusal::denied(format!("tried {} things, got [{}]", ATTEMPTS.len() + 2, got.join("; "))))
    }
}

genie_selector::export!(Grasping);

//! What a confined process may still do. Each attempt is another run of this program, because a
//! forbidden attempt ends the process.

use std::collections::HashMap;
use std::env;
use std::fs::File;
use std::hint::black_box;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio, abort, exit};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use genie_host::selector::confine::confine;
use rustix::process::{Signal, getppid, kill_process};

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Done,
    By(Signal),
}

/// The name of an attempt, how it ends, and what it does with a pipe that was opened before.
type Attempt = (&'static str, End, fn(PipeReader, PipeWriter) -> io::Result<()>);

const FORBIDDEN: End = End::By(Signal::SYS);

const ATTEMPTS: [Attempt; 15] = [
    ("calculate", End::Done, |_, _| {
        let mut seen = HashMap::new();
        let kept = Mutex::new(Vec::new());
        for number in 0..64 {
            seen.insert(number, Instant::now());
            kept.lock().map_err(|_| io::ErrorKind::Other)?.push(black_box(vec![1_u8; 1 << 20]));
        }
        writeln!(io::stdout(), "{} of {}", seen.len(), kept.lock().map_err(|_| io::ErrorKind::Other)?.len())
    }),
    ("read standard input", End::Done, |_, _| io::stdin().read_to_string(&mut String::new()).map(drop)),
    ("abort", End::By(Signal::ABORT), |_, _| abort()),
    ("open a file", FORBIDDEN, |_, _| File::open("/etc/passwd").map(drop)),
    ("make a file", FORBIDDEN, |_, _| File::create("/tmp/confined").map(drop)),
    ("list a directory", FORBIDDEN, |_, _| std::fs::read_dir("/").map(drop)),
    ("read another descriptor", FORBIDDEN, |mut reader, _| reader.read(&mut [0]).map(drop)),
    ("write to another descriptor", FORBIDDEN, |_, mut writer| writer.write_all(b"x")),
    ("open a UDP socket", FORBIDDEN, |_, _| UdpSocket::bind("127.0.0.1:0").map(drop)),
    ("open a local socket", FORBIDDEN, |_, _| UnixDatagram::unbound().map(drop)),
    ("execute a program", FORBIDDEN, |_, _| Command::new("/bin/true").spawn().map(drop)),
    ("start a thread", FORBIDDEN, |_, _| thread::Builder::new().spawn(|| ()).map(drop)),
    ("become root again", FORBIDDEN, |_, _| Ok(rustix::thread::set_thread_uid(rustix::process::Uid::ROOT)?)),
    ("trace itself", FORBIDDEN, |_, _| Ok(nix::sys::ptrace::traceme()?)),
    ("signal its parent", FORBIDDEN, |_, _| Ok(kill_process(getppid().ok_or(io::ErrorKind::NotFound)?, Signal::CONT)?)),
];

fn main() {
    let attempts = ATTEMPTS.into_iter();
    if let [_, flag, name] = &env::args().collect::<Vec<_>>()[..]
        && flag == "--attempt"
        && let Some((.., attempt)) = attempts.clone().find(|(known, ..)| known == name)
    {
        let (reader, writer) = io::pipe().expect("a pipe");
        confine(Duration::from_mins(1)).expect("it can be confined");
        // A panic would be another end: it looks for its backtrace, which is forbidden.
        exit(attempt(reader, writer).map_or(1, |()| 0));
    }
    for (name, end, _) in attempts {
        let program = env::current_exe().expect("a running program has a path");
        let mut command = Command::new(program);
        let output = command.args(["--attempt", name]).stdin(Stdio::null()).output().expect("it runs again");
        let ended = match output.status.signal().and_then(Signal::from_named_raw) {
            Some(signal) => Some(End::By(signal)),
            None => output.status.success().then_some(End::Done),
        };
        assert_eq!(ended, Some(end), "{name}: {output:?}");
        println!("{name}: {end:?}");
    }
}

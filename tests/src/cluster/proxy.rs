//! A TCP proxy. In front of the API server it can delay answers. It also lets programs outside of
//! the sandbox reach what is inside.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// What a proxy does with connections.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// The address that connections are led to.
    pub target: SocketAddr,
    /// The network namespace of the target, if it is not our own.
    pub namespace: Option<PathBuf>,
    /// A file with the delay of every piece of an answer, in milliseconds. Without the file there
    /// is no delay.
    pub delay: Option<PathBuf>,
}

impl Proxy {
    /// Serves a listener for ever.
    pub fn serve(&self, listener: &TcpListener) -> Result<()> {
        loop {
            let (client, _) = listener.accept().context("waiting for connections")?;
            let proxy = self.clone();
            // When the target cannot be reached, the client sees its connection end.
            thread::spawn(move || proxy.connect(client));
        }
    }

    fn connect(&self, client: TcpStream) -> Result<()> {
        if let Some(namespace) = &self.namespace {
            let namespace = File::open(namespace)?;
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        }
        let server = TcpStream::connect(self.target)?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
        }
        let (requests, answers) = ((client.try_clone()?, server.try_clone()?), (server, client));
        let there = thread::spawn(move || copy(requests.0, requests.1, None));
        copy(answers.0, answers.1, self.delay.as_deref())?;
        there.join().ok();
        Ok(())
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, delay: Option<&Path>) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        // An error ends the connection in the same way as its end.
        let read = from.read(&mut buffer).unwrap_or(0);
        if let Some(delay) = delay.and_then(|file| fs::read_to_string(file).ok()) {
            thread::sleep(Duration::from_millis(delay.trim().parse().unwrap_or(0)));
        }
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            _ = from.shutdown(Shutdown::Read);
            return to.shutdown(Shutdown::Write);
        }
    }
}

//! A TCP proxy: it stands before the API server, so that answers can be made late, and it lets
//! who is outside of the sandbox reach what is inside.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// What a proxy does.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Where connections lead to.
    pub target: SocketAddr,
    /// The network namespace that the target is in, if not in ours.
    pub namespace: Option<PathBuf>,
    /// A file with the milliseconds by which every piece of an answer is late. No file: none.
    pub delay: Option<PathBuf>,
}

impl Proxy {
    /// Serves a listener for ever.
    pub fn serve(&self, listener: &TcpListener) -> Result<()> {
        loop {
            let (client, _) = listener.accept().context("waiting for connections")?;
            let proxy = self.clone();
            // Whoever finds no target sees the connection end: there is nobody to tell.
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
        // An error ends the connection as an end does.
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

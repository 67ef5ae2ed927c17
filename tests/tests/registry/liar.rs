//! A registry that has one module, and does not tell the truth about it.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::json;

use genie_core::digest::Digest;

/// What the registry lies about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    None,
    /// It answers with another manifest than the one that is asked for.
    Manifest,
    /// A manifest that never ends.
    EndlessManifest,
    /// Other bytes than the digest says, as many as there should be.
    Content,
    /// Fewer bytes than the manifest says.
    Short,
    /// A manifest that says one byte more than there are.
    Size,
    /// More bytes than the manifest says.
    Long,
    /// Bytes without end.
    Endless,
    /// The manifest says that the module is larger than any may be.
    Huge,
    /// It takes the request and says nothing.
    Silent,
    /// It leads on to itself, again and again.
    Redirect,
    /// A token that is none, for which a client has to ask it.
    Token,
}

/// A registry with the module `tenant`. It is there until the test's process ends.
pub struct Liar {
    port: u16,
    manifest: Digest,
}

struct Content {
    lie: Lie,
    port: u16,
    module: Vec<u8>,
    manifest: Vec<u8>,
}

impl Liar {
    /// Starts the registry.
    ///
    /// # Panics
    /// When no port is free.
    pub fn new(module: &[u8], lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let size = match lie {
            Lie::Huge => 33 << 20,
            Lie::Size => module.len() + 1,
            _ => module.len(),
        };
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.wasm.config.v0+json", "digest": name(b"{}"), "size": 2},
            "layers": [{"mediaType": "application/wasm", "digest": name(module), "size": size}],
        });
        let manifest = manifest.to_string().into_bytes();
        let content = Content { lie, port, module: module.into(), manifest };
        let liar = Self { port, manifest: Digest::of(&content.manifest) };
        let content = Arc::new(content);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let content = Arc::clone(&content);
                // A client that has seen enough closes the connection.
                thread::spawn(move || _ = content.serve(stream));
            }
        });
        liar
    }

    /// The module's reference by the digest of its true manifest.
    pub fn reference(&self) -> String {
        format!("oci://127.0.0.1:{}/tenant@sha256:{}", self.port, self.manifest)
    }
}

fn name(content: &[u8]) -> String {
    format!("sha256:{}", Digest::of(content))
}

impl Content {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        loop {
            let mut first = String::new();
            if reader.read_line(&mut first)? == 0 {
                return Ok(());
            }
            let mut line = String::new();
            while reader.read_line(&mut line)? > 2 {
                line.clear();
            }
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            self.answer(&path, &mut reader, &mut stream)?;
        }
    }

    fn answer(&self, path: &str, rest: &mut impl Read, stream: &mut TcpStream) -> std::io::Result<()> {
        let module = path.ends_with(&name(&self.module));
        match (self.lie, path) {
            (Lie::Silent, _) => {
                // Until the client has gone.
                rest.read_to_end(&mut Vec::new())?;
                Err(std::io::ErrorKind::UnexpectedEof.into())
            }
            (Lie::Token, "/v2/") => head(stream, "401 Unauthorized", 0, &self.challenge()),
            (Lie::Token, path) if path.starts_with("/token") => body(stream, "200 OK", br#"{"token": "a\nb"}"#),
            (_, "/v2/") => body(stream, "200 OK", b"{}"),
            (Lie::Redirect, path) => head(stream, "307 Temporary Redirect", 0, &format!("location: {path}\r\n")),
            (Lie::EndlessManifest, path) if path.contains("/manifests/sha256:") => endless(stream),
            (Lie::Manifest, path) if path.contains("/manifests/sha256:") => {
                body(stream, "200 OK", &[&self.manifest[..], b" "].concat())
            }
            (_, path) if path.contains("/manifests/sha256:") => body(stream, "200 OK", &self.manifest),
            (Lie::Endless, _) if module => endless(stream),
            (Lie::Content, _) if module => body(stream, "200 OK", &vec![b'x'; self.module.len()]),
            (Lie::Short, _) if module => body(stream, "200 OK", self.module.get(1..).unwrap_or_default()),
            (Lie::Long, _) if module => body(stream, "200 OK", &[&self.module[..], b"more"].concat()),
            _ if module => body(stream, "200 OK", &self.module),
            (_, path) if path.ends_with(&name(b"{}")) => body(stream, "200 OK", b"{}"),
            _ => body(stream, "404 Not Found", br#"{"errors": [{"code": "MANIFEST_UNKNOWN"}]}"#),
        }
    }

    fn challenge(&self) -> String {
        format!("www-authenticate: Bearer realm=\"http://127.0.0.1:{}/token\"\r\n", self.port)
    }
}

fn head(stream: &mut impl Write, status: &str, length: usize, more: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{more}\r\n")
}

fn body(stream: &mut impl Write, status: &str, content: &[u8]) -> std::io::Result<()> {
    head(stream, status, content.len(), "")?;
    stream.write_all(content)
}

fn endless(stream: &mut impl Write) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
    let chunk = [b' '; 16 << 10];
    loop {
        stream.write_all(&chunk)?;
    }
}

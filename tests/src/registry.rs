//! A real registry on loopback.
#![allow(clippy::missing_panics_doc, reason = "all of it panics when the machine does not play along")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::installing::Killed;
use crate::programs;

/// The only user of a registry that asks who comes, and the hash of its password in bcrypt.
pub const USER: &str = "publisher";
/// The user's password.
pub const PASSWORD: &str = "a-trial";
const HASH: &str = "$2b$04$PDBBFpQekNTNfkhXBsz0QOWpiCLYgu6Rbl59os1ZSruF4RWuJ4LS2";

/// A running registry. It ends when this is dropped.
pub struct Registry {
    _process: Killed,
    dir: TempDir,
    port: u16,
}

impl Registry {
    /// A registry that everybody may read and write, without TLS.
    pub fn open() -> Self {
        Self::start(|_| json!({}))
    }

    /// As [`Self::open`], on the loopback of another network namespace.
    pub fn open_in(network: &Path) -> Self {
        Self::start_by(entering(network), |_| json!({}))
    }

    /// Serves the same content at the same address of one more network namespace, until what is
    /// returned is dropped.
    pub fn also_in(&self, network: &Path) -> Killed {
        let config = self.dir.path().join("config.yml");
        let text = fs::read_to_string(&config).unwrap();
        let here = self.dir.path().join(format!("{}.yml", fs::metadata(network).unwrap().ino()));
        fs::write(&here, text.replace("127.0.0.1:0", &self.host())).unwrap();
        serve(entering(network), &here).0
    }

    /// A registry that wants [`USER`] and [`PASSWORD`], without TLS.
    pub fn closed() -> Self {
        Self::start(|dir| {
            fs::write(dir.join("htpasswd"), format!("{USER}:{HASH}\n")).unwrap();
            json!({"auth": {"htpasswd": {"realm": "a trial", "path": dir.join("htpasswd")}}})
        })
    }

    /// A registry with TLS, whose certificate is by an authority of its own ([`Self::authority`]).
    pub fn with_tls() -> Self {
        Self::start(|dir| {
            let openssl = |arguments: &[&str]| {
                let made = Command::new("openssl").args(arguments).current_dir(dir).output().unwrap();
                assert!(made.status.success(), "{made:?}");
            };
            let new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
            let authority = ["req", "-x509", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt"];
            openssl(&[&authority[..], &new].concat());
            let server = ["req", "-x509", "-CA", "ca.crt", "-CAkey", "ca.key", "-subj", "/CN=registry"];
            let files = ["-keyout", "server.key", "-out", "server.crt"];
            let names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"];
            openssl(&[&server[..], &new, &files, &names].concat());
            json!({"http": {"tls": {"certificate": dir.join("server.crt"), "key": dir.join("server.key")}}})
        })
    }

    fn start(settings: impl Fn(&Path) -> Value) -> Self {
        Self::start_by(Command::new(programs::tool("registry")), settings)
    }

    fn start_by(command: Command, settings: impl Fn(&Path) -> Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = json!({"version": 0.1, "storage": {"filesystem": {"rootdirectory": dir.path().join("data")}}});
        let more = settings(dir.path());
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config["http"]["addr"] = "127.0.0.1:0".into();
        config["http"]["secret"] = "a trial".into();
        // JSON is YAML.
        fs::write(dir.path().join("config.yml"), config.to_string()).unwrap();
        let (process, port) = serve(command, &dir.path().join("config.yml"));
        Self { _process: process, dir, port }
    }

    /// The registry's host, as references name it.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A reference to a repository, with the tag or digest that follows.
    pub fn reference(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.host())
    }

    /// Puts content into a repository. It may be read by everybody.
    pub fn put_blob(&self, repository: &str, content: &[u8], digest: &str) {
        let (status, head) = self.send("POST", &format!("/v2/{repository}/blobs/uploads/"), "", b"");
        assert_eq!(status, 202, "{head}");
        let location = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location").then_some(value)
        });
        let location =
            location.and_then(|location| location.split_once(&self.host())).expect("a location").1.to_owned();
        let (status, head) =
            self.send("PUT", &format!("{location}&digest={digest}"), "application/octet-stream", content);
        assert_eq!(status, 201, "{head}");
    }

    /// Puts a manifest into a repository, under a tag.
    pub fn put_manifest(&self, repository: &str, tag: &str, manifest: &[u8]) {
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let (status, head) = self.send("PUT", &format!("/v2/{repository}/manifests/{tag}"), media_type, manifest);
        assert_eq!(status, 201, "{head}");
    }

    fn send(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: {media_type}\r\n\
             content-length: {}\r\n\r\n",
            self.host(),
            body.len()
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap(), answer)
    }

    /// The authority of its certificate.
    pub fn authority(&self) -> PathBuf {
        self.dir.path().join("ca.crt")
    }

    /// A file of credentials in docker's format, with this password.
    pub fn credentials(&self, password: &str) -> PathBuf {
        let file = self.dir.path().join(format!("{password}.json"));
        let auths = json!({"auths": {self.host(): {"username": USER, "password": password}}});
        fs::write(&file, auths.to_string()).unwrap();
        file
    }
}

/// The registry's program, started in another network namespace.
fn entering(network: &Path) -> Command {
    let mut entered = Command::new("nsenter");
    entered.arg(format!("--net={}", network.display())).arg("--").arg(programs::tool("registry"));
    entered
}

/// Starts a registry, and waits until it listens. Returns its port, too.
fn serve(mut command: Command, config: &Path) -> (Killed, u16) {
    let mut process = command
        .arg("serve")
        .arg(config)
        .env("OTEL_TRACES_EXPORTER", "none")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap());
    let process = Killed(process);
    let mut line = String::new();
    let port = loop {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the registry does not start");
        let port = line.split_once("listening on 127.0.0.1:").map(|(_, rest)| rest);
        if let Some(port) = port.and_then(|rest| rest.split(['"', ',']).next()) {
            break port.parse().unwrap();
        }
    };
    // A pipe that nobody reads would stop it.
    thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    (process, port)
}

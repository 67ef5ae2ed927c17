//! An API server that answers what a test says, one after the other; a real one cannot be told to break
//! off or to refuse.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::kubernetes;
use genie_core::sources::Access;

/// What the server answers.
pub enum Says {
    /// A document.
    Document(Value),
    /// Lines of a watch that then ends.
    Lines(Vec<Value>),
    /// A watch that says nothing and does not end.
    Hangs,
    /// It has too many requests.
    TooMany,
}

/// A server that answers these, one after the other. Returns its port, and what it is asked for.
pub fn serve(all: Vec<Says>) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, asks) = channel();
    // The thread ends with the test's process.
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for says in all {
            let (mut stream, _) = listener.accept().unwrap();
            asked.send(request(&stream)).unwrap();
            let status =
                if matches!(says, Says::TooMany) { "429 Too Many Requests\r\nretry-after: 0" } else { "200 OK" };
            let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n");
            let body = match &says {
                Says::Document(document) => document.to_string(),
                Says::Lines(lines) => lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect(),
                Says::Hangs | Says::TooMany => String::new(),
            };
            write!(stream, "{head}{body}").unwrap();
            if matches!(says, Says::Hangs) {
                open.push(stream);
            }
        }
        std::thread::park();
    });
    (port, asks)
}

/// The address that is asked for.
fn request(stream: &TcpStream) -> String {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().unwrap().unwrap();
    lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
    request.split(' ').nth(1).unwrap().to_owned()
}

/// The agent's own client of that server.
pub fn client(port: u16, dir: &Path) -> impl Future<Output = kube::Client> {
    let kubeconfig = dir.join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
        "users": [{"name": "test", "user": {}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    });
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    async { kubernetes::connect(&Access { kubeconfig: Some(kubeconfig), ..Access::default() }).await.unwrap() }
}

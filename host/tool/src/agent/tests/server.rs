//! An API server that answers slowly when a test wants it; a real one cannot be told to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::json;

/// Has a node of every name. The answer for the name `slow` waits until the test allows it.
pub struct Server {
    port: u16,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    asked: Vec<String>,
    may_answer: bool,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<(Mutex<State>, Condvar)>::default();
        let shared = Arc::clone(&state);
        // The thread ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, state) = (stream.unwrap(), Arc::clone(&shared));
                std::thread::spawn(move || serve(&stream, &state));
            }
        });
        Self { port, state }
    }

    pub fn kubeconfig(&self) -> String {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": format!("http://127.0.0.1:{}", self.port)}}],
            "users": [{"name": "test", "user": {}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        })
        .to_string()
    }

    pub fn asked(&self, name: &str) -> usize {
        self.state.0.lock().unwrap().asked.iter().filter(|asked| *asked == name).count()
    }

    pub fn answer_the_slow(&self) {
        self.state.0.lock().unwrap().may_answer = true;
        self.state.1.notify_all();
    }
}

fn serve(mut stream: &TcpStream, (state, changed): &(Mutex<State>, Condvar)) {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().unwrap().unwrap();
    let name = request.split(' ').nth(1).and_then(|path| path.rsplit('/').next()).unwrap().to_owned();
    // A request without a body ends with an empty line.
    lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
    state.lock().unwrap().asked.push(name.clone());
    if name == "slow" {
        drop(changed.wait_while(state.lock().unwrap(), |state| !state.may_answer).unwrap());
    }
    let body = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}).to_string();
    let length = body.len();
    let kind = "content-type: application/json";
    write!(stream, "HTTP/1.1 200 OK\r\n{kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
}

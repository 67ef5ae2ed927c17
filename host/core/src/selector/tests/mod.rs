//! What configurations and answers mean. Tests that run guests are in `genie-host`, which has a
//! compiler (`host/tool/src/selector/tests`).

mod granted;
mod values;

use super::abi::{PodName, Request};

/// A request as the chain gets it.
fn request() -> Request {
    Request {
        pod: PodName { namespace: "default".into(), name: "web".into(), uid: None },
        annotations: vec![("cni".into(), "net0".into())],
        container: "c0ffee".into(),
        interface: "eth0".into(),
        node: "node-1".into(),
        networks: Vec::new(),
        decided: None,
        attributes: Vec::new(),
    }
}

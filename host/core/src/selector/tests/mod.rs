//! What configurations and answers mean. Tests that run guests are in `genie-host`, which has a
//! compiler (`host/tool/src/selector/tests`).

mod granted;
mod values;

use super::abi::Request;

/// A request as the chain gets it.
fn request() -> Request {
    Request { container: "c0ffee".into(), node: "node-1".into(), ..Request::of_pod("default", &[("cni", "net0")]) }
}

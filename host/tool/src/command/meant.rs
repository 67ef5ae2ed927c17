//! Networks as selectors get them, for commands that ask which network a word means.

use genie_selector::{Network, PodName, Request};

/// The request of nobody on a node with these networks.
pub fn request(networks: Vec<Network>, attributes: Vec<(String, String)>) -> Request {
    Request {
        pod: PodName { namespace: String::new(), name: String::new(), uid: None },
        annotations: Vec::new(),
        container: String::new(),
        interface: String::new(),
        node: String::new(),
        networks,
        decided: None,
        attributes,
    }
}

//! What each plugin of an attachment would be called with.

use serde_json::{Map, Value, json};

use crate::trial::Attached;
use genie_core::cni::{Verb, without_secrets};
use genie_core::delegate::HOST_CALL;

/// The environment and the standard input of each plugin on ADD. `CNI_CONTAINERID`, `CNI_NETNS` and
/// `CNI_PATH` are the runtime's. All plugins but the first get the result of the one before, too,
/// as `prevResult`.
pub fn delegates(attached: &Attached) -> Value {
    let prepared = &attached.prepared;
    let call = |(index, kind): (usize, &str)| {
        let config = prepared.list.plugin_config(index, &prepared.runtime_config, None, Verb::Add);
        json!({
            "plugin": kind,
            "env": {
                "CNI_COMMAND": "ADD", "CNI_IFNAME": prepared.interface, "CNI_ARGS": prepared.cni_args, HOST_CALL: "1",
            },
            "stdin": config,
        })
    };
    prepared.list.types().into_iter().enumerate().map(call).collect()
}

/// The same in lines.
pub fn lines(attached: &Attached) -> Vec<String> {
    let mut lines = Vec::new();
    for call in delegates(attached).as_array().into_iter().flatten() {
        let none = Map::new();
        let env = call["env"].as_object().unwrap_or(&none);
        let env: Vec<_> =
            env.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
        lines.push(format!("{} {}", env.join(" "), call["plugin"].as_str().unwrap_or_default()));
        let stdin = format!("{:#}", without_secrets(&call["stdin"]));
        lines.extend(stdin.lines().map(ToOwned::to_owned));
    }
    lines
}

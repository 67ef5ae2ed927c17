//! genie as it stands where Multus stood.

use serde_json::{Value, json};

use super::case::STATUS;
use super::runs::CONTAINER;
use super::{Contender, Turn};
use crate::call::ANNOTATIONS;
use crate::{Answer, Verb};

/// The built plugin, with the runtime that hands over annotations.
pub struct Genie;

impl Contender for Genie {
    fn call(&self, turn: &Turn<'_>, verb: &str) -> Answer {
        let verb = match verb {
            "ADD" => Verb::Add,
            "DEL" => Verb::Del,
            _ => Verb::Check,
        };
        let world = turn.world;
        let kubeconfig = if turn.api { world.server.kubeconfig() } else { world.dead_kubeconfig() };
        let mut call = turn
            .node
            .call(verb)
            .container(CONTAINER)
            .args(&turn.args())
            .netns(world.netns.path())
            .key("cache_dir", json!(world.directory("cache")))
            .key("kubernetes", json!({"kubeconfig": kubeconfig}))
            .key("selectors", chain(turn))
            .runtime_config(ANNOTATIONS, Value::Object(turn.case.annotations()));
        for (capability, value) in turn.case.members("runtimeConfig") {
            call = call.runtime_config(&capability, value);
        }
        call.run()
    }

    fn status(&self, turn: &Turn<'_>) -> Option<String> {
        let record = turn.node.record(CONTAINER, "eth0");
        let done = record.iter().find_map(|line| line.get("done"))?;
        done["annotations"][STATUS].as_str().map(ToOwned::to_owned)
    }
}

/// What `genie-host import multus` writes for the configuration that Multus has.
fn chain(turn: &Turn<'_>) -> Value {
    let mut grant = if turn.case.is_isolated() {
        // What Multus excepts from isolation unless it is told otherwise.
        json!([{"definitions": "own"}, {"definitions": ["default"]}])
    } else {
        json!([{"definitions": ["*"]}])
    };
    let capabilities = json!(["portMappings", "bandwidth", "infinibandGUID"]);
    let says = [
        json!("addresses"),
        json!("default-route"),
        json!({"patch": ["args.cni"]}),
        json!({"capabilities": capabilities}),
    ];
    if let Some(grant) = grant.as_array_mut() {
        grant.extend(says);
    }
    json!([
        {"module": "default-plugin", "settings": {"networks": ["defnet"]}},
        {
            "module": "network-attachment", "run": "always", "grant": grant,
            "settings": {"namespace": format!("{}-system", turn.case.namespace())},
        },
    ])
}

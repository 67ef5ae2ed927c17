//! Generators of CNI's documents.

use serde_json::{Value, json};

use crate::choices::{Choices, VERSIONS, number};

/// What a plugin prints after a successful ADD, in any version.
pub fn result(choices: &mut Choices<'_>) -> Value {
    let mut result = match choices.below(4) {
        0 => choices.object(&[("ip4", family), ("ip6", family), ("dns", dns)]),
        1 => good_result(choices),
        _ => choices.object(&[("interfaces", interfaces), ("ips", ips), ("routes", routes), ("dns", dns)]),
    };
    if choices.below(4) > 0
        && let Some(object) = result.as_object_mut()
    {
        object.insert("cniVersion".into(), choices.word(&VERSIONS).into());
    }
    result
}

/// As [`result`], in a version since 0.3.0, and with nothing wrong.
pub fn good_result(choices: &mut Choices<'_>) -> Value {
    let count = choices.below(4);
    let interfaces: Vec<_> = (0..count)
        .map(|index| {
            let sandbox = if choices.below(2) == 0 { "/run/netns/a" } else { "" };
            json!({"name": format!("eth{index}"), "sandbox": sandbox, "mtu": choices.below(3)})
        })
        .collect();
    let ips = choices.list(4, |choices| {
        let host = choices.below(250);
        let (version, address) = match choices.below(2) {
            0 => ("4", format!("10.0.0.{host}/24")),
            _ => ("6", format!("fd00::{host:x}/64")),
        };
        let interface = if count == 0 { None } else { Some(choices.below(count)) };
        json!({"version": version, "address": address, "interface": interface})
    });
    let routes = choices.list(2, |choices| json!({"dst": choices.word(&["0.0.0.0/0", "::/0", "10.9.0.0/16"])}));
    let version = choices.word(&["1.1.0", "1.0.0"]);
    json!({"cniVersion": version, "interfaces": interfaces, "ips": ips, "routes": routes, "dns": dns(choices)})
}

fn family(choices: &mut Choices<'_>) -> Value {
    choices.object(&[("ip", network), ("gateway", address), ("routes", routes)])
}

fn interfaces(choices: &mut Choices<'_>) -> Value {
    choices.list(3, |choices| {
        choices.object(&[
            ("name", name),
            ("mac", name),
            ("mtu", number),
            ("sandbox", name),
            ("socketPath", name),
            ("pciID", name),
        ])
    })
}

fn ips(choices: &mut Choices<'_>) -> Value {
    choices.list(4, |choices| {
        choices.object(&[("address", network), ("interface", index), ("version", family_name), ("gateway", address)])
    })
}

fn routes(choices: &mut Choices<'_>) -> Value {
    choices.list(3, |choices| {
        choices.object(&[
            ("dst", network),
            ("gw", address),
            ("mtu", number),
            ("advmss", number),
            ("priority", number),
            ("table", number),
            ("scope", number),
        ])
    })
}

fn dns(choices: &mut Choices<'_>) -> Value {
    if choices.below(2) == 0 {
        return json!({});
    }
    choices.object(&[("nameservers", names), ("domain", name), ("search", names), ("options", names)])
}

fn index(choices: &mut Choices<'_>) -> Value {
    if choices.below(6) < 5 { choices.below(4).into() } else { number(choices) }
}

fn family_name(choices: &mut Choices<'_>) -> Value {
    choices.word(&["4", "6", "", "5"]).into()
}

fn network(choices: &mut Choices<'_>) -> Value {
    choices.network().into()
}

fn address(choices: &mut Choices<'_>) -> Value {
    choices.address().into()
}

fn name(choices: &mut Choices<'_>) -> Value {
    if choices.below(4) < 3 {
        choices.word(&["eth0", "", "net1", "/run/netns/a"]).into()
    } else {
        choices.text().into()
    }
}

fn names(choices: &mut Choices<'_>) -> Value {
    choices.list(3, name)
}

/// A list of plugins, the content of a `.conflist` file.
pub fn conf_list(choices: &mut Choices<'_>) -> Value {
    choices.object(&[
        ("name", network_name),
        ("plugins", |choices| choices.list(3, plugin)),
        ("cniVersion", version),
        ("cniVersions", |choices| choices.list(3, version)),
        ("disableCheck", flag),
        ("disableGC", flag),
        ("loadOnlyInlinedPlugins", flag),
    ])
}

/// The configuration of one plugin.
pub fn plugin(choices: &mut Choices<'_>) -> Value {
    choices.object(&[
        ("type", |choices| {
            choices.word(&["bridge", "flannel", "calico", "portmap", "macvlan", "genie", "", "a/b"]).into()
        }),
        ("name", network_name),
        ("cniVersion", version),
        ("capabilities", |choices| choices.object(&[("ips", flag), ("mac", flag), ("portMappings", flag)])),
        ("ipam", |choices| choices.object(&[("type", name), ("ranges", names)])),
        ("dns", dns),
        ("delegate", |choices| choices.object(&[("type", |choices| choices.word(&["bridge", "genie"]).into())])),
        ("runtimeConfig", |choices| choices.object(&[("mac", name)])),
        ("prevResult", result),
        ("cni.dev/valid-attachments", |choices| {
            choices.list(2, |choices| choices.object(&[("containerID", name), ("ifname", name)]))
        }),
        ("dataDir", name),
    ])
}

fn network_name(choices: &mut Choices<'_>) -> Value {
    choices.word(&["net", "k8s-pod-network", "a.b_c-d", "", "-a", "a/b", "..", "ä"]).into()
}

fn version(choices: &mut Choices<'_>) -> Value {
    choices.word(&VERSIONS).into()
}

fn flag(choices: &mut Choices<'_>) -> Value {
    choices.pick(&[true, false]).map_or(Value::Null, Value::from)
}

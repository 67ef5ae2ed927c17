//! The call: the runtime's stdin, and our own configuration in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Instant;

use genie_core::call::OwnTypes;
use genie_core::cni::{Call, Environment, PendingCall, Start, Verb, Version, names, prev_result, start};
use genie_core::config::{Config, Paths, is_draining, unknown_keys};
use genie_core::pod::{self, Identity};
use genie_core::selector::module::NamesOnly;
use genie_core::sources::{self, PodSource};
use serde_json::{Value, json};

use crate::choices::{Choices, any, document, number};
use crate::shapes;

struct Variables(BTreeMap<&'static str, &'static str>);

impl Environment for Variables {
    fn var(&self, name: &str) -> Option<OsString> {
        self.0.get(name).map(OsString::from)
    }
}

fn pending(verb: Verb) -> PendingCall {
    let variables = [
        ("CNI_COMMAND", verb.as_str()),
        ("CNI_CONTAINERID", "c1"),
        ("CNI_NETNS", "/run/netns/a"),
        ("CNI_IFNAME", "eth0"),
        ("CNI_PATH", "/opt/cni/bin"),
    ];
    match start(&Variables(variables.into())) {
        Ok(Start::Call(call)) => call,
        other => panic!("{other:?}"),
    }
}

/// Reads stdin as every verb.
pub fn call(bytes: &[u8]) {
    let text = document(bytes, configuration).to_string();
    for verb in [Verb::Add, Verb::Del, Verb::Check, Verb::Gc, Verb::Status] {
        for mut stdin in [bytes, text.as_bytes()] {
            match pending(verb).read(&mut stdin) {
                Ok(call) => laws(&call),
                Err(error) => assert!([1, 4, 6, 7].contains(&error.code), "{error}"),
            }
        }
    }
}

fn laws(call: &Call) {
    assert!(names::is_identifier(&call.name));
    assert!(call.verb != Verb::Check || call.version >= Version::V0_4_0);
    assert!(!matches!(call.verb, Verb::Gc | Verb::Status) || call.version == Version::V1_1_0);
    // This reads everything that a call reads of its configuration.
    let own = OwnTypes::of(call);
    assert!(own.as_refs().contains(&"genie"));
    _ = (is_draining(&call.config), unknown_keys(&call.config), prev_result(&call.config, call.version));
    let paths = Paths::from_call(call);
    if let Ok(paths) = &paths {
        let time = paths.time(call.verb);
        assert!(!time.is_zero() && Instant::now().checked_add(time).is_some(), "{time:?}");
    }
    if let Ok(config) = Config::from_call(call, &NamesOnly) {
        assert!(paths.is_ok() && !config.chain.entries.is_empty());
        assert!(config.default_plugin.is_none_or(|list| !list.trim().is_empty()));
    }
    let shown = pod::public_runtime_config(call);
    let shown = shown.get(pod::ANNOTATIONS_CAPABILITY).and_then(Value::as_object);
    assert!(shown.into_iter().flatten().all(|(key, _)| !pod::is_private(key)));
    if let Ok(annotations) = sources::annotations(&[PodSource::Runtime], call, &Identity::default(), Instant::now()) {
        assert!(annotations.keys().all(|key| !pod::is_private(key)));
    }
}

fn configuration(choices: &mut Choices<'_>) -> Value {
    let mut config = shapes::plugin(choices);
    let ours = choices.object(&[
        ("selectors", |choices| choices.list(3, selector)),
        ("merge", module),
        ("default_plugin", |choices| choices.word(&["flannel", "calico,flannel@eth1", " ", ","]).into()),
        ("timeout", timeout),
        ("pods", |choices| choices.list(3, source)),
        ("conf_dir", |choices| choices.text().into()),
        ("bin_dirs", |choices| choices.list(2, |choices| choices.text().into())),
        ("strict", any),
        ("drain", any),
        ("kubernetes", |choices| choices.object(&[("kubeconfig", any), ("k8s_api_root", any)])),
        ("policy", |choices| choices.object(&[("k8s_auth_token", any), ("k8s_api_root", any)])),
        ("nodename", any),
    ]);
    if let (Some(config), Value::Object(ours)) = (config.as_object_mut(), ours) {
        config.extend(ours);
        if choices.below(4) > 0 {
            config.insert("name".into(), "k8s-pod-network".into());
            config.insert("cniVersion".into(), choices.word(&["1.1.0", "1.0.0", "0.3.1"]).into());
        }
        if choices.below(2) == 0 {
            config.insert("runtimeConfig".into(), json!({pod::ANNOTATIONS_CAPABILITY: annotations(choices)}));
        }
    }
    config
}

fn annotations(choices: &mut Choices<'_>) -> Value {
    choices.object(&[
        ("cni", |choices| choices.text().into()),
        ("kubernetes.io/config.source", |_| "api".into()),
        ("kubectl.kubernetes.io/last-applied-configuration", |_| "{}".into()),
    ])
}

fn selector(choices: &mut Choices<'_>) -> Value {
    choices.object(&[
        ("module", module),
        ("sha256", |choices| choices.word(&["", &"0".repeat(64), "xyz"]).into()),
        ("run", |choices| choices.word(&["always", "until-decided", "x"]).into()),
        ("settings", any),
        ("grant", |choices| {
            choices.list(3, |choices| {
                if choices.below(2) == 0 {
                    choices.word(&["pod", "node", "x"]).into()
                } else {
                    json!({"cluster": any(choices)})
                }
            })
        }),
        ("limits", |choices| {
            choices.object(&[("fuel", number), ("memory", size), ("output_bytes", size), ("tables", size)])
        }),
    ])
}

fn module(choices: &mut Choices<'_>) -> Value {
    choices.word(&["annotation", "default-plugin", "/opt/a.wasm", "a.wasm", "../a", ""]).into()
}

fn size(choices: &mut Choices<'_>) -> Value {
    if choices.below(2) == 0 {
        number(choices)
    } else {
        choices.word(&["1 MiB", "1M", "64KiB", "-1", "9999999999 GiB"]).into()
    }
}

fn timeout(choices: &mut Choices<'_>) -> Value {
    let texts = ["90s", "500ms", "2m", "1e30s", "NaNs", "infs", "-1s", "1e18s", "0ms", "s", "1h"];
    if choices.below(2) == 0 { choices.word(&texts).into() } else { number(choices) }
}

fn source(choices: &mut Choices<'_>) -> Value {
    match choices.below(3) {
        0 => json!({"manifests": choices.text()}),
        1 => any(choices),
        _ => choices.word(&["runtime", "args", "agent", "api"]).into(),
    }
}

//! The annotation of the multi-network standard, in both forms.

use serde_json::{Value, json};

use crate::choices::{Choices, any};

/// The annotation's value.
pub fn selection(choices: &mut Choices<'_>) -> Value {
    match choices.below(8) {
        0 => any(choices),
        1 => choices.text().into(),
        2..5 => names(choices).into(),
        _ => choices.list(4, element).to_string().into(),
    }
}

fn names(choices: &mut Choices<'_>) -> String {
    let mut list = String::new();
    for _ in 0..choices.below(4) {
        list.push_str(&choices.word(&["neta", "netb", "other/neta", " neta", "Net", "a/b/c", ""]));
        list.push_str(&choices.word(&["", "@net1", "@eth0", "@", "@@", " @ x0 ", "@a/b"]));
        list.push_str(&choices.word(&[",", ",", ",", ",,", ""]));
    }
    list
}

fn element(choices: &mut Choices<'_>) -> Value {
    choices.object(&[
        ("name", |choices| choices.word(&["neta", "netb", "neta", "Net", ""]).into()),
        ("namespace", |choices| choices.word(&["", "other", "../x"]).into()),
        ("interface", |choices| choices.word(&["net1", "net2", "eth0", "x", "a b", ""]).into()),
        ("ips", |choices| choices.list(3, |choices| choices.address().into())),
        ("mac", |choices| choices.word(&["02:00:00:00:00:01", "02-00-00-00-00-01", "02:00"]).into()),
        ("cni-args", |choices| choices.object(&[("a", any), ("b", any)])),
        ("portMappings", |choices| {
            choices.list(2, |choices| {
                choices.object(&[("hostPort", port), ("containerPort", port), ("protocol", any), ("hostIP", any)])
            })
        }),
        ("bandwidth", |choices| {
            choices.object(&[
                ("ingressRate", port),
                ("ingressBurst", port),
                ("egressRate", port),
                ("egressBurst", port),
            ])
        }),
        ("default-route", |choices| choices.list(2, |choices| choices.address().into())),
        ("infiniband-guid", |choices| choices.word(&["24:8a:07:03:00:8d:ae:2e", "24:8a"]).into()),
        ("ipam-claim-reference", any),
        ("example.org/other", any),
    ])
}

fn port(choices: &mut Choices<'_>) -> Value {
    let usual = choices.pick(&[1, 80, 65_535, 0, 70_000]);
    usual.map_or_else(|| any(choices), |port| json!(port))
}

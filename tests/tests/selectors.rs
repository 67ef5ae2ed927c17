//! The chain of selectors, with real modules.

use genie_tests::fixture::chain::{chain, entry, makers, plan, puppet};
use serde_json::{Value, json};

const NO_DELEGATE: [&str; 0] = [];

#[test]
fn the_first_that_does_not_pass_decides() {
    let node = chain(|puppet_module| {
        vec![
            puppet(puppet_module, json!({"act": "pass"})),
            plan(puppet_module, &["10-weave.conf"]),
            plan(puppet_module, &["10-calico.conflist"]),
            puppet(puppet_module, json!({"act": "denied", "text": "never asked"})),
        ]
    });
    node.add().run().ok();
    assert_eq!(makers(&node), ["ADD weave-net@eth0"]);
}

#[test]
fn built_in_selectors_and_modules_mix() {
    let node = chain(|module| vec![json!({"module": "annotation"}), plan(module, &["cbr0@net5", "weave"])]);
    node.add().cni("calico").run().ok();
    assert_eq!(makers(&node), ["ADD calico@eth0"]);
    node.add().container("c2").run().ok();
    assert_eq!(makers(&node), ["ADD flannel@net5", "ADD weave-net@eth0"]);
}

#[test]
fn a_chain_in_which_all_pass_says_what_to_add() {
    let node = chain(|module| vec![puppet(module, json!({"act": "pass"}))]);
    node.add().run().error().says(&["no selector", "default-plugin"]);
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn one_that_always_runs_sees_the_decision_and_may_refuse_it() {
    let node = chain(|module| {
        let mut guard = puppet(module, json!({"act": "guard", "text": "not for tenants"}));
        guard["run"] = json!("always");
        vec![plan(module, &["weave"]), plan(module, &["calico"]), guard]
    });
    node.add().run().error_code(102).says(&["not for tenants", "the settings say so"]);
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn one_that_always_runs_may_add_to_the_decision() {
    let node = chain(|module| {
        let mut extend = puppet(module, json!({"act": "extend", "networks": ["weave"]}));
        extend["run"] = json!("always");
        vec![json!({"module": "annotation"}), json!({"module": "default-plugin"}), extend]
    });
    node.add().cni("flannel").run().ok();
    assert_eq!(makers(&node), ["ADD flannel@eth0", "ADD weave-net@eth1"]);
}

#[test]
fn a_refusal_reaches_the_runtime_in_its_own_words() {
    for (act, code) in [("invalid", 101), ("denied", 102), ("unavailable", 11), ("internal", 103)] {
        let node = chain(|module| vec![puppet(module, json!({"act": act, "text": "because of this"}))]);
        let error = node.add().run().error_code(code);
        error.says(&["because of this", "puppet"]);
        if act == "invalid" {
            error.says(&["example.org/networks", "nonsense"]);
        }
        assert_eq!(node.trace(), NO_DELEGATE);
        node.assert_no_state();
    }
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let node = chain(|module| vec![puppet(module, json!({"act": "pass", "colour": 1}))]);
    node.add().run().error_code(7).says(&["settings", "colour"]);
    let node = chain(|module| vec![entry(module)]);
    node.add().run().error_code(7).says(&["settings", "act"]);
}

#[test]
fn going_over_a_limit_names_selector_and_limit() {
    for (act, limit) in [("loop", "fuel"), ("allocate", "memory"), ("recurse", "stack"), ("long-reason", "output")] {
        let node = chain(|module| vec![puppet(module, json!({"act": act, "networks": ["weave"]}))]);
        node.add().run().error_code(103).says(&["puppet", limit]);
        assert_eq!(node.trace(), NO_DELEGATE);
        node.assert_no_state();
    }
}

#[test]
fn limits_can_be_set_per_selector() {
    let with = |limits: Value| {
        chain(move |module| {
            let mut limited = plan(module, &["weave"]);
            limited["limits"] = limits.clone();
            vec![limited]
        })
    };
    with(json!({"memory": "16Mi", "fuel": 50_000_000})).add().run().ok();
    with(json!({"fuel": 10})).add().run().error_code(103).says(&["fuel"]);
    with(json!({"memory": "1Ki"})).add().run().error_code(103).says(&["memory"]);
    with(json!({"fuel": "much"})).add().run().error_code(7).says(&["fuel", "much"]);
}

#[test]
fn a_panic_tells_its_message() {
    let node = chain(|module| vec![puppet(module, json!({"act": "panic", "text": "out of ideas"}))]);
    let answer = node.add().run();
    let error = answer.error_code(103);
    error.says(&["puppet"]);
    assert!(format!("{} {}", error.text(), answer.stderr).contains("out of ideas"), "{answer:?}");
}

#[test]
fn one_that_talks_too_much_is_cut_short_and_still_decides() {
    let node = chain(|module| vec![puppet(module, json!({"act": "chatter", "networks": ["weave"]}))]);
    let answer = node.add().run();
    answer.ok();
    assert!(answer.stderr.len() < 1 << 20, "{} bytes on stderr", answer.stderr.len());
    let decision = node.record("c1", "eth0")[0]["decision"].to_string();
    assert!(decision.contains("message 1"), "what was said is recorded: {decision}");
    assert!(!decision.contains("message 9999"), "but not all of it: {decision}");
    assert!(decision.len() < 1 << 20, "{} bytes in the record", decision.len());
}

#[test]
fn a_plan_that_cannot_be_carried_out_is_refused_before_anything_runs() {
    let cases: [(&[&str], &str); 4] = [
        (&["nosuch"], "nosuch"),
        (&["weave", "weave@a/b"], "a/b"),
        (&["weave@x", "cbr0@x"], "x"),
        (&["00-genie.conf"], "itself"),
    ];
    for (networks, says) in cases {
        let node = chain(|module| vec![plan(module, networks)]);
        node.add().run().error().says(&[says]);
        assert_eq!(node.trace(), NO_DELEGATE, "{networks:?}");
        node.assert_no_state();
    }
    let node = chain(|module| vec![puppet(module, json!({"act": "empty-plan"}))]);
    node.add().run().error();
}

#[test]
fn a_patch_changes_the_first_plugins_configuration() {
    let patch = json!({"ipam": {"subnet": "10.9.0.0/16"}, "mtu": null}).to_string();
    let node = chain(|module| vec![puppet(module, json!({"act": "plan", "networks": ["cbr0"], "patch": patch}))]);
    let list = json!({
        "cniVersion": "0.3.1", "name": "cbr0",
        "plugins": [{"type": "flannel", "mtu": 1, "ipam": {"type": "x"}}, {"type": "portmap", "mtu": 2}],
    });
    node.network("10-flannel.conflist", &list);
    node.add().run().ok();
    node.del().run().ok();
    for call in node.calls() {
        if call.kind == "flannel" {
            assert_eq!(call.stdin["ipam"], json!({"type": "x", "subnet": "10.9.0.0/16"}));
            assert_eq!(call.stdin.get("mtu"), None);
        } else {
            assert_eq!(call.stdin["mtu"], 2);
        }
    }
}

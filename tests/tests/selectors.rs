//! The chain of selectors, with real modules.

use genie_tests::fixture::chain::{chain, entry, makers, plan, puppet, with};
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
fn what_was_decided_with_a_grant_passes_one_that_has_none() {
    let node = chain(|module| {
        let plan = json!({"act": "plan", "networks": ["cbr0"], "patch": json!({"mtu": 1400}).to_string()});
        let decides = with(puppet(module, plan), "grant", json!([{"patch": ["mtu"]}]));
        let adds = with(puppet(module, json!({"act": "extend", "networks": ["weave"]})), "run", json!("always"));
        vec![decides, adds]
    });
    node.add().run().ok();
    assert_eq!(makers(&node), ["ADD flannel@eth0", "ADD weave-net@eth1"]);
}

#[test]
fn an_entry_may_be_narrowed_to_networks_a_built_in_one_too() {
    let node = chain(|_| vec![json!({"module": "annotation", "grant": [{"networks": ["weave", "cbr*"]}]})]);
    node.add().cni("flannel").run().ok();
    assert_eq!(makers(&node), ["ADD flannel@eth0"]);
    node.add().container("c2").cni("flannel,calico").run().error_code(102).says(&["calico", "annotation", "networks"]);
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn a_plan_without_the_runtimes_interface_is_refused_whoever_made_it() {
    let node = chain(|module| vec![json!({"module": "annotation"}), plan(module, &["weave@net1", "calico@net2"])]);
    node.add().run().error_code(7).says(&["no network is on eth0", "puppet"]);
    node.add().cni("weave@net1").run().error_code(101).says(&["no network is on eth0"]);
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
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
fn messages_are_handed_on_at_debug_and_below() {
    let node = chain(|module| {
        let chatter = puppet(module, json!({"act": "chatter", "networks": ["weave"]}));
        vec![with(chatter, "limits", json!({"log_messages": 2}))]
    });
    let told = |level: Option<&str>| {
        let add = node.add();
        let answer = level.into_iter().fold(add, |add, level| add.key("log_level", json!(level))).run();
        answer.ok();
        node.del().run().ok();
        answer.stderr
    };
    for level in ["debug", "trace"] {
        let stderr = told(Some(level));
        let mine: Vec<_> = stderr.lines().filter(|line| line.contains("puppet.wasm\" logged")).collect();
        assert_eq!(mine.len(), 3, "{stderr}");
        assert!(mine[1].contains("logged at info: \"message 1\""), "{}", mine[1]);
        assert!(mine[2].contains("logged at warn: \"99998 more messages were dropped"), "{}", mine[2]);
    }
    for level in [None, Some("warn"), Some("info"), Some("none")] {
        assert!(!told(level).contains("message 1"), "{level:?}");
    }
}

#[test]
fn an_error_message_is_one_quoted_line_and_seen_at_debug_too() {
    let node = chain(|module| vec![puppet(module, json!({"act": "panic", "text": "one\n WARN forged"}))]);
    let stderr = |level: &str| node.add().key("log_level", json!(level)).run().stderr;
    let debug = stderr("debug");
    assert!(
        debug.lines().any(|line| line.contains("logged at error: ") && line.contains("one\\n WARN forged")),
        "{debug}"
    );
    assert!(!debug.lines().any(|line| line.starts_with(" WARN forged")), "{debug}");
    assert!(!stderr("warn").contains("forged"));
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
    let node = chain(|module| {
        let entry = puppet(module, json!({"act": "plan", "networks": ["cbr0"], "patch": patch}));
        vec![with(entry, "grant", json!([{"patch": ["ipam.subnet", "mtu"]}]))]
    });
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

/// A memory's address space is reserved and not used, so only a limit of address space can be too low.
#[test]
fn a_service_with_too_little_address_space_is_told_so() {
    let node = chain(|_| vec![json!({"module": "annotation"})]);
    let limited = |bytes: &str| node.add().cni("calico").through(&["prlimit", &format!("--as={bytes}")]);
    limited("1073741824").run().error().says(&["\"annotation\" cannot have its memory", "LimitAS"]);
    node.assert_no_state();
    limited("8589934592").run().ok();
}

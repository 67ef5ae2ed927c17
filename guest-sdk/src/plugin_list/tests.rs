use proptest::prelude::*;

use super::{MOST, Wanted, parse, plan};
use crate::{Attachment, Plan, Refusal, Request, interface, testing};

fn wanted<'a>(list: &[(&'a str, &'a str)]) -> Vec<Wanted<'a>> {
    list.iter()
        .map(|&(name, interface)| Wanted { name, interface: (!interface.is_empty()).then_some(interface) })
        .collect()
}

/// The wrong part and what is said about it.
fn mistake<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> (String, String) {
    match answer {
        Err(Refusal::Invalid(mistake)) => {
            assert_eq!(mistake.key, "cni");
            (mistake.value, mistake.message)
        }
        other => panic!("{other:?}"),
    }
}

fn request() -> Request {
    testing::request()
        .with_network("10-calico.conflist", "k8s-pod-network", &["calico", "portmap"])
        .with_network("10-flannel.conflist", "cbr0", &["flannel", "portmap"])
        .with_network("10-weave.conf", "weave", &["weave-net"])
}

#[test]
fn names_are_separated_by_commas_and_trimmed() {
    assert_eq!(parse("cni", "flannel"), Ok(wanted(&[("flannel", "")])));
    assert_eq!(
        parse("cni", " flannel , weave @ eth4,flannel@eth5,\tflannel"),
        Ok(wanted(&[("flannel", ""), ("weave", "eth4"), ("flannel", "eth5"), ("flannel", "")]))
    );
}

#[test]
fn row_14_nothing_behind_the_at_sign_means_the_next_free_interface() {
    assert_eq!(parse("cni", "weave@"), Ok(wanted(&[("weave", "")])));
}

#[test]
fn an_empty_element_is_refused_with_its_place() {
    for (text, place) in [("flannel,", 2), ("a,,b", 2), (",a", 1), ("", 1), ("a,b, ", 3)] {
        let (value, message) = mistake(parse("cni", text));
        assert_eq!(value, text);
        assert!(message.starts_with(&format!("element {place} of the list")), "{message}");
    }
}

#[test]
fn an_interface_without_a_network_is_refused() {
    let (value, message) = mistake(parse("cni", "flannel, @eth1"));
    assert_eq!(value, "@eth1");
    assert!(message.contains("names no network"), "{message}");
}

#[test]
fn a_second_at_sign_is_refused_and_quoted() {
    let (value, message) = mistake(parse("cni", "flannel,weave@eth1@eth2"));
    assert_eq!(value, "weave@eth1@eth2");
    assert!(message.contains("more than one `@`"), "{message}");
}

#[test]
fn a_list_that_is_far_too_long_is_refused() {
    let list = vec!["weave"; MOST + 1].join(",");
    assert_eq!(mistake(parse("cni", &list)).1, "lists 257 networks, and may list 256");
    assert_eq!(parse("cni", &list["weave,".len()..]).map(|wanted| wanted.len()), Ok(MOST));
}

#[test]
fn an_impossible_interface_is_refused_and_quoted() {
    for text in ["weave@a/b", "weave@a b", "weave@a:b", "weave@..", "weave@1234567890123456"] {
        let (value, message) = mistake(parse("cni", text));
        assert_eq!(value, text);
        assert!(message.contains("is no interface name"), "{message}");
    }
}

#[test]
fn row_13_an_interface_asked_for_twice_is_refused_by_name() {
    let (value, message) = mistake(parse("cni", "flannel@eth3,weave@eth3"));
    assert_eq!(value, "weave@eth3");
    assert!(message.starts_with("eth3 is asked for twice"), "{message}");
}

#[test]
fn rows_5_and_11_a_plan_keeps_the_lists_order_and_interfaces() {
    let written = "flannel,weave@eth4,flannel@eth5, flannel";
    assert_eq!(
        plan(&request(), "cni", written),
        Ok(Plan::new(
            "cni: \"flannel,weave@eth4,flannel@eth5, flannel\"",
            vec![
                Attachment::installed("10-flannel.conflist"),
                Attachment::installed("10-weave.conf").on("eth4"),
                Attachment::installed("10-flannel.conflist").on("eth5"),
                Attachment::installed("10-flannel.conflist"),
            ]
        ))
    );
}

#[test]
fn row_12_the_runtimes_interface_may_be_any_elements() {
    let plan = plan(&request(), "cni", "flannel,weave@eth0").expect("a plan");
    assert_eq!(plan.attachments.len(), 2);
    assert_eq!(plan.attachments[1].interface.as_deref(), Some("eth0"));
}

#[test]
fn behind_an_earlier_plugin_that_made_the_runtimes_interface_none_is_needed_there() {
    let served = request().with_attribute("served", "eth0");
    let made = plan(&served, "cni", "weave@net1").unwrap();
    assert_eq!(made.attachments[0].interface.as_deref(), Some("net1"));
    let other = request().with_attribute("served", "eth1");
    assert!(plan(&other, "cni", "weave@net1").is_err());
}

#[test]
fn row_12a_a_plan_without_the_runtimes_interface_is_refused() {
    let (value, message) = mistake(plan(&request(), "cni", "weave@net1"));
    assert_eq!(value, "weave@net1");
    assert!(message.contains("no network is on eth0"), "{message}");
    assert!(message.contains("weave@eth0"), "{message}");

    let mut elsewhere = request();
    "net1".clone_into(&mut elsewhere.interface);
    assert!(plan(&elsewhere, "cni", "weave@net1").is_ok());
}

#[test]
fn one_unknown_name_refuses_the_whole_list() {
    let (value, _) = mistake(plan(&request(), "cni", "flannel,nosuch@eth1"));
    assert_eq!(value, "nosuch");
}

#[test]
fn what_is_written_in_the_way_of_others_is_told_in_ours() {
    for (text, value, hint) in [
        ("calico:eth0", "calico:eth0", "write calico@eth0"),
        ("calico\u{ff20}eth0", "calico\u{ff20}eth0", "write calico@eth0"),
        ("calico\u{ff0c}flannel", "calico\u{ff0c}flannel", "write calico,flannel"),
        ("weave,calico; flannel@eth1", "calico; flannel", "write calico,flannel"),
        ("calico flannel", "calico flannel", "write calico,flannel"),
        ("\"calico\"", "\"calico\"", "write it without quotes: calico"),
        ("[\"calico\", \"flannel\"]", "[\"calico\", \"flannel\"]", "write calico,flannel"),
        ("[{\"name\": \"calico\"}]", "[{\"name\": \"calico\"}]", "write calico,flannel"),
        ("Calico", "Calico", "did you mean calico?"),
    ] {
        let (found, message) = mistake(plan(&request(), "cni", text));
        assert_eq!(found, value);
        assert!(message.contains(hint), "{text}: {message}");
    }
}

proptest! {
    #[test]
    fn whatever_is_written_the_list_is_read_in_full_or_refused(text in "\\PC*|[a-z@, ]{0,40}") {
        match parse("cni", &text) {
            Ok(list) => {
                prop_assert_eq!(list.len(), text.split(',').count());
                for (index, wanted) in list.iter().enumerate() {
                    prop_assert!(!wanted.name.is_empty() && !wanted.name.contains(['@', ',']));
                    prop_assert_eq!(wanted.name, wanted.name.trim());
                    if let Some(name) = wanted.interface {
                        prop_assert!(interface::check(name).is_ok());
                        prop_assert!(list[..index].iter().all(|w| w.interface != Some(name)));
                    }
                }
            }
            Err(Refusal::Invalid(mistake)) => prop_assert!(text.contains(&mistake.value)),
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn what_is_written_by_the_rules_is_read_as_meant(
        names in prop::collection::vec("[a-z][a-z0-9.-]{0,12}", 1..8),
        explicit in prop::collection::vec(any::<bool>(), 8),
        space in "[ \t]{0,3}",
    ) {
        let interfaces: Vec<_> = (0..names.len()).map(|n| format!("eth{n}")).collect();
        let meant: Vec<_> = names
            .iter()
            .zip(&interfaces)
            .zip(&explicit)
            .map(|((name, interface), explicit)| Wanted {
                name,
                interface: explicit.then_some(interface),
            })
            .collect();
        let text: Vec<_> = meant
            .iter()
            .map(|wanted| match wanted.interface {
                Some(interface) => format!("{space}{}{space}@{space}{interface}", wanted.name),
                None => format!("{}{space}", wanted.name),
            })
            .collect();
        let text = text.join(",");
        prop_assert_eq!(parse("cni", &text), Ok(meant));
    }
}

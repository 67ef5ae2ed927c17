//! What an event says. Whether it arrives is tested in `tests/tests/publication.rs`.

use super::*;
use genie_core::record::Pod;

fn refusal(code: u32, message: &str) -> RefusedPod {
    let pod = Pod { namespace: "default".into(), name: "web.".repeat(70), uid: "u1".into() };
    RefusedPod {
        pod,
        code,
        message: message.into(),
        details: String::new(),
        time: 1_700_000_000,
        ..RefusedPod::default()
    }
}

#[test]
fn the_reason_tells_the_users_mistake_from_policy_and_from_a_failure() {
    assert_eq!(reason(code::REFUSED_INVALID), "InvalidNetworkAnnotation");
    assert_eq!(reason(code::REFUSED_DENIED), "NetworkDenied");
    assert_eq!(reason(code::TRY_AGAIN), "NetworkFailed");
    assert_eq!(reason(7), "NetworkFailed");
    assert_eq!(reason(PROBLEM), "NotAsConfigured");
}

#[test]
fn an_event_fits_the_api_server() {
    let refusal = RefusedPod { details: "é".repeat(1000), ..refusal(101, "cni: no such network") };
    let message = message(&refusal);
    assert!(message.starts_with("cni: no such network; é") && message.len() <= 1024);
    assert!(message.ends_with("é; the pod's owner has to correct it"), "{message}");
    let event = event(&refusal, Some("u1".into()), "node1", "NetworkFailed", &message);
    let name = event.metadata.name.unwrap();
    assert!(name.len() <= 253 && !name.contains(".."), "{name}");
    assert_eq!(event.involved_object.uid.as_deref(), Some("u1"));
    assert_eq!(event.last_timestamp.unwrap().0.as_second(), 1_700_000_000);
}

#[test]
fn attempts_differ_in_numbers_and_identifiers_only() {
    let same = [
        "container 0123abcdef is busy: process 17 has been working for 1.5 s",
        "container fedcba9876 is busy: process 4711 has been working for 12.25 s",
    ];
    assert_eq!(without_numbers(same[0]), without_numbers(same[1]));
    assert_ne!(without_numbers("network a is missing"), without_numbers("network b is missing"));
    assert_ne!(without_numbers("network net1: full"), without_numbers("network net2: full"));
}

//! Compares results with libcni 1.3.0. For every pair of versions both read the same results and
//! convert them to the same, except for what the table below names.

use genie_core::cni::Version;
use genie_fuzz::libcni::{Libcni, Question, difference};
use genie_fuzz::{Choices, any_result};
use serde_json::{Value, json};

/// Bytes that are the same in every run (xorshift64).
struct Noise(u64);

impl Iterator for Noise {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Some(self.0.to_le_bytes()[4])
    }
}

#[test]
fn any_result_is_read_and_converted_as_libcni_does() {
    const ROUNDS: usize = 420;
    let mut libcni = Libcni::start();
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    for from in Version::ALL {
        for to in Version::ALL {
            let mut converted = [0, 0];
            for round in 0..ROUNDS {
                let bytes: Vec<_> = noise.by_ref().take(160).collect();
                let mut result = any_result(&mut Choices::new(&bytes));
                // A prevResult of another form is refused, so only every other one may have it.
                if round % 2 == 0 {
                    result["cniVersion"] = from.as_str().into();
                }
                let result = result.to_string();
                let question = Question { from, to, result: &result, previous: round % 4 > 1 };
                if let Some(difference) = difference(&question, &mut libcni) {
                    panic!("{difference}");
                }
                converted[usize::from(question.previous)] += usize::from(question.ours().is_ok());
            }
            // Two sides that refuse everything would agree, too.
            assert!(converted.iter().all(|count| *count > ROUNDS / 60), "{from} to {to}: {converted:?}");
        }
    }
}

/// A result, and what we and libcni make of it. An answer of none means that it is refused.
struct Known {
    why: &'static str,
    result: &'static str,
    to: Version,
    ours: Option<Value>,
    theirs: Option<Value>,
}

/// The known differences, and why they stay.
fn known() -> Vec<Known> {
    let ip = |address: &str| json!({"cniVersion": "1.0.0", "ips": [{"address": address}]});
    vec![
        Known {
            why: "libcni prints 1.x by way of floats, which cannot hold every number; ours are exact",
            result: r#"{"cniVersion": "1.0.0", "interfaces": [{"name": "a", "mtu": 9007199254740993}]}"#,
            to: Version::V1_0_0,
            ours: Some(json!({"cniVersion": "1.0.0", "interfaces": [{"name": "a", "mtu": 9_007_199_254_740_993_u64}]})),
            theirs: Some(
                json!({"cniVersion": "1.0.0", "interfaces": [{"name": "a", "mtu": 9_007_199_254_740_992_u64}]}),
            ),
        },
        Known {
            why: "an entry that is null is no address; libcni hands it on",
            result: r#"{"cniVersion": "1.0.0", "ips": [null]}"#,
            to: Version::V1_0_0,
            ours: None,
            theirs: Some(json!({"cniVersion": "1.0.0", "ips": [null]})),
        },
        Known {
            why: "of two keys that differ in case the exact one counts, not the last",
            result: r#"{"cniVersion": "1.0.0", "ips": [{"address": "10.0.0.1/8", "ADDRESS": "10.0.0.2/8"}]}"#,
            to: Version::V1_0_0,
            ours: Some(ip("10.0.0.1/8")),
            theirs: Some(ip("10.0.0.2/8")),
        },
        Known {
            why: "of the same key twice the last counts, whole; libcni puts both objects together",
            result: r#"{"cniVersion": "1.0.0", "dns": {"domain": "a"}, "dns": {"search": ["b"]}}"#,
            to: Version::V1_0_0,
            ours: Some(json!({"cniVersion": "1.0.0", "dns": {"search": ["b"]}})),
            theirs: Some(json!({"cniVersion": "1.0.0", "dns": {"domain": "a", "search": ["b"]}})),
        },
        Known {
            why: "case means ASCII; for Go a long s is an s, and a Kelvin sign a k",
            result: r#"{"cniVersion": "1.0.0", "ipſ": [{"address": "10.0.0.1/8"}]}"#,
            to: Version::V1_0_0,
            ours: Some(json!({"cniVersion": "1.0.0"})),
            theirs: Some(ip("10.0.0.1/8")),
        },
        Known {
            why: "a number is an integer or it is not; for Go -0 is, and -0.0 is not",
            result: r#"{"cniVersion": "1.0.0", "interfaces": [{"name": "a", "mtu": -0}]}"#,
            to: Version::V1_0_0,
            ours: None,
            theirs: Some(json!({"cniVersion": "1.0.0", "interfaces": [{"name": "a"}]})),
        },
        Known {
            why: "half a surrogate is no text; Go puts a replacement character there",
            result: r#"{"cniVersion": "1.0.0", "interfaces": [{"name": "\ud800"}]}"#,
            to: Version::V1_0_0,
            ours: None,
            theirs: Some(json!({"cniVersion": "1.0.0", "interfaces": [{"name": "\u{fffd}"}]})),
        },
    ]
}

#[test]
fn the_known_differences_are_all_and_stay_as_they_are() {
    let mut libcni = Libcni::start();
    for Known { why, result, to, ours, theirs } in known() {
        let question = Question { from: Version::V1_0_0, to, result, previous: false };
        assert_eq!(question.ours().ok(), ours, "ours: {why}");
        assert_eq!(libcni.ask(&question).ok(), theirs, "libcni: {why}");
    }
}

#[test]
fn what_brings_libcni_down_is_refused() {
    let mut libcni = Libcni::start();
    for list in ["interfaces", "ips", "routes"] {
        let result = format!(r#"{{"cniVersion": "1.0.0", "{list}": [null]}}"#);
        let question = Question { from: Version::V1_0_0, to: Version::V0_4_0, result: &result, previous: false };
        let error = question.ours().unwrap_err();
        assert!(error.msg.contains(&format!("{list}[0]: expected an object, found null")), "{error}");
        // libcni copies a route that is null. It follows the other null pointers, and panics.
        let theirs = libcni.ask(&question);
        assert!(list == "routes" || theirs.is_err_and(|error| error.starts_with("panic: ")), "{list}");
    }
}

#[test]
fn a_result_deeper_than_128_is_refused() {
    let mut libcni = Libcni::start();
    let nested = |depth| format!(r#"{{"cniVersion": "1.0.0", "x": {}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    for (depth, is_read) in [(126, true), (127, false)] {
        let result = nested(depth);
        let question = Question { from: Version::V1_0_0, to: Version::V1_0_0, result: &result, previous: false };
        assert_eq!((question.ours().is_ok(), libcni.ask(&question).is_ok()), (is_read, true), "{depth}");
    }
}

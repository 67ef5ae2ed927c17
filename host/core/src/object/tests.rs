//! Names of objects, and texts that only look like one.

use proptest::prelude::*;
use serde_json::json;

use super::ObjectName;
use super::check::{is_kind, is_label, is_label_key, is_subdomain, is_version};
use super::is_secret;
use super::well_known;

/// How attacks begin: parts that mean something to a reader of the address.
const EVIL: [&str; 16] = [
    "",
    ".",
    "..",
    "a/b",
    "../b",
    "kube-system/pods?limit=500&x=",
    "a?b",
    "a#b",
    "a%2fb",
    "a\\b",
    "a b",
    "a\nb",
    "a\0b",
    "-a",
    "a-",
    "é",
];

#[test]
fn each_part_is_what_it_claims_to_be() {
    let right =
        ObjectName::new("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", Some("payments"), "net-1.a").unwrap();
    assert_eq!(
        (right.group(), right.version(), right.namespace(), right.name()),
        ("k8s.cni.cncf.io", "v1", Some("payments"), "net-1.a")
    );
    assert_eq!(right.api_version(), "k8s.cni.cncf.io/v1");
    for evil in EVIL {
        let [alone, group, version, kind] =
            [format!("{evil}?"), format!("{evil}/v1"), format!("apps/{evil}"), format!("C{evil}/")];
        for (api_version, kind, namespace, name, what) in [
            (alone.as_str(), "ConfigMap", Some("a"), "b", "API version"),
            (&group, "ConfigMap", Some("a"), "b", "API version"),
            (&version, "ConfigMap", Some("a"), "b", "API version"),
            ("v1", evil, Some("a"), "b", "kind"),
            ("v1", &kind, Some("a"), "b", "kind"),
            ("v1", "ConfigMap", Some(evil), "b", "namespace"),
            ("v1", "ConfigMap", Some("a"), evil, "name of an object"),
        ] {
            let error = ObjectName::new(api_version, kind, namespace, name).expect_err(evil);
            assert!(error.contains(what), "{evil:?}: {error}");
        }
    }
}

#[test]
fn the_lengths_of_kubernetes_hold() {
    let of = |count| "a".repeat(count);
    assert!(is_label(&of(63)) && !is_label(&of(64)));
    assert!(is_subdomain(&of(253)) && !is_subdomain(&of(254)));
    assert!(is_version("v1beta1") && !is_version("1"));
    assert!(is_kind("ConfigMap") && !is_kind("configMap") && !is_kind(&format!("A{}", of(63))));
    let key = format!("{}/{}", of(253), of(63));
    assert!(is_label_key(&key) && !is_label_key(&format!("{key}a")));
    for wrong in ["", "/a", "a/", "a/b/c", "A.b/c", "-a", "a..b"] {
        assert!(!is_label_key(wrong), "{wrong:?}");
    }
}

#[test]
fn what_is_wrong_is_quoted_and_not_in_full() {
    let error = ObjectName::new("v1", "ConfigMap", Some(&"A".repeat(1 << 20)), "b").unwrap_err();
    assert!(error.contains("AAAA") && error.len() < 200, "{error}");
    let error = ObjectName::new("v1", "ConfigMap", Some("a"), "b\n\u{1b}[2J").unwrap_err();
    assert!(!error.contains(char::is_control), "{error:?}");
}

#[test]
fn no_secret_has_a_name() {
    for kind in ["Secret", "SECRET", "Secrets", "SecreT"] {
        assert!(is_secret(kind));
        for api_version in ["v1", "apps/v1"] {
            assert!(ObjectName::new(api_version, kind, Some("a"), "b").unwrap_err().contains("never told"));
        }
    }
}

#[test]
fn a_kind_that_is_known_is_where_it_belongs() {
    assert!(ObjectName::new("v1", "ConfigMap", None, "a").unwrap_err().contains("in a namespace"));
    assert!(ObjectName::new("v1", "Namespace", Some("a"), "b").unwrap_err().contains("in no namespace"));
    assert!(ObjectName::new("v1", "Node", None, "a").is_ok());
    // The same kind in another group is another kind.
    assert!(ObjectName::new("example.org/v1", "Namespace", Some("a"), "b").is_ok());
    assert_eq!(well_known("Deployment"), None);
}

#[test]
fn what_another_process_writes_is_checked_too() {
    let written = |namespace| json!({"api_version": "v1", "kind": "ConfigMap", "namespace": namespace, "name": "b"});
    let read = |namespace| serde_json::from_value::<ObjectName>(written(namespace));
    assert_eq!(serde_json::to_value(read("a").unwrap()).unwrap(), written("a"));
    assert!(read("kube-system/pods?x=").unwrap_err().to_string().contains("no name of a namespace"));
}

proptest! {
    /// Texts of few different characters, so that some of them pass.
    #[test]
    fn what_passes_means_nothing_to_an_address(
        api_version in "[av1./%]{1,8}", kind in "[Aa/%?]{1,4}", namespace in "[a1./%-]{1,4}", name in "[a1./%?#-]{1,8}"
    ) {
        if let Ok(object) = ObjectName::new(&api_version, &kind, Some(&namespace), &name) {
            for part in [object.group(), object.version(), object.kind(), object.name(), &namespace] {
                prop_assert!(!part.contains("..") && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)));
            }
        }
    }

    #[test]
    fn nothing_at_all_passes_by_accident(part in any::<String>()) {
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        for check in [is_label, is_subdomain, is_version, is_kind] {
            prop_assert!(!check(&part) || (part.bytes().all(harmless) && !part.contains("..")));
        }
        prop_assert!(!is_label_key(&part) || part.split('/').all(|half| half.bytes().all(harmless) && !half.contains("..")));
    }
}

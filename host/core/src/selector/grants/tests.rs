//! What may be imported and asked.

use serde_json::json;

use super::Grants;
use crate::selector::contract::Imports;

fn imports(names: &[&str], of_cluster: &[&str]) -> Imports {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let names: Vec<_> = names.iter().map(|name| format!("genie:selector/{name}@0.1.0")).collect();
    Imports { names, of_cluster: owned(of_cluster) }
}

#[test]
fn the_line_to_paste_grants_what_is_asked() {
    let of = |imports: &Imports| Grants::default().check_imports("tenant", imports).unwrap_err().msg;
    let told = of(&imports(&["cluster"], &["namespace-labels"]));
    assert!(told.contains(r#"write "grant": [{"cluster":["v1/Namespace"]}] in"#), "{told}");
    let told = of(&imports(&["cluster"], &["get", "namespace-labels"]));
    assert!(told.contains(r#"write "grant": [{"cluster":["v1/Namespace"]}] in"#), "{told}");
    for of_cluster in [&["get"][..], &[]] {
        let told = of(&imports(&["cluster"], of_cluster));
        assert!(told.contains(r#"write "grant": ["cluster"] in"#), "{told}");
    }
    let told = of(&imports(&["pod", "log", "cluster"], &["namespace-labels"]));
    assert!(told.contains("genie:selector/pod@0.1.0 and genie:selector/cluster@0.1.0, which is not granted"), "{told}");
    assert!(told.contains(r#"write "grant": ["pod", {"cluster":["v1/Namespace"]}] in"#), "{told}");
}

#[test]
fn only_a_grant_of_the_namespace_grants_its_labels() {
    let lacks = |grant| Grants::from_json(&grant).unwrap().lacks_own_namespace();
    assert_eq!(lacks(json!(["cluster"])), Some(json!({"cluster": ["v1/Namespace"]})));
    assert_eq!(lacks(json!([{"cluster": ["v1/Node"]}])), Some(json!({"cluster": ["v1/Namespace"]})));
    for grant in ["v1/Namespace", "Namespace"] {
        assert_eq!(lacks(json!(["cluster", {"cluster": [grant]}])), None, "{grant}");
    }
}

#[test]
fn the_least_grants_are_those_of_what_is_imported() {
    let least = |of_cluster: &[&str]| Grants::of_imports(&imports(&["types", "log", "pod", "cluster"], of_cluster));
    let expected = |grant| Grants::from_json(&grant).unwrap();
    let namespace = json!({"cluster": ["v1/Namespace"]});
    assert_eq!(least(&["namespace-labels"]).cluster, expected(json!([namespace])).cluster);
    assert_eq!(least(&["get"]).cluster, expected(json!(["cluster"])).cluster);
    assert_eq!(least(&[]).cluster, expected(json!([namespace, "cluster"])).cluster);
}

#[test]
fn a_misspelt_kind_of_the_core_group_is_refused() {
    for (kind, meant) in [("v1/Namespaces", "Namespace"), ("v1/Nodes", "Node"), ("v1/Configmap", "ConfigMap")] {
        let told = Grants::from_json(&json!([{"cluster": [kind]}])).unwrap_err();
        assert!(
            told.contains(&format!("\"{kind}\" is no kind of Kubernetes' core group: did you mean {meant}?")),
            "{told}"
        );
    }
    let told = Grants::from_json(&json!([{"cluster": ["v1/Deployment"]}])).unwrap_err();
    assert!(told.contains("a kind of another group is written as in apps/v1/Deployment"), "{told}");
    let told = Grants::from_json(&json!([{"cluster": ["LogicalNetworks"]}])).unwrap_err();
    assert!(told.contains("did you mean LogicalNetwork?"), "{told}");
    for kind in ["v1/Namespace", "v1/ComponentStatus", "apps/v1/Deployment", "k8s.cni.cncf.io/v1/MultiNetworkPolicy"] {
        assert!(Grants::from_json(&json!([{"cluster": [kind]}])).is_ok(), "{kind}");
    }
}

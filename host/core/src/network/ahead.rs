//! Definitions are asked for before they are needed, so that the call has other work meanwhile.

use serde::Deserialize;

use super::resolve::definition;
use crate::object::ObjectName;
use crate::selector::abi::{DefinitionName, Plan, Request, Source};
use crate::selector::chain::Chain;
use crate::selector::sandbox::facts::Facts;

/// The annotation of the multi-network standard (section 4.1).
pub const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";

/// Has the definitions fetched that the chain's plan will most likely name: those that the pod asks
/// for and that a selector may choose. This judges nothing. What is no name here is not asked for, and
/// what the plan names beside is asked for when the plan is there.
pub fn expect_likely(request: &Request, chain: &Chain, facts: &dyn Facts) {
    let Some((_, text)) = request.annotations.iter().find(|(key, _)| key == NETWORKS) else { return };
    let awake: Vec<_> = chain.entries.iter().filter(|entry| !entry.sleeps(request)).collect();
    let mut likely = named(text, &request.pod.namespace);
    likely.retain(|name| awake.iter().any(|entry| entry.grants.permits_definition(name, &request.pod)));
    expect(likely.iter(), facts);
}

/// Has the plan's definitions fetched.
pub fn expect_definitions(plan: &Plan, facts: &dyn Facts) {
    let named = plan.attachments.iter().filter_map(|attachment| match &attachment.network {
        Source::Definition(name) => Some(name),
        Source::Installed(_) | Source::Inline(_) => None,
    });
    expect(named, facts);
}

fn expect<'a>(names: impl Iterator<Item = &'a DefinitionName>, facts: &dyn Facts) {
    // What is no name is told when it is asked for.
    let objects: Vec<ObjectName> = names.filter_map(|name| definition(&name.namespace, &name.name).ok()).collect();
    if !objects.is_empty() {
        facts.expect(&objects);
    }
}

/// The definitions of a value of the annotation, in either form.
fn named(text: &str, namespace: &str) -> Vec<DefinitionName> {
    #[derive(Deserialize)]
    struct Element {
        name: String,
        #[serde(default)]
        namespace: Option<String>,
    }
    let of = |namespace: &str, name: &str| DefinitionName { namespace: namespace.to_owned(), name: name.to_owned() };
    if text.trim_start().starts_with('[') {
        let elements: Vec<Element> = serde_json::from_str(text).unwrap_or_default();
        let element = |element: Element| {
            of(element.namespace.as_deref().filter(|other| !other.is_empty()).unwrap_or(namespace), &element.name)
        };
        return elements.into_iter().map(element).collect();
    }
    let item = |item: &str| {
        let network = item.split('@').next().unwrap_or_default().trim();
        let (namespace, name) = network.split_once('/').unwrap_or((namespace, network));
        of(namespace, name)
    };
    text.split(',').map(item).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::{Value, json};

    use super::*;
    use crate::selector::chain::{Entry, Run};
    use crate::selector::grants::Grants;
    use crate::selector::module::Module;
    use crate::selector::sandbox::facts::Question;
    use crate::selector::sandbox::limits::Limits;
    use crate::selector::settings::Settings;

    /// Notes what is expected.
    #[derive(Default)]
    struct Noting(Mutex<Vec<String>>);

    impl Facts for Noting {
        fn answer(&self, _: &Question) -> Result<Value, String> {
            Err("only what is expected is of interest".into())
        }

        fn expect(&self, objects: &[ObjectName]) {
            let names = objects.iter().map(|name| format!("{}/{}", name.namespace().unwrap_or_default(), name.name()));
            self.0.lock().unwrap().extend(names);
        }
    }

    /// What is expected of a pod of the namespace `demo` with this annotation, before an entry with this
    /// grant that wakes for that annotation or another one.
    fn expected(grant: &Value, wake: &str, text: &str) -> Vec<String> {
        let entry = Entry {
            name: "network-attachment".into(),
            module: Module::BuiltIn("network-attachment"),
            run: Run::default(),
            settings: Settings::default(),
            grants: Grants::from_json(grant).unwrap(),
            limits: Limits::default(),
            wake: Some(vec![wake.to_owned()]),
        };
        let request = Request::of_pod("demo", &[(NETWORKS, text)]);
        let facts = Noting::default();
        expect_likely(&request, &Chain { entries: vec![entry], merge: None }, &facts);
        facts.0.into_inner().unwrap()
    }

    #[test]
    fn both_forms_are_understood_and_what_is_no_name_is_not_asked_for() {
        let expected = |text: &str| expected(&json!([{"definitions": "own"}]), NETWORKS, text);
        assert_eq!(expected("a, demo/b@net7 ,a"), ["demo/a", "demo/b", "demo/a"]);
        let json = r#" [{"name": "a", "ips": ["10.0.0.1"]}, {"name": "b", "namespace": "demo"}, {"name": "c", "namespace": ""}]"#;
        assert_eq!(expected(json), ["demo/a", "demo/b", "demo/c"]);
        for nothing in ["", " ", ",", "A_B", "a b", "[", "[1]", "[{}]", "{", "/", "@"] {
            assert_eq!(expected(nothing), [""; 0], "{nothing:?}");
        }
    }

    #[test]
    fn only_what_a_selector_may_choose_is_asked_for() {
        let own = json!([{"definitions": "own"}]);
        assert_eq!(expected(&own, NETWORKS, "a,other/b"), ["demo/a"]);
        assert_eq!(expected(&json!([{"definitions": ["other"]}]), NETWORKS, "a,other/b"), ["other/b"]);
        assert_eq!(expected(&json!([]), NETWORKS, "a"), [""; 0]);
        assert_eq!(expected(&own, "example.org/x", "a"), [""; 0], "it sleeps");
    }
}

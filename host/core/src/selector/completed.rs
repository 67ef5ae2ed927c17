//! What a merge leaves to the host.

use serde_json::Value;

use crate::selector::abi::Merged;

/// The merged result with the pod's network namespace in it. A module is not told that path, so an
/// interface that no network named, which the standard merge adds, has none when the merge is a module's.
pub(super) fn with_sandbox(mut merged: Merged, standard: &Merged) -> Merged {
    // A text that is no result is refused elsewhere.
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(mut result), Some(standard)) = (read(&merged.result), read(&standard.result)) else { return merged };
    let named = standard["interfaces"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut is_changed = false;
    for interface in result.get_mut("interfaces").and_then(Value::as_array_mut).into_iter().flatten() {
        if named.contains(interface) {
            continue;
        }
        if let Some(same) = named.iter().find(|named| without_sandbox(named) == *interface) {
            interface.clone_from(same);
            is_changed = true;
        }
    }
    if is_changed {
        merged.result = result.to_string();
    }
    merged
}

fn without_sandbox(interface: &Value) -> Value {
    let mut interface = interface.clone();
    if let Some(members) = interface.as_object_mut() {
        members.remove("sandbox");
    }
    interface
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(interfaces: &Value) -> Merged {
        Merged { result: json!({ "interfaces": interfaces }).to_string(), annotations: Vec::new() }
    }

    fn completed(interfaces: &Value, standard: &Value) -> Value {
        let merged = with_sandbox(merged(interfaces), &merged(standard));
        serde_json::from_str::<Value>(&merged.result).expect("JSON")["interfaces"].take()
    }

    #[test]
    fn an_interface_gets_the_path_that_the_module_could_not_know() {
        let standard = json!([{"name": "eth0", "sandbox": "/run/netns/a"}, {"name": "veth1"}]);
        assert_eq!(
            completed(&json!([{"name": "veth1"}, {"name": "eth0"}]), &standard),
            json!([standard[1], standard[0]])
        );
    }

    #[test]
    fn what_else_a_module_says_stays() {
        let standard =
            json!([{"name": "eth0", "mac": "02:00:00:00:00:01", "sandbox": "/run/netns/a"}, {"name": "eth0"}]);
        for said in [
            json!([{"name": "eth0"}]),
            json!([{"name": "eth0", "mac": "02:00:00:00:00:02"}]),
            json!([{"name": "eth0", "mac": "02:00:00:00:00:01", "sandbox": "/run/netns/b"}]),
            json!([{"name": "eth1"}]),
            json!([]),
            json!(null),
            json!(7),
        ] {
            assert_eq!(completed(&said, &standard), said);
        }
        for broken in ["[", "[]", "7", "{}"] {
            let said = Merged { result: broken.into(), annotations: Vec::new() };
            assert_eq!(with_sandbox(said, &merged(&standard)).result, broken);
        }
    }
}

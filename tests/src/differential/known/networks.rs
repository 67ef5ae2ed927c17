//! Which networks, and on which interfaces.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Known;
use super::seen::{Seen, first_add, len, names, of_verb};

/// These, by the calls that both make.
pub const ALL: &[Known] = &[
    Known { name: "pod-of-the-runtime", shows: is_of_the_runtime },
    Known {
        name: "list-before-file",
        // The one file of the name is of another plugin than the list.
        shows: |seen| {
            let both = seen.case.members("files").len() > 1;
            let plugin = |of: &Value, kind: &str| names(first_add(of)).iter().any(|name| name.contains(kind));
            let chosen = plugin(seen.theirs, "mac1@") && plugin(seen.ours, "mac2@");
            both && chosen && (seen.is("calls") || seen.what().starts_with("status["))
        },
    },
    Known {
        name: "no-interface-twice",
        shows: |seen| {
            let (theirs, ours) = (first_add(seen.theirs), first_add(seen.ours));
            // With two networks on one interface, the same call may be that of either.
            let shows = seen.is("calls")
                || seen.is_told("config.")
                || (seen.what().starts_with("status[") && seen.inner() == "interface");
            let both = theirs["outcome"] == "ok" && ours["outcome"] == "ok";
            let plugins = |of: &Value| -> Vec<String> {
                let plugins = of_verb(of, "ADD").into_iter().filter_map(|name| name.split('@').next());
                plugins.map(ToOwned::to_owned).collect()
            };
            shows && both && plugins(theirs) == plugins(ours) && interfaces(theirs).len() < interfaces(ours).len()
        },
    },
];

/// Multus attaches nothing, since the pod that the API server has is another one or none; we attach what the
/// runtime's pod asks for, and undo it.
fn is_of_the_runtime(seen: &Seen<'_>) -> bool {
    let is_another = seen.case.text("uid") == "other" || seen.case.value()["steps"][0].is_object();
    let verb = seen.our("verb").as_str().unwrap_or_default();
    let ours = json!({"calls": seen.our("calls")});
    let done = of_verb(&ours, verb);
    is_another
        && len(&first_add(seen.theirs)["calls"]) == 0
        && seen.our("outcome") == "ok"
        && done.len() == names(&ours).len()
        && done.contains(&"main@eth0")
        && done.contains(&"mac1@net1")
}

fn interfaces(add: &Value) -> BTreeSet<&str> {
    of_verb(add, "ADD").into_iter().filter_map(|name| name.split('@').nth(1)).collect()
}

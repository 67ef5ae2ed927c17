//! The selector `annotation`: the pod chooses its networks by its annotation `cni`, as in
//! CNI-Genie.
//!
//! Examples are `cni: calico` and `cni: "flannel,weave@eth4"`. With a blank value the selector
//! passes, as it does without the annotation.

use genie_selector::{About, Refusal, Request, Selector, Verdict, plugin_list};

#[cfg(test)]
mod tests;

/// The annotation's key.
const KEY: &str = "cni";

/// The selector.
pub struct Annotation;

impl Selector for Annotation {
    type Settings = ();

    fn about() -> About {
        About::new(
            "annotation",
            env!("CARGO_PKG_VERSION"),
            "attaches the networks that the pod's annotation `cni` lists",
        )
    }

    fn select(request: &Request, _settings: &()) -> Result<Verdict, Refusal> {
        match request.annotation(KEY) {
            Some(list) if !list.trim().is_empty() => {
                let mut plan = plugin_list::plan(request, KEY, list)?;
                plan.reason.insert_str(0, "annotation ");
                Ok(plan.into())
            }
            _ => Ok(Verdict::Pass),
        }
    }
}

genie_selector::export!(Annotation);

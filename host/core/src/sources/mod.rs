//! Where pod facts come from: the runtime, its arguments, the agent, the API server, or a directory
//! of manifests. The configuration gives the order. A fact comes from the first source that has it.

mod access;
mod ask;
mod manifests;
mod source;
#[cfg(test)]
mod tests;

use std::time::Instant;

pub use access::{Access, Secret};
pub use ask::{ApiOrder, ask};
pub use manifests::{Manifests, is_manifest, parse, yaml_error};
pub use source::{Ahead, Api, Lookup, PodSource};

use crate::cni::{Call, CniArgs, CniError, code};
use crate::pod::{ANNOTATIONS_CAPABILITY, Annotations, Identity, is_private, runtime_config};

/// The pod's annotations, from the first source that has them. A pod that no source knows has none.
///
/// # Errors
/// A source's content cannot be read; or a source that should know the pod does not answer, and
/// none after it knows the pod. Then the pod has to wait: without its annotations it would get the
/// wrong networks.
pub fn annotations(
    sources: &[PodSource],
    call: &Call,
    pod: &Identity,
    deadline: Instant,
) -> Result<Annotations, CniError> {
    let mut failed = None;
    for source in sources {
        let found = match source {
            PodSource::Runtime => from_runtime(call)?,
            PodSource::Args => CniArgs::new(&call.args).k8s_annot().transpose()?,
            source => match source.pod(pod, deadline) {
                Ok(facts) => facts.map(|facts| facts.annotations),
                Err(error) if error.code == code::TRY_AGAIN => {
                    failed.get_or_insert(error);
                    None
                }
                Err(error) => return Err(error),
            },
        };
        if let Some(mut annotations) = found {
            annotations.retain(|key, _| !is_private(key));
            return Ok(annotations);
        }
    }
    if let Some(error) = failed {
        return Err(error.context(format!("the annotations of pod {}/{}", pod.namespace, pod.name)));
    }
    if !pod.name.is_empty() {
        tracing::warn!(
            pod = format!("{}/{}", pod.namespace, pod.name),
            "no source knows the pod's annotations; does the configuration declare the capability {ANNOTATIONS_CAPABILITY}?"
        );
    }
    Ok(Annotations::new())
}

fn from_runtime(call: &Call) -> Result<Option<Annotations>, CniError> {
    let Some(value) = runtime_config(call).and_then(|config| config.get(ANNOTATIONS_CAPABILITY)) else {
        return Ok(None);
    };
    // A Go caller writes null for a map without entries.
    if value.is_null() {
        return Ok(Some(Annotations::new()));
    }
    // The decoder's error would quote what it found, which may be anything.
    serde_json::from_value(value.clone()).map(Some).map_err(|_| {
        CniError::new(code::INVALID_CONFIG, format!("runtimeConfig[{ANNOTATIONS_CAPABILITY:?}] is no map of strings"))
    })
}

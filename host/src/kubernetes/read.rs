//! What is read of the cluster.

use kube::core::{ApiResource, DynamicObject, GroupVersionKind, ObjectMeta};
use kube::{Api, Client};
use serde_json::Value;

use crate::pod::{Annotations, Identity, PodFacts};

/// Where the kubelet tells the uid that it and the runtime know a static pod by; its
/// mirror in the API server has another.
pub const STATIC_UID: &str = "kubernetes.io/config.hash";

/// The facts of a pod; none when there is none of that namespace and name.
///
/// # Errors
/// The server gives no answer, or the pod of that name has another uid: it is
/// another pod.
pub async fn pod(client: &Client, wanted: &Identity) -> Result<Option<PodFacts>, String> {
    let Some(object) = get(client, "v1", "Pod", Some(&wanted.namespace), &wanted.name).await? else { return Ok(None) };
    let facts = facts(&object.metadata, object.data["spec"]["serviceAccountName"].as_str());
    let static_uid = facts.annotations.get(STATIC_UID);
    match (&wanted.uid, &facts.identity.uid) {
        (Some(wanted_uid), Some(uid)) if wanted_uid != uid && static_uid != Some(wanted_uid) => Err(format!(
            "pod {}/{} is another one by now: the runtime starts uid {wanted_uid}, the API server has {uid}",
            wanted.namespace, wanted.name
        )),
        _ => Ok(Some(facts)),
    }
}

/// One object as JSON; none when it does not exist.
///
/// # Errors
/// The server gives no answer.
pub async fn object(
    client: &Client,
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<Value>, String> {
    let object = get(client, api_version, kind, namespace, name).await?;
    object.map(|object| serde_json::to_value(object).map_err(|error| error.to_string())).transpose()
}

/// The facts in an object's metadata.
pub fn facts(metadata: &ObjectMeta, service_account: Option<&str>) -> PodFacts {
    let map = |map: &Option<Annotations>| map.clone().unwrap_or_default();
    let owner = metadata.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
    PodFacts {
        identity: Identity {
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
            uid: metadata.uid.clone(),
        },
        annotations: map(&metadata.annotations),
        labels: map(&metadata.labels),
        service_account: service_account.map(ToOwned::to_owned),
        owner: owner.map(|owner| (owner.kind.clone(), owner.name.clone())),
    }
}

async fn get(
    client: &Client,
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<DynamicObject>, String> {
    let place = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let unreadable =
        |error: &kube::Error| format!("the API server does not tell {kind} {place}{name}: {}", readable(error));
    let resource = resource(client, api_version, kind).await.map_err(|error| unreadable(&error))?;
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    api.get_opt(name).await.map_err(|error| unreadable(&error))
}

/// How a kind is called in addresses: its plural is regular in the core group;
/// elsewhere the server is asked, except for what is asked for most.
async fn resource(client: &Client, api_version: &str, kind: &str) -> Result<ApiResource, kube::Error> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = GroupVersionKind::gvk(group, version, kind);
    match (group, kind.kind.as_str()) {
        ("", _) => Ok(ApiResource::from_gvk(&kind)),
        ("k8s.cni.cncf.io", "NetworkAttachmentDefinition") => {
            Ok(ApiResource::from_gvk_with_plural(&kind, "network-attachment-definitions"))
        }
        _ => kube::discovery::pinned_kind(client, &kind).await.map(|(resource, _)| resource),
    }
}

/// A refusal in the server's own words, anything else down to its cause.
pub fn readable(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} ({})", status.message, status.code),
        error => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(inner) = cause {
                let inner_text = inner.to_string();
                if !text.contains(&inner_text) {
                    text = format!("{text}: {inner_text}");
                }
                cause = inner.source();
            }
            text
        }
    }
}

//! Reads objects of the cluster.

use futures::AsyncReadExt as _;
use kube::api::GetParams;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind, ObjectMeta, Request};
use kube::{Api, Client};
use serde::de::DeserializeOwned;
use serde_json::Value;

use genie_core::object::ObjectName;
use genie_core::pod::{Annotations, Identity, PodFacts};

/// The largest object that is read, in bytes: more than the API server stores.
const OBJECT: usize = 2 << 20;

/// The annotation with the uid by which the kubelet and the runtime know a static pod. Its mirror
/// in the API server has another uid.
pub const STATIC_UID: &str = "kubernetes.io/config.hash";

/// Why the API server tells nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// The reason.
    pub why: String,
    /// Whether it said nothing at all, or only that it cannot say anything now. Otherwise it refuses,
    /// and asking again is of no use.
    pub silent: bool,
}

impl Untold {
    /// The server says nothing.
    pub fn silent(why: &str) -> Self {
        Self { why: why.into(), silent: true }
    }
}

impl From<Untold> for String {
    fn from(untold: Untold) -> Self {
        untold.why
    }
}

/// The facts of a pod. The result is none when there is no pod of that namespace and name.
///
/// # Errors
/// The server gives no answer, or the pod of that name has another uid: then it is another pod.
pub async fn pod(client: &Client, wanted: &Identity) -> Result<Option<PodFacts>, String> {
    // A name that no pod can have is no pod of the cluster.
    let Ok(name) = ObjectName::new("v1", "Pod", Some(&wanted.namespace), &wanted.name) else { return Ok(None) };
    let Some(object) = get::<DynamicObject>(client, &name).await? else { return Ok(None) };
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

/// One object as JSON. The result is none when the object does not exist.
///
/// # Errors
/// The server gives no answer, or one that is too large.
pub async fn object(client: &Client, object: &ObjectName) -> Result<Option<Value>, Untold> {
    get(client, object).await
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

async fn get<T: DeserializeOwned>(client: &Client, object: &ObjectName) -> Result<Option<T>, Untold> {
    let told = |silent, why: String| Untold { why: format!("the API server does not tell {object}: {why}"), silent };
    let untold = |why: String| told(false, why);
    let unreadable = |error: kube::Error| told(is_silent(&error), readable(&error));
    let resource = resource(client, object).await.map_err(unreadable)?;
    let api: Api<DynamicObject> = match object.namespace() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let request = Request::new(api.resource_url()).get(object.name(), &GetParams::default());
    let request = request.map_err(|error| unreadable(kube::Error::BuildRequest(error)))?;
    let body = match client.request_stream(request).await {
        Ok(body) => body,
        Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(None),
        // Not the object is missing: the server has no such path.
        Err(kube::Error::Api(status)) if status.code == 404 => {
            let api_version = object.api_version();
            return Err(untold(format!(
                "it has no {api_version}; install the custom resource definition of that kind"
            )));
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mut bytes = Vec::new();
    body.take(OBJECT as u64 + 1).read_to_end(&mut bytes).await.map_err(|error| told(true, error.to_string()))?;
    if bytes.len() > OBJECT {
        return Err(untold(format!("it is larger than {} MiB", OBJECT >> 20)));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|error| untold(error.to_string()))
}

/// The API resource of an object's kind. In the core group its plural is regular. For other groups
/// the server is asked, except for the kind that is asked for most.
async fn resource(client: &Client, object: &ObjectName) -> Result<ApiResource, kube::Error> {
    let kind = GroupVersionKind::gvk(object.group(), object.version(), object.kind());
    match (object.group(), object.kind()) {
        ("", _) => Ok(ApiResource::from_gvk(&kind)),
        ("k8s.cni.cncf.io", "NetworkAttachmentDefinition") => {
            Ok(ApiResource { version: kind.version.clone(), api_version: kind.api_version(), ..definitions() })
        }
        _ => kube::discovery::pinned_kind(client, &kind).await.map(|(resource, _)| resource),
    }
}

/// The API resource of NetworkAttachmentDefinitions.
pub fn definitions() -> ApiResource {
    let kind = GroupVersionKind::gvk("k8s.cni.cncf.io", "v1", "NetworkAttachmentDefinition");
    ApiResource::from_gvk_with_plural(&kind, "network-attachment-definitions")
}

/// Whether the server says nothing of what it was asked for: it is away, or has too much to do, or
/// does not know us (any more).
fn is_silent(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => matches!(status.code, 401 | 429 | 500..),
        _ => true,
    }
}

/// The error in words: a refusal as the server words it, any other error with its causes.
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

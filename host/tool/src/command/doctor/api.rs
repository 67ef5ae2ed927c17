//! The API server: does it answer, and does it allow what we need?

use std::time::Duration;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec, SubjectAccessReviewStatus,
};
use kube::Client;
use kube::api::{Api, PostParams};

use super::finding::{Finding, fail, ok, some, warn};
use super::site::Site;
use crate::kubernetes;
use genie_core::sources::Access;

/// How long all questions may take together.
const TIME: Duration = Duration::from_secs(10);

/// A permission that our service account needs.
struct Need {
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
    verb: &'static str,
    /// What needs it, and for what.
    purpose: &'static str,
}

const fn need(resource: &'static str, verb: &'static str, purpose: &'static str) -> Need {
    Need { group: "", resource, subresource: "", verb, purpose }
}

const fn definitions(verb: &'static str, purpose: &'static str) -> Need {
    Need { group: "k8s.cni.cncf.io", ..need("network-attachment-definitions", verb, purpose) }
}

/// The permissions of plugin and agent, which use the same account.
const NEEDS: [Need; 11] = [
    need("pods", "get", "annotations and labels of pods that nobody else knows"),
    need("pods", "list", "the agent's view of the node's pods"),
    need("pods", "watch", "the agent's view of the node's pods"),
    Need { subresource: "status", ..need("pods", "patch", "publishing what was attached") },
    need("events", "create", "telling a pod why it was refused"),
    need("events", "patch", "telling a pod why it was refused"),
    need("nodes", "get", "labels of the node, for selectors"),
    need("namespaces", "get", "labels of a pod's namespace, for selectors"),
    definitions("get", "networks that are objects of the cluster"),
    definitions("list", "the agent's view of networks that are objects"),
    definitions("watch", "the agent's view of networks that are objects"),
];

pub fn check(site: &Site) -> Vec<Finding> {
    let Ok(Some(access)) = Access::from_config(&site.map) else { return Vec::new() };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return vec![fail(format!("nothing can be asked: {error}"), "see whether the node is overloaded")];
        }
    };
    let asked = runtime.block_on(async { tokio::time::timeout(TIME, ask(&access)).await });
    asked.unwrap_or_else(|_| Err(format!("it did not answer within {} s", TIME.as_secs()))).unwrap_or_else(|reason| {
        let advice = "see whether the node reaches that address, and the credentials above; pods whose facts the \
                      runtime hands over start meanwhile";
        vec![fail(format!("the API server is of no use: {reason}"), advice)]
    })
}

async fn ask(access: &Access) -> Result<Vec<Finding>, String> {
    let client = kubernetes::connect(access).await?;
    let version = match client.apiserver_version().await {
        Ok(info) => format!(" ({})", info.git_version),
        // Hardened clusters do not tell their version to everybody. That is an answer all the same.
        Err(error) if is_forbidden(&error) => String::new(),
        Err(error) => return Err(kubernetes::readable(&error)),
    };
    Ok(vec![ok(format!("it answers{version}")), allowed(&client).await?])
}

async fn allowed(client: &Client) -> Result<Finding, String> {
    let mut missing = Vec::new();
    for need in NEEDS {
        match is_allowed(client, &need).await {
            Ok(true) => {}
            Ok(false) => {
                let part = if need.subresource.is_empty() { "" } else { "/" };
                missing.push(format!("{} {}{part}{} ({})", need.verb, need.resource, need.subresource, need.purpose));
            }
            Err(error) if is_forbidden(&error) => {
                let what = format!("it does not tell what it allows: {}", kubernetes::readable(&error));
                return Ok(warn(what, "bind the service account to the ClusterRole system:basic-user"));
            }
            Err(error) => return Err(kubernetes::readable(&error)),
        }
    }
    if missing.is_empty() {
        return Ok(ok("it allows all that is needed"));
    }
    let what = format!("it does not allow: {}", some(&missing));
    Ok(warn(what, "give the service account the rights of deploy/genie.yaml"))
}

fn is_forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 403)
}

async fn is_allowed(client: &Client, need: &Need) -> Result<bool, kube::Error> {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let attributes = ResourceAttributes {
        group: text(need.group),
        resource: text(need.resource),
        subresource: text(need.subresource),
        verb: text(need.verb),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() },
        ..SelfSubjectAccessReview::default()
    };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let review = reviews.create(&PostParams::default(), &review).await?;
    Ok(matches!(review.status, Some(SubjectAccessReviewStatus { allowed: true, .. })))
}

//! What reaches the pod: annotations and events, with a real API server.

use std::sync::LazyLock;
use std::time::Duration;

use genie_core::pod::Identity;
use genie_host::agent::publish::{Publication, Published};
use genie_host::publish::{Round, Shown};
use genie_tests::Node;
use genie_tests::apiserver::ApiServer;
use genie_tests::fixture::reference_node;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tokio::sync::Notify;

const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

/// The server of all tests. Each test has its own namespace.
static SERVER: LazyLock<ApiServer> = LazyLock::new(ApiServer::start);

/// A node whose calls are for the pods of one namespace.
struct World {
    namespace: &'static str,
    node: Node,
    publication: Publication,
    client: kube::Client,
}

impl World {
    async fn new(namespace: &'static str) -> Self {
        SERVER.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        let node = reference_node();
        let publication = start(&node);
        Self { namespace, node, publication, client: client().await }
    }

    /// Creates a pod, and returns its uid.
    fn pod(&self, name: &str) -> String {
        let pod = SERVER.create(&json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"containers": [{"name": "c", "image": "none"}], "nodeName": "node1"},
        }));
        pod["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    fn args(&self, name: &str, uid: &str) -> String {
        format!("K8S_POD_NAMESPACE={};K8S_POD_NAME={name};K8S_POD_UID={uid}", self.namespace)
    }

    fn annotation(&self, pod: &str, key: &str) -> Value {
        SERVER.get(&["pod", "-n", self.namespace, pod])["metadata"]["annotations"][key].clone()
    }

    /// A round that sees the pods as the server has them now.
    async fn round(&mut self) -> Published {
        let pods = pods(self.namespace);
        self.round_with(&pods).await
    }

    async fn round_with(&mut self, pods: &[Shown]) -> Published {
        self.publication.round(&|pod: &Identity| find(pods, pod), &self.client).await
    }

    fn events(&self) -> Vec<Value> {
        SERVER.get(&["events", "-n", self.namespace])["items"].as_array().unwrap().clone()
    }

    /// How often pods of this namespace were patched.
    fn patches(&self) -> usize {
        let is_ours = |request: &Value| {
            let object = &request["objectRef"];
            request["verb"] == "patch"
                && object["resource"] == "pods"
                && object["subresource"] == "status"
                && object["namespace"] == self.namespace
        };
        SERVER.audit().into_iter().filter(is_ours).count()
    }
}

/// The publication of an agent that has just started.
fn start(node: &Node) -> Publication {
    Publication::new(&node.state_dir(), "node1").unwrap()
}

/// The result of a round that patched this many pods and made this many events, with nothing left.
fn did(published: usize, events: usize) -> Published {
    let round = |published| Round { published, ..Round::default() };
    Published { annotations: round(published), events: round(events) }
}

async fn client() -> kube::Client {
    client_of(Kubeconfig::read_from(SERVER.kubeconfig()).unwrap()).await
}

async fn client_of(kubeconfig: Kubeconfig) -> kube::Client {
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

/// A client of an API server that is down.
async fn dead_client() -> kube::Client {
    let mut kubeconfig = Kubeconfig::read_from(SERVER.kubeconfig()).unwrap();
    kubeconfig.clusters[0].cluster.as_mut().unwrap().server = Some("https://127.0.0.1:1".into());
    client_of(kubeconfig).await
}

fn pods(namespace: &str) -> Vec<Shown> {
    let list = SERVER.get(&["pods", "-n", namespace]);
    let pods = list["items"].as_array().unwrap().iter().map(|pod| {
        let metadata = &pod["metadata"];
        let text = |key: &str| metadata[key].as_str().unwrap().to_owned();
        Shown {
            identity: Identity { namespace: text("namespace"), name: text("name"), uid: Some(text("uid")) },
            annotations: Some(serde_json::from_value(metadata["annotations"].clone()).unwrap_or_default()),
        }
    });
    pods.collect()
}

fn find(pods: &[Shown], wanted: &Identity) -> Option<Shown> {
    pods.iter().find(|pod| pod.identity == *wanted).cloned()
}

#[tokio::test]
async fn a_pod_gets_its_annotations_in_one_patch_and_none_when_it_has_them() {
    let mut world = World::new("one-patch").await;
    let uid = world.pod("web");
    world.node.add().args(&world.args("web", &uid)).cni("flannel,weave").run().ok();
    assert_eq!(world.round().await, did(1, 0));
    let status: Value = serde_json::from_str(world.annotation("web", STATUS).as_str().unwrap()).unwrap();
    assert_eq!(status[0]["interface"], "eth0");
    assert_eq!(status[1]["interface"], "eth1");
    assert!(world.annotation("web", "multi-ip-preferences").is_string());
    assert_eq!(world.round().await, did(0, 0));
    // An agent that starts again knows only what it sees.
    world.publication = start(&world.node);
    assert_eq!(world.round().await, did(0, 0));
    assert_eq!(world.patches(), 1);
}

#[tokio::test]
async fn what_the_api_server_missed_is_published_when_it_is_back() {
    let mut world = World::new("api-down").await;
    let uid = world.pod("web");
    world.node.add().args(&world.args("web", &uid)).cni("flannel").run().ok();
    world.node.add().container("c2").args(&world.args("web", &uid)).cni("nosuch").run().error();
    let working = std::mem::replace(&mut world.client, dead_client().await);
    let round = world.round().await;
    assert_eq!((round.annotations.published, round.annotations.waiting), (0, 1));
    assert_eq!((round.events.published, round.events.waiting), (0, 1));
    assert!(round.annotations.failure.unwrap().contains("api-down/web"));

    // The agent dies as well.
    world.client = working;
    world.publication = start(&world.node);
    assert_eq!(world.round().await, did(1, 1));
    assert_eq!(world.events().len(), 1);
}

#[tokio::test]
async fn another_pod_of_the_same_name_is_left_alone() {
    let mut world = World::new("other-uid").await;
    let uid = world.pod("web");
    world.node.add().args(&world.args("web", &uid)).cni("flannel").run().ok();
    let stale = pods("other-uid");
    SERVER.kubectl(&["delete", "pod", "web", "-n", "other-uid", "--force", "--grace-period=0"]);
    let new = world.pod("web");
    assert_ne!(uid, new);
    // The watch is behind: it still shows the old pod.
    assert_eq!(world.round_with(&stale).await, did(0, 0));
    assert_eq!(world.annotation("web", STATUS), Value::Null);
    // A new agent waits for a pod that no longer exists.
    world.publication = start(&world.node);
    assert_eq!(world.round().await.annotations, Round { waiting: 1, ..Round::default() });
    assert_eq!(world.annotation("web", STATUS), Value::Null);
}

#[tokio::test]
async fn refusals_of_a_pod_are_events_and_equal_ones_count_up() {
    let mut world = World::new("events").await;
    let uid = world.pod("web");
    let refuse = |world: &World, container: &str, annotation: &str| {
        world.node.add().container(container).args(&world.args("web", &uid)).cni(annotation).run().error();
    };
    for container in ["c1", "c2", "c3"] {
        refuse(&world, container, "nosuch");
        assert_eq!(world.round().await, did(0, 1));
    }
    let events = world.events();
    assert_eq!(events.len(), 1, "{events:#?}");
    let event = &events[0];
    assert_eq!((&event["count"], &event["type"]), (&json!(3), &json!("Warning")));
    assert_eq!(event["reason"], "InvalidNetworkAnnotation");
    assert_eq!(event["involvedObject"]["uid"], uid.as_str());
    assert!(event["message"].as_str().unwrap().contains("nosuch"), "{event}");
    assert!(event["message"].as_str().unwrap().ends_with("; the pod's owner has to correct it"), "{event}");
    assert!(SERVER.kubectl(&["describe", "pod", "web", "-n", "events"]).contains("nosuch"));

    // Another mistake is another event.
    refuse(&world, "c4", "missing");
    assert_eq!(world.round().await, did(0, 1));
    assert_eq!(world.events().len(), 2);
    assert_eq!(world.round().await, did(0, 0));
}

#[tokio::test]
async fn networks_that_nobody_reads_are_an_event_although_the_pod_starts() {
    let mut world = World::new("unread").await;
    let uid = world.pod("web");
    let annotations = [("k8s.v1.cni.cncf.io/networks", "macvlan-a"), ("cni", "flannel")];
    let chain = json!([{"module": "annotation"}, {"module": "default-plugin"}]);
    world.node.add().args(&world.args("web", &uid)).annotations(&annotations).key("selectors", chain).run().ok();
    assert_eq!(world.round().await, did(1, 1));
    let events = world.events();
    assert_eq!((&events[0]["reason"], &events[0]["type"]), (&json!("NetworkWarning"), &json!("Warning")));
    let message = events[0]["message"].as_str().unwrap();
    assert!(message.contains("k8s.v1.cni.cncf.io/networks") && message.contains("macvlan-a"), "{message}");
}

#[tokio::test]
async fn an_event_of_the_operators_mistake_does_not_blame_the_pods_owner() {
    let mut world = World::new("operator").await;
    for (key, value, says) in [
        ("default_plugin", json!("nosuch"), "default_plugin: \"nosuch\""),
        (
            "selectors",
            json!([{"module": "annotation", "runs": "always"}]),
            "selectors[0]: annotation: unknown key \"runs\"",
        ),
    ] {
        let name = format!("pod-of-{}", key.replace('_', "-"));
        let uid = world.pod(&name);
        world.node.add().container(&name).args(&world.args(&name, &uid)).key(key, value).run().error_code(7);
        assert_eq!(world.round().await, did(0, 1));
        let described = SERVER.kubectl(&["describe", "pod", &name, "-n", "operator"]);
        let event = described.split("Events:").last().unwrap();
        for part in [says, "NetworkFailed", "the operator of this cluster", "ConfigMap genie-config"] {
            assert!(event.contains(part), "{part}: {event}");
        }
        assert!(!event.contains("owner has to") && !event.contains("annotation cni"), "{event}");
    }
}

#[tokio::test]
async fn an_event_that_the_api_server_forgot_is_made_anew_and_a_lost_namespace_is_no_hindrance() {
    let mut world = World::new("forgotten").await;
    let uid = world.pod("web");
    let refuse = |world: &World| world.node.add().args(&world.args("web", &uid)).cni("nosuch").run().error();
    refuse(&world);
    assert_eq!(world.round().await, did(0, 1));
    SERVER.kubectl(&["delete", "events", "--all", "-n", "forgotten"]);
    refuse(&world);
    assert_eq!(world.round().await, did(0, 1));
    assert_eq!(world.events().len(), 1);
    world.node.add().args("K8S_POD_NAMESPACE=nowhere;K8S_POD_NAME=web;K8S_POD_UID=u").cni("nosuch").run().error();
    assert_eq!(world.round().await, did(0, 1));
}

#[tokio::test]
async fn a_running_agent_is_woken_by_a_call() {
    let world = World::new("woken").await;
    let uid = world.pod("web");
    let (pods, wake, published) = (pods(world.namespace), Notify::new(), Notify::new());
    let lookup = |pod: &Identity| find(&pods, pod);
    let mut publication = start(&world.node);
    let done = |round: &Published| {
        if *round == did(1, 0) {
            published.notify_one();
        } else {
            // The first round has found nothing.
            world.node.add().args(&world.args("web", &uid)).cni("flannel").run().ok();
            wake.notify_one();
        }
    };
    tokio::select! {
        () = publication.run(&lookup, &world.client, &wake, done) => unreachable!("it never ends"),
        () = published.notified() => {}
        () = tokio::time::sleep(Duration::from_secs(8)) => panic!("it was not woken"),
    }
    assert!(world.annotation("web", STATUS).is_string());
}

/// A client that may only create and patch events in one namespace.
async fn client_for_events_in(namespace: &str) -> kube::Client {
    let metadata = json!({"name": "narrow", "namespace": namespace});
    SERVER.create_all(&[
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata,
            "rules": [{"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "narrow"},
            "subjects": [{"kind": "ServiceAccount", "name": "narrow", "namespace": namespace}]}),
    ]);
    let mut kubeconfig = Kubeconfig::read_from(SERVER.kubeconfig()).unwrap();
    let token = SERVER.kubectl(&["create", "token", "narrow", "-n", namespace]);
    let user = kubeconfig.auth_infos[0].auth_info.as_mut().unwrap();
    user.token = Some(token.trim().to_owned().into());
    client_of(kubeconfig).await
}

/// How many requests for this resource of a namespace the API server has refused.
fn refused(namespace: &str, verb: &str, resource: &str) -> usize {
    let is_meant = |request: &Value| {
        let object = &request["objectRef"];
        request["verb"] == verb
            && object["resource"] == resource
            && object["namespace"] == namespace
            && request["responseStatus"]["code"] == 403
    };
    SERVER.audit().into_iter().filter(is_meant).count()
}

#[tokio::test]
async fn an_event_that_is_refused_holds_up_no_other_and_is_not_asked_for_again_at_once() {
    let mut world = World::new("refused-events").await;
    SERVER.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "allowed-events"}}));
    world.client = client_for_events_in("allowed-events").await;
    let uid = world.pod("web");
    // The oldest event is the one that the API server refuses.
    world.node.add().args(&world.args("web", &uid)).cni("nosuch").run().error();
    for name in ["a", "b"] {
        let args = format!("K8S_POD_NAMESPACE=allowed-events;K8S_POD_NAME={name};K8S_POD_UID={name}");
        world.node.add().container(name).args(&args).cni("nosuch").run().error();
    }
    let round = world.round().await;
    assert_eq!((round.events.published, round.events.waiting, round.events.refused), (2, 1, 1), "{round:?}");
    assert!(round.events.failure.unwrap().contains("refused-events/web"));
    assert_eq!(SERVER.get(&["events", "-n", "allowed-events"])["items"].as_array().unwrap().len(), 2);
    // Further rounds do not ask again, and the pod's next attempt does not either.
    for _ in 0..3 {
        world.node.add().args(&world.args("web", &uid)).cni("nosuch").run().error();
        let round = world.round().await;
        assert_eq!((round.events.published, round.events.waiting, round.events.refused), (0, 1, 1));
    }
    assert_eq!(refused("refused-events", "create", "events"), 1);
}

#[tokio::test]
async fn annotations_that_are_refused_are_not_asked_for_again_at_once() {
    let mut world = World::new("refused-annotations").await;
    world.client = client_for_events_in(world.namespace).await;
    for name in ["a", "b"] {
        let uid = world.pod(name);
        world.node.add().container(name).args(&world.args(name, &uid)).cni("flannel").run().ok();
    }
    for _ in 0..4 {
        let round = world.round().await;
        assert_eq!((round.annotations.published, round.annotations.waiting, round.annotations.refused), (0, 2, 2));
    }
    assert_eq!(refused("refused-annotations", "patch", "pods"), 2);
}

#[tokio::test]
async fn what_is_never_accepted_is_given_up_and_counted() {
    let mut world = World::new("given-up").await;
    // No pod can have this name, so no event can be about it.
    let args = format!("K8S_POD_NAMESPACE={};K8S_POD_NAME=no/pod;K8S_POD_UID=u", world.namespace);
    world.node.add().args(&args).cni("nosuch").run().error();
    // This pod's annotations leave no room for a status.
    let full = SERVER.create(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "full", "namespace": world.namespace, "annotations": {"a": "x".repeat((256 << 10) - 10)}},
        "spec": {"containers": [{"name": "c", "image": "none"}], "nodeName": "node1"},
    }));
    let uid = full["metadata"]["uid"].as_str().unwrap();
    world.node.add().container("full").args(&world.args("full", uid)).cni("flannel").run().ok();
    let round = world.round().await;
    assert_eq!((round.events.dropped, round.events.waiting), (1, 0), "{round:?}");
    assert_eq!((round.annotations.dropped, round.annotations.waiting), (1, 0), "{round:?}");
    assert_eq!(world.round().await, did(0, 0));
}

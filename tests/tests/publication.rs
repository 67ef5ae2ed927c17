//! What reaches the pod: annotations and events, on a real API server.

use std::sync::LazyLock;

use genie_host::pod::{Identity, PodFacts};
use genie_host::publish::annotations::{Publisher, Round};
use genie_host::publish::events::Events;
use genie_host::publish::spool::Spool;
use genie_host::record::Store;
use genie_tests::Node;
use genie_tests::apiserver::ApiServer;
use genie_tests::fixture::reference_node;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

/// One for all tests; each has its own namespace.
static SERVER: LazyLock<ApiServer> = LazyLock::new(ApiServer::start);

/// A node whose calls are for pods of one namespace.
struct World {
    namespace: &'static str,
    node: Node,
    spool: Spool,
    publisher: Publisher,
    events: Events,
    client: kube::Client,
}

impl World {
    async fn new(namespace: &'static str) -> Self {
        SERVER.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        let node = reference_node();
        let spool = Spool::of(&node.state_dir());
        spool.create().unwrap();
        let publisher = Publisher::default();
        Self { namespace, node, spool, publisher, events: Events::new("node1"), client: client().await }
    }

    /// Creates a pod and answers its uid.
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

    /// A round with the pods as the server has them now.
    async fn round(&mut self) -> Round {
        let client = self.client.clone();
        self.round_with(&client).await
    }

    async fn round_with(&mut self, client: &kube::Client) -> Round {
        let pods = pods(self.namespace);
        let store = Store::open(&self.node.state_dir()).unwrap();
        self.publisher.round(&store, &|pod: &Identity| find(&pods, pod), client).await.unwrap()
    }

    async fn deliver(&mut self) -> Result<usize, String> {
        let pods = pods(self.namespace);
        self.events.deliver(&self.spool, &|pod: &Identity| find(&pods, pod), &self.client).await
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

fn pods(namespace: &str) -> Vec<PodFacts> {
    let list = SERVER.get(&["pods", "-n", namespace]);
    let pods = list["items"].as_array().unwrap().iter().map(|pod| {
        let metadata = &pod["metadata"];
        let text = |key: &str| metadata[key].as_str().unwrap().to_owned();
        PodFacts {
            identity: Identity { namespace: text("namespace"), name: text("name"), uid: Some(text("uid")) },
            annotations: serde_json::from_value(metadata["annotations"].clone()).unwrap_or_default(),
            ..PodFacts::default()
        }
    });
    pods.collect()
}

fn find(pods: &[PodFacts], wanted: &Identity) -> Option<PodFacts> {
    pods.iter().find(|pod| pod.identity == *wanted).cloned()
}

#[tokio::test]
async fn a_pod_gets_its_annotations_in_one_patch_and_none_when_it_has_them() {
    let mut world = World::new("one-patch").await;
    let uid = world.pod("web");
    world.node.add().args(&world.args("web", &uid)).cni("flannel,weave").run().ok();
    assert_eq!(world.round().await, Round { published: 1, ..Round::default() });
    let status: Value = serde_json::from_str(world.annotation("web", STATUS).as_str().unwrap()).unwrap();
    assert_eq!(status[0]["interface"], "eth0");
    assert_eq!(status[1]["interface"], "eth1");
    assert!(world.annotation("web", "multi-ip-preferences").is_string());
    assert_eq!(world.round().await, Round::default());
    // An agent that was started anew knows nothing but what it sees.
    world.publisher = Publisher::default();
    assert_eq!(world.round().await, Round::default());
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
    assert_eq!((round.published, round.waiting), (0, 1));
    assert!(round.failure.unwrap().contains("api-down/web"));
    assert!(world.deliver().await.unwrap_err().contains("api-down/web"));

    // The agent dies, too.
    world.client = working;
    world.publisher = Publisher::default();
    world.events = Events::new("node1");
    assert_eq!(world.round().await, Round { published: 1, ..Round::default() });
    assert_eq!(world.deliver().await, Ok(1));
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
    let store = Store::open(&world.node.state_dir()).unwrap();
    let client = world.client.clone();
    let round = world.publisher.round(&store, &|pod: &Identity| find(&stale, pod), &client).await.unwrap();
    assert_eq!(round, Round::default());
    assert_eq!(world.annotation("web", STATUS), Value::Null);
    // A new agent waits for a pod that never comes.
    world.publisher = Publisher::default();
    assert_eq!(world.round().await, Round { waiting: 1, ..Round::default() });
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
        assert_eq!(world.deliver().await, Ok(1));
    }
    let events = world.events();
    assert_eq!(events.len(), 1, "{events:#?}");
    let event = &events[0];
    assert_eq!((&event["count"], &event["type"]), (&json!(3), &json!("Warning")));
    assert_eq!(event["reason"], "InvalidNetworkAnnotation");
    assert_eq!(event["involvedObject"]["uid"], uid.as_str());
    assert!(event["message"].as_str().unwrap().contains("nosuch"), "{event}");
    assert!(SERVER.kubectl(&["describe", "pod", "web", "-n", "events"]).contains("nosuch"));

    // Another mistake is another event.
    refuse(&world, "c4", "missing");
    assert_eq!(world.deliver().await, Ok(1));
    assert_eq!(world.events().len(), 2);
    assert_eq!(world.deliver().await, Ok(0));
}

#[tokio::test]
async fn an_event_that_the_api_server_forgot_is_made_anew_and_a_lost_namespace_is_no_hindrance() {
    let mut world = World::new("forgotten").await;
    let uid = world.pod("web");
    let refuse = |world: &World| world.node.add().args(&world.args("web", &uid)).cni("nosuch").run().error();
    refuse(&world);
    assert_eq!(world.deliver().await, Ok(1));
    SERVER.kubectl(&["delete", "events", "--all", "-n", "forgotten"]);
    refuse(&world);
    assert_eq!(world.deliver().await, Ok(1));
    assert_eq!(world.events().len(), 1);
    world.node.add().args("K8S_POD_NAMESPACE=nowhere;K8S_POD_NAME=web;K8S_POD_UID=u").cni("nosuch").run().error();
    assert_eq!(world.deliver().await, Ok(1));
}

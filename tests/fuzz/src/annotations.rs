//! A pod's annotations, from the runtime through the built-in selectors to a plan.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use genie_core::call::OwnTypes;
use genie_core::cni::{CniArgs, code};
use genie_core::network::{Context, Limits, prepare};
use genie_core::pod::{self, Annotations, Identity};
use genie_core::report::publishable;
use genie_core::selector::abi::{Attachment, DefaultRoute, DefinitionName, Plan, Source as Network};
use genie_core::selector::sandbox::facts::{Facts, Question};
use genie_core::sources::{self, PodSource};
use genie_selector::{Network as Shown, Refusal, Request, Selector, Verdict};
use selector_annotation::Annotation;
use selector_default_plugin::DefaultPlugin;
use selector_network_attachment::NetworkAttachment;
use serde_json::{Map, Value, json};

use crate::choices::{Choices, any, document};
use crate::plan;
use crate::selection::selection;

/// Decides for annotations as the runtime sends them: an object, or the value of `cni` alone.
pub fn annotations(bytes: &[u8]) {
    let document = document(bytes, annotated);
    from_args(&document);
    let mut call = plan::call("");
    call.config.insert("runtimeConfig".into(), json!({pod::ANNOTATIONS_CAPABILITY: document}));
    let read =
        sources::annotations(&[PodSource::Runtime, PodSource::Args], &call, &Identity::default(), Instant::now());
    match read {
        Ok(annotations) => decide(&annotations),
        Err(error) => assert_eq!(error.code, code::INVALID_CONFIG, "{error}"),
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        for key in ["cni", "k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network"] {
            decide(&Annotations::from([(key.to_owned(), text.to_owned())]));
        }
    }
}

/// Checks that `K8S_ANNOT` gives the same annotations as the runtime's own way, and hides no later
/// argument.
fn from_args(document: &Value) {
    let args = CniArgs::new(format!("K8S_POD_NAME=p;K8S_ANNOT={document};K8S_POD_UID=u"));
    if !document.is_object() {
        _ = args.k8s_annot();
        return;
    }
    assert_eq!((args.get("K8S_POD_NAME"), args.get("K8S_POD_UID")), (Some("p"), Some("u")));
    let read = args.k8s_annot().expect("it is there").ok();
    assert_eq!(read, serde_json::from_value(document.clone()).ok());
}

fn decide(annotations: &Annotations) {
    assert!(annotations.keys().all(|key| !pod::is_private(key)));
    let pairs: Vec<_> = annotations.clone().into_iter().collect();
    _ = publishable::check_annotations(&pairs);
    let mut request = request();
    request.annotations = pairs;
    carry_out(Annotation::select(&request, &()));
    let settings = <NetworkAttachment as Selector>::Settings::default();
    carry_out(NetworkAttachment::select(&request, &settings));
    if let Some(list) = annotations.get("cni") {
        request.attributes.push(("default-plugin".into(), list.clone()));
        carry_out(DefaultPlugin::select(&request, &<DefaultPlugin as Selector>::Settings::default()));
    }
}

fn request() -> Request {
    let networks = plan::catalogue().for_selectors().into_iter().map(|network| Shown {
        name: network.name,
        file: network.file,
        plugins: network.plugins,
        cni_version: network.cni_version,
        capabilities: network.capabilities,
    });
    let mut request = genie_selector::testing::request();
    request.networks = networks.collect();
    request
}

/// Checks that the plan of a built-in selector can be carried out, except for reasons that it
/// cannot know.
fn carry_out(verdict: Result<Verdict, Refusal>) {
    let Ok(Verdict::Plan(planned)) = verdict else { return };
    let attachments = planned.attachments.into_iter().map(|attachment| {
        let network = match attachment.network {
            genie_selector::Source::Installed(file) => Network::Installed(file),
            genie_selector::Source::Definition(genie_selector::DefinitionName { namespace, name }) => {
                Network::Definition(DefinitionName { namespace, name })
            }
            genie_selector::Source::Inline(_) => panic!("no built-in selector writes configurations"),
        };
        let default_route = match attachment.default_route {
            genie_selector::DefaultRoute::Usual => DefaultRoute::Usual,
            genie_selector::DefaultRoute::Via(gateways) => DefaultRoute::Via(gateways),
            genie_selector::DefaultRoute::Never => DefaultRoute::Never,
        };
        Attachment {
            network,
            interface: attachment.interface,
            ips: attachment.ips,
            mac: attachment.mac,
            args: attachment.args,
            runtime_config: attachment.runtime_config,
            patch: attachment.patch,
            default_route,
        }
    });
    let chosen = Plan { attachments: attachments.collect(), reason: planned.reason };
    let call = plan::call("");
    let own = OwnTypes::of(&call);
    let context = Context {
        call: &call,
        runtime_config: &Map::new(),
        catalogue: plan::catalogue(),
        facts: &Defined,
        planner: &|_| None,
        own_types: &own.as_refs(),
        path: Some(plan::programs()),
        taken: &BTreeSet::new(),
        is_served: false,
        device_info_dir: Path::new(plan::DEVICES),
        limits: Limits { networks: usize::MAX, same_network: usize::MAX },
        strict: true,
    };
    match prepare(&chosen, &context) {
        Ok(prepared) => plan::laws(&chosen, &context, &prepared),
        Err(error) => assert!(error.msg.contains("calico is attached already"), "{error}: {chosen:?}"),
    }
}

/// A cluster in which every definition is a plugin that declares every capability.
struct Defined;

impl Facts for Defined {
    fn answer(&self, _: &Question) -> Result<Value, String> {
        let capabilities = ["ips", "mac", "portMappings", "bandwidth", "infinibandGUID", "CNIDeviceInfoFile"];
        let capabilities: Map<_, _> = capabilities.map(|name| (name.to_owned(), json!(true))).into_iter().collect();
        let config = json!({"cniVersion": "1.0.0", "type": "bridge", "capabilities": capabilities});
        Ok(json!({"spec": {"config": config.to_string()}}).to_string().into())
    }
}

fn annotated(choices: &mut Choices<'_>) -> Value {
    choices.object(&[
        ("cni", networks),
        ("kubernetes.io/config.source", any),
        ("k8s.v1.cni.cncf.io/networks", selection),
        ("v1.multus-cni.io/default-network", selection),
        ("A;B=C", |choices| choices.text().into()),
    ])
}

fn networks(choices: &mut Choices<'_>) -> Value {
    let mut list = String::new();
    for _ in 0..choices.below(5) {
        list.push_str(&choices.word(&["cbr0", "flannel", "calico", "capable", "bridge", " ", "x"]));
        list.push_str(&choices.word(&["", "@eth0", "@eth1", "@", "@@", " @ net1 ", "@a/b"]));
        list.push_str(&choices.word(&[",", ",", ",,", "\n", ""]));
    }
    if choices.rarely(4) { choices.text().into() } else { list.trim_end_matches(',').into() }
}

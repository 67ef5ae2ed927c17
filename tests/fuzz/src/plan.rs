//! Plans: whatever a selector answers, what is carried out is allowed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use genie_core::cni::{Call, CniArgs, NetworkList, Verb, Version, names};
use genie_core::device_info::{self, DeviceFile};
use genie_core::network::{Catalogue, Context, Installed, Limits, Prepared, prepare};
use genie_core::object::ObjectName;
use genie_core::record::{Header, Planned, Record, VERSION};
use genie_core::routes::Route;
use genie_core::selector::abi::Plan;
use genie_core::selector::sandbox::facts::{Answered, Consulted, Question, Replay};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::choices::{Choices, any, document};
use crate::{conf, shapes};

/// A plan, and what it is checked against.
#[derive(Deserialize)]
struct Case {
    plan: Plan,
    #[serde(default)]
    args: String,
    #[serde(default)]
    runtime_config: Map<String, Value>,
    #[serde(default)]
    taken: BTreeSet<String>,
    #[serde(default)]
    strict: bool,
    /// The NetworkAttachmentDefinition `ns/def`, as JSON text.
    #[serde(default)]
    definition: Option<String>,
}

/// The directory of the files in which plugins tell of their devices.
pub const DEVICES: &str = "/devices";

/// Prepares the answer of a `select`.
pub fn plan(bytes: &[u8]) {
    let Ok(case) = serde_json::from_value::<Case>(document(bytes, case)) else { return };
    let call = call(&case.args);
    let question = ObjectName::new("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", Some("ns"), "def");
    let question = Question::Object(question.expect("it is a name"));
    let facts = Replay(vec![Consulted { question, answer: Answered::Ok(json!(case.definition)) }]);
    let context = Context {
        call: &call,
        runtime_config: &case.runtime_config,
        catalogue: catalogue(),
        facts: &facts,
        planner: &|_| None,
        own_types: &["genie"],
        path: Some(programs()),
        taken: &case.taken,
        is_served: case.taken.contains("eth0"),
        device_info_dir: Path::new(DEVICES),
        limits: Limits::default(),
        strict: case.strict,
    };
    match prepare(&case.plan, &context) {
        Ok(prepared) => laws(&case.plan, &context, &prepared),
        Err(error) => assert!([1, 4, 6, 7, 11, 101, 102, 103, 999].contains(&error.code), "{error}"),
    }
}

/// Checks what holds for a plan that is carried out.
pub fn laws(plan: &Plan, context: &Context<'_>, prepared: &[Prepared]) {
    assert_eq!(prepared.len(), plan.attachments.len());
    let interfaces: BTreeSet<_> = prepared.iter().map(|attachment| &attachment.interface).collect();
    assert_eq!(interfaces.len(), prepared.len(), "an interface twice: {interfaces:?}");
    assert!(
        prepared
            .iter()
            .filter(|one| matches!(&one.default_route, Route::Via(gateways) if !gateways.is_empty()))
            .count()
            < 2
    );
    for (attachment, wanted) in prepared.iter().zip(&plan.attachments) {
        let Prepared { interface, list, cni_args, runtime_config, .. } = attachment;
        names::check_interface(interface).expect("a legal interface");
        assert!(wanted.interface.as_ref().is_none_or(|wanted| wanted == interface));
        assert!(*interface == context.call.interface || !context.taken.contains(interface), "{interface} is taken");
        assert!(!list.plugins.is_empty());
        refers_to_nobody(list, context.own_types);
        for (key, value) in &wanted.args {
            let others = wanted.args.iter().filter(|(other, _)| other == key).count();
            let by_host = ["IP", "MAC"].contains(&key.as_str());
            assert!(others > 1 || by_host || CniArgs::new(cni_args).get(key) == Some(value), "{key} in {cni_args:?}");
        }
        let declared = list.capabilities();
        let by_runtime = *interface == context.call.interface;
        assert!(by_runtime || runtime_config.keys().all(|key| declared.contains(key)), "{runtime_config:?}");
        let named = runtime_config.keys().filter(|key| device_info::is_capability(key)).count();
        let file = DeviceFile::of(runtime_config, &list.name, &context.call.container, interface);
        assert_eq!(named, usize::from(file.is_some()), "a file that others chose: {runtime_config:?}");
        assert_eq!(file.is_some(), declared.contains(device_info::CAPABILITY));
        assert!(file.is_none_or(|file| file.path().parent() == Some(context.device_info_dir)), "{file:?}");
    }
    if is_recorded(context.call, prepared) {
        for attachment in prepared {
            conf::laws(&attachment.list);
        }
    }
}

fn refers_to_nobody(list: &NetworkList, own_types: &[&str]) {
    genie_core::delegate::refuse_self(list, own_types).expect("nothing leads back to us");
}

/// Whether the record returns what DEL needs as it was written. A plan for which it would not is
/// never written, and nothing is attached.
fn is_recorded(call: &Call, prepared: &[Prepared]) -> bool {
    let planned = prepared.iter().map(|attachment| Planned {
        interface: attachment.interface.clone(),
        list: attachment.list.to_value(),
        cni_args: attachment.cni_args.clone(),
        runtime_config: attachment.runtime_config.clone(),
    });
    let header = Header {
        version: VERSION,
        boot_id: String::new(),
        container: call.container.clone(),
        interface: call.interface.clone(),
        netns: String::new(),
        network: call.name.clone(),
        cni_args: call.args.clone(),
        pod: None,
        created: 0,
        path: Vec::new(),
        attachments: planned.collect(),
        decision: Value::Null,
    };
    let line = match header.line() {
        Ok(line) => line,
        Err(error) => {
            assert!(error.msg.contains("nested deeper"), "{error}");
            return false;
        }
    };
    let read = Record::read(&line, Path::new("c1@eth0.json")).expect("a record that is written can be read");
    assert_eq!(read.header, header);
    for planned in &read.header.attachments {
        NetworkList::from_value(&planned.list).expect("DEL has its list");
    }
    true
}

/// A call of ADD for `eth0`.
pub fn call(args: &str) -> Call {
    Call {
        verb: Verb::Add,
        container: "c1".into(),
        netns: Some("/run/netns/a".into()),
        interface: "eth0".into(),
        args: args.into(),
        path: programs().to_vec(),
        config: Map::new(),
        selectors: None,
        name: "k8s-pod-network".into(),
        version: Version::V1_0_0,
    }
}

/// The networks of this node: those of the scenario, and one with every capability.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let capable = json!({"cniVersion": "1.0.0", "name": "capable", "plugins": [
            {"type": "bridge", "capabilities": {"ips": true, "mac": true, "portMappings": true}}]})
        .to_string();
        let files = [
            ("10-calico.conflist", include_str!("../../scenario/net.d/10-calico.conflist")),
            ("10-flannel.conflist", include_str!("../../scenario/net.d/10-flannel.conflist")),
            ("20-capable.conflist", &capable),
        ];
        let network = |(file, text): (&str, &str)| Installed {
            file: file.into(),
            list: NetworkList::parse_list(text.as_bytes()).expect("the scenario's networks are right"),
        };
        Catalogue { networks: files.map(network).into(), own: vec!["00-genie.conf".into()], ..Catalogue::default() }
    })
}

/// A directory with the networks' programs.
pub fn programs() -> &'static [PathBuf] {
    static PROGRAMS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let dir = std::env::temp_dir().join("genie-fuzz-programs");
        fs::create_dir_all(&dir).expect("a temporary directory");
        for name in ["bridge", "calico", "flannel", "portmap", "macvlan", "genie"] {
            fs::write(dir.join(name), "").expect("a file in a temporary directory");
        }
        vec![dir]
    })
}

fn case(choices: &mut Choices<'_>) -> Value {
    let mut attachments = vec![attachment(choices)];
    while attachments.len() < 4 && choices.below(3) == 1 {
        attachments.push(attachment(choices));
    }
    let runtime = choices.object(&[("portMappings", any), ("mac", any)]);
    let definition = match choices.below(3) {
        0 => Value::Null,
        1 => json!({"spec": {"config": shapes::conf_list(choices).to_string()}}).to_string().into(),
        _ => choices.text().into(),
    };
    json!({
        "plan": {"attachments": attachments, "reason": "r"},
        "args": choices.word(&["", "IgnoreUnknown=1;K8S_POD_NAME=p", "K8S_ANNOT={\"a\":\";IP=1\"};IP=10.0.0.9", ";;=;"]),
        "runtime_config": runtime,
        "taken": if choices.below(3) == 0 { json!(["eth1"]) } else { json!([]) },
        "strict": choices.rarely(3),
        "definition": definition,
    })
}

fn attachment(choices: &mut Choices<'_>) -> Value {
    let files = ["10-flannel.conflist", "20-capable.conflist", "10-calico.conflist", "cbr0", "00-genie.conf", "?"];
    let network = match choices.below(6) {
        0..=2 => json!({"Installed": choices.word(&files)}),
        3 => json!({"Definition": {"namespace": "ns", "name": choices.word(&["def", "other"])}}),
        _ => {
            let config = if choices.below(3) == 0 { shapes::plugin(choices) } else { shapes::conf_list(choices) };
            json!({"Inline": config.to_string()})
        }
    };
    let interface = match choices.below(4) {
        0 => json!(choices.word(&["eth0", "eth1", "net1", "", "a/b", "sixteen-letters0"])),
        1 => json!(choices.text()),
        _ => Value::Null,
    };
    let route = match choices.below(8) {
        0 => json!({"Via": [choices.address()]}),
        1 => json!({"Via": [choices.address(), choices.address()]}),
        2 => json!("Never"),
        _ => json!("Usual"),
    };
    let ips = choices
        .list(3, |choices| if choices.below(2) == 0 { choices.network().into() } else { choices.address().into() });
    let args =
        choices.list(2, |choices| json!([choices.word(&["IP", "A", "K8S_ANNOT", "IgnoreUnknown"]), choices.text()]));
    json!({
        "network": network,
        "interface": interface,
        "ips": if choices.below(3) == 0 { ips } else { json!([]) },
        "mac": if choices.rarely(4) { json!(choices.word(&["02:00:00:00:00:01", "2:0", ""])) } else { Value::Null },
        "args": if choices.below(3) == 0 { args } else { json!([]) },
        "runtime_config": optional(choices, &[("portMappings", any), ("mac", any), ("unknown", any)]),
        "patch": optional(choices, &[("type", any), ("mtu", any), ("capabilities", any), ("delegate", any), ("dataDir", any)]),
        "default_route": route,
    })
}

/// Sometimes an object as text, sometimes any text, otherwise null.
fn optional(choices: &mut Choices<'_>, members: &[(&str, crate::Shape)]) -> Value {
    match choices.below(8) {
        0 => choices.object(members).to_string().into(),
        1 if choices.rarely(3) => choices.text().into(),
        _ => Value::Null,
    }
}

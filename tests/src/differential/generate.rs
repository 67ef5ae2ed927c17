//! Cases made by chance: definitions, annotations and delegates that nobody thought of.

use serde_json::{Map, Value, json};

use super::{Case, DEFAULT_NETWORK};
use crate::{Script, Verb};

/// Cases of a seed: the same seed gives the same cases.
pub fn cases(seed: u64, count: usize) -> impl Iterator<Item = Case> {
    (0..count).map(move |index| {
        let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(index as u64));
        case(&format!("g{seed}-{index}"), &mut dice)
    })
}

/// A generator of numbers (splitmix64): small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap_or(1)).unwrap_or_default()
    }

    /// One time in so many.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

const KINDS: [&str; 3] = ["mac1", "mac2", "mac3"];
const VERSIONS: [&str; 5] = ["0.3.1", "0.4.0", "1.0.0", "1.0.0", "1.0.0"];
const CAPABILITIES: [&str; 5] = ["ips", "mac", "portMappings", "bandwidth", "infinibandGUID"];

fn case(name: &str, dice: &mut Dice) -> Case {
    let names: Vec<_> = (0..=dice.below(4)).map(|index| format!("n{index}")).collect();
    let mut case = Case::new(name);
    for name in &names {
        let suffix = if dice.once_in(6) { "-other" } else { "" };
        case = case.raw_definition(suffix, name, Some(&config(name, dice).to_string()));
    }
    if dice.once_in(8) {
        case = case
            .raw_definition("-system", "sys", Some(&config("sys", dice).to_string()))
            .annotated(DEFAULT_NETWORK, "sys");
    }
    case = match dice.below(8) {
        0 => case,
        1..=3 => case.networks(&list(&names, dice)),
        _ => case.elements(&elements(&names, dice)),
    };
    if dice.once_in(4) {
        case = case.runtime_config("portMappings", json!([{"hostPort": 9090, "containerPort": 90, "protocol": "tcp"}]));
    }
    for kind in KINDS {
        if dice.once_in(4) {
            case = case.answers(kind, &result(dice));
        } else if dice.once_in(12) {
            case = case.script(kind, Verb::Add, Script::new().error(123, "no"));
        }
        if dice.once_in(16) {
            case = case.script(kind, Verb::Del, Script::new().error(123, "no"));
        }
    }
    if dice.once_in(10) { case.isolated() } else { case }
}

fn config(name: &str, dice: &mut Dice) -> Value {
    let mut config = if dice.once_in(2) {
        plugin(dice)
    } else {
        let plugins: Vec<_> = (0..=dice.below(3)).map(|_| plugin(dice)).collect();
        json!({ "plugins": plugins })
    };
    config["cniVersion"] = (*dice.one(&VERSIONS)).into();
    match dice.below(5) {
        0 => {}
        1 => config["name"] = "another".into(),
        _ => config["name"] = name.into(),
    }
    config
}

fn plugin(dice: &mut Dice) -> Value {
    let mut plugin = json!({"type": dice.one(&KINDS), "own": {"vlan": dice.below(4000), "list": [1, null, "x"]}});
    let declared: Map<_, _> =
        CAPABILITIES.iter().filter(|_| dice.once_in(2)).map(|name| ((*name).to_owned(), json!(true))).collect();
    if !declared.is_empty() {
        plugin["capabilities"] = Value::Object(declared);
    }
    if dice.once_in(4) {
        plugin["args"] = json!({"cni": {"a": 0, "z": true}, "labels": ["x"]});
    }
    if dice.once_in(4) {
        plugin["ipam"] = json!({"type": "host-local", "subnet": "10.4.0.0/16"});
    }
    plugin
}

fn list(names: &[String], dice: &mut Dice) -> String {
    let items: Vec<_> = (0..=dice.below(3))
        .map(|_| {
            let mut item = reference(names, dice);
            if dice.once_in(5) {
                item = format!("NAMESPACE/{item}");
            } else if dice.once_in(8) {
                item = format!("NAMESPACE-other/{item}");
            }
            if dice.once_in(4) {
                item += *dice.one(&["@x0", "@net1", "@net3", "@eth0", "@", "@a-name-that-is-long"]);
            }
            if dice.once_in(4) { format!(" {item} ") } else { item }
        })
        .collect();
    items.join(",")
}

/// A name of a definition, or one time in twenty something else.
fn reference(names: &[String], dice: &mut Dice) -> String {
    if dice.once_in(20) { (*dice.one(&["nosuch", "", "N0", "n0/", "a.b"])).to_owned() } else { dice.one(names).clone() }
}

fn elements(names: &[String], dice: &mut Dice) -> Value {
    let elements: Vec<_> = (0..=dice.below(3)).map(|_| element(names, dice)).collect();
    Value::Array(elements)
}

fn element(names: &[String], dice: &mut Dice) -> Value {
    let mut element = json!({"name": reference(names, dice)});
    let mut sometimes = |dice: &mut Dice, key: &str, values: &[Value]| {
        if dice.once_in(5) {
            element[key] = dice.one(values).clone();
        }
    };
    sometimes(dice, "namespace", &[json!(""), json!("NAMESPACE"), json!("NAMESPACE-other")]);
    sometimes(
        dice,
        "interface",
        &[json!("x0"), json!("net1"), json!("net2"), json!("eth0"), json!("a/b"), json!("a.b-c_d")],
    );
    sometimes(dice, "ips", &[json!(["10.1.1.5/24"]), json!(["10.1.1.5", "fd00::5"]), json!([]), json!(["x"])]);
    sometimes(
        dice,
        "mac",
        &[json!("02:00:00:00:00:05"), json!("02:00:00:AB:CD:EF"), json!("02-00-00-00-00-05"), json!("zz")],
    );
    sometimes(dice, "infiniband-guid", &[json!("c2:11:22:33:44:55:66:77"), json!("c2:11:22:33:44:55")]);
    sometimes(dice, "cni-args", &[json!({"a": 1}), json!({"b": {"c": [2]}}), json!({}), Value::Null]);
    sometimes(
        dice,
        "portMappings",
        &[
            json!([{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]),
            json!([{"hostPort": 8080, "containerPort": 80}]),
            json!([{"hostPort": 53, "containerPort": 53, "protocol": "UDP"}]),
            json!([{"hostPort": 0, "containerPort": 80}]),
        ],
    );
    sometimes(
        dice,
        "bandwidth",
        &[
            json!({"ingressRate": 1, "ingressBurst": 2, "egressRate": 3, "egressBurst": 4}),
            json!({"egressRate": 1000}),
            json!({"egressBurst": 1000}),
        ],
    );
    if dice.once_in(12) {
        element["example.com/key"] = json!({"of": "others"});
    }
    if dice.once_in(12) {
        element["nosuchkey"] = json!(1);
    }
    element
}

/// A result with any of the shapes that plugins give.
fn result(dice: &mut Dice) -> Value {
    let count = dice.below(4);
    let interfaces: Vec<_> = (0..count)
        .map(|index| {
            let mut interface = json!({"name": format!("i{index}"), "mac": format!("02:00:00:00:01:0{index}")});
            if !dice.once_in(3) {
                interface["sandbox"] = "NETNS".into();
            }
            interface
        })
        .collect();
    let ips: Vec<_> = (1..=dice.below(3))
        .map(|index| {
            let family = if dice.once_in(3) { format!("fd05::{index}/64") } else { format!("10.5.0.{index}/24") };
            let mut ip = json!({ "address": family });
            if count > 0 && !dice.once_in(3) {
                ip["interface"] = dice.below(count).into();
            }
            ip
        })
        .collect();
    let mut result = json!({"cniVersion": "1.0.0", "interfaces": interfaces, "ips": ips});
    if dice.once_in(3) {
        result["routes"] = json!([{"dst": "0.0.0.0/0", "gw": "10.5.0.1"}, {"dst": "10.0.0.0/8"}]);
    }
    if dice.once_in(3) {
        result["dns"] = json!({"nameservers": ["10.5.0.1"], "search": ["a"]});
    }
    result
}

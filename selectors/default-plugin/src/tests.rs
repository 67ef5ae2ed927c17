//! The rows are those of the table of CNI-Genie's behaviour.

use genie_selector::{Attachment, Plan, Refusal, Request, Selector, Verdict, testing};
use serde_json::{Value, json};

use super::{DefaultPlugin, Settings};

/// The node of the table.
fn node() -> Request {
    testing::request()
        .with_attribute("self", "00-genie.conf")
        .with_network("10-calico.conflist", "k8s-pod-network", &["calico", "portmap"])
        .with_network("10-flannel.conflist", "cbr0", &["flannel", "portmap"])
        .with_network("10-weave.conf", "weave", &["weave-net"])
}

fn configured(default_plugin: &str) -> Request {
    node().with_attribute("default-plugin", default_plugin)
}

fn settings(networks: &Value) -> Settings {
    serde_json::from_value(json!({ "networks": networks })).expect("settings")
}

fn select(request: &Request) -> Result<Verdict, Refusal> {
    DefaultPlugin::select(request, &Settings::default())
}

#[allow(clippy::unnecessary_wraps)] // compared with what `select` answers
fn plan(reason: &str, attachments: Vec<Attachment>) -> Result<Verdict, Refusal> {
    Ok(Plan::new(reason, attachments).into())
}

fn first() -> Result<Verdict, Refusal> {
    plan("first usable network: k8s-pod-network (10-calico.conflist)", vec![calico()])
}

fn calico() -> Attachment {
    Attachment::installed("10-calico.conflist")
}

fn flannel() -> Attachment {
    Attachment::installed("10-flannel.conflist")
}

fn weave() -> Attachment {
    Attachment::installed("10-weave.conf")
}

/// The key, the wrong part, and what is said about it.
fn mistake(answer: Result<Verdict, Refusal>) -> (String, String, String) {
    match answer {
        Err(Refusal::Invalid(mistake)) => (mistake.key, mistake.value, mistake.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_3_and_4_default_plugin_names_the_network() {
    let flannel_plan = plan("default_plugin: \"flannel\"", vec![flannel()]);
    assert_eq!(select(&configured("flannel")), flannel_plan);
    let annotated = configured("weave").with_annotation("build", "two");
    assert_eq!(select(&annotated), plan("default_plugin: \"weave\"", vec![weave()]));
}

#[test]
fn row_5_default_plugin_may_be_a_list() {
    assert_eq!(
        select(&configured("flannel,weave,flannel")),
        plan("default_plugin: \"flannel,weave,flannel\"", vec![flannel(), weave(), flannel()])
    );
}

#[test]
fn row_6_without_default_plugin_it_is_the_first_usable_network() {
    assert_eq!(select(&node()), first());
}

#[test]
fn a_blank_default_plugin_counts_as_none() {
    assert_eq!(select(&configured("")), first());
    assert_eq!(select(&configured("  ")), first());
}

#[test]
fn row_8_nothing_installed_is_unavailable() {
    let empty = testing::request().with_attribute("self", "00-genie.conf");
    let refused = Refusal::unavailable("no CNI plugin installed: no usable configuration in the conf directory");
    assert_eq!(select(&empty), Err(refused.clone()));
    assert_eq!(select(&empty.with_attribute("default-plugin", "flannel")), Err(refused));
}

#[test]
fn row_12a_a_default_without_a_network_on_the_pods_own_interface_is_refused() {
    let (key, value, message) = mistake(select(&configured("flannel@net0")));
    assert_eq!((&*key, &*value), ("default_plugin", "flannel@net0"));
    assert!(message.contains("no network is on eth0"), "{message}");
}

#[test]
fn row_27_the_meta_plugin_as_its_own_default_is_refused() {
    let (key, value, message) = mistake(select(&configured("genie")));
    assert_eq!((&*key, &*value), ("default_plugin", "genie"));
    assert!(message.starts_with("refers to itself"), "{message}");
}

#[test]
fn the_setting_comes_before_default_plugin() {
    let request = configured("calico");
    let expected = plan("settings.networks: \"flannel,weave@eth4\"", vec![flannel(), weave().on("eth4")]);
    for written in [json!(["flannel", "weave@eth4"]), json!("flannel,weave@eth4")] {
        assert_eq!(DefaultPlugin::select(&request, &settings(&written)), expected);
    }
    let unset = plan("default_plugin: \"calico\"", vec![calico()]);
    for written in [json!(null), json!(""), json!("  "), json!([])] {
        assert_eq!(DefaultPlugin::select(&request, &settings(&written)), unset);
    }
}

#[test]
fn an_unknown_network_in_the_setting_is_refused_by_the_settings_name() {
    let answer = DefaultPlugin::select(&node(), &settings(&json!(["nosuch"])));
    let (key, value, _) = mistake(answer);
    assert_eq!((&*key, &*value), ("settings.networks", "nosuch"));
}

#[test]
fn a_wrong_setting_is_refused_with_what_would_be_right() {
    for wrong in [json!({"networks": 3}), json!({"networks": {}})] {
        let error = serde_json::from_value::<Settings>(wrong).expect_err("wrong").to_string();
        assert!(error.contains("networks: a list such as"), "{error}");
    }
    for wrong in [json!({"networks": ["flannel", 4]}), json!([]), json!("flannel")] {
        assert!(serde_json::from_value::<Settings>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn an_unknown_setting_is_ignored_with_a_warning() {
    let unknown: Settings = serde_json::from_value(json!({"netwroks": ["flannel"]})).expect("settings");
    let host = testing::Host::new();
    assert_eq!(host.run(|| DefaultPlugin::select(&node(), &unknown)), first());
    assert!(host.logged("`netwroks`"));
}

#[test]
fn an_earlier_decision_stands() {
    let decided = configured("flannel").after(Plan::new("earlier", vec![weave()]));
    assert_eq!(select(&decided), Ok(Verdict::Pass));
}

#[test]
fn the_schema_is_json() {
    let schema: Value = serde_json::from_str(&DefaultPlugin::about().settings_schema).expect("JSON");
    assert!(schema["properties"]["networks"].is_object());
}

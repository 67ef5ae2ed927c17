//! The ConfigMap's `00-genie.conf`: completed, checked, and brought into the form that the plugin
//! reads.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::Layout;
use super::Origin;
use super::credentials::ServiceAccount;
use super::errors::{all, said};
use super::modules::{self, Placed};
use super::net_d;
use crate::approve;
use crate::approve::finding::Finding;
use genie_core::cni::{NetworkList, get};
use genie_core::config::{CACHE_DIR, CONF_DIR, OWN_TYPE, STATE_DIR};
use genie_core::pod::ANNOTATIONS_CAPABILITY;

/// The version of CNI in our configuration. Every supported runtime takes it; containerd 1.6 and
/// Debian's plugins know no later one.
const CNI_VERSION: &str = "1.0.0";

/// The capabilities that our configuration declares: the runtime hands over only what is declared.
const CAPABILITIES: [&str; 3] = [ANNOTATIONS_CAPABILITY, "portMappings", "bandwidth"];

/// A configuration that can be put in force.
#[derive(Clone, Debug)]
pub struct Completed {
    /// The text of the file in the conf dir.
    pub text: String,
    /// The same as an object.
    pub config: Map<String, Value>,
    /// The modules that the installation puts on the node.
    pub(super) modules: Vec<Placed>,
}

/// Reads the ConfigMap's configuration, completes it and checks all of it. Nothing is written.
///
/// # Errors
/// The configuration is wrong. The message names the key. It is [`modules::NotHere`] when only
/// modules of registries are missing.
pub fn prepare(layout: &Layout, source: &Origin) -> Result<Completed> {
    let path = source.config_dir.join(net_d::CONF);
    let what = || format!("the configuration {}", path.display());
    let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", what()))?;
    let read = approve::json::read(&bytes).with_context(|| format!("{} cannot be read", what()))?;
    let Value::Object(mut config) = read else { bail!("{} is not a JSON object", what()) };
    fill_in(&mut config, source);
    complete(&mut config, layout, source);
    let mut modules = modules::complete(&mut config, layout, &source.config_dir).with_context(what)?;
    modules.extend(modules::complete_scripts(&mut config, layout, source).with_context(what)?);
    check_completed(&config, layout).with_context(what)?;
    let text = format!("{:#}\n", Value::Object(config.clone()));
    Ok(Completed { text, config, modules })
}

/// Fills in the placeholders of CNI-Genie's ConfigMaps, which its container filled in. The token is
/// no longer pasted into the file: the kubeconfig leads to it.
fn fill_in(config: &mut Map<String, Value>, source: &Origin) {
    const TOKEN: &str = "__SERVICEACCOUNT_TOKEN__";
    let account = source.service_account.as_ref();
    let values = [
        // Some configurations have brackets around the placeholder themselves.
        ("[__KUBERNETES_SERVICE_HOST__]", account.map(ServiceAccount::host_in_url)),
        ("__KUBERNETES_SERVICE_HOST__", account.map(ServiceAccount::host_in_url)),
        ("__KUBERNETES_SERVICE_PORT__", account.map(|account| account.port.clone())),
        ("__KUBERNETES_NODE_NAME__", source.node.clone()),
    ];
    config.retain(|_, value| value.as_str().is_none_or(|text| !text.contains(TOKEN)));
    for value in config.values_mut() {
        match value {
            Value::Object(object) => fill_in(object, source),
            Value::String(text) => {
                for (placeholder, value) in &values {
                    if let Some(value) = value {
                        *text = text.replace(placeholder, value);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Adds the keys that the site left out. Keys of the site stay as they are.
fn complete(config: &mut Map<String, Value>, layout: &Layout, source: &Origin) {
    let mut add = |key: &str, value: Value| {
        if get(config, key).is_none() {
            config.insert(key.into(), value);
        }
    };
    add("cniVersion", CNI_VERSION.into());
    add("capabilities", json!({}));
    // The plugin assumes the usual directories without a key.
    for (key, dir, usual) in directories(layout) {
        if dir != Path::new(usual) {
            add(key, json!(dir));
        }
    }
    if let Some(node) = &source.node {
        add("nodename", json!(node));
    }
    if source.service_account.is_some() {
        add("kubernetes", json!({}));
        add_to(config, "kubernetes", "kubeconfig", json!(layout.kubeconfig()));
    }
    for capability in CAPABILITIES {
        add_to(config, "capabilities", capability, true.into());
    }
}

fn add_to(config: &mut Map<String, Value>, object: &str, key: &str, value: Value) {
    let object = config.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(object));
    if let Some((_, Value::Object(object))) = object
        && get(object, key).is_none()
    {
        object.insert(key.into(), value);
    }
}

fn directories(layout: &Layout) -> [(&'static str, &Path, &'static str); 3] {
    [
        ("conf_dir", &layout.conf_dir, CONF_DIR),
        ("state_dir", &layout.state_dir, STATE_DIR),
        ("cache_dir", &layout.cache_dir, CACHE_DIR),
    ]
}

fn check_completed(config: &Map<String, Value>, layout: &Layout) -> Result<()> {
    let list = NetworkList::from_value(&Value::Object(config.clone())).map_err(said)?;
    ensure!(list.types() == [OWN_TYPE] && !config.contains_key("plugins"), "its \"type\" is not \"genie\"");
    approve::read(config).map_err(|errors| all(errors.into_iter().map(Finding::from)))?;
    for (key, dir, _) in directories(layout) {
        let written = get(config, key).and_then(Value::as_str).filter(|written| !written.is_empty());
        ensure!(
            written.is_none_or(|written| Path::new(written) == dir),
            "{key} is {}, and genie-host was started with {}: write the same in both places",
            written.unwrap_or_default(),
            dir.display()
        );
    }
    Ok(())
}

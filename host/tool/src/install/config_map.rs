//! The ConfigMap of the installation, as a document that is changed: the configuration, and what
//! its entries name.

use std::io::Write as _;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use serde_json::{Map, Value, json};

use super::modules::GZIP;
use super::net_d::CONF;
use crate::approve;
use crate::registry::Reference;
use genie_core::cni::get;
use genie_core::config::chain::DEFAULT_CHAIN;
use genie_core::pod::LAST_APPLIED;
use genie_core::sources::yaml_error;

/// What Kubernetes takes of a ConfigMap's values, in bytes.
const LARGEST: usize = 1 << 20;

/// A ConfigMap, and its configuration.
pub struct ConfigMap {
    object: Map<String, Value>,
    configuration: Map<String, Value>,
}

/// Where an entry belongs that is not where it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before all others.
    First,
    /// Behind all others.
    Last,
    /// Before the first entry of this module.
    Before(String),
}

impl ConfigMap {
    /// Reads a manifest in JSON or YAML.
    ///
    /// # Errors
    /// It is no ConfigMap with our configuration.
    pub fn parse(text: &str) -> Result<Self> {
        let options = serde_saphyr::options! { with_snippet: false };
        let value: Value =
            serde_saphyr::from_str_with_options(text, options).map_err(|error| anyhow!(yaml_error(&error)))?;
        let Value::Object(object) = value else { bail!("it is no manifest") };
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or("nothing");
        ensure!(kind == "ConfigMap", "it is {kind}; expected the ConfigMap genie-config");
        let text = object.get("data").and_then(|data| data[CONF].as_str());
        let text = text.with_context(|| format!("it has no key {CONF}: expected the ConfigMap genie-config"))?;
        let configuration =
            approve::json::read(text.as_bytes()).with_context(|| format!("its {CONF} cannot be read"))?;
        let Value::Object(configuration) = configuration else { bail!("its {CONF} is no JSON object") };
        let mut config_map = Self { object, configuration };
        config_map.forget_last_applied();
        Ok(config_map)
    }

    /// Takes away the copy of the whole object that `kubectl apply` keeps in an annotation. `kubectl
    /// replace` would renew it, and an annotation has no room for a module.
    fn forget_last_applied(&mut self) {
        let annotations = self.object.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
        if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
            annotations.remove(LAST_APPLIED);
        }
    }

    /// The configuration.
    pub const fn configuration(&self) -> &Map<String, Value> {
        &self.configuration
    }

    /// Its manifest in JSON.
    ///
    /// # Errors
    /// It is larger than Kubernetes takes.
    pub fn manifest(mut self) -> Result<Value> {
        let text = format!("{:#}\n", Value::Object(self.configuration.clone()));
        self.values("data").insert(CONF.into(), text.into());
        let size = self.size();
        ensure!(
            size <= LARGEST,
            "the ConfigMap would have {size} bytes, and Kubernetes takes {LARGEST}: put the module into a registry \
             (genie-host push), and name it by its reference"
        );
        Ok(Value::Object(self.object))
    }

    /// Puts a module under its key, compressed, in place of an earlier one.
    ///
    /// # Errors
    /// It cannot be compressed.
    pub fn put_module(&mut self, key: &str, module: &[u8]) -> Result<()> {
        self.remove(key);
        // Without a time and a name, the same module is the same text.
        let mut compressed = GzBuilder::new().write(Vec::new(), Compression::best());
        compressed.write_all(module)?;
        let text = STANDARD.encode(compressed.finish()?);
        self.values("binaryData").insert(format!("{key}{GZIP}"), text.into());
        Ok(())
    }

    /// Puts a script under its key.
    pub fn put_script(&mut self, key: &str, source: &str) {
        self.remove(key);
        self.values("data").insert(key.into(), source.into());
    }

    /// The entry of a module, if the chain has one. Where none is written, the chain is the usual one.
    pub fn entry(&self, module: &str) -> Option<Map<String, Value>> {
        let usual;
        let chain = match get(&self.configuration, "selectors") {
            None | Some(Value::Null) => {
                usual = usual_chain();
                &usual
            }
            Some(written) => written.as_array()?,
        };
        chain.iter().filter_map(Value::as_object).find(|entry| is_of(entry, module)).cloned()
    }

    /// Makes this entry that of its module. An entry that is there already is replaced where it is,
    /// unless `place` says where it shall be; a new one comes there.
    ///
    /// # Errors
    /// The configuration has no list of selectors, or none of this module to come before.
    pub fn put_entry(&mut self, entry: Map<String, Value>, place: Option<&Place>) -> Result<()> {
        let module = get(&entry, "module").and_then(Value::as_str).unwrap_or_default().to_owned();
        let chain = self.chain_to_change()?;
        let there = chain.iter().position(|other| other.as_object().is_some_and(|other| is_of(other, &module)));
        let entry = Value::Object(entry);
        if let (Some(there), None) = (there, place) {
            chain[there] = entry;
            return Ok(());
        }
        there.map(|there| chain.remove(there));
        let index = match place {
            None | Some(Place::First) => 0,
            Some(Place::Last) => chain.len(),
            Some(Place::Before(other)) => chain
                .iter()
                .position(|entry| entry.as_object().is_some_and(|entry| is_of(entry, other)))
                .with_context(|| format!("the chain has no entry of {other:?} to come before"))?,
        };
        chain.insert(index, entry);
        Ok(())
    }

    /// Takes away the entry of a module, and what the ConfigMap holds of it.
    ///
    /// # Errors
    /// The chain has no such entry.
    pub fn take_away(&mut self, module: &str) -> Result<()> {
        let chain = self.chain_to_change()?;
        let before = chain.len();
        chain.retain(|entry| !entry.as_object().is_some_and(|entry| is_of(entry, module)));
        ensure!(chain.len() < before, "the chain has no entry of {module:?}");
        self.remove(module);
        Ok(())
    }

    fn remove(&mut self, key: &str) {
        for values in ["data", "binaryData"] {
            if let Some(values) = self.object.get_mut(values).and_then(Value::as_object_mut) {
                values.retain(|other, _| uncompressed(other) != uncompressed(key));
            }
        }
    }

    fn values(&mut self, which: &str) -> &mut Map<String, Value> {
        let values = self.object.entry(which).or_insert(Value::Null);
        if !values.is_object() {
            *values = json!({});
        }
        values.as_object_mut().unwrap_or_else(|| unreachable!("it is an object"))
    }

    fn chain_to_change(&mut self) -> Result<&mut Vec<Value>> {
        let key = self.configuration.keys().find(|key| key.eq_ignore_ascii_case("selectors")).cloned();
        let selectors = self.configuration.entry(key.unwrap_or_else(|| "selectors".into())).or_insert(Value::Null);
        if selectors.is_null() {
            *selectors = usual_chain().into();
        }
        selectors.as_array_mut().with_context(|| format!("\"selectors\" in {CONF} is no list"))
    }

    /// As Kubernetes counts.
    fn size(&self) -> usize {
        let texts = |which: &str| {
            let values = self.object.get(which).and_then(Value::as_object).into_iter().flatten();
            values.map(|(key, value)| (key.len(), value.as_str().map_or(0, str::len))).collect::<Vec<_>>()
        };
        let plain: usize = texts("data").into_iter().map(|(key, value)| key + value).sum();
        let binary: usize = texts("binaryData").into_iter().map(|(key, value)| key + value / 4 * 3).sum();
        plain + binary
    }
}

/// The entries of the chain that there is when none is written.
fn usual_chain() -> Vec<Value> {
    DEFAULT_CHAIN.iter().map(|module| json!({"module": module})).collect()
}

/// Whether an entry is one of this module: of the same key, compressed or not, or of the same
/// repository, whatever the digest.
fn is_of(entry: &Map<String, Value>, module: &str) -> bool {
    let Some(own) = get(entry, "module").and_then(Value::as_str) else { return false };
    match (own.parse::<Reference>(), module.parse::<Reference>()) {
        (Ok(own), Ok(module)) => own.registry() == module.registry() && own.repository() == module.repository(),
        _ => uncompressed(own) == uncompressed(module),
    }
}

fn uncompressed(key: &str) -> &str {
    key.strip_suffix(GZIP).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn parse(configuration: &Value) -> ConfigMap {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "genie-config", "resourceVersion": "7"},
            "data": {CONF: configuration.to_string(), "note": "of the operator"},
        });
        ConfigMap::parse(&object.to_string()).unwrap()
    }

    fn entry(module: &str) -> Map<String, Value> {
        Map::from_iter([("module".to_owned(), json!(module))])
    }

    /// The modules of the chain, in their order.
    fn modules(config_map: ConfigMap) -> Vec<String> {
        let manifest = config_map.manifest().unwrap();
        let configuration: Value = serde_json::from_str(manifest["data"][CONF].as_str().unwrap()).unwrap();
        let entries = configuration["selectors"].as_array().unwrap();
        entries.iter().map(|entry| entry["module"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_chain_that_was_not_written_is_written_with_the_entry_in_its_place() {
        for (place, expected) in [
            (None, ["a.wasm", "network-attachment", "annotation", "logical-network", "least-loaded", "default-plugin"]),
            (
                Some(Place::First),
                ["a.wasm", "network-attachment", "annotation", "logical-network", "least-loaded", "default-plugin"],
            ),
            (
                Some(Place::Last),
                ["network-attachment", "annotation", "logical-network", "least-loaded", "default-plugin", "a.wasm"],
            ),
            (
                Some(Place::Before("default-plugin".into())),
                ["network-attachment", "annotation", "logical-network", "least-loaded", "a.wasm", "default-plugin"],
            ),
        ] {
            let mut config_map = parse(&json!({"type": "genie"}));
            config_map.put_entry(entry("a.wasm"), place.as_ref()).unwrap();
            assert_eq!(modules(config_map), expected, "{place:?}");
        }
    }

    #[test]
    fn an_entry_is_replaced_where_it_is_or_moved() {
        let chain =
            json!({"Selectors": [{"module": "annotation"}, {"module": "a.wasm.gz"}, {"module": "default-plugin"}]});
        let mut config_map = parse(&chain);
        config_map.put_entry(entry("a.wasm"), None).unwrap();
        let manifest = config_map.manifest().unwrap();
        let text = manifest["data"][CONF].as_str().unwrap();
        assert!(text.contains("Selectors") && !text.contains("selectors") && !text.contains(".gz"), "{text}");

        let mut config_map = parse(&json!({"selectors": chain["Selectors"]}));
        config_map.put_entry(entry("a.wasm"), Some(&Place::Last)).unwrap();
        assert_eq!(modules(config_map), ["annotation", "default-plugin", "a.wasm"]);
    }

    #[test]
    fn another_digest_of_the_same_repository_is_the_same_module() {
        let [old, new] = ["1", "2"].map(|digit| format!("oci://r.example.org/p/a@sha256:{}", digit.repeat(64)));
        let mut config_map = parse(&json!({"selectors": [{"module": "annotation"}, {"module": old}]}));
        config_map.put_entry(entry(&new), None).unwrap();
        assert_eq!(modules(config_map), ["annotation", &new]);
    }

    #[test]
    fn a_module_goes_in_compressed_and_comes_out_whole() {
        let mut config_map = parse(&json!({}));
        config_map.values("binaryData").insert("a.wasm".into(), "b2xk".into());
        config_map.put_module("a.wasm", b"the module").unwrap();
        config_map.put_entry(entry("a.wasm"), None).unwrap();
        let manifest = config_map.manifest().unwrap();
        let values = manifest["binaryData"].as_object().unwrap();
        assert_eq!(values.keys().collect::<Vec<_>>(), ["a.wasm.gz"]);
        let mut module = String::new();
        let compressed = STANDARD.decode(values["a.wasm.gz"].as_str().unwrap()).unwrap();
        GzDecoder::new(&*compressed).read_to_string(&mut module).unwrap();
        assert_eq!(module, "the module");
        assert_eq!(
            (&manifest["data"]["note"], &manifest["metadata"]["resourceVersion"]),
            (&json!("of the operator"), &json!("7"))
        );

        let mut config_map = ConfigMap::parse(&manifest.to_string()).unwrap();
        config_map.take_away("a.wasm").unwrap();
        let manifest = config_map.manifest().unwrap();
        assert_eq!(manifest["binaryData"], json!({}));
        assert_eq!(
            modules(ConfigMap::parse(&manifest.to_string()).unwrap()),
            ["network-attachment", "annotation", "logical-network", "least-loaded", "default-plugin"]
        );
    }

    #[test]
    fn what_cannot_be_done_is_told() {
        let told = |done: Result<()>| done.unwrap_err().to_string();
        let mut config_map = parse(&json!({"selectors": [{"module": "annotation"}]}));
        assert!(told(config_map.take_away("a.wasm")).contains("no entry of \"a.wasm\""));
        let before = Place::Before("nobody".into());
        assert!(told(config_map.put_entry(entry("a.wasm"), Some(&before))).contains("no entry of \"nobody\""));
        assert!(told(parse(&json!({"selectors": 7})).take_away("a")).contains("is no list"));
        config_map.put_script("policy.js", &"x".repeat(LARGEST));
        assert!(config_map.manifest().unwrap_err().to_string().contains("into a registry"));
        for (text, expected) in [
            ("kind: Pod", "it is Pod"),
            ("[]", "no manifest"),
            ("kind: ConfigMap", "no key 00-genie.conf"),
            ("kind: ConfigMap\ndata: {00-genie.conf: '[]'}", "no JSON object"),
        ] {
            let told = ConfigMap::parse(text).err().unwrap().to_string();
            assert!(told.contains(expected), "{text}: {told}");
        }
    }
}

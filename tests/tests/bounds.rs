//! The bounds and defaults that the documents state are those of the code.

use std::path::Path;

use genie_core::agent_api::client::{AT_ONCE, LATER};
use genie_core::cni::Verb;
use genie_core::config::Paths;
use genie_core::selector::artefact::load::MAX_ARTEFACT;
use genie_core::selector::child::compiler;
use genie_core::selector::module::MAX_MODULE;
use genie_core::selector::sandbox::facts::RECORDED;
use genie_core::selector::sandbox::limits::{self, Limits, show_bytes};
use genie_host::approve;
use genie_tests::documents::table;
use serde_json::{Value, json};

#[test]
fn the_bounds_of_limits_md_are_those_of_the_code() {
    const DOCUMENT: &str = "docs/limits.md";
    let Limits { fuel, memory, output_bytes, facts_bytes, log_bytes, log_messages } = Limits::default();
    let size = |bytes: usize| format!("`\"{}\"`", show_bytes(bytes));
    let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
    let expected = [
        ("## Limits of an entry", "`fuel`", fuel.to_string()),
        ("## Limits of an entry", "`memory`", size(memory)),
        ("## Limits of an entry", "`output_bytes`", size(output_bytes)),
        ("## Limits of an entry", "`facts_bytes`", size(facts_bytes)),
        ("## Limits of an entry", "`log_bytes`", size(log_bytes)),
        ("## Limits of an entry", "`log_messages`", log_messages.to_string()),
        ("## Fixed bounds of a call", "questions to imports", limits::QUESTIONS.to_string()),
        (
            "## Fixed bounds of a call",
            "core instances, memories, tables of a component",
            format!("{}, {}, {}", limits::INSTANCES, limits::MEMORIES, limits::TABLES),
        ),
        ("## Fixed bounds of a call", "elements of all tables together", limits::TABLE_ELEMENTS.to_string()),
        ("## Fixed bounds of a call", "handles of resources", limits::HANDLES.to_string()),
        ("## Fixed bounds of a call", "messages, kept or not", mebibytes(limits::LOGGED as u64)),
        ("## Facts", "the wait for what the agent knows already", format!("{} ms", AT_ONCE.as_millis())),
        ("## Facts", "the wait for the agent, for one object", format!("{} s", LATER.as_secs())),
        ("## Facts", "an answer in the record", format!("{} KiB", RECORDED >> 10)),
        ("## Modules and scripts", "a module's file", mebibytes(MAX_MODULE)),
        ("## Modules and scripts", "a compiled module", mebibytes(MAX_ARTEFACT)),
        ("## Modules and scripts", "compiling: time", format!("{} minutes", compiler::TIME.as_secs() / 60)),
    ];
    for (heading, what, bound) in expected {
        let rows = table(DOCUMENT, heading);
        let row = rows.iter().find(|row| row[0] == what).unwrap_or_else(|| panic!("{what} is not in {DOCUMENT}"));
        assert!(row[1] == bound || row[1].starts_with(&format!("{bound};")), "{what}: {} is not {bound}", row[1]);
    }
}

#[test]
fn the_defaults_of_configuration_md_are_those_of_the_code() {
    const DOCUMENT: &str = "docs/configuration.md";
    let Value::Object(shown) = json!({"name": "example", "type": "genie"}) else { unreachable!("it is an object") };
    let config = approve::read(&shown).unwrap_or_else(|errors| panic!("{errors:?}"));
    let Paths { conf_dir, state_dir, cni_cache_dir, cache_dir, agent, .. } = &config.paths;
    let seconds = |verb| format!("`\"{}s\"`", config.paths.time(verb).as_secs());
    let [add, del, gc] = [Verb::Add, Verb::Del, Verb::Gc].map(seconds);
    let path = |path: &Path| format!("`{}`", path.display());
    let chain: Vec<_> = config.chain.entries.iter().map(|entry| format!("`{}`", entry.name)).collect();
    let per_pod = config.limits;
    let expected = [
        ("selectors", chain.join(", ")),
        ("agent", path(agent)),
        ("strict", config.strict.to_string()),
        ("limits", format!(r#"`{{"networks": {}, "same_network": {}}}`"#, per_pod.networks, per_pod.same_network)),
        ("default_route", format!("`\"{:?}\"`", config.default_route).to_lowercase()),
        ("network_status", format!("`\"{:?}\"`", config.network_status).to_lowercase()),
        ("conf_dir", path(conf_dir)),
        ("state_dir", path(state_dir)),
        ("cache_dir", path(cache_dir)),
        ("cni_cache_dir", path(cni_cache_dir)),
        ("device_info_dir", path(&config.device_info_dir)),
        ("timeout", format!("{add}; of DEL {del}, of GC {gc}")),
    ];
    let rows = table(DOCUMENT, "## Keys of genie-host");
    for (key, default) in expected {
        let row = rows.iter().find(|row| row[0] == format!("`{key}`")).unwrap_or_else(|| panic!("no row of {key}"));
        assert_eq!(row[2], default, "{DOCUMENT}, {key}");
    }
}

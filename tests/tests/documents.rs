//! Checks what the documents say: the commands that they show exist, the configurations are
//! accepted, and the rooms of the code depend on each other as they are drawn.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use genie_core::config::unknown_keys;
use genie_host::approve;
use genie_tests::documents::{first_column, masked, read, table};
use genie_tests::fixture::reference_node;
use genie_tests::helm::helm;
use genie_tests::programs;
use serde_json::{Map, Value, json};

/// Every document, by its path in the repository.
fn documents() -> Vec<(String, String)> {
    files("*.md").into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// The files of the repository that git tracks.
fn files(pattern: &str) -> Vec<String> {
    let output = Command::new("git").args(["ls-files", pattern]).current_dir(programs::root()).output();
    let listed = String::from_utf8(output.expect("git is there").stdout).expect("paths");
    let listed: Vec<_> = listed.lines().map(ToOwned::to_owned).collect();
    assert!(!listed.is_empty(), "git knows no {pattern}");
    listed
}

/// The blocks between fences, each with the word behind the first fence, and the indented blocks,
/// which have no word.
fn blocks_of(document: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    let mut indented = String::new();
    for line in document.lines() {
        match (&mut open, line.trim().strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, text)), None) => text.extend([line, "\n"]),
            (None, None) if line.starts_with("    ") => indented.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    blocks.push((String::new(), indented));
    blocks
}

/// The command lines of a block. Continued lines are joined.
fn lines_of(block: &str) -> Vec<String> {
    let whole = block.replace("\\\n", " ");
    whole.lines().filter(|line| !line.trim_start().starts_with('#')).map(ToOwned::to_owned).collect()
}

/// The texts between single backticks. They may span two lines.
fn spans_of(document: &str) -> Vec<String> {
    let fenced: Vec<_> = document.split("```").step_by(2).collect();
    let paragraphs = fenced.iter().flat_map(|text| text.split("\n\n"));
    let quoted =
        |text: &str| text.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect::<Vec<_>>();
    paragraphs.flat_map(quoted).collect()
}

/// The arguments behind each `genie-host` of a line, up to the end of that command.
fn invocations(line: &str) -> Vec<Vec<String>> {
    let words = words_of(line);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let starts = words.iter().enumerate().filter(|(_, word)| {
        let word = word.trim_start_matches(['(', '"', '\'']);
        word == "genie-host" || (word.ends_with("/genie-host") && !word.contains('='))
    });
    let is_own = |word: &&&str| !["|", ";", "&&", "||", ">", "#", "&"].contains(*word);
    let own = |at: usize| words.get(at + 1..).unwrap_or_default().iter().take_while(is_own);
    starts.map(|(at, _)| own(at).map(|word| word.trim_end_matches([';', ')']).to_owned()).collect()).collect()
}

/// Whether these are a command's arguments, and not a sentence or a file that is copied.
fn is_command(arguments: &[String]) -> bool {
    let is_name = |word: &String| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
    arguments.first().is_some_and(is_name)
}

#[track_caller]
fn assert_understood(place: &str, arguments: &[String]) {
    // Help is printed only when everything before it is right.
    let output = Command::new(programs::dist("genie-host")).args(arguments).arg("--help").output();
    let output = output.expect("genie-host starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{place} shows `genie-host {}`: {said}", arguments.join(" "));
}

#[test]
fn every_command_that_the_documents_show_is_one() {
    let mut shown = BTreeSet::new();
    for (path, document) in documents() {
        let blocks = blocks_of(&document);
        let lines = blocks.iter().filter(|(language, _)| ["", "sh", "console"].contains(&language.as_str()));
        let lines = lines.flat_map(|(_, block)| lines_of(block)).chain(spans_of(&document));
        for arguments in lines.flat_map(|line| invocations(&line)).filter(|arguments| is_command(arguments)) {
            assert_understood(&path, &arguments);
            shown.insert(arguments);
        }
    }
    assert!(shown.len() > 15, "{shown:#?}");
}

/// Each command of `genie-host`.
fn all_commands() -> BTreeSet<String> {
    let help = help_of(&[]);
    let listed = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    let names = listed.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(ToOwned::to_owned).collect()
}

fn help_of(command: &[&str]) -> String {
    let output = Command::new(programs::dist("genie-host")).args(command).arg("--help").output();
    String::from_utf8(output.expect("genie-host starts").stdout).expect("text")
}

#[test]
fn test_selector_md_lists_every_command_and_every_schema() {
    const DOCUMENT: &str = "docs/test-selector.md";
    let listed = first_column(DOCUMENT, "## Other commands").into_iter().chain(["genie-host test-selector".into()]);
    let listed: BTreeSet<_> = listed.map(|command| command.replace("genie-host ", "")).collect();
    assert_eq!(listed, all_commands());
    let rows: String = table(DOCUMENT, "## JSON").concat().concat();
    for schema in files("docs/schema/*.json") {
        let link = format!("({})", schema.trim_start_matches("docs/"));
        assert!(rows.contains(&link), "{DOCUMENT} does not say whose {schema} is");
    }
}

#[test]
fn the_exit_statuses_of_the_documents_are_those_of_the_help() {
    for (path, heading, command) in [
        ("docs/test-selector.md", "## What it answers", "test-selector"),
        ("docs/testing.md", "## A first suite", "test"),
    ] {
        let documented: BTreeSet<_> = table(path, heading).iter().map(|row| row[0].clone()).collect();
        let help = help_of(&[command]);
        let told = help.split("Exit status: ").nth(1).and_then(|rest| rest.split('.').next()).expect("statuses");
        let told: BTreeSet<_> = told.split(", ").filter_map(|status| status.split(' ').next()).collect();
        assert_eq!(documented, told.into_iter().map(ToOwned::to_owned).collect(), "{path}");
    }
}

#[test]
fn commands_that_the_repository_has_the_files_for_print_what_is_shown() {
    let mut count = 0;
    for (path, document) in documents() {
        for (_, block) in blocks_of(&document) {
            let Some((command, shown)) = block.strip_prefix("$ genie-host ").and_then(|rest| rest.split_once('\n'))
            else {
                continue;
            };
            let arguments = words_of(command);
            let mut named = arguments.iter().filter(|word| word.contains('/')).peekable();
            if shown.is_empty() || named.peek().is_none() || !named.all(|name| programs::root().join(name).exists()) {
                continue;
            }
            let output =
                Command::new(programs::dist("genie-host")).args(&arguments).current_dir(programs::root()).output();
            let printed = String::from_utf8(output.expect("genie-host starts").stdout).expect("text");
            assert_eq!(masked(&printed), masked(shown), "{path} shows {command}; it prints:\n{printed}");
            count += 1;
        }
    }
    assert!(count >= 1, "none is shown");
}

#[test]
fn every_command_that_comments_and_messages_speak_of_is_one() {
    let mut commands = BTreeSet::new();
    for path in files("*.rs").into_iter().chain(files("*.wit")).chain(files("deploy/*")) {
        let Ok(text) = fs::read_to_string(programs::root().join(&path)) else { continue };
        for after in text.split("`genie-host ").skip(1) {
            let command: String =
                after.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '-').collect();
            if !command.is_empty() && commands.insert(command.clone()) {
                assert_understood(&path, &[command]);
            }
        }
    }
    assert!(commands.len() > 5, "{commands:?}");
}

/// An example as a whole configuration. A placeholder becomes a digest, and a key of the ConfigMap
/// or a module of a registry becomes a path, as with the installer.
fn configuration(block: &str) -> Map<String, Value> {
    let block = if block.trim_start().starts_with('"') { format!("{{{block}}}") } else { block.to_owned() };
    let Value::Object(mut shown) = serde_json::from_str(&block).unwrap_or_else(|error| panic!("{error}: {block}"))
    else {
        panic!("no object: {block}")
    };
    if shown.contains_key("module") {
        shown = Map::from_iter([("selectors".to_owned(), json!([shown]))]);
    }
    if let Some(grant) = shown.remove("grant") {
        shown.insert("selectors".into(), json!([{"module": "annotation", "grant": grant}]));
    }
    for entry in shown.get_mut("selectors").and_then(Value::as_array_mut).into_iter().flatten() {
        let entry = entry.as_object_mut().expect("an entry is an object");
        let module = entry["module"].as_str().expect("a module").to_owned();
        if Path::new(&module).extension().is_some() || module.starts_with("oci://") {
            let digest = entry.get("sha256").and_then(Value::as_str).is_some_and(|digest| digest.ends_with('…'));
            assert!(digest || !module.starts_with('/'), "{module} has no digest: {block}");
            entry.insert("sha256".into(), "0".repeat(64).into());
            let path = Path::new("/").join(module).with_extension("wasm");
            entry.insert("module".into(), path.display().to_string().into());
        }
    }
    shown.entry("name").or_insert("example".into());
    shown.entry("type").or_insert("genie".into());
    shown
}

#[test]
fn every_configuration_that_the_documents_show_is_accepted() {
    let mut count = 0;
    for (path, document) in documents() {
        for (_, block) in blocks_of(&document).iter().filter(|(language, _)| language == "json") {
            let shown = configuration(block);
            assert_eq!(unknown_keys(&shown), [""; 0], "{path} shows {block}");
            if let Err(errors) = approve::read(&shown) {
                panic!("{path} shows {block}, which is wrong: {errors:?}");
            }
            count += 1;
        }
    }
    assert!(count >= 7, "{count} configurations");
}

/// Checks that the program reads a configuration with these keys.
#[track_caller]
fn assert_read(keys: &Value) {
    let Value::Object(mut config) = keys.clone() else { panic!("{keys} is no object") };
    config.extend([("name".into(), "example".into()), ("type".into(), "genie".into())]);
    assert_eq!(unknown_keys(&config), [""; 0]);
    assert!(approve::read(&config).is_ok(), "documented and wrong: {keys}: {:?}", approve::read(&config).err());
}

#[test]
fn every_key_and_value_of_the_tables_is_known() {
    const DOCUMENT: &str = "docs/configuration.md";
    let mut count = 0;
    for heading in ["## Keys of every CNI configuration", "## Keys of genie-host", "## CNI-Genie's keys"] {
        for key in first_column(DOCUMENT, heading) {
            // A key with null is the same as no key, provided that it is known.
            assert_eq!(unknown_keys(&Map::from_iter([(key, Value::Null)])), [""; 0]);
            count += 1;
        }
    }
    let entry = |key: &str, value: Value| json!({"selectors": [{"module": "annotation", key: value}]});
    for key in first_column(DOCUMENT, "### selectors") {
        assert_read(&entry(&key, if key == "module" { "annotation".into() } else { Value::Null }));
        count += 1;
    }
    for limit in first_column("docs/limits.md", "## Limits of an entry") {
        assert_read(&entry("limits", json!({limit: 1})));
        count += 1;
    }
    let items =
        ["#### grant", "#### Objects of the cluster"].iter().flat_map(|heading| first_column(DOCUMENT, heading));
    for item in items.map(|item| item.replace('…', "[\"v1/Namespace\"]")) {
        let item: Value = serde_json::from_str(&item).unwrap_or_else(|error| panic!("{item}: {error}"));
        assert_read(&entry("grant", json!([item])));
        count += 1;
    }
    for source in first_column(DOCUMENT, "### pods").iter().map(|source| source.replace("PATH", "\"/pods\"")) {
        let source: Value = serde_json::from_str(&source).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_read(&json!({"pods": [source], "kubernetes": {"kubeconfig": "/etc/kubeconfig"}}));
        count += 1;
    }
    assert!(count > 60, "{count} keys and values");
}

/// The words of a command line, as a shell splits it.
fn words_of(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.last_mut().expect("there is one").push_str(part);
            continue;
        }
        for (index, piece) in part.split(' ').enumerate() {
            if index > 0 {
                words.push(String::new());
            }
            words.last_mut().expect("there is one").push_str(piece);
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

#[test]
fn every_value_that_the_documents_give_helm_is_taken() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let module = dir.path().join("tenant.wasm.base64");
    fs::write(&module, "AGFzbQ==").expect("the directory is ours");
    let mut count = 0;
    for (path, document) in documents() {
        let blocks = blocks_of(&document);
        let commands = blocks.iter().flat_map(|(_, block)| lines_of(block)).chain(spans_of(&document));
        for line in commands {
            let words = words_of(line.trim_start().trim_start_matches("$ "));
            let [program, verb, release, _, rest @ ..] = words.as_slice() else { continue };
            if program != "helm" || !["install", "upgrade"].contains(&verb.as_str()) {
                continue;
            }
            let rest = rest.iter().filter(|word| *word != "--reuse-values");
            let rest = rest.map(|word| {
                word.replace("tenant.wasm.base64", &module.display().to_string()).replace("REGISTRY", "registry")
            });
            let start = ["template", release, "chart", "--kube-version", "1.34.0"].map(ToOwned::to_owned);
            let arguments: Vec<_> = start.into_iter().chain(rest).collect();
            let output = helm(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), "");
            assert!(output.status.success(), "{path} shows {line}: {}", String::from_utf8_lossy(&output.stderr));
            count += 1;
        }
    }
    assert!(count >= 3, "{count} commands");
}

#[test]
fn the_documented_guard_keeps_pods_on_the_network_that_enforces_policies() {
    let document = read("docs/deployment.md");
    let (_, section) = document.split_once("### Networks that pods must not choose\n").expect("the section");
    let (_, guard) = blocks_of(section).into_iter().find(|(language, _)| language == "json").expect("an example");
    let guard = configuration(&guard);
    let node =
        ["default_plugin", "selectors"].iter().fold(reference_node(), |node, key| node.with(key, guard[*key].clone()));
    for allowed in ["calico", ""] {
        node.add().cni(allowed).container(&format!("allowed-{allowed}")).run().ok();
        assert_eq!(node.trace(), ["ADD calico@eth0", "ADD portmap@eth0"], "cni: {allowed:?}");
    }
    for forbidden in ["flannel", "calico,flannel", "weave@eth0"] {
        node.add().cni(forbidden).container("forbidden").run().error_code(102);
        assert!(node.trace().is_empty(), "cni: {forbidden:?}");
    }
}

/// The rooms of a crate as architecture.md draws them, the highest ones first.
fn tower(of: &str) -> Vec<Vec<String>> {
    let text = read("docs/architecture.md");
    let (_, drawn) = text.split_once(of).unwrap_or_else(|| panic!("{of} is not drawn"));
    let drawn = drawn.lines().skip(2).take_while(|line| line.starts_with("    "));
    drawn.map(|line| line.split(',').map(|room| room.trim().to_owned()).collect()).collect()
}

/// The rooms that a file's code uses, without its tests.
fn used(path: &Path, within: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(path).expect("a file of the repository");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    // What documentation leads to is not used.
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let room = |after: &str| after.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
    code.split(within).skip(1).map(room).collect()
}

#[test]
fn a_room_depends_on_those_that_architecture_md_has_below_it() {
    let mut seen = BTreeSet::new();
    let crates = [
        ("host/tool/src/", "above all of `host/core`:"),
        ("host/core/src/", "In `host/core`:"),
        ("host/core/src/selector/", "`selector/` has rooms of its own:"),
    ];
    for (folder, of) in crates {
        let tower = tower(of);
        let level = |room: &str| tower.iter().position(|line| line.iter().any(|listed| listed == room));
        let inner = folder.strip_prefix("host/core/src/").filter(|inner| !inner.is_empty());
        let within = inner.map_or_else(|| "crate::".to_owned(), |inner| format!("crate::{}", inner.replace('/', "::")));
        for path in files(&format!("{folder}**.rs")).into_iter().filter(|path| !path.contains("/tests")) {
            let room = path.strip_prefix(folder).and_then(|rest| rest.split('/').next()).expect("a file below");
            let room = room.trim_end_matches(".rs");
            // A folder's own file belongs to no room.
            if ["lib", "main", "mod"].contains(&room) {
                continue;
            }
            let own = level(room).unwrap_or_else(|| panic!("architecture.md does not draw {folder}{room}"));
            let used = used(&programs::root().join(&path), &within);
            for other in used.into_iter().filter(|other| other != room) {
                // `selector/` also holds things that are no rooms, which `mod.rs` names.
                let Some(below) = level(&other) else {
                    assert!(inner.is_some(), "architecture.md does not draw {folder}{other}");
                    continue;
                };
                assert!(below > own, "{path} uses {other}, which architecture.md does not have below {room}");
                seen.insert((folder, room.to_owned(), other));
            }
        }
    }
    assert!(seen.len() > 60, "{seen:?}");
}

//! docs/contract.md names all that the contract has, and nothing else: each interface is a section whose
//! table has its functions, each type a section whose table has its fields or cases, in their order. The
//! selectors that it shows are the SDK's example, and decide as that one.

use std::collections::BTreeSet;
use std::fs;

use genie_tests::documents::{first_column, read};
use genie_tests::{Node, programs};
use wit_parser::{Resolve, TypeDef, TypeDefKind};

const DOCUMENT: &str = "docs/contract.md";

/// The fields or cases of a type; none for one that has neither, such as a name for another type.
fn parts(definition: &TypeDef) -> Option<Vec<&str>> {
    Some(match &definition.kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| &*field.name).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| &*case.name).collect(),
        TypeDefKind::Enum(kind) => kind.cases.iter().map(|case| &*case.name).collect(),
        TypeDefKind::Type(_) => return None,
        other => panic!("docs/contract.md has no form for {other:?}"),
    })
}

/// The keys that the contract lists in the words of a field.
fn listed(docs: &str) -> Vec<&str> {
    docs.lines().filter_map(|line| line.trim().strip_prefix("- `")?.split('`').next()).collect()
}

#[test]
fn contract_md_has_every_function_field_and_case_and_no_other() {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(programs::root().join("guest-sdk/wit")).expect("the contract parses");
    let package = &resolve.packages[package];
    let document = read(DOCUMENT);
    let (mut sections, mut names) = (BTreeSet::new(), 0);
    let mut compare = |heading: String, expected: &[&str]| {
        assert_eq!(first_column(DOCUMENT, &heading), expected, "the table below {heading}");
        names += expected.len();
        sections.insert(heading);
    };
    for (name, id) in &package.interfaces {
        let interface = &resolve.interfaces[*id];
        let functions: Vec<_> = interface.functions.keys().map(String::as_str).collect();
        if !functions.is_empty() {
            compare(format!("## {name}"), &functions);
        }
        for (kind, id) in &interface.types {
            let definition = &resolve.types[*id];
            let Some(parts) = parts(definition) else { continue };
            compare(format!("### {kind}"), &parts);
        }
    }
    let request = package.interfaces["types"];
    let request = &resolve.types[resolve.interfaces[request].types["request"]];
    let TypeDefKind::Record(record) = &request.kind else { panic!("{request:?}") };
    let attributes = record.fields.iter().find(|field| field.name == "attributes").expect("the request has attributes");
    let keys = listed(attributes.docs.contents.as_deref().unwrap_or_default());
    assert!(keys.len() > 3, "{keys:?}");
    compare("### attributes".to_owned(), &keys);

    // The sections of types that there are no more.
    let written = document.lines().filter(|line| line.starts_with("### ")).map(str::to_owned);
    assert_eq!(written.filter(|heading| !sections.contains(heading)).collect::<Vec<_>>(), [""; 0]);
    for world in package.worlds.keys() {
        assert!(document.contains(&format!("`{world}`")), "the world {world}");
    }
    assert!(names > 70, "{names} names");
}

/// The page's only block in a language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let fence = format!("\n```{language}\n");
    let block = page.split_once(&fence).and_then(|(_, behind)| behind.split("\n```").next());
    block.unwrap_or_else(|| panic!("{DOCUMENT} has no block of {language}"))
}

#[test]
fn the_selectors_of_contract_md_are_the_example_and_decide_as_it_does() {
    let page = read(DOCUMENT);
    let example: Vec<_> =
        read("guest-sdk/examples/namespace_tenant.rs").lines().map(|line| line.trim().to_owned()).collect();
    let shown: Vec<_> = block(&page, "rust").lines().map(|line| line.trim().to_owned()).collect();
    assert!(shown.len() > 5 && example.windows(shown.len()).any(|lines| lines == shown), "{shown:#?}");

    let node = Node::new();
    let write = |file: &str, text: &str| fs::write(node.dir().join(file), text).unwrap();
    let suite = "guest-sdk/examples/suites/namespace_tenant";
    write("cases.yaml", &read(&format!("{suite}/namespace_tenant.yaml")));
    let networks = programs::root().join("guest-sdk/examples/suites/net.d").display().to_string();
    let shared = read(&format!("{suite}/suite.yaml")).replace("../net.d", &networks);
    write("suite.yaml", &shared.replace("../../namespace_tenant.wasm", "tenant.js"));
    write("tenant.js", block(&page, "js"));
    let told = node.genie_host(&["test", node.dir().to_str().unwrap()]);
    assert_eq!(told.status, Some(0), "{}{}", told.stdout, told.stderr);
}

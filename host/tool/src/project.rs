//! Projects of authors: what `genie-host new` writes.
//!
//! A template is a project of the name [`TEMPLATE`], and a name is put in its place. A file of a
//! language's folder goes before the shared one of the same path.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;

/// The name of a project in the templates.
const TEMPLATE: &str = "my-policy";
/// What all languages have.
const SHARED: &str = "shared/";
/// The SDK, which is a folder of a project in Rust.
const SDK: &str = "sdk/";
/// The contract, in the SDK and where a world's own package finds it.
const CONTRACT: (&str, &str) = ("sdk/wit/selector.wit", "wit/deps/genie-selector/selector.wit");
/// What a project with a world of its own has.
const WORLD: &str = "wit/world.wit";

include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// What a policy is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust, with the SDK
    Rust,
    /// JavaScript, made a module by componentize-qjs
    Js,
    /// Python, made a module by componentize-py
    Python,
    /// Go, by its own compiler
    Go,
    /// One file of JavaScript for the engine of scripts, without any tools
    Script,
}

impl Language {
    /// The folder of its template.
    fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust/",
            Self::Js => "js/",
            Self::Python => "python/",
            Self::Go => "go/",
            Self::Script => "script/",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Js => "JavaScript",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::Script => "one file of JavaScript",
        })
    }
}

/// Makes a project. Its name is that of the directory.
///
/// # Errors
/// The name is none for a selector, the directory exists, or it cannot be written. Then nothing of
/// it is left.
pub fn create(directory: &Path, language: Language) -> Result<()> {
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    check(name)?;
    check_for(language, name)?;
    ensure!(!directory.exists(), "{} exists already: choose another name, or remove it", directory.display());
    let written = write(directory, &files(language, name));
    if written.is_err() {
        // What is half there would be in the way of the next attempt.
        _ = fs::remove_dir_all(directory);
    }
    written.with_context(|| format!("{}", directory.display()))
}

/// A selector's name, which is that of a file and of a package, too.
fn check(name: &str) -> Result<()> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    let is_fine = name.len() <= 63
        && name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit() || byte == b'-')
        && !name.ends_with('-');
    ensure!(
        is_fine,
        "{name:?} is no name for a selector: at most 63 lower-case letters, digits and hyphens, a letter first"
    );
    Ok(())
}

/// A name that the language's tools would take for something else.
fn check_for(language: Language, name: &str) -> Result<()> {
    let taken = match language {
        Language::Rust => (name == "genie-selector").then_some("is the name of the SDK"),
        Language::Go => (name == "vendor").then_some("means something else in a path of Go"),
        Language::Js | Language::Python | Language::Script => None,
    };
    taken.map_or(Ok(()), |why| bail!("{name:?} {why}: choose another name"))
}

/// The files of a project, by their paths in it.
fn files(language: Language, name: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for folder in [SHARED, language.folder()] {
        let of_folder = FILES.iter().filter_map(|(path, text)| Some((path.strip_prefix(folder)?, *text)));
        files.extend(of_folder.map(|(path, text)| (named(path, name), named(text, name))));
    }
    // What is not a template stays as it is.
    if language == Language::Rust {
        files.extend(FILES.iter().filter(|(path, _)| path.starts_with(SDK)).map(|(path, text)| owned(path, text)));
    } else if files.contains_key(WORLD) {
        let contract = FILES.iter().filter(|(path, _)| *path == CONTRACT.0);
        files.extend(contract.map(|(_, text)| owned(CONTRACT.1, text)));
    }
    files
}

fn owned(path: &str, text: &str) -> (String, String) {
    (path.to_owned(), text.to_owned())
}

fn named(text: &str, name: &str) -> String {
    text.replace(TEMPLATE, name)
}

fn write(directory: &Path, files: &BTreeMap<String, String>) -> Result<()> {
    for (path, text) in files {
        let file = directory.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
        }
        fs::write(&file, text).with_context(|| format!("{}", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_put_wherever_the_templates_has_stood() {
        for language in Language::value_variants() {
            let files = files(*language, "tenant-net");
            assert!(
                files.contains_key("cases/suite.yaml") && files.contains_key("Makefile"),
                "{language:?}: {files:?}"
            );
            for (path, text) in &files {
                assert!(!path.contains(TEMPLATE) && !text.contains(TEMPLATE), "{language:?}: {path}");
            }
        }
    }

    #[test]
    fn a_world_of_its_own_has_the_contract_beside_it() {
        for language in [Language::Js, Language::Python, Language::Go] {
            let files = files(language, "a");
            assert!(files[CONTRACT.1].contains("package genie:selector@"), "{language:?}");
        }
        assert!(!files(Language::Script, "a").contains_key(CONTRACT.1));
    }

    #[test]
    fn names_that_no_selector_can_have_are_refused_before_anything_is_written() {
        for name in ["", "A", "a b", "1a", "-a", "a-", "a_b", "ä", "a/", &"a".repeat(64)] {
            assert!(check(name).is_err(), "{name:?}");
        }
        for name in ["a", "tenant-2", &"a".repeat(63)] {
            assert!(check(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn names_that_are_taken_in_a_language_are_refused_in_that_one() {
        for (language, taken) in [(Language::Rust, "genie-selector"), (Language::Go, "vendor")] {
            for other in Language::value_variants() {
                assert_eq!(check_for(*other, taken).is_err(), *other == language, "{other:?}: {taken}");
            }
        }
        // The standard library of Go has packages of one word, so a module of one word could be taken for one.
        for name in ["net", "log", "std", "cmd"] {
            assert!(files(Language::Go, name)["go.mod"].starts_with(&format!("module example.org/{name}\n")));
        }
    }

    #[test]
    fn what_exists_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("policy");
        fs::create_dir(&project).unwrap();
        let told = create(&project, Language::Rust).unwrap_err().to_string();
        assert!(told.contains("exists already"), "{told}");
        assert_eq!(fs::read_dir(&project).unwrap().count(), 0);
    }

    #[test]
    fn the_sdk_of_a_project_has_the_dependencies_of_the_sdk() {
        let parse = |text: &str| -> toml::Table { toml::from_str(text).unwrap() };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let read = |path: &str| parse(&fs::read_to_string(root.join(path)).unwrap());
        let (sdk, workspace) = (read("guest-sdk/Cargo.toml"), read("Cargo.toml"));
        let copy = files(Language::Rust, "a");
        let copy = parse(&copy["sdk/Cargo.toml"]);
        for (name, wanted) in sdk["dependencies"].as_table().unwrap() {
            let shared = wanted.get("workspace").map(|_| &workspace["workspace"]["dependencies"][name]);
            assert_eq!(copy["dependencies"][name], *shared.unwrap_or(wanted), "{name}");
        }
        assert_eq!(copy["dependencies"].as_table().unwrap().len(), sdk["dependencies"].as_table().unwrap().len());
        assert_eq!(copy["features"], sdk["features"]);
        for key in ["version", "edition", "rust-version", "license"] {
            assert_eq!(copy["package"][key], workspace["workspace"]["package"][key], "{key}");
        }
    }
}

//! The corpus of hostile selectors, `guests/hostile/`.
//!
//! A file is a component, or the fields of a core module for the world `selector`. The fields that
//! a file leaves out are those of a well-behaved selector (`frame.wat` and `OWN`). The first
//! lines of a file say what it does and how that ends:
//!
//! ```text
//! ;; Wants more than its entry of the configuration allows.
//! ;; limits: {"memory": "1Mi"}                   a key of its entry; also `grant`
//! ;; timeout: "3s"                               a key of the configuration
//! ;; 103: went over its memory limit of 1Mi      the error's code, and words of it
//! ```
//!
//! A component with the line `;; beside a well-behaved selector` is put inside of such a selector,
//! and does its work while the selector is instantiated.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use wasm_encoder::{
    ComponentExportKind, ComponentInstanceSection, ComponentSection as _, ComponentSectionId, RawSection,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::programs::root;

/// What stands in for a function or memory that a file does not define: a selector that attaches
/// the network `weave`.
const OWN: [(&str, &str); 5] = [
    ("(memory $memory", "(memory $memory 2)"),
    ("(global $heap", "(global $heap (mut i32) (i32.const 65536))"),
    ("(func $describe", "(func $describe (result i32) (i32.const 64))"),
    ("(func $select", "(func $select (param i32) (result i32) (call $weave (i32.const 0)) (call $plan (i32.const 1)))"),
    (
        "(func $realloc",
        "(func $realloc (param i32 i32 i32 i32) (result i32)
           (local $at i32)
           (local.set $at (global.get $heap))
           (global.set $heap (i32.and (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 7)) (i32.const -8)))
           (local.get $at))",
    ),
];

/// The line that marks a component which is no selector itself.
const BESIDE: &str = "beside a well-behaved selector";

/// A file of the corpus.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// The file's name: `FOLDER/FILE` without extension.
    pub name: String,
    /// What the file does, in a sentence.
    pub what: String,
    /// The code of the error in which its call ends. It is 0 for a file that does no harm.
    pub code: u64,
    /// Words of that error.
    pub says: String,
    /// Whether the file has a merge of its own. Then delegates run before it is stopped.
    pub merges: bool,
    /// How long its calls may take, for a file that only the deadline ends.
    pub timeout: Option<Value>,
    keys: Vec<(String, Value)>,
    text: String,
}

/// The files of one folder, by name.
///
/// # Panics
/// When a file does not begin as it should.
pub fn folder(folder: &str) -> Vec<Hostile> {
    let dir = dir().join(folder);
    let files = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())).flatten();
    let mut paths: Vec<_> = files.map(|file| file.path()).collect();
    paths.sort();
    paths.iter().map(|path| Hostile::read(folder, path)).collect()
}

/// The directory of the corpus.
pub fn dir() -> PathBuf {
    root().join("tests/guests/hostile")
}

impl Hostile {
    fn read(folder: &str, path: &std::path::Path) -> Self {
        let text = fs::read_to_string(path).expect("a file of the corpus can be read");
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut read = Self {
            name: format!("{folder}/{stem}"),
            what: String::new(),
            code: u64::MAX,
            says: String::new(),
            merges: text.contains("(func $merge"),
            timeout: None,
            keys: Vec::new(),
            text: text.clone(),
        };
        for line in text.lines().map_while(|line| line.strip_prefix(";; ")) {
            let (before, after) = line.split_once(": ").unwrap_or((line, ""));
            if let Ok(code) = before.parse() {
                (read.code, read.says) = (code, after.into());
            } else if ["grant", "limits"].contains(&before) {
                read.keys.push((before.into(), serde_json::from_str(after).expect("a key's value is JSON")));
            } else if before == "timeout" {
                read.timeout = Some(serde_json::from_str(after).expect("a timeout is JSON"));
            } else if line != BESIDE {
                let space = if read.what.is_empty() { "" } else { " " };
                read.what.extend([space, line]);
            }
        }
        assert!(read.code != u64::MAX && !read.what.is_empty(), "{}: the first lines are incomplete", path.display());
        read
    }

    /// The file's name without folder and extension.
    pub fn stem(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// The module as its author would hand it over.
    ///
    /// # Panics
    /// When the file's text is wrong.
    pub fn wasm(&self) -> Vec<u8> {
        let is = |start| self.text.contains(&format!("\n{start}"));
        if !is("(component") && !is("(module") {
            return self.core(&self.text);
        }
        let whole = wat::parse_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        if is(&format!(";; {BESIDE}")) { beside_a_selector(&whole, &self.core("")) } else { whole }
    }

    /// The core module of these fields.
    fn core(&self, fields: &str) -> Vec<u8> {
        let mut text = format!("(module\n{fields}\n");
        for (defined, own) in OWN {
            if !fields.contains(defined) {
                text.push_str(own);
            }
        }
        text.push_str(&fs::read_to_string(dir().join("frame.wat")).expect("the frame can be read"));
        if self.merges {
            text.push_str(r#"(export "genie:selector/merge@0.1.0#merge" (func $merge))"#);
        }
        text.push(')');
        let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_path(root().join("guest-sdk/wit")).expect("the ABI parses");
        let world = if self.merges { "selector-with-merge" } else { "selector" };
        let world = resolve.select_world(&[package], Some(world)).expect("the ABI has its worlds");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("the world fits");
        module
    }

    /// The file's entry of a chain. `entry` has its module and digest already.
    pub fn entry(&self, mut entry: Value) -> Value {
        for (key, value) in &self.keys {
            entry[key] = value.clone();
        }
        entry
    }

    /// The file's line in the table of contents.
    pub fn line(&self) -> String {
        let met = match self.code {
            0 => self.says.clone(),
            code => format!("{code}: {}", self.says),
        };
        let keys: Vec<_> = self.keys.iter().map(|(key, value)| format!(" ({key}: `{}`)", json!(value))).collect();
        format!("| `{}` | {}{} | {met} |", self.name, self.what, keys.concat())
    }
}

/// The component of this core module, with a foreign component inside that is instantiated, too.
fn beside_a_selector(stranger: &[u8], selector: &[u8]) -> Vec<u8> {
    let selector = ComponentEncoder::default().module(selector).and_then(|encoder| encoder.validate(true).encode());
    let mut both = selector.expect("the core module is a selector");
    // A component is a sequence of sections. Each begins with its kind and size.
    let index = components(&both);
    RawSection { id: ComponentSectionId::Component.into(), data: stranger }.append_to_component(&mut both);
    let none: [(&str, ComponentExportKind, u32); 0] = [];
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate(index, none);
    instances.append_to_component(&mut both);
    both
}

/// How many components are inside of this one. That is the index of the next one.
fn components(component: &[u8]) -> u32 {
    let mut left = &component[8..];
    let mut count = 0;
    while let Some((&kind, rest)) = left.split_first() {
        count += u32::from(kind == u8::from(ComponentSectionId::Component));
        let end = rest.iter().position(|byte| byte & 0x80 == 0).expect("a section has a size");
        let size = rest[..=end].iter().rev().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        left = &rest[end + 1 + size..];
    }
    count
}

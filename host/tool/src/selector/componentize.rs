//! Makes a selector of a core module of a compiler that makes no components, such as Go's own for
//! `wasip1`. The module has what its world says, by the names of the canonical ABI; a world that it
//! does not name itself is read from WIT. What it imports of WASI 0.1 comes from an adapter,
//! `preview1.wat`, so the selector imports no WASI, and a node's plugin runs it itself.

use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

use super::compile::{COMPONENT, CORE_MODULE};
use super::names;

/// What a module imports WASI 0.1 from.
const PREVIEW1: &str = "wasi_snapshot_preview1";
/// The adapter, which the build script makes.
const ADAPTER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/preview1.wasm"));

/// What modules are built for.
pub struct World {
    resolve: Resolve,
    id: WorldId,
}

impl World {
    /// Reads a world from a directory of WIT, whose `deps` hold the packages that it imports.
    ///
    /// # Errors
    /// The WIT is wrong, or it has no such world. The text has several lines.
    pub fn read(dir: &Path, world: &str) -> Result<Self, String> {
        let mut resolve = Resolve::default();
        let package = match resolve.push_path(dir) {
            Ok((package, _)) => package,
            Err(error) => return Err(resolve.render_error(&error)),
        };
        let Ok(id) = resolve.select_world(&[package], Some(world)) else {
            let worlds: Vec<_> = resolve.packages[package].worlds.keys().map(String::as_str).collect();
            return Err(format!("there is no world {world:?}; the worlds there are: {}", worlds.join(", ")));
        };
        Ok(Self { resolve, id })
    }
}

/// Makes the component of a core module, and checks that it is a selector. `selector` is the name for
/// messages.
///
/// # Errors
/// The bytes are no core module, it does not fit its world, or is no selector that this host can run.
pub fn componentize(selector: &str, module: &[u8], world: Option<&World>) -> Result<Vec<u8>> {
    ensure!(!module.starts_with(COMPONENT), "{selector} is a component already: use it as it is");
    ensure!(module.starts_with(CORE_MODULE), "{selector} is no WebAssembly module: it does not begin as one");
    let needs = Needs::of(module).map_err(|error| anyhow!("{selector} is no valid module: {error}"))?;
    ensure!(
        !needs.runs,
        "{selector} is a program, which ends before it is asked: build a library (Go: -buildmode=c-shared, C: \
         -mexec-model=reactor)"
    );
    let mut module = module.to_vec();
    match world {
        Some(_) if needs.names_its_world => bail!("{selector} names its world itself: leave out --wit and --world"),
        Some(world) => embed_component_metadata(&mut module, &world.resolve, world.id, StringEncoding::UTF8)?,
        None => ensure!(needs.names_its_world, "{selector} does not name its world: name it by --wit and --world"),
    }
    let unfit = |error: anyhow::Error| {
        anyhow!(
            "{selector} does not fit its world: {}; it has to export what the world exports, with a memory and \
             cabi_realloc, and may import what the world imports, and {PREVIEW1}",
            error.root_cause()
        )
    };
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).map_err(unfit)?;
    if needs.preview1 {
        encoder = encoder.adapter(PREVIEW1, ADAPTER).map_err(unfit)?;
    }
    let component = encoder.encode().map_err(unfit)?;
    let names = names::read(&component)?;
    names.check_selector(selector).map_err(|error| anyhow!(error.words()))?;
    Ok(component)
}

/// What a core module says of how it wants to become a component.
#[derive(Default)]
struct Needs {
    /// It imports WASI 0.1.
    preview1: bool,
    /// It has a main function, and ends with it.
    runs: bool,
    /// Its world is in a section of its own.
    names_its_world: bool,
}

impl Needs {
    fn of(module: &[u8]) -> wasmparser::Result<Self> {
        let mut needs = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        needs.preview1 |= import?.module == PREVIEW1;
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        needs.runs |= export?.name == "_start";
                    }
                }
                Payload::CustomSection(section) => {
                    needs.names_its_world |= section.name().starts_with("component-type");
                }
                _ => {}
            }
        }
        Ok(needs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const MEMORY: &str = r#"(memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 8)"#;
    const DESCRIBE: &str = r#"(func (export "genie:selector/select@0.1.0#describe") (result i32) i32.const 8)"#;
    const SELECT: &str = r#"(func (export "genie:selector/select@0.1.0#select") (param i32) (result i32) i32.const 8)"#;
    const WRITES: &str = r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#;

    fn contract() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guest-sdk/wit")
    }

    fn world() -> World {
        World::read(&contract(), "selector").unwrap_or_else(|error| panic!("{error}"))
    }

    fn module(parts: &[&str]) -> Vec<u8> {
        wat::parse_str(format!("(module {})", parts.concat())).expect("a module")
    }

    fn told(module: &[u8], world: Option<&World>) -> String {
        format!("{:#}", componentize("m.wasm", module, world).expect_err("it is wrong"))
    }

    #[test]
    fn a_core_module_becomes_a_selector_of_its_world() {
        let component = componentize("m.wasm", &module(&[MEMORY, DESCRIBE, SELECT]), Some(&world())).unwrap();
        let names = names::read(&component).unwrap();
        assert!(names.exports.iter().any(|name| name == "genie:selector/select@0.1.0"), "{names:?}");
        assert_eq!(names.imports, ["genie:selector/types@0.1.0"]);
        let again = told(&component, Some(&world()));
        assert!(again.contains("is a component already"), "{again}");
    }

    #[test]
    fn a_module_with_wasi_writes_messages() {
        let component = componentize("m.wasm", &module(&[WRITES, MEMORY, DESCRIBE, SELECT]), Some(&world())).unwrap();
        let names = names::read(&component).unwrap();
        assert!(names.imports.iter().any(|name| name == "genie:selector/log@0.1.0"), "{names:?}");
        assert!(!names.imports.iter().any(|name| name.starts_with("wasi:")), "{names:?}");
    }

    #[test]
    fn a_module_that_names_its_world_needs_no_other() {
        let (bare, world) = (module(&[MEMORY, DESCRIBE, SELECT]), world());
        let mut named = bare.clone();
        embed_component_metadata(&mut named, &world.resolve, world.id, StringEncoding::UTF8).unwrap();
        componentize("m.wasm", &named, None).unwrap();
        assert!(told(&named, Some(&world)).contains("leave out --wit and --world"));
        assert!(told(&bare, None).contains("name it by --wit and --world"));
    }

    #[test]
    fn what_cannot_be_made_a_selector_is_told_with_what_to_do() {
        let world = world();
        let unknown = r#"(import "env" "x" (func))"#;
        let main = r#"(func (export "_start"))"#;
        for (parts, says) in [
            (&[MEMORY, SELECT][..], "select@0.1.0` function `describe`"),
            (&[DESCRIBE, SELECT], "a memory named `memory`"),
            (&[unknown, MEMORY, DESCRIBE, SELECT], "`env`"),
            (&[MEMORY, DESCRIBE, SELECT, main], "-buildmode=c-shared"),
        ] {
            let told = told(&module(parts), Some(&world));
            assert!(told.contains(says), "{says}: {told}");
        }
        assert!(told(b"not a module", Some(&world)).contains("does not begin as one"));
        assert!(told(b"\0asm\x01\0\0\0\x01", Some(&world)).contains("no valid module"));
    }

    #[test]
    fn a_world_that_is_no_selectors_is_named_by_what_it_exports() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("world.wit");
        std::fs::write(&file, "package a:b;\nworld other {\n  export f: func();\n}\n").unwrap();
        let world = World::read(dir.path(), "other").unwrap_or_else(|error| panic!("{error}"));
        let told = told(&module(&[MEMORY, r#"(func (export "f"))"#]), Some(&world));
        assert!(told.contains("it exports f, and not genie:selector/select"), "{told}");
    }

    #[test]
    fn a_world_that_cannot_be_read_is_told_with_its_place() {
        let read = |dir: &Path, world: &str| World::read(dir, world).err().expect("it is wrong");
        let told = read(&contract(), "policy");
        assert!(told.contains(r#"no world "policy"; the worlds there are: selector, selector-with-merge"#), "{told}");
        let dir = tempfile::tempdir().unwrap();
        let told = read(&dir.path().join("nosuch"), "policy");
        assert!(told.contains("nosuch"), "{told}");
        let file = dir.path().join("world.wit");
        std::fs::write(file, "package a:b;\nworld policy {\n  improt x;\n}\n").unwrap();
        let told = read(dir.path(), "policy");
        assert!(told.contains("world.wit:3:"), "{told}");
    }
}

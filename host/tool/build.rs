//! Puts the built-in selectors into the program: builds them from `selectors/` for
//! WebAssembly and makes components of them. Puts the templates of projects into it, too, the SDK
//! that goes into a project, and the adapter of WASI 0.1.

#[path = "../core/src/selector/module/built_ins.rs"]
// The host reads what a build does not.
#[allow(dead_code)]
mod built_ins;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use built_ins::BUILT_INS;
use wit_component::{StringEncoding, embed_component_metadata};

const TARGET: &str = "wasm32-unknown-unknown";

fn main() {
    let out = PathBuf::from(var("OUT_DIR"));
    let workspace = Path::new(&var("CARGO_MANIFEST_DIR")).join("../..");
    for path in [
        "guest-sdk/src",
        "guest-sdk/wit",
        "guest-sdk/Cargo.toml",
        "selectors",
        "Cargo.lock",
        "guest-sdk/README.md",
        "guest-sdk/examples/suites",
        "guest-sdk/LICENSE",
        "host/tool/build.rs",
        "host/tool/src/selector/preview1.wat",
        "host/tool/templates",
        "host/core/src/selector/module/built_ins.rs",
    ] {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }

    fs::write(out.join("preview1.wasm"), adapter(&workspace)).expect("the build directory is writable");
    let built = build_selectors(&workspace, &out);
    let mut table = String::new();
    for name in BUILT_INS.iter().map(|built_in| built_in.name) {
        let module = built.join(format!("selector_{}.wasm", name.replace('-', "_")));
        let file = out.join(format!("{name}.wasm"));
        fs::write(&file, componentize(&module)).expect("the build directory is writable");
        writeln!(table, "    ({name:?}, include_bytes!({:?})),", file.display().to_string())
            .expect("writing to a string");
    }
    let source = format!(
        "/// Name and component of each.\n\
         pub static COMPONENTS: &[(&str, &[u8])] = &[\n{table}];\n"
    );
    fs::write(out.join("built_in.rs"), source).expect("the build directory is writable");
    let templates = [(workspace.join("host/tool/templates"), ""), (workspace.join("guest-sdk"), "sdk/")];
    fs::write(out.join("templates.rs"), texts(&templates)).expect("the build directory is writable");
}

/// A table of all files in these folders, each with the beginning of its paths.
fn texts(folders: &[(PathBuf, &str)]) -> String {
    let mut files = Vec::new();
    for (folder, prefix) in folders {
        // What is at the top of the SDK beside these makes its package, or shows how it is used.
        let is_wanted = |path: &Path| {
            prefix.is_empty() || ["src", "wit", "README.md", "LICENSE"].iter().any(|wanted| path.starts_with(wanted))
        };
        let mut found = Vec::new();
        walk(folder, &mut found);
        for file in found {
            let path = file.strip_prefix(folder).expect("it is in the folder");
            if is_wanted(path) {
                files.push((format!("{prefix}{}", path.display()), file.canonicalize().expect("it is there")));
            }
        }
    }
    files.sort();
    let lines =
        files.iter().map(|(path, file)| format!("    ({path:?}, include_str!({:?})),\n", file.display().to_string()));
    let lines: String = lines.collect();
    format!("/// Path and content of each.\npub static FILES: &[(&str, &str)] = &[\n{lines}];\n")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Builds the selector crates and returns the directory of their modules. All builds of the host
/// share one target directory, which is not the outer cargo's: a nested cargo would wait forever
/// for the outer one's lock.
fn build_selectors(workspace: &Path, out: &Path) -> PathBuf {
    // The directory where cargo keeps what it knows of rustc. `CACHEDIR.TAG` does not tell it
    // apart: each target's own directory has one, too.
    let target = out.ancestors().find(|dir| dir.join(".rustc_info.json").exists()).unwrap_or(out).join("selectors");
    let mut cargo = Command::new(var("CARGO"));
    cargo
        .args(["build", "--quiet", "--locked", "--target", TARGET, "--profile", "selector", "--target-dir"])
        .arg(&target)
        .current_dir(workspace)
        // What the outer cargo set for the host must not reach the guests.
        .env("CARGO_ENCODED_RUSTFLAGS", without_folders(workspace, &target))
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    for name in BUILT_INS.iter().map(|built_in| built_in.name) {
        cargo.args(["-p", &format!("selector-{name}")]);
    }
    let built = cargo.status().is_ok_and(|status| status.success());
    assert!(built, "the built-in selectors do not build; if the target is missing, run: rustup target add {TARGET}");
    target.join(TARGET).join("selector")
}

/// Flags that keep this machine's folders out of the messages of panics, so that a module's
/// digest is the same wherever it is built. The Makefile does the same for the programs.
fn without_folders(workspace: &Path, target: &Path) -> String {
    let workspace = workspace.canonicalize().expect("the sources are there");
    let home = env::var_os("CARGO_HOME").map_or_else(|| Path::new(&var("HOME")).join(".cargo"), PathBuf::from);
    let folders = [(workspace.as_path(), "/genie"), (target, "/target"), (&home, "/cargo")];
    let flags = folders.map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()));
    flags.join("\x1f")
}

fn componentize(module: &Path) -> Vec<u8> {
    let bytes = fs::read(module).unwrap_or_else(|error| panic!("{}: {error}", module.display()));
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode())
        .unwrap_or_else(|error| panic!("{} is no component: {error:#}", module.display()))
}

/// The adapter, with the world that says what it imports itself.
fn adapter(workspace: &Path) -> Vec<u8> {
    let mut adapter = wat::parse_file(workspace.join("host/tool/src/selector/preview1.wat"))
        .unwrap_or_else(|error| panic!("{error}"));
    let mut resolve = wit_parser::Resolve::default();
    let world = "package genie:preview1;\nworld adapter { import genie:selector/log@0.1.0; }";
    resolve
        .push_path(workspace.join("guest-sdk/wit"))
        .and_then(|_| resolve.push_str("preview1.wit", world))
        .and_then(|package| resolve.select_world(&[package], None))
        .and_then(|world| embed_component_metadata(&mut adapter, &resolve, world, StringEncoding::UTF8))
        .unwrap_or_else(|error| panic!("the adapter has no world: {error:#}"));
    adapter
}

fn var(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

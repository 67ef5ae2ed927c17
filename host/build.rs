//! Puts the built-in selectors into the binary: builds them from `selectors/`
//! for wasm and makes components of them. The plugin, which holds no compiler,
//! gets the artefacts that `genie-host compile` made of the same components
//! (`make build` runs both steps in order).

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// Name of a built-in selector; its crate is `selectors/NAME`.
const SELECTORS: [&str; 2] = ["annotation", "default-plugin"];
const TARGET: &str = "wasm32-unknown-unknown";

fn main() {
    let out = PathBuf::from(var("OUT_DIR"));
    let workspace = Path::new(&var("CARGO_MANIFEST_DIR")).join("..");
    for path in ["guest-sdk/src", "guest-sdk/wit", "guest-sdk/Cargo.toml", "selectors", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    println!("cargo::rerun-if-env-changed=GENIE_ARTEFACTS");

    let tool = env::var_os("CARGO_FEATURE_TOOL").is_some();
    let plugin = env::var_os("CARGO_FEATURE_PLUGIN").is_some();
    let mut statics = String::new();
    let mut table = String::from(
        "/// Name, content and digest (of the component) of every built-in selector.\n\
         pub static BUILTINS: &[(&str, &[u8], &str)] = &[\n",
    );
    if tool || plugin {
        let built = build_selectors(&workspace, &out);
        for (index, name) in SELECTORS.into_iter().enumerate() {
            let module = built.join(format!("selector_{}.wasm", name.replace('-', "_")));
            let component = componentize(&module);
            let digest = hex(&Sha256::digest(&component));
            let file = if tool {
                let file = out.join(format!("{name}.wasm"));
                fs::write(&file, component).expect("the build directory is writable");
                file
            } else {
                artefact(name, &digest)
            };
            let bytes = format!("include_bytes!({:?})", file.display().to_string());
            if tool {
                writeln!(table, "    ({name:?}, {bytes}, {digest:?}),")
            } else {
                // On pages of their own, so that the code runs where it lies.
                writeln!(statics, "static PAGES_{index}: &Paged<[u8]> = &Paged(*{bytes});")
                    .and_then(|()| writeln!(table, "    ({name:?}, &PAGES_{index}.0, {digest:?}),"))
            }
            .expect("writing to a string");
        }
    }
    table.push_str("];\n");
    fs::write(out.join("builtins.rs"), statics + &table).expect("the build directory is writable");
}

/// Builds the selector crates and returns the directory of their modules. One
/// target directory of their own serves all builds of the host: a nested cargo
/// would wait forever for the lock of the outer one's.
fn build_selectors(workspace: &Path, out: &Path) -> PathBuf {
    // Where cargo keeps what it knows of rustc; a CACHEDIR.TAG is in each target's own directory, too.
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
    for name in SELECTORS {
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

fn artefact(name: &str, digest: &str) -> PathBuf {
    let file = env::var_os("GENIE_ARTEFACTS").map(|dir| Path::new(&dir).join(format!("{digest}.cwasm")));
    match file {
        Some(file) if file.exists() => {
            println!("cargo::rerun-if-changed={}", file.display());
            file
        }
        _ => panic!("no compiled artefact of the built-in selector `{name}`; run: make build"),
    }
}

fn var(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string");
        text
    })
}

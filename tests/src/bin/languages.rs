//! `make languages`: builds one selector in several languages, each with the language's own tools,
//! and compiles it for a node. There the real plugin runs it in its confined child.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use genie_tests::fixture::chain::entry;
use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node, guests, programs};
use serde_json::{Value, json};

/// Builds the component. The first directory is the language's folder, the second one is for files
/// of the build.
type Build = fn(&Path, &Path) -> Result<PathBuf>;

const LANGUAGES: [(&str, Build); 4] = [("rust", rust), ("javascript", javascript), ("python", python), ("go", go)];

fn main() -> ExitCode {
    let wanted: Vec<String> = env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| LANGUAGES.iter().all(|(known, _)| known != name)) {
        eprintln!("languages: there is no {unknown:?} in tests/languages");
        return ExitCode::from(2);
    }
    let mut failed = Vec::new();
    for (name, build) in LANGUAGES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|one| one == name))
    {
        match show(name, *build) {
            Ok(line) => println!("{name}: {line}"),
            Err(error) => {
                eprintln!("{name}: {error:#}");
                failed.push(*name);
            }
        }
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("languages: not shown for {}", failed.join(", "));
    ExitCode::FAILURE
}

/// Builds a selector, and checks its decisions.
fn show(name: &str, build: Build) -> Result<String> {
    let started = Instant::now();
    let work = programs::target().join("languages").join(name);
    fs::create_dir_all(&work)?;
    let module = build(&folder().join(name), &work)?;
    let building = started.elapsed();

    let node = reference_node();
    let module = {
        let installed = node.dir().join("modules").join(format!("{name}.wasm"));
        fs::copy(&module, &installed).with_context(|| format!("{}", module.display()))?;
        installed
    };
    let size = fs::metadata(&module)?.len();
    let cache = node.dir().join("cache").display().to_string();
    let started = Instant::now();
    let compiled = node.genie_host(&["compile", "--cache-dir", &cache, &module.display().to_string()]);
    ensure!(compiled.status == Some(0), "it does not compile: {compiled:?}");
    let compiling = started.elapsed();

    let node = node.with("selectors", json!([entry(&module), {"module": "default-plugin"}]));
    let started = Instant::now();
    decides(&node)?;
    Ok(format!(
        "decides ({} KiB; built in {}, compiled in {}, asked three times in {})",
        size >> 10,
        seconds(building),
        seconds(compiling),
        seconds(started.elapsed())
    ))
}

/// Checks that the pod of a tenant gets its network, the pod of an unknown tenant an error, and any
/// other pod the default.
fn decides(node: &Node) -> Result<()> {
    let asked = |container: &str, tenant: Option<&str>| -> Answer {
        let annotations: Vec<_> = tenant.map(|tenant| ("example.org/tenant", tenant)).into_iter().collect();
        node.add().container(container).annotations(&annotations).run()
    };
    let networks = |answer: &Answer, expected: &[&str]| {
        let trace = node.trace();
        ensure!(answer.status == Some(0) && trace == expected, "{answer:?}, after {trace:?}");
        Ok(())
    };
    networks(&asked("tenant", Some("weave")), &["ADD weave-net@eth0"])?;
    let logs: Vec<Value> =
        serde_json::from_value(node.record("tenant", "eth0")[0]["decision"]["trace"][0]["logs"].clone())?;
    let kept = logs.iter().any(|log| log["message"] == "asked for weave");
    ensure!(kept, "its message was not kept: {logs:?}");
    networks(&asked("nobody", None), &["ADD calico@eth0", "ADD portmap@eth0"])?;
    let answer = asked("unknown", Some("nosuch"));
    let error = answer.error();
    let told = error.code == 101 && error.text().contains("nosuch") && error.text().contains("no such network");
    ensure!(told && node.trace().is_empty(), "{answer:?}");
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "it is one of several")]
fn rust(_: &Path, _: &Path) -> Result<PathBuf> {
    Ok(guests::wasi_component("tenant"))
}

fn javascript(source: &Path, work: &Path) -> Result<PathBuf> {
    for file in ["package.json", "package-lock.json"] {
        fs::copy(source.join(file), work.join(file))?;
    }
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(work))?;
    let module = work.join("tenant.wasm");
    let mut tool = Command::new(work.join("node_modules/.bin/componentize-qjs"));
    // With async functions the component would need features that the host does not have.
    tool.arg("--sync").arg("--wit").arg(wit()).args(["--world", "policy", "--js"]).arg(source.join("tenant.js"));
    run(tool.arg("--output").arg(&module))?;
    Ok(module)
}

fn python(source: &Path, work: &Path) -> Result<PathBuf> {
    run(Command::new("python3").args(["-m", "venv"]).arg(work))?;
    let install = ["install", "--quiet", "--require-hashes", "--requirement"];
    run(Command::new(work.join("bin/pip")).args(install).arg(source.join("requirements.txt")))?;
    let module = work.join("tenant.wasm");
    let mut tool = Command::new(work.join("bin/componentize-py"));
    tool.arg("--wit-path").arg(wit()).args(["--world", "policy", "componentize", "--python-path"]).arg(source);
    // Python would write compiled sources beside them.
    run(tool.args(["tenant", "--output"]).arg(&module).env("PYTHONDONTWRITEBYTECODE", "1"))?;
    Ok(module)
}

fn go(source: &Path, work: &Path) -> Result<PathBuf> {
    let core = work.join("tenant.core.wasm");
    let mut tool = Command::new("go");
    tool.args(["build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o"]).arg(&core).arg(".");
    run(tool.current_dir(source).env("GOOS", "wasip1").env("GOARCH", "wasm"))?;
    let module = work.join("tenant.wasm");
    let mut tool = Command::new(programs::dist("genie-host"));
    tool.arg("componentize").arg(&core).arg("--wit").arg(wit()).args(["--world", "policy", "--output"]);
    run(tool.arg(&module))?;
    Ok(module)
}

/// Runs a tool. Its output is shown when it fails.
fn run(command: &mut Command) -> Result<()> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command.output().with_context(|| format!("{name} cannot be run: is it installed?"))?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "{name} failed ({}):\n{}", output.status, String::from_utf8_lossy(&said));
    Ok(())
}

fn folder() -> PathBuf {
    programs::root().join("tests/languages")
}

fn wit() -> PathBuf {
    folder().join("wit")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

//! The installed plugin: could it serve a pod now?

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::finding::{Finding, fail, ok};
use super::site::Site;
use genie_core::config::{OWN_TYPE, is_draining};
use genie_core::delegate;

/// How long STATUS may take. It needs less than a second.
const TIME: Duration = Duration::from_secs(10);

pub fn check(site: &Site) -> Vec<Finding> {
    let program = match delegate::find(OWN_TYPE, &site.path) {
        Ok(program) => program,
        Err(error) => {
            let advice = "`genie-host install` puts it there; the runtime's own plugin directory has to be that one";
            return vec![fail(error.msg, advice)];
        }
    };
    let mut found = Vec::new();
    let tool = program.with_file_name("genie-host");
    if !tool.is_file() {
        let what = format!("{} is missing: the plugin compiles no selector and asks no API server", tool.display());
        found.push(fail(what, "`genie-host install` puts it there"));
    }
    // Without a configuration there is nothing to ask about, and a drain list serves no new pod.
    if site.file.is_some() && !is_draining(&site.map) {
        found.push(match status(&program, site) {
            Ok(()) => ok(format!("{} is ready: a pod that asks for nothing gets its network", program.display())),
            Err(reason) => fail(format!("{} is not ready: {reason}", program.display()), "see the other findings"),
        });
    }
    found
}

/// Calls STATUS as a runtime does.
fn status(program: &Path, site: &Site) -> Result<(), String> {
    let mut config = site.map.clone();
    // STATUS exists since this version.
    config.insert("cniVersion".into(), "1.1.0".into());
    let config = Value::from(config).to_string();
    let path = std::env::join_paths(&site.path).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.env("CNI_COMMAND", "STATUS").env("CNI_PATH", path);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let run = async {
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A plugin that ends without reading reports why.
            _ = stdin.write_all(config.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let output = runtime
        .block_on(async { timeout(TIME, run).await })
        .map_err(|_| format!("STATUS took longer than {} s", TIME.as_secs()))?
        .map_err(|error| format!("it cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Err(match (answer["msg"].as_str(), answer["details"].as_str().filter(|details| !details.is_empty())) {
        (Some(message), Some(details)) => format!("{message}; {details}"),
        (Some(message), None) => message.to_owned(),
        (None, _) => format!("it ended with {} and without an answer", output.status),
    })
}

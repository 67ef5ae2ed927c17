//! The real helm, with the chart in `deploy/chart`.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use crate::programs;

/// Runs helm in `deploy/`, with `input` on its standard input.
///
/// # Panics
/// When there is no helm.
pub fn helm(arguments: &[&str], input: &str) -> Output {
    // The configuration of the user who runs the tests must have no influence.
    let nowhere = tempfile::tempdir().expect("a temporary directory");
    let mut command = Command::new(programs::tool("helm"));
    command.args(arguments).current_dir(programs::root().join("deploy")).env("HOME", nowhere.path());
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("helm starts");
    child.stdin.take().expect("it was piped").write_all(input.as_bytes()).expect("helm reads its input");
    child.wait_with_output().expect("helm ends")
}

/// Renders the chart for a namespace, with these values (a file of YAML).
///
/// # Errors
/// Helm refuses the values. The error is what helm says.
///
/// # Panics
/// When there is no helm, or its output is no text.
pub fn render(namespace: &str, values: &str) -> Result<String, String> {
    let chart = ["template", "genie", "chart", "--namespace", namespace, "--kube-version", "1.34.0", "-f", "-"];
    let output = helm(&chart, values);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8(output.stdout).expect("helm prints text"))
}

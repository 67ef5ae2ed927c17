//! Asks the entries with `"run": "shadow"` what they would have decided for ADDs that are over. The
//! calls themselves never wait for a shadow, whatever it does.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::process::Command;
use tokio::sync::Notify;

use super::Context;
use super::child;
use crate::install::{Layout, net_d};
use genie_core::agent_api::protocol::CallReport;
use genie_core::call::Difference;
use genie_core::cni::get;

/// How many ADDs wait at most. A node does not start so many pods at a time; more are not asked
/// about.
const WAITING: usize = 1024;
/// How long the child may take. Its own deadline is shorter.
const TIME: Duration = Duration::from_mins(1);

/// The ADDs whose shadows have not been asked yet.
#[derive(Default)]
pub struct Shadows {
    waiting: Mutex<VecDeque<(String, String)>>,
    wake: Notify,
}

/// A line of the child.
#[derive(Deserialize)]
struct Answer {
    selector: String,
    difference: Difference,
}

impl Shadows {
    /// Notes an ADD that has ended.
    pub fn add(&self, report: &CallReport) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if report.verb == "ADD" && waiting.len() < WAITING {
            waiting.push_back((report.container.clone(), report.interface.clone()));
            self.wake.notify_one();
        }
    }

    fn next(&self) -> Option<(String, String)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Asks for ever, for one ADD after the other.
pub async fn ask(context: &Context, program: &Path) {
    let layout = &context.options.layout;
    loop {
        context.shadows.wake.notified().await;
        let has_shadows = has_shadows(&net_d::in_force(layout));
        while let Some((container, interface)) = context.shadows.next() {
            if !has_shadows {
                continue;
            }
            match ask_about(layout, program, &container, &interface).await {
                Ok(answers) => {
                    for Answer { selector, difference } in answers {
                        context.metrics.shadowed(&selector, difference);
                        let difference = difference.name();
                        tracing::info!(container, interface, selector, difference, "shadow");
                    }
                }
                Err(why) => tracing::warn!(container, interface, why, "the shadows could not be asked"),
            }
        }
    }
}

fn has_shadows(config: &Map<String, Value>) -> bool {
    let mut entries = get(config, "selectors").and_then(Value::as_array).into_iter().flatten();
    entries.any(|entry| entry.as_object().and_then(|entry| get(entry, "run")) == Some(&Value::from("shadow")))
}

/// Asks in a child, which makes the host's file system its root: the configuration's paths are
/// those of the host.
async fn ask_about(layout: &Layout, program: &Path, container: &str, interface: &str) -> Result<Vec<Answer>, String> {
    let mut command = Command::new(program);
    command
        .arg("shadow")
        .arg("--host-root")
        .arg(&layout.host_root)
        .arg("--state-dir")
        .arg(&layout.state_dir)
        .arg("--config")
        .arg(layout.conf())
        .args(["--", container, interface])
        .env_clear();
    let said = child::output(&mut command, TIME).await?;
    let lines = said.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).map_err(|error| error.to_string())).collect()
}

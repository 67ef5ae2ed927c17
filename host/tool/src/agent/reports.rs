//! What calls report of themselves, for metrics, logs and the tasks that follow a call.

use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use super::Context;
use genie_core::agent_api::protocol::CallReport;
use genie_core::record::Pod;

/// How long a report waits. A plugin reports last of all, and its pod waits until its process has
/// ended. Where both have the same processor, what follows a report would go first.
const UNTIL_IT_HAS_ENDED: Duration = Duration::from_millis(1);

/// The reports that wait.
#[derive(Default)]
pub struct Reports {
    waiting: Mutex<Vec<CallReport>>,
    came: Notify,
}

impl Reports {
    /// Adds one.
    pub fn add(&self, report: CallReport) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(report);
        self.came.notify_one();
    }

    /// Takes reports for ever.
    pub async fn take(&self, context: &Context) {
        loop {
            self.came.notified().await;
            sleep(UNTIL_IT_HAS_ENDED).await;
            let waiting = mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            for report in &waiting {
                take(context, report);
            }
        }
    }
}

/// Counts and logs what a call did.
fn take(context: &Context, report: &CallReport) {
    context.metrics.called(report, &context.networks);
    let Pod { namespace, name: pod, uid: pod_uid } = &report.pod.clone().unwrap_or_default();
    let (verb, container, interface, node) =
        (&report.verb, &report.container, &report.interface, &context.options.node);
    let networks = list(&report.networks, |network| format!("{}@{}", network.network, network.interface));
    let selectors = list(&report.selectors, |run| format!("{}={}", run.name, run.outcome));
    let parts = list(&report.parts, |(part, micros)| format!("{}={micros}", part.name()));
    let micros = report.micros;
    // Every message of a call has the same fields.
    macro_rules! told {
        ($level:ident, $message:literal $(, $more:ident)*) => {
            tracing::$level!(
                verb, namespace, pod, pod_uid, node, container, interface, networks, selectors, micros, parts
                $(, $more)*, $message
            )
        };
    }
    match report.code {
        // A runtime repeats DEL until one succeeds, so most of these are no news.
        None if verb == "DEL" && networks.is_empty() => told!(debug, "nothing was attached"),
        None => told!(info, "call"),
        Some(code) => {
            let error = report.message.as_deref().unwrap_or_default();
            told!(warn, "call failed", code, error);
        }
    }
    context.publish.notify_one();
    if verb == "DEL" {
        context.gone.notify_one();
    }
    context.shadows.add(report);
}

fn list<T>(of: &[T], text: impl Fn(&T) -> String) -> String {
    of.iter().map(text).collect::<Vec<_>>().join(",")
}

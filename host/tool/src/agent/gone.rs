//! Removes the records that DELs leave, so that no pod waits for the file system to be done with them.

use std::sync::Arc;
use std::time::Duration;

use genie_core::cni::CniError;
use genie_core::record::Sweeper;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::Context;

/// How long records are collected: what a burst of DELs leaves is one piece of work for the disk.
const TOGETHER: Duration = Duration::from_secs(2);
/// How long a record waits whose DEL told nothing.
const AT_LATEST: Duration = Duration::from_mins(1);
/// The time until the next attempt after a failure, or while an earlier agent comes to its end.
const AGAIN: Duration = Duration::from_secs(5);

/// Sweeps for ever.
pub async fn sweep_for_ever(context: &Context) {
    let state_dir = context.options.layout.on_host(&context.options.layout.state_dir);
    let sweeper = loop {
        let state_dir = state_dir.clone();
        match blocking(move || Sweeper::start(&state_dir)).await {
            Ok(Some(sweeper)) => break Arc::new(sweeper),
            Ok(None) => {}
            Err(why) => tracing::warn!(why, "DELs remove their records themselves; trying again"),
        }
        sleep(AGAIN).await;
    };
    loop {
        let sweeps = Arc::clone(&sweeper);
        match blocking(move || sweeps.sweep()).await {
            Ok(0) => {}
            Ok(records) => tracing::debug!(records, "removed the records of what is attached no more"),
            Err(why) => {
                tracing::warn!(why, "records of what is attached no more stay; trying again");
                sleep(AGAIN).await;
                continue;
            }
        }
        _ = timeout(AT_LATEST, context.gone.notified()).await;
        sleep(TOGETHER).await;
    }
}

async fn blocking<T: Send + 'static>(run: impl FnOnce() -> Result<T, CniError> + Send + 'static) -> Result<T, String> {
    match spawn_blocking(run).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

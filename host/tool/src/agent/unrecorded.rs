//! Containers of this node that were attached without us: before genie-host was installed, or while
//! it was being removed. Their DEL undoes them. The node's operator should know of them, because
//! they have the networks that the runtime gave them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::Context;
use crate::install::{Layout, net_d, on_host};
use genie_core::cni::CniError;
use genie_core::config::{CNI_CACHE_DIR, OWN_TYPE, Paths};
use genie_core::record::adopted;

/// The time between two looks.
const EVERY: Duration = Duration::from_mins(1);

/// Counts these containers for ever.
pub async fn watch(context: &Context) {
    let mut last = 0;
    loop {
        let layout = context.options.layout.clone();
        match spawn_blocking(move || count(&layout)).await {
            Ok(Ok(containers)) => {
                context.metrics.unrecorded(containers);
                if containers != last {
                    tracing::info!(
                        containers,
                        "containers of this node that were attached without genie: their DEL undoes them, `doctor` \
                         tells which they are"
                    );
                }
                last = containers;
            }
            Ok(Err(error)) => tracing::warn!(%error, "what was attached without genie is not known; trying again"),
            Err(error) => tracing::error!(%error, "defect, please report it"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn count(layout: &Layout) -> Result<usize, CniError> {
    let root = &layout.host_root;
    let is_there = |netns: &str| on_host(root, Path::new(netns)).exists();
    let state_dir = layout.on_host(&layout.state_dir);
    adopted::without_record(&on_host(root, &cni_cache_dir(layout)), &state_dir, &[OWN_TYPE], is_there)
        .map(|found| found.len())
}

/// The directory of libcni's cache, by the configuration in force.
fn cni_cache_dir(layout: &Layout) -> PathBuf {
    let paths = Paths::from_map(&net_d::in_force(layout));
    paths.map_or_else(|_| CNI_CACHE_DIR.into(), |paths| paths.cni_cache_dir)
}

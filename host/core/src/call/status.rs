//! STATUS: could an ADD be served now?

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::CallFacts;
use super::plugin_dirs;
use super::request::{OwnTypes, build_request};
use crate::cni::{Call, CniError, Verb, Version, code};
use crate::config::Config;
use crate::delegate;
use crate::network::Catalogue;
use crate::pod::{Annotations, Identity};
use crate::selector::abi::{Plan, Source};
use crate::selector::chain::Chain;
use crate::selector::module::{Module, Program};
use crate::selector::sandbox::facts::Facts;

/// The most time that STATUS takes: a runtime asks every few seconds, and holds its own locks
/// meanwhile.
const LIMIT: Duration = Duration::from_millis(800);

/// The selector that decides for a pod that asks for nothing.
const DEFAULT: Module = Module::BuiltIn("default-plugin");

/// Serves STATUS (CNI specification, section 2, "STATUS"). It succeeds when the configuration's
/// selectors can be loaded, there is a network for a pod that asks for nothing, and that network's
/// plugins exist and answer STATUS well.
///
/// # Errors
/// [`code::NOT_AVAILABLE`], or the delegate's own code.
pub fn status(call: &Call, program: &'static dyn Program) -> Result<(), CniError> {
    let config = &Config::from_call(call, program).map_err(unavailable)?;
    let deadline = Instant::now() + LIMIT.min(config.paths.time(Verb::Status));
    let own = OwnTypes::of(call);
    let catalogue = Arc::new(Catalogue::load(&config.paths.conf_dir, &own.as_refs())?);
    config.chain.load_all(&config.loader, deadline).map_err(unavailable)?;
    let path = plugin_dirs(call, &config.paths);
    for attachment in default_plan(call, config, &catalogue, deadline)?.attachments {
        // Only installed networks belong to the node; the others are the pod's.
        let Source::Installed(name) = &attachment.network else { continue };
        let Some(network) = catalogue.find(name) else {
            return Err(unavailable(CniError::new(code::NOT_AVAILABLE, format!("network {name:?} is not installed"))));
        };
        for kind in network.list.types() {
            delegate::find(kind, &path).map_err(unavailable)?;
        }
        delegate::status(&network.list, &path, deadline)?;
    }
    Ok(())
}

/// Checks that this configuration gives a network to a pod that asks for nothing. The network's
/// plugins are not asked.
///
/// # Errors
/// The chain's refusal.
pub fn default_of(
    config: Map<String, Value>,
    program: &'static dyn Program,
    deadline: Instant,
) -> Result<(), CniError> {
    let call = Call {
        verb: Verb::Status,
        container: String::new(),
        netns: None,
        interface: String::new(),
        args: String::new(),
        path: Vec::new(),
        name: String::new(),
        version: Version::CURRENT,
        config,
        selectors: None,
    };
    let config = Config::from_call(&call, program)?;
    let catalogue = Arc::new(Catalogue::load(&config.paths.conf_dir, &OwnTypes::of(&call).as_refs())?);
    default_plan(&call, &config, &catalogue, deadline).map(|_| ())
}

/// The plan for a pod without annotations.
fn default_plan(call: &Call, config: &Config, catalogue: &Arc<Catalogue>, deadline: Instant) -> Result<Plan, CniError> {
    let nobody = Identity::default();
    let mut request = build_request(call, config, catalogue, &nobody, Annotations::new());
    "eth0".clone_into(&mut request.interface);
    let facts: Arc<dyn Facts> = Arc::new(CallFacts::new(config, &[], &nobody, catalogue, deadline));
    let defaults = config.chain.entries.iter().filter(|entry| entry.module == DEFAULT);
    let defaults = Chain { entries: defaults.cloned().collect(), merge: None };
    let decision = defaults.decide(&config.loader, &request, &facts, deadline);
    let plan = decision.map_err(|failed| unavailable(failed.error))?.plan;
    // A chain without `default-plugin` leaves such pods alone; then there is nothing to ask.
    Ok(plan.unwrap_or(Plan { attachments: Vec::new(), reason: String::new() }))
}

fn unavailable(error: CniError) -> CniError {
    CniError { code: code::NOT_AVAILABLE, ..error }
}

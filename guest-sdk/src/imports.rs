//! The host's functions: the component's imports in a module, the fakes of
//! [`crate::testing`] everywhere else.
//!
//! These are plain functions, on purpose: a table of them (a trait object) would make
//! every module import all of them.

#[cfg(target_family = "wasm")]
pub(crate) use crate::bindings::genie::selector::{cluster, pod};

#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::fake::imports::{cluster, log, node, pod};

/// The generated type of a level is written as the contract lays it out in memory, which
/// is of no use to anybody who reads the documentation.
#[cfg(target_family = "wasm")]
pub(crate) mod log {
    use crate::bindings::genie::selector::log as generated;
    use crate::types::Level;

    pub(crate) fn enabled(level: Level) -> bool {
        generated::enabled(generated_of(level))
    }

    pub(crate) fn write(level: Level, message: &str) {
        generated::write(generated_of(level), message);
    }

    fn generated_of(level: Level) -> generated::Level {
        match level {
            Level::Debug => generated::Level::Debug,
            Level::Info => generated::Level::Info,
            Level::Warn => generated::Level::Warn,
            Level::Error => generated::Level::Error,
        }
    }
}

/// The same for counters and rates.
#[cfg(target_family = "wasm")]
pub(crate) mod node {
    use crate::bindings::genie::selector::node as generated;
    pub(crate) use crate::bindings::genie::selector::node::{free_addresses, label};
    use crate::types::{Counters, Rates};

    pub(crate) fn traffic(prefix: &str) -> Result<Counters, String> {
        let generated::Counters { rx_bytes, tx_bytes } = generated::traffic(prefix)?;
        Ok(Counters { rx_bytes, tx_bytes })
    }

    pub(crate) fn traffic_rate(prefix: &str) -> Result<Rates, String> {
        let generated::Rates { rx_bytes, tx_bytes } = generated::traffic_rate(prefix)?;
        Ok(Rates { rx_bytes, tx_bytes })
    }
}

//! Messages for the node's log and for `genie-host test-selector`. They need no grant.
//!
//! A message is formatted only if the host keeps its level. It is kept with the decision
//! in the attachment record.
//!
//! ```
//! use genie_selector::{log, testing};
//!
//! let host = testing::Host::new();
//! host.run(|| log::info!("{} wants {} networks", "demo/busybox", 2));
//! assert!(host.logged("demo/busybox wants 2 networks"));
//! ```

use std::fmt;

use crate::imports::log as host;

#[doc(inline)]
pub use crate::types::Level;
#[doc(inline)]
pub use crate::{__debug as debug, __error as error, __info as info, __warn as warn};

/// Writes a message for the author of the selector. The arguments are those of [`format!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __debug {
    ($($argument:tt)+) => {
        $crate::log::at($crate::log::Level::Debug, ::core::format_args!($($argument)+))
    };
}

/// Writes about a step worth knowing. The arguments are those of [`format!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __info {
    ($($argument:tt)+) => {
        $crate::log::at($crate::log::Level::Info, ::core::format_args!($($argument)+))
    };
}

/// Writes about something odd that did not stop the decision. The arguments are those of
/// [`format!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __warn {
    ($($argument:tt)+) => {
        $crate::log::at($crate::log::Level::Warn, ::core::format_args!($($argument)+))
    };
}

/// Writes about something wrong. The arguments are those of [`format!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __error {
    ($($argument:tt)+) => {
        $crate::log::at($crate::log::Level::Error, ::core::format_args!($($argument)+))
    };
}

/// Whether the host keeps messages of this level.
pub fn enabled(level: Level) -> bool {
    host::enabled(level)
}

/// Writes one message, which is formatted only if the host keeps its level. The macros of
/// this module are shorter.
pub fn at(level: Level, message: fmt::Arguments<'_>) {
    if host::enabled(level) {
        host::write(level, &message.to_string());
    }
}

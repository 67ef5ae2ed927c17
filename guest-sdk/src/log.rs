//! Messages for the node's log and for `genie-host test-selector`. Needs no
//! grant.
//!
//! ```
//! use genie_selector::log;
//!
//! log::info!("{} wants {} networks", "demo/busybox", 2);
//! ```

use std::fmt;

use crate::imports::log as host;

#[doc(inline)]
pub use crate::bindings::genie::selector::log::Level;
#[doc(inline)]
pub use crate::{__debug as debug, __error as error, __info as info, __warn as warn};

/// Writes a message for the author of the selector. Arguments as of [`format!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __debug {
    ($($argument:tt)+) => {
        $crate::log::at($crate::log::Level::Debug, ::core::format_args!($($argument)+))
    };
}

/// Writes about a step worth knowing. Arguments as of [`format!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __info {
    ($($argument:tt)+) => {
        $crate::log::at($crate::log::Level::Info, ::core::format_args!($($argument)+))
    };
}

/// Writes about something odd that did not stop the decision. Arguments as of
/// [`format!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __warn {
    ($($argument:tt)+) => {
        $crate::log::at($crate::log::Level::Warn, ::core::format_args!($($argument)+))
    };
}

/// Writes about something wrong. Arguments as of [`format!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __error {
    ($($argument:tt)+) => {
        $crate::log::at($crate::log::Level::Error, ::core::format_args!($($argument)+))
    };
}

/// Whether messages of this level are kept.
pub fn enabled(level: Level) -> bool {
    host::enabled(level)
}

/// Writes one message, formatted only if its level is kept.
pub fn at(level: Level, message: fmt::Arguments<'_>) {
    if host::enabled(level) {
        host::write(level, &message.to_string());
    }
}

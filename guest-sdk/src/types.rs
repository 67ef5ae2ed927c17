//! Types of the contract that the SDK writes itself: the generated ones are laid out as the
//! contract wants them in memory, which is of no use to readers of the documentation.

/// How much a message matters, the least first. Fixed by the contract's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The message is for the author of the selector.
    Debug,
    /// It is about a step worth knowing.
    Info,
    /// It is about something odd that did not stop the decision.
    Warn,
    /// It is about something wrong.
    Error,
}

/// Bytes since the interfaces came up. Further counters may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Received.
    pub rx_bytes: u64,
    /// Sent.
    pub tx_bytes: u64,
}

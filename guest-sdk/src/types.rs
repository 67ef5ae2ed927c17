//! Types of the contract that the SDK writes itself: the generated ones are laid out as the
//! contract wants them in memory, which is of no use to readers of the documentation.

use std::fmt;

use crate::Mistake;

/// The reason why a selector keeps a pod from starting. Fixed by the contract's version.
///
/// Its text is one line for people.
///
/// ```
/// use genie_selector::Refusal;
///
/// let refusal = Refusal::invalid("cni", "calcio", "no such network");
/// assert_eq!(refusal.to_string(), r#"cni: "calcio": no such network"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The pod's owner or the operator of the cluster wrote something wrong;
    /// [`Mistake::key`] tells which of them.
    Invalid(Mistake),
    /// Policy keeps the network from this pod. The text says who may not have what,
    /// and why.
    Denied(String),
    /// The decision cannot be made now. The runtime tries again later (CNI error
    /// code 11).
    Unavailable(String),
    /// The selector itself is at fault.
    Internal(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(Mistake { key, value, message }) => write!(f, "{key}: {value:?}: {message}"),
            Self::Denied(reason) => write!(f, "denied: {reason}"),
            Self::Unavailable(reason) => write!(f, "cannot decide now: {reason}"),
            Self::Internal(reason) => write!(f, "failed: {reason}"),
        }
    }
}

impl std::error::Error for Refusal {}

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

/// Bytes in a second. Further figures may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rates {
    /// Received.
    pub rx_bytes: u64,
    /// Sent.
    pub tx_bytes: u64,
}

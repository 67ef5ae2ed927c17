//! Times as records and reports hold them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now, in seconds since 1970; zero when the clock is before that.
pub fn now() -> u64 {
    seconds(SystemTime::now())
}

/// A time in seconds since 1970; zero for an earlier one.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// A duration in whole microseconds.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

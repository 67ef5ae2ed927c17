//! Times as records and reports hold them, and how the time of a call is divided.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What each of many steps may take ([`share`]): more than a plugin needs that does not hang.
const STEP: Duration = Duration::from_secs(5);

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

/// When the first of `todo` steps has to end, so that the others have their time until `deadline`
/// even if it hangs: an even share of what is left.
///
/// A share of many steps may be too short for any plugin, and then no step would ever be done. So a
/// step gets [`STEP`] at least, but never more than half of what is left for all.
pub fn share(deadline: Instant, todo: usize) -> Instant {
    if todo <= 1 {
        return deadline;
    }
    let now = Instant::now();
    let left = deadline.saturating_duration_since(now);
    let even = left / u32::try_from(todo).unwrap_or(u32::MAX);
    now + even.max(STEP.min(left / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the first of `todo` steps gets of so many seconds, in full seconds.
    fn first_of(todo: usize, seconds: u64) -> u64 {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let share = share(deadline, todo).saturating_duration_since(Instant::now());
        (share + Duration::from_millis(500)).as_secs()
    }

    #[test]
    fn a_step_gets_an_even_share_and_the_last_one_all_that_is_left() {
        assert_eq!(first_of(1, 60), 60);
        assert_eq!(first_of(2, 60), 30);
        assert_eq!(first_of(3, 60), 20);
    }

    #[test]
    fn of_many_steps_each_gets_enough_for_a_plugin_and_no_step_gets_all() {
        assert_eq!(first_of(1000, 60), 5);
        assert_eq!(first_of(1000, 4), 2);
        // After the deadline nothing is left, and nothing is started.
        assert!(share(Instant::now(), 3) <= Instant::now());
    }
}

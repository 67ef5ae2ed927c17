//! What a failed request means for the next attempt.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use super::REQUEST_TIME;

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotPublished {
    /// The API server did not answer: any other request will fare the same.
    Silent(String),
    /// The API server does not take this request now: it is overloaded, or a webhook of this
    /// namespace fails.
    Passing(String),
    /// We are not allowed to. A role may be mended, or a quota raised.
    Denied(String),
    /// The object or its namespace does not exist.
    Missing(String),
    /// The API server will never accept it.
    Final(String),
}

impl NotPublished {
    /// The reason in words.
    pub(super) fn why(&self) -> &str {
        let (Self::Silent(why) | Self::Passing(why) | Self::Denied(why) | Self::Missing(why) | Self::Final(why)) = self;
        why
    }

    /// Classifies a failure. `error` is none when nothing came back within [`REQUEST_TIME`].
    pub(super) fn of(error: Option<&kube::Error>) -> Self {
        let Some(error) = error else { return Self::Silent(format!("no answer within {} s", REQUEST_TIME.as_secs())) };
        let kube::Error::Api(status) = error else { return Self::Silent(crate::kubernetes::readable(error)) };
        let why = crate::kubernetes::readable(error);
        match status.code {
            401 | 403 => Self::Denied(why),
            404 => Self::Missing(why),
            // Only a conflict of versions passes. That an object of this name exists already is
            // another 409.
            409 if status.reason == "Conflict" => Self::Passing(why),
            408 | 429 => Self::Passing(why),
            400..500 => Self::Final(why),
            _ => Self::Passing(why),
        }
    }
}

/// When something that failed is tried again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    failures: u32,
    due: Instant,
}

impl Retry {
    /// The next attempt after this failure and the earlier ones that `before` counts. Each further
    /// failure doubles the pause, up to a limit: refused requests must not be a load. The pause is
    /// partly random, so that the nodes of a cluster do not try at the same time.
    pub(crate) fn after(failure: &NotPublished, before: Option<Self>, now: Instant) -> Self {
        let (first, longest) = match failure {
            NotPublished::Denied(_) => (Duration::from_secs(10), Duration::from_mins(30)),
            NotPublished::Silent(_) => (Duration::from_secs(1), Duration::from_secs(30)),
            _ => (Duration::from_secs(5), Duration::from_mins(5)),
        };
        let failures = before.map_or(0, |before| before.failures);
        let wait = first.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(longest);
        Self { failures: failures.saturating_add(1), due: now + wait / 2 + part(wait / 2) }
    }

    /// Whether the attempt is due.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        now >= self.due
    }
}

/// A random part of a duration.
fn part(of: Duration) -> Duration {
    // The standard library has no other random numbers.
    let random = RandomState::new().hash_one(0);
    Duration::from_millis(random % u64::try_from(of.as_millis()).unwrap_or(u64::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn status(code: u16, reason: &str) -> NotPublished {
        let status = Status { code, reason: reason.into(), ..Status::default() };
        NotPublished::of(Some(&kube::Error::Api(Box::new(status))))
    }

    #[test]
    fn what_can_get_better_is_told_from_what_cannot() {
        for (code, reason) in [(429, ""), (500, ""), (503, ""), (409, "Conflict"), (408, "")] {
            assert!(matches!(status(code, reason), NotPublished::Passing(_)), "{code}");
        }
        for code in [401, 403] {
            assert!(matches!(status(code, ""), NotPublished::Denied(_)), "{code}");
        }
        for (code, reason) in [(400, ""), (409, "AlreadyExists"), (410, ""), (413, ""), (422, "Invalid")] {
            assert!(matches!(status(code, reason), NotPublished::Final(_)), "{code}");
        }
        assert!(matches!(status(404, "NotFound"), NotPublished::Missing(_)));
        assert!(matches!(NotPublished::of(None), NotPublished::Silent(_)));
    }

    #[test]
    fn the_more_failures_the_later_up_to_a_limit_and_never_all_at_once() {
        let now = Instant::now();
        for (failure, first, longest) in [
            (NotPublished::Denied(String::new()), 10, 1800),
            (NotPublished::Passing(String::new()), 5, 300),
            (NotPublished::Silent(String::new()), 1, 30),
        ] {
            let mut retry = None;
            for failures in 0..100 {
                let next = Retry::after(&failure, retry, now);
                let most = Duration::from_secs(longest).min(Duration::from_secs(first) * (1 << failures.min(20)));
                assert!(next.due >= now + most / 2 && next.due <= now + most, "{failure:?} {failures}");
                assert!(!next.is_due(now) && next.is_due(next.due));
                retry = Some(next);
            }
        }
        let dues: std::collections::BTreeSet<_> =
            (0..20).map(|_| Retry::after(&NotPublished::Denied(String::new()), None, now).due).collect();
        assert!(dues.len() > 1, "all nodes would come at once");
    }
}

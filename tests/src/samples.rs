//! Measured times.

use std::time::Duration;

/// Times of one thing in milliseconds, one for each round.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds a time.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1e3);
    }

    /// Forgets all times.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether there are no times.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The differences round by round: each time less `times` the other's time of the same round.
    #[must_use]
    pub fn minus(&self, others: &Self, times: f64) -> Self {
        let pairs = self.0.iter().zip(&others.0);
        Self(pairs.map(|(one, other)| one - times * other).collect())
    }

    /// How many times there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The mean of the times.
    #[allow(clippy::cast_precision_loss)] // there are not that many
    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.len() as f64
    }

    /// The value that half of them do not exceed.
    pub fn p50(&self) -> f64 {
        self.percentile(50)
    }

    /// The value that 95 of 100 do not exceed.
    pub fn p95(&self) -> f64 {
        self.percentile(95)
    }

    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(rank).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(times: impl IntoIterator<Item = u64>) -> Samples {
        let mut samples = Samples::default();
        for time in times {
            samples.push(Duration::from_millis(time));
        }
        samples
    }

    fn assert_is(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        assert_is(samples((1..=100).rev()).p50(), 50.0);
        assert_is(samples(1..=100).p95(), 95.0);
        assert_is(samples([7]).p95(), 7.0);
        assert!(samples([]).p50().is_nan());
    }

    #[test]
    fn the_mean_counts_each() {
        assert_is(samples([1, 2, 6]).mean(), 3.0);
        assert!(samples([]).mean().is_nan());
    }

    #[test]
    fn differences_are_between_values_of_one_round() {
        let difference = samples([10, 30, 20]).minus(&samples([1, 3, 2]), 2.0);
        assert_is(difference.p50(), 16.0);
        assert_is(difference.p95(), 24.0);
    }
}

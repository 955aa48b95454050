//! How long things take, as a distribution: an average hides exactly what hurts.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Durations, kept to two significant digits in a histogram that grows as needed.
pub(super) struct Latency {
    /// There is one: two digits are a precision that histograms have.
    nanoseconds: Option<Histogram<u64>>,
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

impl Latency {
    pub(super) fn new() -> Self {
        Self {
            nanoseconds: Histogram::new(2).ok(),
        }
    }

    pub(super) fn record(&mut self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        if let Some(histogram) = &mut self.nanoseconds {
            // Saturating would stop at the histogram's first size; this makes it grow.
            let _ = histogram.record(nanoseconds);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        if let (Some(histogram), Some(other)) = (&mut self.nanoseconds, &other.nanoseconds) {
            // A growing histogram takes every value.
            let _ = histogram.add(other);
        }
    }

    /// Median, 99th percentile and largest in milliseconds, to a microsecond.
    pub(super) fn milliseconds(&self) -> Value {
        let at = |quantile: f64| {
            let value = self.nanoseconds.as_ref()?.value_at_quantile(quantile);
            Some((value as f64 / 1e3).round() / 1e3)
        };
        json!({ "p50": at(0.5), "p99": at(0.99), "max": at(1.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_told() {
        let mut latency = Latency::new();
        (1..=100).for_each(|milliseconds| latency.record(Duration::from_millis(milliseconds)));
        let told = latency.milliseconds();
        let near = |key: &str, expected: f64| {
            let value = told[key].as_f64().unwrap();
            assert!((value / expected - 1.0).abs() < 0.02, "{key} is {value}");
        };
        near("p50", 50.0);
        near("p99", 99.0);
        near("max", 100.0);
    }
}

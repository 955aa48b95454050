//! One measured figure, beside the figure of what it stands on.

use std::fmt;

use serde_json::{Value, json};

/// A figure and its baseline, of one run.
pub(crate) struct Figure {
    pub(crate) bench: &'static str,
    pub(crate) metric: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) baseline: f64,
    /// What the baseline is, for the table.
    pub(crate) beside: &'static str,
}

impl Figure {
    fn ratio(&self) -> f64 {
        self.value / self.baseline
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "bench": self.bench,
            "metric": self.metric,
            "value": rounded(self.value),
            "unit": self.unit,
            "baseline": rounded(self.baseline),
            "ratio": rounded(self.ratio()),
        })
    }

    pub(crate) fn heading() -> String {
        format!(
            "{:<12} {:<34} {:>10} {:>10} {:>7}  {}",
            "bench", "metric", "value", "baseline", "ratio", "baseline is"
        )
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:<12} {:<34} {:>10.1} {:>10.1} {:>7.3}  {}, in {}",
            self.bench,
            self.metric,
            self.value,
            self.baseline,
            self.ratio(),
            self.beside,
            self.unit
        )
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// The middle of the values; it forgives a few rounds in which the machine did something else.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

//! The last line of `agave run --json`: the one place that knows the names of its fields.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// The summary of a run.
#[derive(Clone, Debug)]
pub struct Summary(Value);

impl Summary {
    /// Takes a line that is a summary, and leaves every other alone.
    pub(crate) fn from_line(line: &Value) -> Option<Self> {
        line.get("summary").cloned().map(Self)
    }

    /// The flow that it is of.
    ///
    /// # Errors
    /// When the summary does not say.
    pub fn flow(&self) -> Result<&str> {
        let flow = self.at(&["flow"])?.as_str();
        flow.context("the flow's name is no text")
    }

    /// How often a camera was connected to again.
    ///
    /// # Errors
    /// When there is no such camera.
    pub fn reconnects(&self, camera: &str) -> Result<u64> {
        self.number(&["cameras", camera, "reconnects"])
    }

    /// How many frames of a camera got as far as `stage`: `read`, `sampled` or `inferred`.
    ///
    /// # Errors
    /// When the summary does not say.
    pub fn frames(&self, camera: &str, stage: &str) -> Result<u64> {
        self.number(&["cameras", camera, "frames", stage])
    }

    /// How many of what came to a node were dropped for `reason`.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn dropped(&self, node: &str, reason: &str) -> Result<u64> {
        let dropped = self.at(&["nodes", node, "dropped"])?;
        Ok(dropped.get(reason).and_then(Value::as_u64).unwrap_or(0))
    }

    /// How many a node let by or delivered.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn passed(&self, node: &str) -> Result<u64> {
        self.number(&["nodes", node, "out"])
    }

    /// How often a node's plugin has failed.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn failures(&self, node: &str) -> Result<u64> {
        self.number(&["nodes", node, "failures"])
    }

    /// How many a node holds.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn waiting(&self, node: &str) -> Result<u64> {
        self.number(&["nodes", node, "waiting"])
    }

    /// in = out + Σ dropped + waiting, for every node.
    ///
    /// # Errors
    /// When a node's account does not balance, or there is none at all.
    pub fn check_ledger(&self) -> Result<()> {
        let nodes = self.at(&["nodes"])?.as_object();
        let nodes = nodes.filter(|nodes| !nodes.is_empty());
        for name in nodes.context("the summary has no nodes")?.keys() {
            let received = self.number(&["nodes", name, "in"])?;
            let dropped = self.at(&["nodes", name, "dropped"])?.as_object();
            let dropped = dropped.map(Map::values).into_iter().flatten();
            let dropped: u64 = dropped.filter_map(Value::as_u64).sum();
            let waiting = self.number(&["nodes", name, "waiting"])?;
            if received != self.passed(name)? + dropped + waiting {
                bail!("the ledger of node '{name}' does not balance: {}", self.0);
            }
        }
        Ok(())
    }

    fn number(&self, path: &[&str]) -> Result<u64> {
        let number = self.at(path)?.as_u64();
        number.with_context(|| format!("{} is not a number in {}", path.join("."), self.0))
    }

    fn at(&self, path: &[&str]) -> Result<&Value> {
        let found = path.iter().try_fold(&self.0, |value, name| value.get(name));
        found.with_context(|| format!("{} is not in the summary {}", path.join("."), self.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_ledger_that_does_not_balance_is_named() {
        let summary = |received: u64| {
            let node = json!({"in": received, "out": 2, "dropped": {"trap": 1, "deadline": 1}, "waiting": 1});
            Summary::from_line(&json!({"summary": {"nodes": {"calm": node}}})).unwrap()
        };
        summary(5).check_ledger().unwrap();
        assert_eq!(summary(5).dropped("calm", "trap").unwrap(), 1);
        let error = summary(6).check_ledger().unwrap_err();
        assert!(error.to_string().contains("'calm'"), "{error}");
        assert!(Summary(json!({"nodes": {}})).check_ledger().is_err());
    }
}

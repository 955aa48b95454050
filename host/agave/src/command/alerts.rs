//! `agave alerts`: what happened, as a flow's journal has it. It also works while the flow runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use agave_core::{Alert, AlertReport, Timestamp, parse_duration};
use agave_store::{AlertQuery, KeptAlert, Store};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::command::print;
use crate::report::Format;
use crate::surroundings::state_root;

#[derive(Args)]
pub(crate) struct Alerts {
    /// The flow by its name, where there is more than one
    flow: Option<String>,
    /// Only those of this camera
    #[arg(long, value_name = "NAME")]
    camera: Option<String>,
    /// Only those of this kind, such as forbidden-object
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only those about this class
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Only those in this zone
    #[arg(long, value_name = "NAME")]
    zone: Option<String>,
    /// Only this part of each incident
    #[arg(long, value_enum)]
    phase: Option<Phase>,
    /// Only those since then: 2026-01-02T03:04:05Z, or 2h for the last two hours
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Only those before
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// So many at most, the last ones
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    last: usize,
    /// Print each as a JSON object on a line of its own, as `agave run --json` does
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print a table for a spreadsheet
    #[arg(long)]
    csv: bool,
    /// The folder that `agave run` keeps things in
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Phase {
    Begin,
    Update,
    End,
}

/// The columns of the table, as the JSON names them.
const COLUMNS: [&str; 11] = [
    "time",
    "camera_id",
    "node",
    "kind",
    "phase",
    "severity",
    "class",
    "zone",
    "count",
    "key",
    "frame",
];

impl Alerts {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let root = state_root(self.state.clone()).map_err(anyhow::Error::msg)?;
        let flow = match &self.flow {
            Some(flow) => flow.clone(),
            None => only_flow(&root)?,
        };
        let store = Store::look(&root.join(&flow))
            .with_context(|| format!("the flow '{flow}' has kept nothing"))?;
        if self.csv {
            print(&COLUMNS.join(","));
        }
        for kept in store.alerts(&self.query())? {
            print(&self.line(&flow, &kept)?);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn query(&self) -> AlertQuery {
        let nanoseconds = |time: Timestamp| time.0;
        AlertQuery {
            camera: self.camera.clone(),
            kind: self.kind.clone(),
            class: self.class.clone(),
            zone: self.zone.clone(),
            phase: self.phase.map(|phase| match phase {
                Phase::Begin => "begin".to_owned(),
                Phase::Update => "update".to_owned(),
                Phase::End => "end".to_owned(),
            }),
            since: self.since.map_or(0, nanoseconds),
            until: self.until.map_or(u64::MAX, nanoseconds),
            most: self.last,
            ..AlertQuery::default()
        }
    }

    fn line(&self, flow: &str, kept: &KeptAlert) -> Result<String> {
        let alert: Alert = serde_json::from_str(&kept.body)
            .with_context(|| format!("alert {} of the journal cannot be read", kept.sequence))?;
        let start = alert.at - Duration::from_nanos(kept.media_time);
        let report = AlertReport::new(&kept.camera, start, &alert);
        if self.json {
            return Ok(Format::Json.alert(flow, &kept.node, &report));
        }
        if self.csv {
            return row(&report, &kept.node, alert.at);
        }
        // Beside the place in the stream, which says nothing about the day.
        let line = Format::Human.alert(flow, &kept.node, &report);
        Ok(format!("{}  {line}", alert.at))
    }
}

/// A moment, or how long ago it was.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(ago) = parse_duration(text) {
        return Ok(Timestamp::now() - ago);
    }
    text.parse::<Timestamp>().map_err(|_| {
        "expected a time such as 2026-01-02T03:04:05Z, or how long ago, such as 2h".to_owned()
    })
}

/// The row of the table.
fn row(report: &AlertReport, node: &str, at: Timestamp) -> Result<String> {
    let mut said = serde_json::to_value(report)?;
    if let Some(said) = said.as_object_mut() {
        said.insert("time".to_owned(), at.to_string().into());
        said.insert("node".to_owned(), node.into());
    }
    let cells = COLUMNS.map(|column| match said.get(column) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => cell(text),
        Some(other) => cell(&other.to_string()),
    });
    Ok(cells.join(","))
}

/// As RFC 4180 has it; what a spreadsheet would take for a formula is none.
fn cell(text: &str) -> String {
    let text = match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// The one flow that keeps something in `root`.
pub(super) fn only_flow(root: &Path) -> Result<String> {
    let entries = std::fs::read_dir(root)
        .with_context(|| format!("nothing is kept in {}", root.display()))?;
    let mut flows: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| Store::look(&entry.path()).is_ok())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    flows.sort();
    match flows.as_slice() {
        [] => bail!("no flow has kept anything in {}", root.display()),
        [one] => Ok(one.clone()),
        several => bail!(
            "which flow? {} keeps {}",
            root.display(),
            several.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_cell_stays_in_it() {
        assert_eq!(cell("yard"), "yard");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("=1+1"), "'=1+1");
    }

    #[test]
    fn a_moment_is_a_time_or_how_long_ago() {
        assert_eq!(moment("1970-01-01T00:00:01Z"), Ok(Timestamp(1_000_000_000)));
        let hour_ago = moment("1h").unwrap();
        assert!(Timestamp::now().since(hour_ago) >= Duration::from_secs(3600));
        assert!(moment("yesterday").unwrap_err().contains("2h"));
    }
}

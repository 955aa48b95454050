//! Runs one test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use agave_core::{Alert, AlertReport, StreamInfo, Timestamp};
use agave_flow::{ExpectedAlert, Flow, TestCase};
use anyhow::Result;
use serde_json::{Map, Value, json};

use super::align::{Row, align};
use super::classes::Classes;
use super::inputs::Frames;
use super::show::expected_line;
use crate::catalog::Catalog;
use crate::topology::{AlertSink, Cast, Rehearsal, Tap, Taps};
use crate::trial::{alert_json, alert_line, captured, differences, seconds};

/// After what is given, frames in which nothing is seen follow until no gate holds an alert back,
/// and no longer than this.
const MOST_AFTER: Duration = Duration::from_secs(600);

/// A flow whose tests are run.
pub(crate) struct Stage<'s> {
    pub(crate) flow: &'s Flow,
    pub(crate) classes: &'s Classes,
    pub(crate) catalog: &'s Catalog,
}

/// How a test went.
pub(crate) struct Outcome {
    pub(crate) name: String,
    /// In the order of the test.
    pub(crate) nodes: Vec<NodeOutcome>,
    /// What was not as expected. Empty when the test passed.
    pub(crate) problems: Vec<String>,
    pub(crate) log: Vec<String>,
    pub(crate) took: Duration,
}

/// What a node gave, beside what it should have given.
pub(crate) struct NodeOutcome {
    pub(crate) node: String,
    pub(crate) expected: Vec<Value>,
    pub(crate) came: Vec<Value>,
    pub(crate) rows: Vec<Row>,
}

impl Outcome {
    pub(crate) fn passed(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Stage<'_> {
    /// Runs `test`. Whatever keeps it from being run is a problem of the test.
    pub(crate) fn run(&self, test: &TestCase) -> Outcome {
        let began = Instant::now();
        let (played, log) = captured(|| self.play(test));
        let (nodes, mut problems) = match played {
            Ok(played) => self.compare(test, played),
            Err(reason) => (Vec::new(), vec![format!("{reason:#}")]),
        };
        problems.dedup();
        Outcome {
            name: test.name.clone(),
            nodes,
            problems,
            log,
            took: began.elapsed(),
        }
    }

    fn play(&self, test: &TestCase) -> Result<Played> {
        let mut frames = Frames::new(self.flow, self.classes, test)?;
        let heard = Arc::new(Heard::default());
        let taps = Arc::<Taps>::default();
        let _hears = taps.add(Arc::clone(&heard) as Arc<dyn Tap>);
        let cast = Cast {
            catalog: self.catalog,
            classes: frames.classes().unwrap_or(&self.classes.by_model),
            cameras: &[test.camera],
            sink: Arc::new(Silence),
            taps: Arc::clone(&taps),
            journal: None,
        };
        let mut rehearsal = Rehearsal::build(self.flow, &cast)?;
        let mut end = frames.start;
        while let Some(seen) = frames.next()? {
            end = seen.at + frames.frame_time;
            rehearsal.run(test.camera, seen);
        }
        let expected = test.expect.iter().flat_map(|(_, alerts)| alerts);
        let latest = expected.filter_map(|alert| alert.at).max();
        let needed = latest.map_or(end, |latest| frames.start + latest + frames.frame_time);
        let last = end.max(needed) + MOST_AFTER;
        while end < needed || (end < last && rehearsal.waiting() > 0) {
            let seen = frames.empty();
            end = seen.at + frames.frame_time;
            rehearsal.run(test.camera, seen);
        }
        let accounts = rehearsal.accounts();
        let failures = accounts.failures.iter().map(|(node, count)| {
            let times = if *count == 1 { "once" } else { "several times" };
            format!("the plugin of node '{node}' failed {times}")
        });
        let unbalanced = accounts.unbalanced.iter().map(|node| {
            format!("the ledger of node '{node}' does not balance; please report this")
        });
        Ok(Played {
            start: frames.start,
            frame_time: frames.frame_time,
            alerts: heard.take(),
            problems: failures.chain(unbalanced).collect(),
        })
    }

    fn compare(&self, test: &TestCase, mut played: Played) -> (Vec<NodeOutcome>, Vec<String>) {
        let mut problems = std::mem::take(&mut played.problems);
        let mut nodes = Vec::new();
        for (index, expected) in &test.expect {
            let Some(node) = self.flow.nodes.get(index.0) else {
                continue;
            };
            let came = played.alerts.remove(&node.name).unwrap_or_default();
            let outcome = node_outcome(&node.name, expected, &came, &played, &mut problems);
            nodes.push(outcome);
        }
        (nodes, problems)
    }
}

/// What came of what was given.
struct Played {
    start: Timestamp,
    frame_time: Duration,
    alerts: BTreeMap<String, Vec<Given>>,
    problems: Vec<String>,
}

fn node_outcome(
    node: &str,
    expected: &[ExpectedAlert],
    came: &[Given],
    played: &Played,
    problems: &mut Vec<String>,
) -> NodeOutcome {
    let since = |at: Timestamp| at.since(played.start);
    let fits = |wanted: usize, got: usize| match (expected.get(wanted), came.get(got)) {
        (Some(wanted), Some(got)) => told_differences(wanted, got, played).is_empty(),
        _ => false,
    };
    let rows = align(expected.len(), came.len(), fits);
    let expected_json: Vec<Value> = expected.iter().map(expected_json).collect();
    let came_json: Vec<Value> = came
        .iter()
        .map(|one| with_time(one.json.clone(), since(one.at)))
        .collect();
    for row in &rows {
        match *row {
            Row::Same(..) => {}
            Row::Different(wanted, got) => {
                if let (Some(wanted), Some(one)) = (expected.get(wanted), came.get(got)) {
                    let differences = told_differences(wanted, one, played);
                    problems.push(format!(
                        "node '{node}', alert {}: {}",
                        got + 1,
                        differences.join("; ")
                    ));
                }
            }
            Row::Missing(wanted) => problems.push(format!(
                "node '{node}': expected {}, which did not come",
                expected_json
                    .get(wanted)
                    .map_or_else(String::new, expected_line)
            )),
            Row::Unexpected(got) => problems.push(format!(
                "node '{node}': nothing expects {}",
                came_json.get(got).map_or_else(String::new, alert_line)
            )),
        }
    }
    NodeOutcome {
        node: node.to_owned(),
        expected: expected_json,
        came: came_json,
        rows,
    }
}

/// Times may be off by less than half a frame: an alert is at a frame, and a person is not.
fn told_differences(expected: &ExpectedAlert, came: &Given, played: &Played) -> Vec<String> {
    let at = came.at.since(played.start);
    let tolerance = played.frame_time / 2;
    let near = expected
        .at
        .is_none_or(|wanted| wanted.abs_diff(at) < tolerance);
    let mut wanted = expected_json(expected);
    if near && let Some(wanted) = wanted.as_object_mut() {
        wanted.remove("at");
    }
    differences(&wanted, &with_time(came.json.clone(), at), "alert")
}

fn with_time(mut alert: Value, at: Duration) -> Value {
    if let Some(alert) = alert.as_object_mut() {
        alert.insert("at".to_owned(), seconds(at).into());
    }
    alert
}

/// Only what the test says.
fn expected_json(expected: &ExpectedAlert) -> Value {
    let texts = [
        ("kind", expected.kind.clone().map(Value::from)),
        ("phase", expected.phase.map(|phase| json!(phase))),
        ("class", expected.class.clone().map(Value::from)),
        ("zone", expected.zone.clone().map(Value::from)),
        ("at", expected.at.map(|at| seconds(at).into())),
    ];
    let said = texts
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    said.collect::<Map<_, _>>().into()
}

/// An alert that a node gave.
struct Given {
    at: Timestamp,
    json: Value,
}

/// Keeps what rules and gates give.
#[derive(Default)]
struct Heard(Mutex<BTreeMap<String, Vec<Given>>>);

impl Heard {
    fn take(&self) -> BTreeMap<String, Vec<Given>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tap for Heard {
    fn alerts(&self, node: &str, stream: &StreamInfo, _at: Timestamp, alerts: &[Alert]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_node = heard.entry(node.to_owned()).or_default();
        of_node.extend(alerts.iter().map(|alert| Given {
            at: alert.at,
            json: alert_json(alert, stream),
        }));
    }
}

/// The tap hears all of them.
struct Silence;

impl AlertSink for Silence {
    fn alert(&self, _node: &str, _report: &AlertReport) {}
}

//! What a person or a program reads on standard output while a flow runs.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agave_core::{AlertReport, Phase};
use serde::Serialize;
use serde_json::Value;

use crate::topology::{AlertSink, CameraCounts, Summary};

/// In which form alerts are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A line for a person.
    Human,
    /// A JSON object a line.
    Json,
}

impl Format {
    /// The line for an alert that left `flow` behind `node`.
    pub(crate) fn alert(self, flow: &str, node: &str, report: &AlertReport) -> String {
        match self {
            Self::Json => {
                let line = AlertLine { flow, report, node };
                serde_json::to_string(&line).unwrap_or_default()
            }
            Self::Human => told(report),
        }
    }
}

/// So many lines may wait for whoever reads standard output.
const MOST_LINES_WAITING: usize = 10_000;
/// So long a reader has for the rest at the end of the run.
const READER_GRACE: Duration = Duration::from_secs(5);

/// Prints alerts as they happen, and the progress on a terminal's last line between them.
///
/// A thread of its own writes, because a reader that stands still must not stop the cameras.
pub(crate) struct Reporter {
    format: Format,
    progress: bool,
    lines: Mutex<Option<SyncSender<Line>>>,
    written: Mutex<Receiver<()>>,
    lost: AtomicU64,
    reader_is_gone: Arc<AtomicBool>,
}

enum Line {
    /// For standard output.
    Out(String),
    /// For standard error.
    Error(String),
    /// For the last line of the terminal.
    Progress(String),
}

#[derive(Serialize)]
struct AlertLine<'l> {
    flow: &'l str,
    #[serde(flatten)]
    report: &'l AlertReport,
    node: &'l str,
}

impl Reporter {
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn new(format: Format) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(MOST_LINES_WAITING);
        let (done, written) = sync_channel(1);
        let reader_is_gone = Arc::new(AtomicBool::new(false));
        let gone = Arc::clone(&reader_is_gone);
        std::thread::Builder::new()
            .name("report".to_owned())
            .spawn(move || {
                write_lines(&waiting, &gone);
                // Nobody waits for it when the process ends in another way.
                let _ = done.send(());
            })?;
        Ok(Self {
            format,
            progress: io::stderr().is_terminal(),
            lines: Mutex::new(Some(lines)),
            written: Mutex::new(written),
            lost: AtomicU64::new(0),
            reader_is_gone,
        })
    }

    /// Whether nobody reads standard output any more.
    pub(crate) fn reader_is_gone(&self) -> bool {
        self.reader_is_gone.load(Ordering::Relaxed)
    }

    /// Shows how far the flows are after `seconds`, where someone is watching.
    pub(crate) fn progress(&self, seconds: f64, counts: impl FnOnce() -> Vec<CameraCounts>) {
        if !self.progress {
            return;
        }
        let counts = counts();
        let sum = |number: fn(&CameraCounts) -> u64| -> u64 { counts.iter().map(number).sum() };
        let inferred = sum(|counts| counts.inferred);
        let live = counts.iter().filter(|counts| counts.health.is_live());
        let line = format!(
            "{seconds:5.1} s  {} of {} cameras live  {inferred} frames looked at ({:.1}/s)  {} detections  {} alerts",
            live.count(),
            counts.len(),
            inferred as f64 / seconds.max(0.001),
            sum(|counts| counts.detections),
            sum(|counts| counts.alerts),
        );
        self.send(Line::Progress(line));
    }

    /// Waits until everything is written, and not for ever.
    pub(crate) fn finish(&self) {
        drop(lock(&self.lines).take());
        let written = lock(&self.written).recv_timeout(READER_GRACE);
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > 0 {
            tracing::error!("{lost} lines were not printed: nobody read standard output");
        } else if written == Err(RecvTimeoutError::Timeout) {
            tracing::error!("the last lines were not printed: nobody reads standard output");
        }
    }

    fn line(&self, line: String) {
        if !self.send(Line::Out(line)) {
            let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
            if lost.is_power_of_two() {
                tracing::error!(lost, "nobody reads standard output; alerts are not printed");
            }
        }
    }

    /// Whether there was room for it.
    fn send(&self, line: Line) -> bool {
        lock(&self.lines)
            .as_ref()
            .is_some_and(|lines| lines.try_send(line).is_ok())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the progress line off the terminal.
fn clear(shown: &mut usize) {
    if *shown > 0 {
        let _ = write!(io::stderr(), "\r{}\r", " ".repeat(*shown));
        *shown = 0;
    }
}

/// Writes until there is nothing more to write.
fn write_lines(lines: &Receiver<Line>, reader_is_gone: &AtomicBool) {
    // Length of the progress line that is on the terminal now.
    let mut shown = 0usize;
    for line in lines {
        match line {
            Line::Progress(line) => {
                let padding = " ".repeat(shown.saturating_sub(line.len()));
                // A terminal that cannot be written to has nobody in front of it.
                let _ = write!(io::stderr(), "\r{line}{padding}");
                shown = line.len();
            }
            Line::Error(line) => {
                clear(&mut shown);
                let _ = writeln!(io::stderr(), "{line}");
            }
            Line::Out(line) => {
                clear(&mut shown);
                let mut output = io::stdout().lock();
                let written = writeln!(output, "{line}").and_then(|()| output.flush());
                if written.is_err() {
                    reader_is_gone.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Where the alerts of one flow go.
#[derive(Clone)]
pub(crate) struct FlowReporter {
    pub(crate) reporter: Arc<Reporter>,
    /// The flow's name.
    pub(crate) flow: String,
    /// A person reads alerts of several flows.
    pub(crate) one_of_several: bool,
    /// The summary is the last line of its flow: a reload that was under way may end after it.
    pub(crate) is_over: Arc<Mutex<bool>>,
}

impl FlowReporter {
    /// An event of the flow's life: for a person on standard error, and with `--json` for a
    /// program on standard output, too.
    pub(crate) fn event(&self, said: String, json: &Value) {
        let is_over = lock(&self.is_over);
        if self.reporter.format == Format::Json && !*is_over {
            self.reporter.line(json.to_string());
        }
        self.reporter.send(Line::Error(said));
    }

    /// The end of the flow.
    pub(crate) fn summary(&self, summary: &Summary) {
        let mut is_over = lock(&self.is_over);
        *is_over = true;
        let line = match self.reporter.format {
            Format::Json => serde_json::json!({ "summary": summary.json }).to_string(),
            Format::Human if self.one_of_several => {
                format!("\nflow '{}':{}", self.flow, described(&summary.json))
            }
            Format::Human => described(&summary.json),
        };
        self.reporter.line(line);
    }
}

impl AlertSink for FlowReporter {
    fn alert(&self, node: &str, report: &AlertReport) {
        let flow = self.flow.as_str();
        let line = self.reporter.format.alert(flow, node, report);
        let is_one = self.one_of_several && self.reporter.format == Format::Human;
        self.reporter.line(match is_one {
            true => format!("{flow}  {line}"),
            false => line,
        });
    }
}

/// `  4.4 s  field  BEGIN   object in forbidden  (forbidden-object, 0.93)`
fn told(report: &AlertReport) -> String {
    let phase = match report.phase {
        Phase::Begin => "BEGIN ",
        Phase::Update => "update",
        Phase::End => "end   ",
    };
    let place = report
        .zone
        .as_ref()
        .map(|zone| format!(" in {zone}"))
        .unwrap_or_default();
    let folded = match report.count {
        1 => String::new(),
        count => format!(", {count} alerts in one"),
    };
    format!(
        "{:7.1} s  {}  {phase}  {}{place}  ({}, {:.2}{folded})",
        report.media_time, report.camera_id, report.class, report.kind, report.confidence
    )
}

/// The summary for a person.
fn described(summary: &Value) -> String {
    let number = |path: &str| summary.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let decimal = |path: &str| summary.pointer(path).and_then(Value::as_f64).unwrap_or(0.0);
    let seconds = decimal("/seconds");
    let inferred = number("/frames/inferred");
    let mut lines = vec![
        String::new(),
        format!(
            "{} frames read, {} sampled, {inferred} looked at in {seconds:.1} s ({:.1} a second)",
            number("/frames/read"),
            number("/frames/sampled"),
            inferred as f64 / seconds.max(0.001),
        ),
        format!(
            "{} detections, {} alerts; inference p50 {:.1} ms, p99 {:.1} ms; flow p50 {:.3} ms, p99 {:.3} ms",
            number("/detections"),
            number("/alerts"),
            decimal("/latencies_ms/inference/p50"),
            decimal("/latencies_ms/inference/p99"),
            decimal("/latencies_ms/flow/p50"),
            decimal("/latencies_ms/flow/p99"),
        ),
    ];
    if let Some(dropped) = summary
        .pointer("/frames/dropped")
        .and_then(Value::as_object)
        && !dropped.is_empty()
    {
        lines.push(format!("frames dropped: {}", counted(dropped)));
    }
    let cameras = summary.get("cameras").and_then(Value::as_object);
    for (name, camera) in cameras.into_iter().flatten() {
        let health = camera.get("health").and_then(Value::as_str).unwrap_or("");
        if !matches!(health, "live" | "ended") {
            lines.push(format!("camera '{name}' is {health}"));
        }
        let damaged = camera.get("damaged_packets").and_then(Value::as_u64);
        if let Some(damaged) = damaged.filter(|&damaged| damaged > 0) {
            lines.push(format!("camera '{name}' sent {damaged} damaged packets"));
        }
    }
    lines.extend(ledger_table(summary));
    lines.join("\n")
}

/// A line for each node of `summary`, below a heading.
pub(crate) fn ledger_table(summary: &Value) -> Vec<String> {
    let nodes = summary.get("nodes").and_then(Value::as_object);
    let mut lines = vec![format!(
        "{:<16} {:>10} {:>10} {:>10}  dropped",
        "node", "in", "out", "waiting"
    )];
    for (name, node) in nodes.into_iter().flatten() {
        let number = |key: &str| node.get(key).and_then(Value::as_u64).unwrap_or(0);
        let dropped = node.get("dropped").and_then(Value::as_object);
        lines.push(format!(
            "{name:<16} {:>10} {:>10} {:>10}  {}",
            number("in"),
            number("out"),
            number("waiting"),
            dropped.map(counted).unwrap_or_default(),
        ));
    }
    lines
}

fn counted(reasons: &serde_json::Map<String, Value>) -> String {
    let counted: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{count} {}", reason.replace('_', " ")))
        .collect();
    counted.join(", ")
}

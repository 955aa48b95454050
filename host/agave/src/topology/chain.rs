//! What happens to one camera's detections, as a plain call chain: the nodes in the order of
//! the flow, each reading what earlier ones gave. No queue, no thread, no clock: the alerts
//! depend on the detections and on nothing else.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agave_core::{Alert, AlertReport, Detection, DropReason, FrameDetections, Ledger};
use agave_core::{StreamInfo, Timestamp};
use agave_plugin::{Failure, Supervised, Verdict};

use super::latency::Latency;
use super::outbox::Outbox;

/// Where alerts are told to whoever runs the flow.
pub(crate) trait AlertSink: Send + Sync {
    /// An alert that leaves the flow behind `node`.
    fn alert(&self, node: &str, report: &AlertReport);
}

/// Whoever looks on while frames pass. It is called on the thread that runs the chain, so it
/// must not wait.
pub(crate) trait Tap: Send + Sync {
    /// What the models saw in a frame, before the first node; class numbers are the models' own.
    fn seen(&self, _stream: &StreamInfo, _seen: &Seen) {}

    /// What `node` gave, a model or a filter.
    fn detections(&self, _node: &str, _stream: &StreamInfo, _frame: &FrameDetections) {}

    /// What `node` gave at `at`, a rule or a gate.
    fn alerts(&self, _node: &str, _stream: &StreamInfo, _at: Timestamp, _alerts: &[Alert]) {}
}

/// What the models saw in one frame.
pub(crate) struct Seen {
    pub(crate) frame: u64,
    pub(crate) at: Timestamp,
    pub(crate) media_time: Duration,
    pub(crate) size: (u32, u32),
    /// For each infer node of the camera, in their order; none where the model failed.
    pub(crate) detections: Vec<Option<Vec<Detection>>>,
    pub(crate) arrived: Instant,
    pub(crate) timings: Timings,
}

/// What a frame's way to the chain took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Timings {
    pub(super) waiting: Duration,
    pub(super) preprocess: Duration,
    pub(super) inference: Duration,
    pub(super) postprocess: Duration,
}

/// What one step does with its input.
pub(super) enum Work {
    /// Takes the detections of the camera's infer node with this index, and gives their classes
    /// the stream's numbers.
    Infer {
        index: usize,
        classes: Vec<u16>,
    },
    Filter(Supervised),
    Rule(Supervised),
    Gate(Supervised),
    Adapter(Arc<Outbox>),
}

/// One node for one camera.
pub(super) struct Step {
    /// Index of the node in the flow.
    pub(super) node: usize,
    pub(super) name: String,
    /// Which earlier steps it reads.
    pub(super) inputs: Vec<usize>,
    pub(super) work: Work,
    /// Its alerts leave the flow here: no gate reads them.
    pub(super) is_exit: bool,
    pub(super) account: Account,
}

impl Step {
    /// The plugin that runs in it, if one does.
    pub(super) fn plugin(&self) -> Option<&Supervised> {
        match &self.work {
            Work::Filter(plugin) | Work::Rule(plugin) | Work::Gate(plugin) => Some(plugin),
            Work::Infer { .. } | Work::Adapter(_) => None,
        }
    }
}

/// What a step has done so far.
pub(super) struct Account {
    pub(super) ledger: Ledger,
    pub(super) alerts: u64,
    pub(super) calls: Latency,
}

impl Account {
    pub(super) fn new() -> Self {
        Self {
            ledger: Ledger::default(),
            alerts: 0,
            calls: Latency::new(),
        }
    }
}

#[derive(Default)]
enum Output {
    /// The frame ended in this step or before it.
    #[default]
    Nothing,
    Detections(FrameDetections),
    Alerts(Vec<Alert>),
}

/// The latencies of everything on a frame's way.
pub(super) struct Stages {
    pub(super) waiting: Latency,
    pub(super) preprocess: Latency,
    pub(super) inference: Latency,
    pub(super) postprocess: Latency,
    pub(super) flow: Latency,
    pub(super) total: Latency,
}

/// All nodes for one camera.
pub(super) struct Chain {
    stream: StreamInfo,
    steps: Vec<Step>,
    outputs: Vec<Output>,
    sink: Arc<dyn AlertSink>,
    tap: Option<Arc<dyn Tap>>,
    pub(super) frames: u64,
    pub(super) detections: u64,
    pub(super) unreadable: u64,
    pub(super) alerts: u64,
    pub(super) stages: Stages,
}

impl Chain {
    pub(super) fn new(
        stream: StreamInfo,
        steps: Vec<Step>,
        sink: Arc<dyn AlertSink>,
        tap: Option<Arc<dyn Tap>>,
    ) -> Self {
        Self {
            stream,
            outputs: Vec::with_capacity(steps.len()),
            steps,
            sink,
            tap,
            frames: 0,
            detections: 0,
            unreadable: 0,
            alerts: 0,
            stages: Stages {
                waiting: Latency::new(),
                preprocess: Latency::new(),
                inference: Latency::new(),
                postprocess: Latency::new(),
                flow: Latency::new(),
                total: Latency::new(),
            },
        }
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Takes one frame's detections all the way.
    pub(super) fn run(&mut self, mut seen: Seen) {
        let began = Instant::now();
        self.learn_size(&seen);
        if let Some(tap) = &self.tap {
            tap.seen(&self.stream, &seen);
        }
        if !seen.detections.is_empty() && seen.detections.iter().all(Option::is_none) {
            self.unreadable += 1;
        } else {
            self.frames += 1;
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        outputs.clear();
        let mut next_id = 0;
        for step in &mut self.steps {
            let output = match &mut step.work {
                Work::Infer { index, classes } => {
                    let found = seen.detections.get_mut(*index).and_then(Option::take);
                    let output = step.account.inferred(&seen, found, classes, &mut next_id);
                    if let Output::Detections(frame) = &output {
                        self.detections += frame.detections.len() as u64;
                    }
                    output
                }
                Work::Filter(plugin) => match merged_detections(&step.inputs, &outputs) {
                    Some(frame) => step.account.filter(plugin, &frame),
                    None => Output::Nothing,
                },
                Work::Rule(plugin) => match merged_detections(&step.inputs, &outputs) {
                    Some(frame) => step.account.rule(plugin, &frame),
                    None => Output::Nothing,
                },
                Work::Gate(plugin) => {
                    let alerts = merged_alerts(&step.inputs, &outputs);
                    step.account.gate(plugin, seen.at, &alerts)
                }
                Work::Adapter(outbox) => {
                    for alert in merged_alerts(&step.inputs, &outputs).iter() {
                        let media_time = alert.at.since(seen.at - seen.media_time);
                        outbox.push(&self.stream.camera, media_time, alert);
                    }
                    Output::Nothing
                }
            };
            match (&self.tap, &output) {
                (Some(tap), Output::Detections(frame)) => {
                    tap.detections(&step.name, &self.stream, frame);
                }
                (Some(tap), Output::Alerts(alerts)) => {
                    tap.alerts(&step.name, &self.stream, seen.at, alerts);
                }
                _ => {}
            }
            if let (true, Output::Alerts(alerts)) = (step.is_exit, &output) {
                self.alerts += alerts.len() as u64;
                for alert in alerts {
                    let start = seen.at - seen.media_time;
                    let report = AlertReport::new(&self.stream.camera, start, alert);
                    self.sink.alert(&step.name, &report);
                }
            }
            outputs.push(output);
        }
        self.outputs = outputs;
        self.note(&seen, began.elapsed());
    }

    /// The first frame tells how large the stream is; so does a camera that changes it.
    fn learn_size(&mut self, seen: &Seen) {
        if (self.stream.width, self.stream.height) == seen.size {
            return;
        }
        (self.stream.width, self.stream.height) = seen.size;
        for step in &mut self.steps {
            if let Work::Filter(plugin) | Work::Rule(plugin) | Work::Gate(plugin) = &mut step.work {
                plugin.describe_stream(seen.at, self.stream.clone());
            }
        }
    }

    fn note(&mut self, seen: &Seen, flow: Duration) {
        self.stages.waiting.record(seen.timings.waiting);
        self.stages.preprocess.record(seen.timings.preprocess);
        self.stages.inference.record(seen.timings.inference);
        self.stages.postprocess.record(seen.timings.postprocess);
        self.stages.flow.record(flow);
        self.stages.total.record(seen.arrived.elapsed());
    }
}

impl Account {
    fn inferred(
        &mut self,
        seen: &Seen,
        found: Option<Vec<Detection>>,
        classes: &[u16],
        next_id: &mut u32,
    ) -> Output {
        self.ledger.received += 1;
        self.calls.record(seen.timings.inference);
        let Some(mut detections) = found else {
            self.ledger.drop(DropReason::Unreadable, 1);
            return Output::Nothing;
        };
        self.ledger.passed += 1;
        for detection in &mut detections {
            detection.id = *next_id;
            *next_id += 1;
            if let Some(&class) = classes.get(usize::from(detection.class)) {
                detection.class = class;
            }
        }
        Output::Detections(FrameDetections {
            frame: seen.frame,
            at: seen.at,
            detections,
        })
    }

    fn filter(&mut self, plugin: &mut Supervised, frame: &FrameDetections) -> Output {
        let count = frame.detections.len() as u64;
        self.ledger.received += count;
        let began = Instant::now();
        let verdict = plugin.call(frame.at, |instance| instance.process(frame));
        self.calls.record(began.elapsed());
        match verdict {
            Verdict::Answered(passed) => {
                let kept = passed.detections.len() as u64;
                self.ledger.passed += kept;
                self.ledger.drop(DropReason::Filtered, count - kept);
                Output::Detections(passed)
            }
            Verdict::Around(_) => {
                self.ledger.passed += count;
                Output::Detections(frame.clone())
            }
            Verdict::Dropped(reason) => {
                self.ledger.drop(reason, count);
                Output::Nothing
            }
        }
    }

    fn rule(&mut self, plugin: &mut Supervised, frame: &FrameDetections) -> Output {
        self.ledger.received += 1;
        let began = Instant::now();
        let verdict = plugin.call_announcing(
            frame.at,
            |instance| instance.evaluate(frame),
            |alerts| !alerts.is_empty(),
        );
        self.calls.record(began.elapsed());
        match verdict {
            Verdict::Answered(alerts) => {
                self.ledger.passed += 1;
                self.alerts += alerts.len() as u64;
                Output::Alerts(alerts)
            }
            // There is no way around a rule: detections are no alerts.
            Verdict::Around(reason) | Verdict::Dropped(reason) => {
                self.ledger.drop(reason, 1);
                Output::Nothing
            }
        }
    }

    fn gate(&mut self, plugin: &mut Supervised, now: Timestamp, alerts: &[Alert]) -> Output {
        let weight = weight(alerts);
        let had = self.ledger.waiting + weight;
        self.ledger.received += weight;
        let began = Instant::now();
        let verdict = plugin.call_announcing(
            now,
            |instance| {
                let passed = if alerts.is_empty() {
                    instance.tick(now)?
                } else {
                    instance.pass(alerts)?
                };
                conserved(had, passed)
            },
            |passed| !(alerts.is_empty() && passed.is_empty()),
        );
        self.calls.record(began.elapsed());
        let passed = match verdict {
            Verdict::Answered(passed) => passed,
            Verdict::Around(_) => alerts.to_vec(),
            Verdict::Dropped(reason) => {
                self.ledger.drop(reason, weight);
                Vec::new()
            }
        };
        self.alerts += passed.len() as u64;
        self.ledger.passed += self::weight(&passed);
        let settled = self.ledger.passed + self.ledger.total_dropped();
        self.ledger.waiting = self.ledger.received.saturating_sub(settled);
        Output::Alerts(passed)
    }
}

/// A gate gives what it got, or less: alerts come from rules.
fn conserved(had: u64, passed: Vec<Alert>) -> Result<Vec<Alert>, Failure> {
    let gives = weight(&passed);
    if gives > had {
        return Err(Failure::BadOutput(format!(
            "alerts that stand for {gives}, where it had {had}"
        )));
    }
    Ok(passed)
}

/// An alert weighs as much as the alerts that are folded into it.
fn weight(alerts: &[Alert]) -> u64 {
    alerts.iter().map(|alert| u64::from(alert.count)).sum()
}

/// The detections of all inputs as one frame; none when the frame ended in one of them.
fn merged_detections<'o>(
    inputs: &[usize],
    outputs: &'o [Output],
) -> Option<Cow<'o, FrameDetections>> {
    let mut merged: Option<Cow<'o, FrameDetections>> = None;
    for &input in inputs {
        let Some(Output::Detections(frame)) = outputs.get(input) else {
            return None;
        };
        merged = Some(match merged {
            None => Cow::Borrowed(frame),
            Some(mut already) => {
                let all = already.to_mut();
                for detection in &frame.detections {
                    // Two branches of one model bring the same detections.
                    match all.detections.iter_mut().find(|one| one.id == detection.id) {
                        Some(same) => same.zones |= detection.zones,
                        None => all.detections.push(detection.clone()),
                    }
                }
                already
            }
        });
    }
    merged
}

/// The alerts of all inputs.
fn merged_alerts<'o>(inputs: &[usize], outputs: &'o [Output]) -> Cow<'o, [Alert]> {
    let alerts_of = |input: &usize| match outputs.get(*input) {
        Some(Output::Alerts(alerts)) => alerts.as_slice(),
        _ => &[],
    };
    match inputs {
        [only] => Cow::Borrowed(alerts_of(only)),
        several => Cow::Owned(several.iter().flat_map(alerts_of).cloned().collect()),
    }
}

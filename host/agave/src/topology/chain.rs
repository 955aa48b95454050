//! What happens to one camera's detections, as a plain call chain: the nodes in the order of
//! the flow, each reading what earlier ones gave. No queue, no thread, no clock: the alerts
//! depend on the detections and on nothing else.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agave_core::{AlertReport, Detection, StreamInfo, Timestamp};

use super::journal::{Checkpoint, Entry, Happened, NodeState};
use super::latency::Latency;
use super::outbox::Outbox;
use super::step::{Output, Step, Work};
use super::taps::Taps;

/// How often, in the time of the stream, a camera hands over what its nodes remember.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// So many frames are kept to try a changed flow on before it runs.
const RECENT_FRAMES: usize = 32;

/// Where alerts are told to whoever runs the flow.
pub(crate) trait AlertSink: Send + Sync {
    /// An alert that leaves the flow behind `node`.
    fn alert(&self, node: &str, report: &AlertReport);

    /// The same for one that has a number in the journal.
    fn kept(&self, _sequence: u64, node: &str, report: &AlertReport) {
        self.alert(node, report);
    }
}

/// What the models saw in one frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    /// Its number in its stream.
    pub(crate) frame: u64,
    /// When it was captured.
    pub(crate) at: Timestamp,
    /// Since the stream's first frame.
    pub(crate) media_time: Duration,
    /// Width and height in pixels.
    pub(crate) size: (u32, u32),
    /// For each infer node of the camera, in their order; none where the model failed.
    pub(crate) detections: Vec<Option<Vec<Detection>>>,
}

impl Seen {
    /// Becomes equal to `other`, in the memory that is there.
    fn copy_from(&mut self, other: &Self) {
        self.detections.clone_from(&other.detections);
        self.frame = other.frame;
        self.at = other.at;
        self.media_time = other.media_time;
        self.size = other.size;
    }
}

/// What was seen, and what it took to see it.
pub(super) struct Arrival {
    pub(super) seen: Seen,
    pub(super) arrived: Instant,
    pub(super) timings: Timings,
}

impl Arrival {
    /// Of something that nobody had to look at.
    pub(super) fn now(seen: Seen) -> Self {
        Self {
            seen,
            arrived: Instant::now(),
            timings: Timings::default(),
        }
    }
}

/// What a frame's way to the chain took.
#[derive(Clone, Copy, Default)]
pub(super) struct Timings {
    pub(super) waiting: Duration,
    pub(super) preprocess: Duration,
    pub(super) inference: Duration,
    pub(super) postprocess: Duration,
}

/// The latencies of everything on a frame's way.
pub(super) struct Stages {
    pub(super) waiting: Latency,
    pub(super) preprocess: Latency,
    pub(super) inference: Latency,
    pub(super) postprocess: Latency,
    pub(super) flow: Latency,
    pub(super) total: Latency,
    /// What changes of the flow held it up for.
    pub(super) changes: Latency,
}

/// All nodes for one camera.
pub(super) struct Chain {
    pub(super) stream: StreamInfo,
    pub(super) steps: Vec<Step>,
    outputs: Vec<Output>,
    taps: Arc<Taps>,
    /// When its nodes last said what they remember; none when nobody wants to know.
    checkpoint_at: Option<Timestamp>,
    /// When the last frame was captured.
    pub(super) now: Timestamp,
    /// The last frames, the oldest first.
    pub(super) recent: VecDeque<Seen>,
    /// Nothing will take its place, so that nothing will be tried on what it saw.
    pub(super) is_final: bool,
    pub(super) frames: u64,
    pub(super) detections: u64,
    pub(super) unreadable: u64,
    pub(super) alerts: u64,
    pub(super) stages: Stages,
}

impl Chain {
    /// A chain without steps; `exchange` gives it some.
    pub(super) fn empty(taps: Arc<Taps>) -> Self {
        Self {
            stream: StreamInfo::default(),
            steps: Vec::new(),
            outputs: Vec::new(),
            taps,
            checkpoint_at: None,
            now: Timestamp::default(),
            recent: VecDeque::with_capacity(RECENT_FRAMES),
            is_final: false,
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
                changes: Latency::new(),
            },
        }
    }

    /// Somebody wants to know what the nodes remember.
    pub(super) fn with_checkpoints(mut self) -> Self {
        self.checkpoint_at = Some(Timestamp::default());
        self
    }

    /// Takes one frame's detections all the way, and notes how long everything took. Gives what
    /// there is to say about it.
    pub(super) fn arrive(&mut self, arrival: Arrival) -> Option<Entry> {
        let Arrival {
            seen,
            arrived,
            timings,
        } = arrival;
        let began = Instant::now();
        let entry = self.run(seen);
        let stages = &mut self.stages;
        stages.flow.record(began.elapsed());
        stages.waiting.record(timings.waiting);
        stages.preprocess.record(timings.preprocess);
        stages.inference.record(timings.inference);
        stages.postprocess.record(timings.postprocess);
        stages.total.record(arrived.elapsed());
        for step in &mut self.steps {
            if let Work::Infer { .. } = step.work {
                step.account.calls.record(timings.inference);
            }
        }
        entry
    }

    /// Takes one frame's detections all the way. Gives what there is to say about it.
    pub(super) fn run(&mut self, mut seen: Seen) -> Option<Entry> {
        self.learn_size(&seen);
        self.now = seen.at;
        if !self.is_final {
            self.remember(&seen);
        }
        if !seen.detections.is_empty() && seen.detections.iter().all(Option::is_none) {
            self.unreadable += 1;
        } else {
            self.frames += 1;
        }
        let tapped = self.taps.any();
        if tapped {
            self.taps.show(|tap| tap.seen(&self.stream, &seen));
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        outputs.clear();
        let mut next_id = 0;
        for step in &mut self.steps {
            let output = step.take(&self.stream, &mut seen, &outputs, &mut next_id);
            if let (Work::Infer { .. }, Output::Detections(frame)) = (&step.work, &output) {
                self.detections += frame.detections.len() as u64;
            }
            if tapped {
                show(&self.taps, &step.name, &self.stream, seen.at, &output);
            }
            outputs.push(output);
        }
        let alerts = self.readable(&seen, &outputs);
        self.outputs = outputs;
        let is_due = self
            .checkpoint_at
            .is_some_and(|last| !alerts.is_empty() || seen.at.since(last) >= CHECKPOINT_EVERY);
        let checkpoint = is_due.then(|| self.checkpoint(seen.frame, seen.at));
        (checkpoint.is_some() || !alerts.is_empty()).then(|| Entry {
            camera: self.stream.camera.as_str().into(),
            alerts,
            checkpoint,
        })
    }

    /// What the nodes remember after the last frame, if somebody wants to know.
    pub(super) fn last_words(&mut self) -> Option<Entry> {
        self.checkpoint_at?;
        let (frame, at) = self.recent.back().map(|seen| (seen.frame, seen.at))?;
        let checkpoint = self.checkpoint(frame, at);
        Some(Entry {
            camera: self.stream.camera.as_str().into(),
            alerts: Vec::new(),
            checkpoint: Some(checkpoint),
        })
    }

    /// The alerts of one frame that leave the flow or go to an adapter.
    fn readable(&mut self, seen: &Seen, outputs: &[Output]) -> Vec<Happened> {
        let mut readable = Vec::new();
        let start = seen.at - seen.media_time;
        for (index, (step, output)) in self.steps.iter().zip(outputs).enumerate() {
            let Output::Alerts(alerts) = output else {
                continue;
            };
            if alerts.is_empty() {
                continue;
            }
            let outboxes: Vec<Arc<Outbox>> = self
                .steps
                .iter()
                .filter(|reader| reader.inputs.contains(&index) && reader.works_at(seen.at))
                .filter_map(|reader| match &reader.work {
                    Work::Adapter(outbox) => Some(Arc::clone(outbox)),
                    _ => None,
                })
                .collect();
            if step.is_exit {
                self.alerts += alerts.len() as u64;
            } else if outboxes.is_empty() {
                continue;
            }
            let node: Arc<str> = step.name.as_str().into();
            readable.extend(alerts.iter().map(|alert| Happened {
                node: Arc::clone(&node),
                media_time: alert.at.since(start),
                leaves: step.is_exit,
                alert: alert.clone(),
                outboxes: outboxes.clone(),
            }));
        }
        readable
    }

    fn checkpoint(&mut self, frame: u64, at: Timestamp) -> Checkpoint {
        self.checkpoint_at = Some(at);
        let states = self.steps.iter_mut().filter_map(|step| {
            if let Some(site) = step.work.site() {
                let (plugin, snapshot) = site.checkpoint()?;
                return Some(NodeState {
                    node: step.name.as_str().into(),
                    plugin: plugin.as_str().into(),
                    snapshot,
                    // A gate may hold alerts of this camera; a rule holds none.
                    holds: step.account.ledger.waiting,
                });
            }
            let plugin = step.work.plugin_mut()?;
            let snapshot = Arc::clone(plugin.checkpoint(at)?);
            Some(NodeState {
                node: step.name.as_str().into(),
                plugin: plugin.plugin().description().name.as_str().into(),
                snapshot,
                holds: step.account.ledger.waiting,
            })
        });
        Checkpoint {
            frame,
            at,
            classes: self.stream.classes.clone(),
            nodes: states.collect(),
        }
    }

    /// The first frame tells how large the stream is; so does a camera that changes it.
    fn learn_size(&mut self, seen: &Seen) {
        if (self.stream.width, self.stream.height) == seen.size {
            return;
        }
        (self.stream.width, self.stream.height) = seen.size;
        for step in &mut self.steps {
            if let Some(site) = step.work.site() {
                site.describe(&self.stream);
            } else if let Work::Adapter(outbox) = &step.work {
                outbox.describe(&self.stream);
            } else if let Some(plugin) = step.work.plugin_mut() {
                plugin.describe_stream(seen.at, self.stream.clone());
            }
        }
    }

    /// Keeps the frame for trying out what may come; memory is used again, not allocated.
    fn remember(&mut self, seen: &Seen) {
        if self.recent.len() < RECENT_FRAMES {
            self.recent.push_back(seen.clone());
        } else if let Some(mut oldest) = self.recent.pop_front() {
            oldest.copy_from(seen);
            self.recent.push_back(oldest);
        }
    }
}

fn show(taps: &Taps, node: &str, stream: &StreamInfo, at: Timestamp, output: &Output) {
    match output {
        Output::Detections(frame) => taps.show(|tap| tap.detections(node, stream, frame)),
        Output::Alerts(alerts) if !alerts.is_empty() => {
            taps.show(|tap| tap.alerts(node, stream, at, alerts));
        }
        Output::Alerts(_) | Output::Nothing => {}
    }
}

//! The way of recent frames through the flow: what each node gave. It is noted on the flow's own
//! threads, so it is copied and nothing else; names are looked up when somebody asks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use agave_core::{Alert, AlertReport, Detection, FrameDetections, StreamInfo, Timestamp};
use agave_inspector::view::{PassedDetection, Why, WhyStep};

use crate::keeper::named;

/// So many frames of each camera are known: an alert leaves the flow with its frame or, out of a
/// gate, some frames later.
const MOST_FRAMES: usize = 256;
/// So much is noted of what one node gave.
const MOST_NOTED: usize = 100;

#[derive(Default)]
pub(super) struct Traces(RwLock<HashMap<String, Arc<Mutex<CameraTrace>>>>);

#[derive(Default)]
struct CameraTrace {
    stream: StreamInfo,
    frames: VecDeque<Trace>,
}

struct Trace {
    frame: u64,
    at: Timestamp,
    steps: Vec<Step>,
}

struct Step {
    node: String,
    gave: Gave,
}

enum Gave {
    Detections(Vec<Detection>),
    Alerts(Vec<Alert>),
}

impl Traces {
    pub(super) fn detections(&self, node: &str, stream: &StreamInfo, frame: &FrameDetections) {
        let noted = frame.detections.iter().take(MOST_NOTED).cloned().collect();
        self.note(stream, |camera| {
            let last = camera.frames.back();
            if last.is_none_or(|last| last.frame != frame.frame) {
                if camera.frames.len() >= MOST_FRAMES {
                    camera.frames.pop_front();
                }
                camera.frames.push_back(Trace {
                    frame: frame.frame,
                    at: frame.at,
                    steps: Vec::new(),
                });
            }
            if let Some(trace) = camera.frames.back_mut() {
                trace.steps.push(Step {
                    node: node.to_owned(),
                    gave: Gave::Detections(noted),
                });
            }
        });
    }

    pub(super) fn alerts(&self, node: &str, stream: &StreamInfo, at: Timestamp, alerts: &[Alert]) {
        self.note(stream, |camera| {
            // Of the frame that is being looked at, whichever frame they are about.
            if let Some(trace) = camera.frames.back_mut().filter(|trace| trace.at == at) {
                trace.steps.push(Step {
                    node: node.to_owned(),
                    gave: Gave::Alerts(alerts.iter().take(MOST_NOTED).cloned().collect()),
                });
            }
        });
    }

    fn note(&self, stream: &StreamInfo, note: impl FnOnce(&mut CameraTrace)) {
        let known = {
            let cameras = self.0.read().unwrap_or_else(PoisonError::into_inner);
            cameras.get(&stream.camera).map(Arc::clone)
        };
        let camera = known.unwrap_or_else(|| {
            let mut cameras = self.0.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cameras.entry(stream.camera.clone()).or_default())
        });
        let mut camera = camera.lock().unwrap_or_else(PoisonError::into_inner);
        if camera.stream != *stream {
            camera.stream = stream.clone();
        }
        note(&mut camera);
    }

    /// The way of a frame, if it is still known.
    pub(super) fn why(&self, camera: &str, frame: u64) -> Option<Why> {
        let cameras = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let camera = cameras.get(camera)?;
        let camera = camera.lock().unwrap_or_else(PoisonError::into_inner);
        let trace = camera
            .frames
            .iter()
            .rev()
            .find(|trace| trace.frame == frame)?;
        let steps = trace.steps.iter().map(|step| told(&camera.stream, step));
        Some(Why {
            frame,
            ts: trace.at.to_string(),
            steps: steps.collect(),
        })
    }

    /// What a frame showed behind the last node that gave detections.
    pub(super) fn seen(&self, camera: &str, frame: u64) -> Option<Seen> {
        let cameras = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let camera = cameras.get(camera)?;
        let camera = camera.lock().unwrap_or_else(PoisonError::into_inner);
        let mut frames = camera.frames.iter().rev();
        let trace = frames.find(|trace| trace.frame == frame)?;
        let mut given = trace
            .steps
            .iter()
            .rev()
            .filter_map(|step| match &step.gave {
                Gave::Detections(detections) => Some(named(&camera.stream, detections)),
                Gave::Alerts(_) => None,
            });
        Some(Seen {
            at: trace.at,
            detections: given.next().unwrap_or_default(),
        })
    }
}

/// What a frame showed.
pub(in crate::inspected) struct Seen {
    pub(in crate::inspected) at: Timestamp,
    pub(in crate::inspected) detections: Vec<PassedDetection>,
}

/// What a node gave, in words and in detail.
fn told(stream: &StreamInfo, step: &Step) -> WhyStep {
    match &step.gave {
        Gave::Detections(detections) => WhyStep {
            node: step.node.clone(),
            role: "detections".to_owned(),
            detections: named(stream, detections),
            alerts: Vec::new(),
            said: match detections.len() {
                0 => "let nothing by".to_owned(),
                1 => "gave 1 detection".to_owned(),
                count => format!("gave {count} detections"),
            },
        },
        Gave::Alerts(alerts) => WhyStep {
            node: step.node.clone(),
            role: "alerts".to_owned(),
            detections: Vec::new(),
            alerts: alerts
                .iter()
                .map(|alert| {
                    let report = AlertReport::new(&stream.camera, alert.at, alert);
                    serde_json::to_value(report).unwrap_or_default()
                })
                .collect(),
            said: match alerts.as_slice() {
                [only] => format!(
                    "raised {} ({} of {})",
                    only.kind,
                    phase(only.phase),
                    only.class
                ),
                several => format!("raised {} alerts", several.len()),
            },
        },
    }
}

fn phase(phase: agave_core::Phase) -> &'static str {
    match phase {
        agave_core::Phase::Begin => "begin",
        agave_core::Phase::Update => "update",
        agave_core::Phase::End => "end",
    }
}

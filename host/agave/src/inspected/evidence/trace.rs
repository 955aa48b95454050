//! The way of recent frames through the flow: what each node gave. It is noted on the flow's own
//! threads, all the time, so it is copied into memory that is there already and nothing else.
//! Whoever asks copies it too, and makes words of it outside of the lock.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use agave_core::{Alert, Detection, FrameDetections, StreamInfo, Timestamp};
use agave_inspector::view::Followed;

use super::subject::Subject;

/// So many frames of each camera are known: an alert leaves the flow with its frame or, out of a
/// gate, some frames later.
const MOST_FRAMES: usize = 256;
/// Those of all cameras take no more than this; each has the same share.
const MOST_BYTES: usize = 64 << 20;
/// So much is noted of what one node gave.
const MOST_NOTED: usize = 100;

type Cameras = HashMap<String, Arc<Mutex<CameraTrace>>>;

#[derive(Default)]
pub(super) struct Traces {
    cameras: RwLock<Cameras>,
    /// How many cameras there are.
    count: AtomicUsize,
}

#[derive(Default)]
struct CameraTrace {
    stream: Arc<StreamInfo>,
    frames: VecDeque<Trace>,
    bytes: usize,
}

/// The way of one frame.
#[derive(Clone, Default)]
pub(super) struct Trace {
    /// The camera's names and zones when the frame was looked at.
    pub(super) stream: Arc<StreamInfo>,
    pub(super) frame: u64,
    pub(super) at: Timestamp,
    steps: Vec<Step>,
    /// Of all steps, one after the other.
    detections: Vec<Detection>,
    alerts: Vec<Alert>,
}

#[derive(Clone)]
struct Step {
    node: Arc<str>,
    gave: Gave,
}

#[derive(Clone)]
enum Gave {
    Detections(Range<usize>),
    Alerts(Range<usize>),
}

/// What one node gave.
pub(super) enum Given<'t> {
    Detections(&'t [Detection]),
    Alerts(&'t [Alert]),
}

impl Trace {
    /// Becomes the trace of another frame, in the memory that is there.
    fn begin(&mut self, stream: Arc<StreamInfo>, frame: u64, at: Timestamp) {
        (self.stream, self.frame, self.at) = (stream, frame, at);
        self.steps.clear();
        self.detections.clear();
        self.alerts.clear();
    }

    fn note(&mut self, node: &str, gave: Gave, before: Option<&Self>) {
        // Every frame goes through the same nodes in the same order.
        let same = before.and_then(|before| before.steps.get(self.steps.len()));
        let node = match same.filter(|step| *step.node == *node) {
            Some(step) => Arc::clone(&step.node),
            None => node.into(),
        };
        self.steps.push(Step { node, gave });
    }

    /// The memory that it takes.
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.steps.capacity() * size_of::<Step>()
            + self.detections.capacity() * size_of::<Detection>()
            + self.alerts.iter().map(bytes_of).sum::<usize>()
    }

    /// What each node gave, in their order.
    pub(super) fn given(&self) -> impl DoubleEndedIterator<Item = (&str, Given<'_>)> {
        self.steps.iter().map(|step| {
            let given = match &step.gave {
                Gave::Detections(range) => {
                    let given = self.detections.get(range.clone());
                    Given::Detections(given.unwrap_or_default())
                }
                Gave::Alerts(range) => {
                    Given::Alerts(self.alerts.get(range.clone()).unwrap_or_default())
                }
            };
            (&*step.node, given)
        })
    }
}

fn bytes_of(alert: &Alert) -> usize {
    let attributes = alert.attributes.iter();
    let attributes: usize = attributes
        .map(|(key, value)| key.len() + value.len() + size_of::<(String, String)>())
        .sum();
    let texts = alert.key.len() + alert.kind.len() + alert.class.len();
    size_of::<Alert>() + texts + attributes
}

impl CameraTrace {
    /// Makes room for a frame, in the memory of one that goes.
    fn begin(&mut self, stream: &StreamInfo, frame: u64, at: Timestamp, share: usize) {
        if *self.stream != *stream {
            self.stream = Arc::new(stream.clone());
        }
        // The last one has grown since it was counted.
        self.bytes += self.frames.back().map_or(0, Trace::bytes);
        let mut trace = Trace::default();
        while self.frames.len() >= MOST_FRAMES || self.bytes > share {
            let Some(oldest) = self.frames.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
            if self.bytes <= share {
                trace = oldest;
            }
        }
        trace.begin(Arc::clone(&self.stream), frame, at);
        self.frames.push_back(trace);
    }

    /// The last two frames, the last one first.
    fn last(&mut self) -> Option<(&mut Trace, Option<&Trace>)> {
        let (front, back) = self.frames.as_mut_slices();
        match (back, front) {
            ([.., before, last], _) => Some((last, Some(before))),
            ([last], front) => Some((last, front.last())),
            ([], [.., before, last]) => Some((last, Some(before))),
            ([], [last]) => Some((last, None)),
            ([], []) => None,
        }
    }
}

impl Traces {
    pub(super) fn detections(&self, node: &str, stream: &StreamInfo, frame: &FrameDetections) {
        let share = MOST_BYTES / self.count.load(Ordering::Relaxed).max(1);
        self.note(stream, |camera| {
            let last = camera.frames.back();
            if last.is_none_or(|last| last.frame != frame.frame) {
                camera.begin(stream, frame.frame, frame.at, share);
            }
            let Some((trace, before)) = camera.last() else {
                return;
            };
            let from = trace.detections.len();
            let noted = frame.detections.iter().take(MOST_NOTED).cloned();
            trace.detections.extend(noted);
            let gave = Gave::Detections(from..trace.detections.len());
            trace.note(node, gave, before);
        });
    }

    pub(super) fn alerts(&self, node: &str, stream: &StreamInfo, at: Timestamp, alerts: &[Alert]) {
        self.note(stream, |camera| {
            // Of the frame that is being looked at, whichever frame they are about.
            let last = camera.last().filter(|(trace, _)| trace.at == at);
            let Some((trace, before)) = last else {
                return;
            };
            let from = trace.alerts.len();
            let noted = alerts.iter().take(MOST_NOTED).cloned();
            trace.alerts.extend(noted);
            let gave = Gave::Alerts(from..trace.alerts.len());
            trace.note(node, gave, before);
        });
    }

    fn note(&self, stream: &StreamInfo, note: impl FnOnce(&mut CameraTrace)) {
        let camera = self.camera(&stream.camera).unwrap_or_else(|| {
            let mut cameras = self.cameras.write().unwrap_or_else(PoisonError::into_inner);
            let camera = Arc::clone(cameras.entry(stream.camera.clone()).or_default());
            self.count.store(cameras.len(), Ordering::Relaxed);
            camera
        });
        note(&mut camera.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn camera(&self, name: &str) -> Option<Arc<Mutex<CameraTrace>>> {
        let cameras = self.cameras.read().unwrap_or_else(PoisonError::into_inner);
        cameras.get(name).map(Arc::clone)
    }

    /// Forgets all cameras but these.
    pub(super) fn keep_only(&self, is_there: impl Fn(&str) -> bool) {
        let mut cameras = self.cameras.write().unwrap_or_else(PoisonError::into_inner);
        cameras.retain(|name, _| is_there(name));
        self.count.store(cameras.len(), Ordering::Relaxed);
    }

    /// The way of a frame, if it is still known.
    pub(super) fn of(&self, camera: &str, frame: u64) -> Option<Trace> {
        let camera = self.camera(camera)?;
        let camera = camera.lock().unwrap_or_else(PoisonError::into_inner);
        let mut frames = camera.frames.iter().rev();
        frames.find(|trace| trace.frame == frame).cloned()
    }

    /// How long `subject` had been seen in `frame` of `camera`, if it is in it.
    pub(super) fn followed(&self, camera: &str, frame: u64, subject: &Subject) -> Option<Followed> {
        let camera = self.camera(camera)?;
        let camera = camera.lock().unwrap_or_else(PoisonError::into_inner);
        let frames = camera.frames.iter().rev();
        subject.follow(frames.skip_while(|trace| trace.frame != frame))
    }
}

#[cfg(test)]
mod tests {
    use agave_core::BoundingBox;

    use super::*;

    fn stream(camera: &str) -> StreamInfo {
        StreamInfo {
            camera: camera.to_owned(),
            classes: vec!["person".to_owned()],
            ..StreamInfo::default()
        }
    }

    fn frame(number: u64, detections: usize) -> FrameDetections {
        let detection = Detection {
            id: 0,
            class: 0,
            confidence: 0.5,
            bbox: BoundingBox::default(),
            track: None,
            zones: 0,
        };
        FrameDetections {
            frame: number,
            at: Timestamp(number),
            detections: vec![detection; detections],
        }
    }

    fn gave(traces: &Traces, camera: &str, number: u64) -> Option<Vec<(String, usize)>> {
        let trace = traces.of(camera, number)?;
        let given = trace.given().map(|(node, given)| match given {
            Given::Detections(detections) => (node.to_owned(), detections.len()),
            Given::Alerts(alerts) => (node.to_owned(), alerts.len()),
        });
        Some(given.collect())
    }

    #[test]
    fn each_frame_has_what_its_nodes_gave() {
        let traces = Traces::default();
        for number in 0..MOST_FRAMES as u64 + 10 {
            traces.detections("detect", &stream("gate"), &frame(number, 3));
            traces.detections("zoned", &stream("gate"), &frame(number, 2));
        }
        let newest = MOST_FRAMES as u64 + 9;
        let expected = [("detect".to_owned(), 3), ("zoned".to_owned(), 2)];
        assert_eq!(gave(&traces, "gate", newest).unwrap(), expected);
        assert_eq!(gave(&traces, "gate", 10).unwrap(), expected);
        assert_eq!(gave(&traces, "gate", 9), None);
    }

    #[test]
    fn all_cameras_together_have_a_bound_in_bytes() {
        let traces = Traces::default();
        let cameras: Vec<StreamInfo> = (0..100).map(|number| stream(&number.to_string())).collect();
        for number in 0..200 {
            for camera in &cameras {
                for node in ["a", "b", "c", "d"] {
                    traces.detections(node, camera, &frame(number, MOST_NOTED));
                }
            }
        }
        let known = traces.cameras.read().unwrap();
        let bytes = known.values().map(|camera| {
            let camera = camera.lock().unwrap();
            camera.frames.iter().map(Trace::bytes).sum::<usize>()
        });
        let bytes: usize = bytes.sum();
        let a_frame_each = 100 * 2 * 4 * MOST_NOTED * size_of::<Detection>();
        assert!(bytes < MOST_BYTES + a_frame_each, "{bytes}");
        drop(known);
        assert!(gave(&traces, "7", 199).is_some());
        assert!(gave(&traces, "7", 0).is_none());
    }

    #[test]
    fn a_camera_that_is_gone_is_forgotten() {
        let traces = Traces::default();
        traces.detections("detect", &stream("gate"), &frame(1, 1));
        traces.detections("detect", &stream("yard"), &frame(1, 1));
        traces.keep_only(|name| name == "yard");
        assert!(gave(&traces, "gate", 1).is_none());
        assert!(gave(&traces, "yard", 1).is_some());
    }
}

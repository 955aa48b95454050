//! Where a running flow hands over what its models saw.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use agave_core::StreamInfo;
use agave_flow::{CameraIndex, Flow};

use super::casting::infer_nodes;
use super::{CameraEntry, Frame, Header, ModelEntry, Recorded, Recorder};
use crate::topology::{Seen, Tap};

/// Writes down what the models see, once it has been told what to expect.
#[derive(Default)]
pub(crate) struct Scribe {
    desk: OnceLock<Desk>,
}

struct Desk {
    recorder: Recorder,
    cameras: Vec<Place>,
}

/// What of a camera is written.
struct Place {
    camera: String,
    /// Which of its infer nodes: one of those that run the same model.
    nodes: Vec<usize>,
}

impl Scribe {
    /// Begins a recording of `flow` in `output`. `classes` are what each model can see.
    ///
    /// # Errors
    /// When it cannot be written, or the system gives no more threads.
    pub(crate) fn begin(
        &self,
        flow: &Flow,
        classes: &[Arc<[String]>],
        output: impl Write + Send + 'static,
    ) -> io::Result<()> {
        let (header, cameras) = plan(flow, classes);
        let recorder = Recorder::start(output, &header)?;
        // Only the first recording counts, and there is one.
        let _ = self.desk.set(Desk { recorder, cameras });
        Ok(())
    }

    /// Whether nothing can be written any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.desk
            .get()
            .is_some_and(|desk| desk.recorder.has_failed())
    }

    /// Ends the recording; none where none has begun.
    pub(crate) fn finish(&self) -> Option<io::Result<Recorded>> {
        Some(self.desk.get()?.recorder.finish())
    }
}

impl Tap for Scribe {
    fn seen(&self, stream: &StreamInfo, seen: &Seen) {
        let Some(desk) = self.desk.get() else {
            return;
        };
        let mut places = desk.cameras.iter().enumerate();
        let Some((camera, place)) = places.find(|(_, place)| place.camera == stream.camera) else {
            return;
        };
        let of_node = |node: &usize| seen.detections.get(*node).cloned().flatten();
        desk.recorder.frame(Frame {
            camera,
            number: seen.frame,
            at: seen.at,
            media_time: seen.media_time,
            size: seen.size,
            detections: place.nodes.iter().map(of_node).collect(),
        });
    }
}

fn plan(flow: &Flow, classes: &[Arc<[String]>]) -> (Header, Vec<Place>) {
    let models = flow.models.iter().zip(classes);
    let mut header = Header {
        models: models
            .map(|(model, classes)| ModelEntry {
                name: model.name.clone(),
                classes: classes.to_vec(),
            })
            .collect(),
        cameras: Vec::new(),
    };
    let mut places = Vec::new();
    for (index, camera) in flow.cameras.iter().enumerate() {
        let mut models: Vec<usize> = Vec::new();
        let mut nodes = Vec::new();
        for (node, (_, model)) in infer_nodes(flow, CameraIndex(index)).enumerate() {
            if !models.contains(&model.0) {
                models.push(model.0);
                nodes.push(node);
            }
        }
        header.cameras.push(CameraEntry {
            name: camera.name.clone(),
            models,
        });
        places.push(Place {
            camera: camera.name.clone(),
            nodes,
        });
    }
    (header, places)
}

//! A worker takes whichever camera's frame is next, looks at it with its own sessions of the
//! models, and hands what it saw to the camera's lane. There are as many as cores: sessions of
//! one thread each get more done than one session of many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use agave_media::{Detector, Frame, RecentPictures};

use super::chain::{Seen, Timings};
use super::intake::{Intake, Turn};
use super::lane::Lane;

/// One thread's sessions and what it needs to know of the cameras.
pub(super) struct Worker {
    /// A session for each model of the flow.
    pub(super) detectors: Vec<Detector>,
    /// For each camera, the models that look at it, in the order of its infer nodes.
    pub(super) models_of_camera: Arc<[Vec<usize>]>,
    /// Where frames are kept, if somebody asks for their pictures.
    pub(super) recent: Option<Arc<RecentPictures>>,
    pub(super) camera_names: Arc<[String]>,
    pub(super) lanes: Arc<[Lane]>,
    pub(super) intake: Arc<Intake>,
}

impl Worker {
    /// Works until no more frames will come.
    pub(super) fn run(mut self) {
        let lanes = Arc::clone(&self.lanes);
        let intake = Arc::clone(&self.intake);
        while let Some(turn) = intake.take() {
            let (camera, ticket) = (turn.camera, turn.ticket);
            let seen = self.look(turn);
            match lanes.get(camera) {
                Some(lane) => lane.submit(ticket, seen, || intake.done(camera)),
                None => intake.done(camera),
            }
        }
    }

    fn look(&mut self, turn: Turn) -> Seen {
        let Turn {
            camera,
            frame,
            arrived,
            ..
        } = turn;
        let mut timings = Timings {
            waiting: arrived.elapsed(),
            ..Timings::default()
        };
        let models = self
            .models_of_camera
            .get(camera)
            .map_or(&[][..], Vec::as_slice);
        let mut detections = Vec::with_capacity(models.len());
        for &model in models {
            let Some(detector) = self.detectors.get_mut(model) else {
                detections.push(None);
                continue;
            };
            let looked = catch_unwind(AssertUnwindSafe(|| detector.detect(&frame.picture)));
            detections.push(match looked {
                // The lane waits for every ticket, so a frame must not vanish with a panic.
                Err(_) => {
                    tracing::error!(
                        camera,
                        frame = frame.number,
                        "looking at it panicked; please report this"
                    );
                    None
                }
                Ok(Ok((found, spent))) => {
                    timings.preprocess += spent.preprocess;
                    timings.inference += spent.inference;
                    timings.postprocess += spent.postprocess;
                    Some(found)
                }
                Ok(Err(error)) => {
                    tracing::warn!(camera, frame = frame.number, "not looked at: {error}");
                    None
                }
            });
        }
        let Frame {
            number,
            at,
            media_time,
            picture,
        } = frame;
        // Before the chain runs: its alerts are about this frame.
        if let (Some(recent), Some(name)) = (&self.recent, self.camera_names.get(camera)) {
            recent.keep(name, number, &picture);
        }
        Seen {
            frame: number,
            at,
            media_time,
            size: (picture.width(), picture.height()),
            detections,
            arrived,
            timings,
        }
    }
}

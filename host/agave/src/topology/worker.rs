//! A worker takes whichever camera's frame is next, looks at it with the camera's models, and
//! hands what it saw to the camera's lane. There are as many as cores: sessions of one thread
//! each get more done than one session of many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use agave_core::{Detection, Schedule};
use agave_media::{Frame, Picture};

use super::chain::{Arrival, Seen, Timings};
use super::intake::{Intake, Turn};
use super::models::LoadedModel;

/// Works until no more frames will come.
pub(super) fn work(intake: &Intake) {
    while let Some(turn) = intake.take() {
        let (camera, lane, ticket) = (turn.camera, Arc::clone(&turn.lane), turn.admission.ticket);
        let arrival = look(turn);
        lane.submit(ticket, arrival, || intake.done(camera));
    }
}

fn look(turn: Turn) -> Arrival {
    let Turn {
        name,
        frame,
        arrived,
        admission,
        ..
    } = turn;
    let mut timings = Timings {
        waiting: arrived.elapsed(),
        ..Timings::default()
    };
    let Frame {
        number,
        at,
        media_time,
        picture,
        ..
    } = frame;
    let mut look_with = |(model, hours): &(Arc<LoadedModel>, Option<Schedule>)| {
        // Outside of its hours it sees nothing, and costs nothing.
        if hours.as_ref().is_some_and(|hours| !hours.is_active(at)) {
            return Ok(Vec::new());
        }
        let found = detect(model, &picture, &mut timings);
        found.map_err(|reason| {
            tracing::warn!(camera = %name, frame = number, "not looked at: {reason}");
        })
    };
    let models = admission.look.models.iter();
    let detections = match admission.look.recorded {
        None => models.map(|model| look_with(model).ok()).collect(),
        // The last frames of a camera in whose place a recording comes: its models look no more.
        Some(_) => models.map(|_| None).collect(),
    };
    // Before the chain runs: its alerts are about this frame.
    let look = &admission.look;
    for shelf in [&look.recent, &look.shown].into_iter().flatten() {
        shelf.keep(&name, number, &picture);
    }
    Arrival {
        seen: Seen {
            frame: number,
            at,
            media_time,
            size: (picture.width(), picture.height()),
            detections,
        },
        arrived,
        timings,
    }
}

/// What `model` sees, or why it sees nothing. The lane waits for every ticket, so a frame must
/// not vanish with a panic.
fn detect(
    model: &LoadedModel,
    picture: &Picture,
    timings: &mut Timings,
) -> Result<Vec<Detection>, String> {
    match catch_unwind(AssertUnwindSafe(|| model.detect(picture))) {
        Ok(Some(Ok((found, spent)))) => {
            timings.preprocess += spent.preprocess;
            timings.inference += spent.inference;
            timings.postprocess += spent.postprocess;
            Ok(found)
        }
        Ok(Some(Err(error))) => Err(error.to_string()),
        Ok(None) => Err("all sessions of the model are in use; please report this".to_owned()),
        Err(_) => Err("looking at it panicked; please report this".to_owned()),
    }
}

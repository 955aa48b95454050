use super::*;
use crate::topology::lane::tests::lane;
use agave_core::Timestamp;
use agave_media::Picture;

fn frame(number: u64, at: Timestamp) -> Frame {
    Frame {
        number,
        at,
        media_time: Duration::from_millis(number),
        presentation_us: 0,
        picture: Arc::new(Picture::from_rgb(2, 2, &[0; 12]).unwrap()),
    }
}

/// Two cameras.
fn intake(live: bool, max_age: Duration) -> (Intake, CameraId, CameraId) {
    let terms = Terms { live, max_age };
    let intake = Intake::new(2);
    let add = |name| intake.add(name, terms, Arc::new(lane()));
    let (first, second) = (add("first"), add("second"));
    (intake, first, second)
}

const LONG: Duration = Duration::from_millis(500);

#[test]
fn the_newest_frame_of_a_camera_wins() {
    let (intake, camera, _) = intake(true, LONG);
    for number in 0..5 {
        intake.push(camera, frame(number, Timestamp::now()));
    }
    assert_eq!(intake.take().unwrap().frame.number, 3);
    assert_eq!(intake.take().unwrap().frame.number, 4);
    assert_eq!(
        intake.dropped(camera),
        BTreeMap::from([(DropReason::Superseded, 3)])
    );
}

#[test]
fn a_stale_frame_is_not_looked_at() {
    let (intake, camera, _) = intake(true, Duration::ZERO);
    intake.push(camera, frame(0, Timestamp::now()));
    intake.finish();
    assert!(intake.take().is_none());
    assert_eq!(
        intake.dropped(camera),
        BTreeMap::from([(DropReason::TooOld, 1)])
    );
}

#[test]
fn a_camera_whose_clock_is_behind_is_looked_at() {
    let (intake, camera, _) = intake(true, LONG);
    intake.push(
        camera,
        frame(0, Timestamp::now() - Duration::from_secs(900)),
    );
    assert_eq!(intake.take().unwrap().frame.number, 0);
}

#[test]
fn cameras_take_turns() {
    let (intake, first, second) = intake(false, LONG);
    for number in 0..2 {
        intake.push(first, frame(number, Timestamp(0)));
        intake.push(second, frame(number, Timestamp(0)));
    }
    let order: Vec<CameraId> = (0..4).map(|_| intake.take().unwrap().camera).collect();
    assert_eq!(order, [first, second, first, second]);
}

#[test]
fn a_file_waits_and_loses_nothing() {
    let (intake, camera, _) = intake(false, LONG);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..100).for_each(|number| intake.push(camera, frame(number, Timestamp(0))));
            intake.finish();
        });
        let mut numbers = Vec::new();
        while let Some(turn) = intake.take() {
            numbers.push(turn.frame.number);
            intake.done(camera);
        }
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn shutdown_counts_what_waits_and_releases_who_waits() {
    let (intake, camera, _) = intake(false, LONG);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..3).for_each(|number| intake.push(camera, frame(number, Timestamp(0))));
        });
        while intake.lock().cameras[0].frames.len() < 2 {
            std::thread::yield_now();
        }
        intake.abandon();
    });
    intake.finish();
    assert!(intake.take().is_none());
    assert_eq!(intake.dropped(camera)[&DropReason::Shutdown], 3);
}

#[test]
fn a_camera_is_removed_when_nothing_of_it_is_on_its_way() {
    let (intake, camera, _) = intake(false, LONG);
    (0..2).for_each(|number| intake.push(camera, frame(number, Timestamp(0))));
    assert_eq!(intake.take().unwrap().frame.number, 0);
    let dropped = std::thread::scope(|scope| {
        let removed = scope.spawn(|| intake.remove(camera));
        while !intake.lock().cameras[0].frames.is_empty() {
            std::thread::yield_now();
        }
        assert!(!removed.is_finished());
        intake.done(camera);
        removed.join().unwrap()
    });
    assert_eq!(dropped, BTreeMap::from([(DropReason::Removed, 1)]));
    assert!(intake.dropped(camera).is_empty());
}

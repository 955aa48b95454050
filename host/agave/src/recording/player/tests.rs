use std::fs;

use super::super::Writer;
use super::super::tests::{frame, header as two_cameras, without_frames};
use super::*;

/// Two frames of the first camera, one of the second between them.
fn recording(folder: &Path) -> (PathBuf, Header) {
    let file = folder.join("yard.agrec");
    let header = two_cameras();
    let mut writer = Writer::new(File::create(&file).unwrap(), &header).unwrap();
    for (camera, number, seconds) in [(0, 70, 0), (1, 9, 1), (0, 75, 2), (1, 14, 3)] {
        let mut frame = frame(camera, number);
        frame.at = Timestamp(1_000_000_000_000) + Duration::from_secs(seconds);
        writer.add(&Record::Frame(frame)).unwrap();
    }
    writer.finish().unwrap();
    (file, header)
}

fn player(file: &Path, camera: usize, repeat: bool) -> Player {
    let opening = Arc::new(Opening::of(file).unwrap());
    Player::begin(file, &opening, camera, repeat).unwrap()
}

/// When the next `count` frames are due, their numbers, and their media time.
fn played(player: &mut Player, count: usize) -> Vec<(u64, u64, u64)> {
    let (stop, camera) = (CancellationToken::new(), player.camera);
    let frames = std::iter::from_fn(|| player.next(&stop).unwrap());
    let frames = frames.take(count).map(|(due, frame)| {
        assert_eq!(frame.camera, camera);
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap();
        (
            milliseconds(due),
            frame.number,
            milliseconds(frame.media_time),
        )
    });
    frames.collect()
}

#[test]
fn a_camera_is_played_from_the_recordings_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = recording(folder.path());
    let mut first = player(&file, 0, false);
    assert_eq!(played(&mut first, 9), [(0, 0, 0), (2000, 5, 2000)]);
    let mut second = player(&file, 1, false);
    assert_eq!(played(&mut second, 9), [(1000, 0, 0), (3000, 5, 2000)]);
}

#[test]
fn over_a_repeat_time_and_numbers_go_on_and_cameras_stay_together() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = recording(folder.path());
    let mut first = player(&file, 0, true);
    let due = [
        (0, 0, 0),
        (2000, 5, 2000),
        (3100, 6, 3100),
        (5100, 11, 5100),
    ];
    assert_eq!(played(&mut first, 4), due);
    let mut second = player(&file, 1, true);
    let due = [(1000, 0, 0), (3000, 5, 2000), (4100, 6, 3100)];
    assert_eq!(played(&mut second, 3), due);
}

#[test]
fn another_recording_in_its_place_is_not_played() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = recording(folder.path());
    let recorded = fs::read(&file).unwrap();
    let renamed = folder.path().join("new.agrec");
    // With the same cameras and models, and as long as it was.
    let anew: [&dyn Fn(); 3] = [
        &|| fs::write(&file, &recorded).unwrap(),
        &|| {
            fs::write(&renamed, &recorded).unwrap();
            fs::rename(&renamed, &file).unwrap();
        },
        &|| drop(without_frames(&file)),
    ];
    for record in anew {
        let before = fs::metadata(&file).unwrap().modified().unwrap();
        let mut first = player(&file, 0, true);
        assert_eq!(played(&mut first, 2).len(), 2);
        while fs::metadata(&file).unwrap().modified().unwrap() == before {
            record();
        }
        let error = first.next(&CancellationToken::new()).unwrap_err();
        assert!(!matches!(error, PlayError::Empty(_)), "{error}");
    }
}

#[test]
fn a_camera_that_saw_nothing_is_not_played_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.agrec");
    without_frames(&file);
    let mut player = player(&file, 0, true);
    let error = player.next(&CancellationToken::new()).unwrap_err();
    assert!(matches!(error, PlayError::Empty(_)), "{error}");
}

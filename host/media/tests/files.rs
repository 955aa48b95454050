//! Reading files: every frame of them, at the right times, and clear errors for what is none.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use agave_core::Timestamp;
use agave_media::{Pace, SourceConfig, SourceCounts, SourceError, SourceEvent, run};
use support::{Keeper, Running, test_data};
use tokio_util::sync::CancellationToken;

fn config(path: &Path) -> SourceConfig {
    SourceConfig::new("clip", path.to_str().unwrap())
}

fn last_counts(events: &[SourceEvent]) -> SourceCounts {
    events
        .iter()
        .rev()
        .find_map(|event| match event {
            SourceEvent::Counted(counts) => Some(*counts),
            _ => None,
        })
        .unwrap()
}

/// Frames as `ffprobe -count_frames` counts them; the duration of the last one is not waited.
#[test]
fn every_frame_of_a_clip_is_read() {
    let Some(data) = test_data() else { return };
    for (clip, count, last, width) in [
        ("bottle-detection.mp4", 1189, 39.82, 640),
        ("one-by-one-person-detection.mp4", 1394, 139.3, 768),
    ] {
        let mut keeper = Keeper::new(|frame| {
            assert_eq!(frame.picture.width(), width);
            (frame.number, frame.at, frame.media_time)
        });
        let before = Timestamp::now();
        keeper.read(&config(&data.join(clip))).unwrap();
        assert_eq!(keeper.frames.len(), count, "{clip}");
        assert!(
            keeper
                .frames
                .iter()
                .map(|frame| frame.0)
                .eq(0..count as u64)
        );
        assert_eq!(keeper.frames[0].2, Duration::ZERO);
        let end = keeper.frames[count - 1].2.as_secs_f64();
        assert!((end - last).abs() < 0.02, "{clip} ends at {end}");
        let start = keeper.frames[0].1;
        assert!(start >= before && start <= Timestamp::now());
        for frame in &keeper.frames {
            assert_eq!(frame.1.since(start), frame.2);
        }
        assert!(keeper.frames.is_sorted_by(|a, b| a.2 < b.2));
        let counts = last_counts(&keeper.events);
        assert_eq!((counts.read, counts.sampled), (count as u64, count as u64));
        assert_eq!(counts.unreadable, 0);
        assert!(counts.key_frames >= 1);
        assert_eq!(keeper.events[0], SourceEvent::Connecting);
        assert!(matches!(&keeper.events[1], SourceEvent::Live { codec, .. } if codec == "h264"));
        assert_eq!(keeper.events.last(), Some(&SourceEvent::Ended));
    }
}

#[test]
fn sampling_takes_the_same_frames_every_time() {
    let Some(data) = test_data() else { return };
    let read = |fps| {
        let mut keeper = Keeper::new(|frame| (frame.number, frame.media_time.as_secs_f64()));
        let mut config = config(&data.join("one-by-one-person-detection.mp4"));
        config.fps = fps;
        keeper.read(&config).unwrap();
        let counts = last_counts(&keeper.events);
        assert_eq!(counts.read, 1394);
        assert_eq!(counts.sampled, keeper.frames.len() as u64);
        keeper.frames
    };
    // The clip has 10 frames a second.
    let five = read(5.0);
    assert_eq!(five.len(), 697);
    for (index, &(number, time)) in five.iter().enumerate() {
        assert_eq!(number, 2 * index as u64);
        assert!((time - index as f64 * 0.2).abs() < 1e-6);
    }
    let uneven = read(7.5);
    let numbers: Vec<u64> = uneven.iter().take(7).map(|frame| frame.0).collect();
    assert_eq!(numbers, [0, 2, 3, 4, 6, 7, 8]);
    assert_eq!(uneven, read(7.5));
    assert_eq!(read(10.0).len(), 1394);
    assert_eq!(read(25.0).len(), 1394);
}

/// The clip as a camera would send it for two rounds and a half.
#[test]
fn a_clip_that_is_repeated_is_one_stream() {
    let Some(data) = test_data() else { return };
    let rounds = |fps, last| {
        let mut config = config(&data.join("one-by-one-person-detection.mp4"));
        config.repeat = true;
        config.fps = fps;
        let enough = CancellationToken::new();
        let mut keeper = Keeper::new(|frame| {
            if frame.number >= last {
                enough.cancel();
            }
            (frame.number, frame.media_time, frame.at)
        });
        run(&config, &mut keeper, &enough).unwrap();
        assert_eq!(keeper.events[0], SourceEvent::Connecting);
        assert!(matches!(keeper.events[1], SourceEvent::Live { .. }));
        let mut rest = keeper.events[2..].iter();
        assert!(rest.all(|event| matches!(event, SourceEvent::Counted(_))));
        assert_eq!(
            last_counts(&keeper.events).sampled,
            keeper.frames.len() as u64
        );
        keeper.frames
    };
    let frames = rounds(f32::INFINITY, 3485);
    assert!(frames.iter().map(|frame| frame.0).take(3486).eq(0..3486));
    for pair in frames.windows(2) {
        let ((_, before, at), (number, after, later)) = (pair[0], pair[1]);
        let step = after.checked_sub(before).unwrap().as_secs_f64();
        assert!((step - 0.1).abs() < 0.002, "{step} s before {number}");
        assert_eq!(later.since(at), after - before);
    }
    // Every second frame, over both seams.
    let half = rounds(5.0, 3480);
    assert!(
        half.iter()
            .zip(0..)
            .all(|(frame, index)| frame.0 == 2 * index)
    );
}

#[test]
fn a_picture_is_one_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture %d: one.ppm");
    // 6 × 4: red above, blue below.
    let mut bytes = b"P6 6 4 255\n".to_vec();
    bytes.extend([255, 0, 0].repeat(12));
    bytes.extend([0, 0, 255].repeat(12));
    let pixels = bytes[11..].to_vec();
    fs::write(&path, &bytes).unwrap();
    let mut keeper = Keeper::new(|frame| frame.picture.to_rgb().unwrap());
    keeper.read(&config(&path)).unwrap();
    assert_eq!(keeper.frames, [pixels]);
    assert_eq!(keeper.events.last(), Some(&SourceEvent::Ended));
}

#[test]
fn what_cannot_be_read_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let read = |path: &Path| Keeper::new(drop).read(&config(path)).unwrap_err();

    let missing = read(&folder.path().join("missing.mp4"));
    assert!(
        matches!(missing, SourceError::NotReadable { .. }),
        "{missing}"
    );

    let garbage = folder.path().join("garbage.mp4");
    let noise: Vec<u8> = (0..100_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    fs::write(&garbage, noise).unwrap();
    let garbage = read(&garbage);
    assert!(matches!(garbage, SourceError::NotMedia { .. }), "{garbage}");

    let empty = folder.path().join("empty.mp4");
    fs::write(&empty, []).unwrap();
    assert!(matches!(read(&empty), SourceError::NotMedia { .. }));

    let sound = folder.path().join("sound.wav");
    fs::write(&sound, wav()).unwrap();
    let sound = read(&sound);
    assert!(matches!(sound, SourceError::NoVideo { .. }), "{sound}");

    let folder_error = read(folder.path());
    assert!(
        matches!(
            folder_error,
            SourceError::NotMedia { .. } | SourceError::NotReadable { .. }
        ),
        "{folder_error}"
    );
}

/// A second of silence.
fn wav() -> Vec<u8> {
    let samples = vec![0_u8; 8000];
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + samples.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    for value in [16_u32, 0x0001_0001, 8000, 8000, 0x0008_0001] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(b"data");
    bytes.extend((samples.len() as u32).to_le_bytes());
    bytes.extend(samples);
    bytes
}

#[test]
fn a_truncated_clip_without_its_index_is_a_clear_error() {
    let Some(data) = test_data() else { return };
    let bytes = fs::read(data.join("bottle-detection.mp4")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("truncated.mp4");
    fs::write(&path, &bytes[..2000]).unwrap();
    let error = Keeper::new(drop).read(&config(&path)).unwrap_err();
    assert!(matches!(error, SourceError::NotMedia { .. }), "{error}");
    assert!(error.to_string().contains("truncated.mp4"), "{error}");
}

#[test]
fn damage_inside_a_clip_is_counted_and_passed_over() {
    let Some(data) = test_data() else { return };
    let mut bytes = fs::read(data.join("one-by-one-person-detection.mp4")).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 30_000] {
        *byte = !*byte;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.mp4");
    fs::write(&path, bytes).unwrap();
    let mut keeper = Keeper::new(|frame| frame.media_time);
    keeper.read(&config(&path)).unwrap();
    let counts = last_counts(&keeper.events);
    assert!(counts.unreadable > 0, "{counts:?}");
    assert!(counts.read > 1300, "{counts:?}");
    // It goes on to the end.
    assert!(keeper.frames.last().unwrap().as_secs_f64() > 139.0);
    assert_eq!(keeper.events.last(), Some(&SourceEvent::Ended));
}

#[test]
fn a_file_at_its_own_speed_is_stopped_at_once() {
    let Some(data) = test_data() else { return };
    let mut config = config(&data.join("one-by-one-person-detection.mp4"));
    config.pace = Pace::Realtime;
    config.fps = 2.0;
    let mut running = Running::start(config);
    let limit = Duration::from_secs(20);
    let first = running.expect_frame(limit);
    let begun = Instant::now();
    let second = running.expect_frame(limit);
    let waited = begun.elapsed();
    assert_eq!((first.number, second.number), (0, 5));
    assert!(waited > Duration::from_millis(400), "{waited:?}");
    let (result, took) = running.stop();
    result.unwrap();
    assert!(took < Duration::from_secs(1), "{took:?}");
}

//! Pictures of recent frames, decoded again by FFmpeg to see what is in them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use agave_core::{BoundingBox, Mark, View};
use agave_media::{
    Frame, FrameSink, NoRecentPicture, Picture, RecentPictures, SourceConfig, SourceEvent, run,
};
use tokio_util::sync::CancellationToken;

const RED: [u8; 3] = [200, 30, 30];
const GREEN: [u8; 3] = [30, 200, 30];
const BLUE: [u8; 3] = [30, 30, 200];
const GREY: [u8; 3] = [128, 128, 128];

/// A quarter of the picture in each colour.
fn quarters(width: usize, height: usize) -> Arc<Picture> {
    let mut bytes = Vec::new();
    for y in 0..height {
        for x in 0..width {
            bytes.extend(match (x < width / 2, y < height / 2) {
                (true, true) => RED,
                (false, true) => GREEN,
                (true, false) => BLUE,
                (false, false) => GREY,
            });
        }
    }
    let side = |side: usize| u32::try_from(side).unwrap();
    Arc::new(Picture::from_rgb(side(width), side(height), &bytes).unwrap())
}

#[derive(Default)]
struct Pictures(Vec<Arc<Picture>>);

impl FrameSink for Pictures {
    fn frame(&mut self, frame: Frame) {
        self.0.push(frame.picture);
    }

    fn event(&mut self, _: SourceEvent) {}
}

/// What a JPEG shows: width, height and the colour of a place in it.
fn decoded(jpeg: &[u8]) -> (u32, u32, impl Fn(f32, f32) -> [u8; 3] + use<>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("picture.jpg");
    std::fs::write(&file, jpeg).unwrap();
    let mut sink = Pictures::default();
    let config = SourceConfig::new("file", file.to_str().unwrap());
    run(&config, &mut sink, &CancellationToken::new()).unwrap();
    let picture = sink.0.pop().unwrap();
    let (width, height) = (picture.width(), picture.height());
    let rgb = picture.to_rgb().unwrap();
    let at = move |x: f32, y: f32| {
        let place = |part: f32, side: u32| (part * side as f32) as usize;
        let index = 3 * (place(y, height) * width as usize + place(x, width));
        [rgb[index], rgb[index + 1], rgb[index + 2]]
    };
    (width, height, at)
}

fn close(found: [u8; 3], wanted: [u8; 3]) -> bool {
    let mut both = found.iter().zip(wanted);
    both.all(|(found, wanted)| found.abs_diff(wanted) < 12)
}

fn region(left: f32, top: f32, width: f32, height: f32) -> Option<BoundingBox> {
    Some(BoundingBox {
        left,
        top,
        width,
        height,
    })
}

#[test]
fn a_frame_is_shown_whole_cut_or_small() {
    let recent = RecentPictures::of(["gate".to_owned()]);
    recent.keep("gate", 7, &quarters(640, 360));

    let whole = recent.jpeg("gate", 7, None, u32::MAX).unwrap();
    let (width, height, at) = decoded(&whole);
    assert_eq!((width, height), (640, 360));
    assert!(close(at(0.25, 0.25), RED) && close(at(0.75, 0.25), GREEN));
    assert!(close(at(0.25, 0.75), BLUE) && close(at(0.75, 0.75), GREY));

    let cut = recent.jpeg("gate", 7, region(0.5, 0.0, 0.5, 0.5), u32::MAX);
    let (width, height, at) = decoded(&cut.unwrap());
    assert_eq!((width, height), (320, 180));
    assert!(close(at(0.05, 0.05), GREEN) && close(at(0.95, 0.95), GREEN));

    let small = recent.jpeg("gate", 7, region(0.25, 0.25, 0.5, 0.5), 100);
    let (width, height, at) = decoded(&small.unwrap());
    assert_eq!((width, height), (100, 56));
    assert!(close(at(0.1, 0.1), RED) && close(at(0.9, 0.9), GREY));
}

#[test]
fn what_there_is_no_picture_of_says_why() {
    let recent = RecentPictures::of(["gate".to_owned()]);
    recent.keep("gate", 7, &quarters(64, 36));
    let why = |camera: &str, frame, region, most| recent.jpeg(camera, frame, region, most).err();
    let no_camera = Some(NoRecentPicture::Camera("yard".to_owned()));
    assert_eq!(why("yard", 7, None, 100), no_camera);
    assert_eq!(why("gate", 8, None, 100), Some(NoRecentPicture::NotSeen(8)));
    let outside = region(1.5, 0.0, 1.0, 1.0);
    assert_eq!(why("gate", 7, outside, 100), Some(NoRecentPicture::Region));
    assert_eq!(why("gate", 7, None, 1), Some(NoRecentPicture::Size(1)));
}

#[test]
fn memory_is_bounded_and_old_frames_expire() {
    let recent = RecentPictures::of(["gate".to_owned(), "yard".to_owned()]);
    // 1920×1080 in RGB is 6 MB: ten of them fit into a camera's 64 MiB.
    let picture = quarters(1920, 1080);
    for frame in 0..30 {
        recent.keep("gate", frame, &picture);
        recent.keep("nobody-asked", frame, &picture);
    }
    let state = |frame| {
        recent
            .jpeg("gate", frame, region(0.0, 0.0, 0.1, 0.1), 32)
            .err()
    };
    assert_eq!(state(0), Some(NoRecentPicture::Expired));
    assert_eq!(state(19), Some(NoRecentPicture::Expired));
    assert_eq!(state(20), None);
    assert_eq!(state(29), None);
}

#[test]
fn boxes_are_drawn_where_things_are_whole_and_cut() {
    let recent = RecentPictures::of(["gate".to_owned()]);
    recent.keep("gate", 7, &quarters(640, 360));
    let mark = Mark {
        bbox: region(0.5, 0.5, 0.25, 0.25).unwrap(),
        class: "person".to_owned(),
        colour: None,
        label: String::new(),
    };
    let show = |region, marks| {
        let view = View {
            marks,
            ..View::of(region, 320)
        };
        let shown = recent.show("gate", 7, &view).unwrap();
        let (width, height, at) = decoded(&shown.jpeg);
        assert_eq!((width, height), (shown.width, shown.height));
        at
    };
    let whole = show(None, vec![mark.clone()]);
    let line = whole(0.505, 0.6);
    assert!(!close(line, GREY));
    for (x, y) in [(0.6, 0.505), (0.745, 0.6), (0.6, 0.745)] {
        assert!(close(whole(x, y), line), "{x} {y}");
    }
    assert!(close(whole(0.625, 0.625), GREY), "inside of the box");
    assert!(close(whole(0.45, 0.6), BLUE), "outside of it");

    // The left upper corner of the box is in the middle of this part.
    let part = region(0.375, 0.375, 0.25, 0.25);
    let cut = show(part, vec![mark]);
    assert!(close(cut(0.505, 0.9), line) && close(cut(0.9, 0.505), line));
    assert!(close(cut(0.25, 0.25), RED) && close(cut(0.75, 0.75), GREY));
    assert!(close(show(part, Vec::new())(0.505, 0.9), GREY));
}

#[test]
fn a_picture_has_no_more_bytes_than_are_wanted() {
    let recent = RecentPictures::of(["gate".to_owned()]);
    // Noise is what compresses worst.
    let mut number = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (number >> 24) as u8
    })
    .take(640 * 360 * 3)
    .collect();
    let picture = Picture::from_rgb(640, 360, &noise).unwrap();
    recent.keep("gate", 7, &Arc::new(picture));
    let with_room_for = |most_bytes| {
        let view = View {
            most_bytes,
            ..View::of(None, 640)
        };
        recent.show("gate", 7, &view)
    };
    let whole = with_room_for(usize::MAX).unwrap();
    let coarser = with_room_for(whole.jpeg.len() - 1).unwrap();
    assert_eq!((coarser.width, coarser.height), (640, 360));
    assert!(coarser.jpeg.len() < whole.jpeg.len());
    let smaller = with_room_for(20_000).unwrap();
    assert!(smaller.width < 640 && smaller.jpeg.len() <= 20_000);
    let (width, ..) = decoded(&smaller.jpeg);
    assert_eq!(width, smaller.width);
    assert_eq!(with_room_for(100), Err(NoRecentPicture::Bytes(100)));
}

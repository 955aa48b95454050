//! Who watches a camera goes on watching it when it gets another source, until it is no more.

use std::time::Duration;

use agave_media::{Video, Viewer};

use super::field::Field;

const LIMIT: Duration = Duration::from_secs(20);

/// One camera under `name`, which is read `fps` times a second.
fn text(name: &str, fps: f32) -> String {
    let shipped = agave_tests::repository().join("models/yolov8n_pina");
    format!(
        "version: 1\nname: watched\nmodels:\n  pina: {{ path: {model} }}\ncameras:\n  {name}:\n    \
         url: {clip}\n    pace: realtime\n    fps: {fps}\nnodes:\n  detect: {{ infer: pina, from: \
         cameras }}\n",
        model = shipped.join("1/model.onnx").display(),
        clip = shipped.join("demo/demo.mp4").display(),
    )
}

fn next(viewer: &mut Viewer) -> Option<Video> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().build().unwrap();
    let video = runtime.block_on(async { tokio::time::timeout(LIMIT, viewer.next()).await });
    video.expect("nothing came")
}

/// A stream begins, with a key frame.
fn begins(viewer: &mut Viewer) {
    while !matches!(next(viewer).expect("it is over"), Video::Begins(_)) {}
    match next(viewer) {
        Some(Video::Packet(packet)) => assert!(packet.key_frame),
        other => panic!("{other:?}"),
    }
}

#[test]
fn watching_goes_on_over_a_change_of_source() {
    // Nobody looks at frames here, so there must be few of them.
    let field = Field::start(&text("gate", 0.1));
    assert!(field.live().watch_video("yard").is_none());
    let mut viewer = field.live().watch_video("gate").unwrap();
    begins(&mut viewer);

    let video = loop {
        let statuses = field.live().camera_statuses();
        if let Some(video) = statuses[0].video.clone() {
            break video;
        }
        next(&mut viewer);
    };
    assert_eq!((video.width, video.height), (960, 540));
    assert_eq!((video.codec.as_deref(), video.viewers), (Some("h264"), 1));

    field.reload(&text("gate", 0.2)).unwrap();
    begins(&mut viewer);

    field.reload(&text("door", 0.1)).unwrap();
    while next(&mut viewer).is_some() {}
    let mut viewer = field.live().watch_video("door").unwrap();
    begins(&mut viewer);
    field.stop();
    while next(&mut viewer).is_some() {}
}

//! A source whose video is handed on to those who watch.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use agave_media::{
    EncodedPacket, Frame, FrameSink, SourceEvent, StreamDescription, Video, VideoRelay,
};

/// The clip that comes with the repository.
pub fn demo_clip() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    repository
        .unwrap()
        .join("models/yolov8n_pina/demo/demo.mp4")
}

/// A packet, and nothing else.
pub fn packet(video: Video) -> EncodedPacket {
    match video {
        Video::Packet(packet) => packet,
        Video::Begins(_) | Video::LeftOut(_) => panic!("{video:?}"),
    }
}

/// Has a relay for those who watch, as a camera of a running flow has one, and says of the
/// frames that are looked at their number and when they are shown.
pub struct Relayed(pub Arc<VideoRelay>, pub Sender<(u64, i64)>);

impl FrameSink for Relayed {
    fn frame(&mut self, frame: Frame) {
        self.0.sampled(frame.number, frame.presentation_us);
        self.1.send((frame.number, frame.presentation_us)).ok();
    }

    fn event(&mut self, _: SourceEvent) {}

    fn wants_packets(&self) -> bool {
        true
    }

    fn stream(&mut self, description: StreamDescription) {
        self.0.stream(description);
    }

    fn packet(&mut self, packet: EncodedPacket) {
        self.0.packet(packet);
    }
}

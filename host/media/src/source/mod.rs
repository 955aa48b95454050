//! Where frames come from: a camera, a file or a picture. One OS thread a camera; [`run`] holds
//! it until the file ends or shutdown is asked, and a camera that is lost is tried again for ever.

mod address;
mod annex_b;
mod backoff;
mod clock;
mod codec_string;
mod decoder;
mod file;
mod gate;
mod live;
mod nudge;
mod packets;
mod parameters;
mod presentation;
mod progress;
mod rtsp;
mod sampler;
mod wait;

use std::io;
use std::time::Duration;

use agave_core::{Secret, without_credentials};
use tokio_util::sync::CancellationToken;

pub use nudge::Nudge;

use crate::{EncodedPacket, Frame, StreamDescription};

/// How the packets of a live stream travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Interleaved in the RTSP connection: nothing is lost, and firewalls let it by.
    #[default]
    Tcp,
    /// Datagrams: a lost packet delays nothing, but costs the frames until the next key frame.
    Udp,
}

/// How fast a file is fed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// As fast as the sink takes it.
    #[default]
    Fast,
    /// At the speed at which it was recorded.
    Realtime,
}

/// One camera's source.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// The camera's name, for logs.
    pub camera: String,
    /// An `rtsp://` address, with credentials where the camera wants them, or the path of a
    /// video or a picture.
    pub url: Secret,
    /// The address as people may see it: without credentials.
    pub shown_url: String,
    /// How many frames a second are taken, `f32::INFINITY` for all of them. A source that sends
    /// fewer gives all it has.
    pub fps: f32,
    /// For a live source.
    pub transport: Transport,
    /// For a file.
    pub pace: Pace,
    /// Whether a file that is at its end is read again, as one stream: frames are numbered on,
    /// and media time goes on a frame after the last one. Those who watch are told of another
    /// [stream](FrameSink::stream).
    pub repeat: bool,
    /// Threads of the decoder. More of them add latency (a frame each) and take the cores that
    /// inference needs.
    pub decoder_threads: usize,
    /// Ends the wait before a camera that is lost is tried again.
    pub nudge: Nudge,
}

impl SourceConfig {
    /// Every frame of `url`, over TCP or as fast as possible, decoded by one thread.
    pub fn new(camera: impl Into<String>, url: impl Into<String>) -> Self {
        let url = url.into();
        Self {
            camera: camera.into(),
            shown_url: without_credentials(&url),
            url: Secret::new(url),
            fps: f32::INFINITY,
            transport: Transport::default(),
            pace: Pace::default(),
            repeat: false,
            decoder_threads: 1,
            nudge: Nudge::default(),
        }
    }

    /// Whether the source is a camera, which does not end and does not wait.
    pub fn is_live(&self) -> bool {
        let scheme = self
            .url
            .reveal()
            .split_once("://")
            .map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| {
            scheme.eq_ignore_ascii_case("rtsp") || scheme.eq_ignore_ascii_case("rtsps")
        })
    }
}

/// What has been read from a stream since it began, over all reconnects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceCounts {
    /// Frames that were decoded. Each has a number.
    pub read: u64,
    /// Frames that were handed to the sink.
    pub sampled: u64,
    /// Packets and frames that were damaged, or could not be decoded for want of one that was.
    pub unreadable: u64,
    /// Key frames among those that were read. Few of them make a lost packet expensive.
    pub key_frames: u64,
}

impl std::ops::Add for SourceCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            read: self.read + other.read,
            sampled: self.sampled + other.sampled,
            unreadable: self.unreadable + other.unreadable,
            key_frames: self.key_frames + other.key_frames,
        }
    }
}

/// What becomes of a source.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceEvent {
    /// It is being opened. A camera says so before every attempt.
    Connecting,
    /// The first frame is there, or the first of another size.
    Live {
        /// Pixels from left to right.
        width: u32,
        /// Pixels from top to bottom.
        height: u32,
        /// FFmpeg's name of the codec, for example `h264`.
        codec: String,
    },
    /// A camera is gone and will be tried again.
    Lost {
        /// What happened, without credentials.
        reason: String,
        /// After how long.
        retry_in: Duration,
    },
    /// A file is at its end; everything in it has been handed over.
    Ended,
    /// Totals so far: about once a second while there is something to count, and once more
    /// before [`SourceEvent::Lost`], before [`SourceEvent::Ended`] and when [`run`] returns.
    Counted(SourceCounts),
}

/// Takes what a source gives, on the source's thread.
pub trait FrameSink {
    /// A sampled frame. It may block when the source is a file: that is the back-pressure. It
    /// must not block when the source is live.
    fn frame(&mut self, frame: Frame);
    /// News of the source.
    fn event(&mut self, event: SourceEvent);

    /// Whether [`Self::stream`] and [`Self::packet`] are called. It is asked for every packet.
    fn wants_packets(&self) -> bool {
        false
    }

    /// A stream begins, and with it a clock: after every [`SourceEvent::Connecting`], when a
    /// file is read again, and when a camera changes its video.
    fn stream(&mut self, _description: StreamDescription) {}

    /// A packet that was decoded, in the order of decoding, before the frames that came out of
    /// it. It must not block.
    fn packet(&mut self, _packet: EncodedPacket) {}
}

/// What trying again cannot mend.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no such file.
    #[error("cannot read {path}: {source}")]
    NotReadable {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no video and no picture that FFmpeg knows, or its beginning is damaged.
    #[error("cannot open {path} as a video or a picture: {reason}")]
    NotMedia {
        /// The file.
        path: String,
        /// What FFmpeg said.
        reason: String,
    },
    /// The file has sound, subtitles or data, but no video.
    #[error("there is no video in {path}")]
    NoVideo {
        /// The file.
        path: String,
    },
    /// This FFmpeg cannot decode the video.
    #[error("cannot decode the video in {path}: {reason}")]
    NoDecoder {
        /// The file.
        path: String,
        /// What FFmpeg said.
        reason: String,
    },
    /// The file was read to its end without a single good frame.
    #[error("{path} has a video stream, but none of its {unreadable} packets could be decoded")]
    NothingDecoded {
        /// The file.
        path: String,
        /// Packets that were tried.
        unreadable: u64,
    },
    /// Reading failed on the way.
    #[error("reading {path} failed after {frames} frames: {reason}")]
    Interrupted {
        /// The file.
        path: String,
        /// Frames that were read before.
        frames: u64,
        /// What FFmpeg said.
        reason: String,
    },
    /// The address of a camera cannot be understood.
    #[error("`{shown_url}` is no address of a camera: {reason}")]
    Address {
        /// The address without credentials.
        shown_url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The system gives no more threads or sockets.
    #[error("cannot start the source's event loop: {0}")]
    EventLoop(#[source] io::Error),
}

/// Reads `config`'s source into `sink` until a file ends or `shutdown` is cancelled. A camera
/// that is lost is tried again for ever. It blocks: give it a thread of its own.
///
/// # Errors
/// What trying again cannot mend: a file that does not exist or has no video in it, an address
/// that cannot be understood. No error shows credentials.
pub fn run(
    config: &SourceConfig,
    sink: &mut dyn FrameSink,
    shutdown: &CancellationToken,
) -> Result<(), SourceError> {
    crate::ffmpeg::initialise();
    if config.is_live() {
        live::run(config, sink, shutdown)
    } else {
        file::run(config, sink, shutdown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_is_known_by_its_scheme() {
        for (url, live) in [
            ("rtsp://10.0.0.5/Streaming/Channels/101", true),
            ("RTSP://user:word@camera/1", true),
            ("clip.mp4", false),
            ("/srv/rtsp/clip.mp4", false),
            ("file:///srv/clip.mp4", false),
        ] {
            assert_eq!(SourceConfig::new("gate", url).is_live(), live, "{url}");
        }
    }

    #[test]
    fn a_configuration_prints_without_credentials() {
        let config = SourceConfig::new("gate", "rtsp://admin:hunter2@10.0.0.5/1");
        let printed = format!("{config:?}");
        assert!(
            !printed.contains("hunter2") && !printed.contains("admin"),
            "{printed}"
        );
    }
}

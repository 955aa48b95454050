//! A camera's own video for those who watch it live, and over a reconnect.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod support;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use agave_media::{
    EncodedPacket, SourceConfig, StreamDescription, Transport, Video, VideoMemory, VideoRelay,
    Viewer, run,
};
use support::again::decoded_again;
use support::relayed::{Relayed, demo_clip, packet};
use support::server::{Server, free_port};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// However slow the machine is.
const LIMIT: Duration = Duration::from_secs(20);

/// A server for the demo clip, or for another codec.
fn camera(arguments: &[&str]) -> Option<Server> {
    let clip = demo_clip();
    let clip = ["--clip", clip.to_str().unwrap()];
    Server::start(&[&clip, arguments].concat())
}

/// A camera that is read on a thread of its own, with a relay.
struct Read {
    relay: Arc<VideoRelay>,
    shutdown: CancellationToken,
    frames: Receiver<(u64, i64)>,
    thread: JoinHandle<()>,
}

impl Read {
    fn start(port: u16, transport: Transport) -> Self {
        let relay = Arc::new(VideoRelay::new(&VideoMemory::default()));
        let shutdown = CancellationToken::new();
        let (sender, frames) = channel();
        let mut sink = Relayed(Arc::clone(&relay), sender);
        let mut config = SourceConfig::new("gate", format!("rtsp://127.0.0.1:{port}/stream"));
        config.transport = transport;
        let token = shutdown.clone();
        let thread = std::thread::spawn(move || run(&config, &mut sink, &token).unwrap());
        Self {
            relay,
            shutdown,
            frames,
            thread,
        }
    }

    /// Ends it, and says when the frames that were looked at are shown.
    fn stop(self) -> Vec<(u64, i64)> {
        self.shutdown.cancel();
        self.thread.join().unwrap();
        self.frames.try_iter().collect()
    }
}

/// What the viewer is told next, which takes no longer than [`LIMIT`].
fn next(runtime: &Runtime, viewer: &mut Viewer) -> Option<Video> {
    let within = async { timeout(LIMIT, viewer.next()).await };
    runtime.block_on(within).expect("nothing came")
}

fn begun(video: Option<Video>) -> Arc<StreamDescription> {
    match video {
        Some(Video::Begins(stream)) => stream,
        other => panic!("{other:?}"),
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn a_camera_is_watched_with_its_frames_in_step() {
    let runtime = runtime();
    for (arguments, transport, codec) in [
        (&[][..], Transport::Tcp, Some("avc1.4D401F")),
        (&[], Transport::Udp, Some("avc1.4D401F")),
        (&["--codec", "h265"], Transport::Tcp, Some("hev1.")),
        (&["--codec", "jpeg"], Transport::Tcp, None),
    ] {
        let Some(server) = camera(arguments) else {
            return;
        };
        let read = Read::start(server.port, transport);
        let mut viewer = read.relay.watch().unwrap();
        let stream = begun(next(&runtime, &mut viewer));
        let said = stream.codec.as_deref();
        assert!(
            codec.is_none_or(|codec| said.is_some_and(|said| said.starts_with(codec))),
            "{said:?}"
        );
        assert_eq!(said.is_some(), codec.is_some());
        assert_eq!(stream.description, None);
        let mut packets: Vec<EncodedPacket> = Vec::new();
        while packets.len() < 60 {
            packets.extend(next(&runtime, &mut viewer).map(packet));
        }
        assert!(packets[0].key_frame);
        let shown = decoded_again(&stream, &packets);
        assert_eq!(shown.len(), 60);
        let (number, time) = read.frames.recv_timeout(LIMIT).unwrap();
        assert_eq!((number, time), (0, shown[0]));
        // Whoever comes now begins with a key frame that has been.
        let mut late = read.relay.watch().unwrap();
        assert_eq!(begun(late.next_waiting()), stream);
        assert!(packet(late.next_waiting().unwrap()).key_frame);
        let rest = read.stop().into_iter().map(|(_, time)| time);
        let frames: Vec<i64> = std::iter::once(time).chain(rest).collect();
        // The last of them are reordered with packets that the viewer has not taken.
        assert_eq!(frames[..50], shown[..50]);
    }
}

#[test]
fn a_camera_that_comes_back_begins_anew() {
    let runtime = runtime();
    let port = free_port().to_string();
    let Some(mut server) = camera(&["--port", &port]) else {
        return;
    };
    let read = Read::start(server.port, Transport::Tcp);
    let mut viewer = read.relay.watch().unwrap();
    begun(next(&runtime, &mut viewer));
    packet(next(&runtime, &mut viewer).unwrap());
    server.kill();
    let Some(_server) = camera(&["--port", &port]) else {
        return;
    };
    while !matches!(next(&runtime, &mut viewer).unwrap(), Video::Begins(_)) {}
    assert!(packet(next(&runtime, &mut viewer).unwrap()).key_frame);
    // Frames of the stream before are shown on a clock that is no more.
    while let (number, time) = read.frames.recv_timeout(LIMIT).unwrap()
        && viewer.presentation_us(number) != Some(time)
    {}
    assert_eq!(viewer.presentation_us(0), None);
    let relay = Arc::clone(&read.relay);
    read.stop();
    relay.close();
    while let Some(video) = next(&runtime, &mut viewer) {
        packet(video);
    }
}

//! A camera's own video for those who watch: what they get is what the camera sent, it decodes
//! to the very pictures that are looked at, and nobody has to wait for them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::print_stderr)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;

use agave_media::{
    EncodedPacket, Frame, FrameSink, SourceConfig, SourceEvent, StreamDescription, Video,
    VideoMemory, VideoRelay, Viewer, run,
};
use support::again::{decoded_again, elementary};
use support::relayed::{Relayed, demo_clip, packet};
use support::test_data;
use tokio_util::sync::CancellationToken;

/// Keeps everything that a source gives to those who watch.
#[derive(Default)]
struct Witness {
    streams: Vec<StreamDescription>,
    packets: Vec<EncodedPacket>,
    frames: Vec<i64>,
}

impl FrameSink for Witness {
    fn frame(&mut self, frame: Frame) {
        self.frames.push(frame.presentation_us);
    }

    fn event(&mut self, _: SourceEvent) {}

    fn wants_packets(&self) -> bool {
        true
    }

    fn stream(&mut self, description: StreamDescription) {
        assert!(self.packets.is_empty(), "it is described first");
        self.streams.push(description);
    }

    fn packet(&mut self, packet: EncodedPacket) {
        self.packets.push(packet);
    }
}

fn read(path: &Path, sink: &mut dyn FrameSink) {
    let config = SourceConfig::new("clip", path.to_str().unwrap());
    run(&config, sink, &CancellationToken::new()).unwrap();
}

fn sorted(times: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut times: Vec<i64> = times.into_iter().collect();
    times.sort_unstable();
    times
}

/// Reads `path` and checks that who watches sees what is looked at, from any key frame on.
fn witnessed(path: &Path) -> Witness {
    let mut witness = Witness::default();
    read(path, &mut witness);
    let Witness {
        streams,
        packets,
        frames,
    } = &witness;
    let [stream] = &streams[..] else {
        panic!("{streams:?}")
    };
    assert!(packets[0].key_frame, "{path:?}");
    let shown = |packets: &[EncodedPacket]| {
        let times = packets.iter().map(|packet| packet.presentation_us);
        sorted(times)
    };
    let times = shown(packets);
    assert!(times.is_sorted_by(|a, b| a < b), "{path:?}: each its own");
    assert_eq!(times, sorted(frames.iter().copied()), "{path:?}");
    assert_eq!(decoded_again(stream, packets), *frames, "{path:?}");
    // Who comes later begins with a later key frame, and needs nothing before it.
    let later = packets.iter().rposition(|packet| packet.key_frame).unwrap();
    let rest = &packets[later..];
    let first = rest[0].presentation_us;
    let after = |times: Vec<i64>| sorted(times.into_iter().filter(|time| *time >= first));
    let again = after(decoded_again(stream, rest));
    assert_eq!(again, after(shown(rest)), "{path:?} from {later}");
    witness
}

/// Profiles and levels as `ffprobe` tells them.
#[test]
fn the_clips_are_seen_as_they_are_looked_at() {
    let mut clips = vec![(demo_clip(), 570, "avc1.4D401F", (960, 540))];
    if let Some(data) = test_data() {
        let clip = |name| data.join(name);
        clips.push((
            clip("bottle-detection.mp4"),
            1189,
            "avc1.64001E",
            (640, 360),
        ));
        let people = clip("one-by-one-person-detection.mp4");
        clips.push((people, 1394, "avc1.4D401F", (768, 432)));
    }
    for (clip, count, codec, size) in clips {
        let witness = witnessed(&clip);
        assert!(witness.frames.is_sorted(), "{clip:?}");
        assert_eq!(witness.packets.len(), count, "{clip:?}");
        let stream = &witness.streams[0];
        assert_eq!(stream.codec.as_deref(), Some(codec), "{clip:?}");
        assert_eq!((stream.width, stream.height), size);
        assert_eq!(stream.name, "h264");
        assert!(stream.description.is_some(), "MP4 has lengths");
    }
}

/// What `ffmpeg` makes with `arguments`; `None`, with a word about it, where it cannot.
fn made(folder: &Path, name: &str, arguments: &str) -> Option<PathBuf> {
    let path = folder.join(name);
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin"])
        .args(arguments.split_whitespace())
        .arg(&path)
        .current_dir(demo_clip().parent().unwrap())
        .stderr(Stdio::null())
        .status();
    if status.is_ok_and(|status| status.success()) {
        return Some(path);
    }
    eprintln!("skipped: no ffmpeg, or it does not make {name}");
    None
}

#[test]
fn other_containers_and_codecs_are_seen_too() {
    let folder = tempfile::tempdir().unwrap();
    let test_picture = "-f lavfi -i testsrc2=s=320x240:r=25 -frames:v 60 -pix_fmt yuv420p";
    for (name, arguments, codec, has_record) in [
        ("h264.ts", "-i demo.mp4 -an -c copy", "avc1.4D401F", false),
        ("h264.mkv", "-i demo.mp4 -an -c copy", "avc1.4D401F", true),
        ("h264.avi", "-i demo.mp4 -an -c copy", "avc1.4D401F", true),
        (
            "h265.mp4",
            "TEST -c:v libx265 -g 20",
            "hvc1.1.6.L60.90",
            true,
        ),
        (
            "h265.ts",
            "TEST -c:v libx265 -g 20",
            "hev1.1.6.L60.90",
            false,
        ),
        ("vp8.webm", "TEST -c:v libvpx -g 20", "vp8", false),
        (
            "av1.mp4",
            "TEST -c:v libsvtav1 -preset 12 -g 20",
            "av01.0.00M.08",
            false,
        ),
    ] {
        let arguments = arguments.replace("TEST", test_picture);
        let Some(path) = made(folder.path(), name, &arguments) else {
            continue;
        };
        let witness = witnessed(&path);
        let stream = &witness.streams[0];
        assert_eq!(stream.codec.as_deref(), Some(codec), "{name}");
        assert_eq!(stream.description.is_some(), has_record, "{name}");
    }
}

/// A raw stream has no times, and this one has its parameter sets at the beginning only.
#[test]
fn a_stream_without_times_is_seen_too() {
    let mut whole = Witness::default();
    read(&demo_clip(), &mut whole);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.h264");
    std::fs::write(&path, elementary(&whole.streams[0], &whole.packets)).unwrap();
    let raw = witnessed(&path);
    assert_eq!(raw.streams[0].codec, whole.streams[0].codec);
    assert_eq!(raw.packets.len(), whole.packets.len());
}

#[test]
fn a_clip_that_is_repeated_begins_anew_for_those_who_watch() {
    let shutdown = CancellationToken::new();
    let (sender, frames) = channel();
    let relay = Arc::new(VideoRelay::new(&VideoMemory::default()));
    let mut viewer = relay.watch().unwrap();
    let mut config = SourceConfig::new("clip", demo_clip().to_str().unwrap());
    config.repeat = true;
    let (token, mut sink) = (shutdown.clone(), Relayed(relay, sender));
    let thread = std::thread::spawn(move || run(&config, &mut sink, &token).unwrap());
    // The first frame of the second round is shown when that of the first one was.
    let first = frames.recv().unwrap();
    let again = frames.iter().find(|(number, _)| *number == 570).unwrap();
    assert_eq!(again.1, first.1);
    shutdown.cancel();
    thread.join().unwrap();
    assert!(matches!(viewer.next_waiting(), Some(Video::Begins(_))));
    assert!(matches!(viewer.next_waiting(), Some(Video::LeftOut(_))));
    assert!(packet(viewer.next_waiting().unwrap()).key_frame);
}

/// Tells `told` what waits for a viewer.
fn take_all(viewer: &mut Viewer, told: &mut Vec<Video>) {
    told.extend(std::iter::from_fn(|| viewer.next_waiting()));
}

#[test]
fn who_comes_late_sees_a_picture_at_once_and_finds_its_frame() {
    let memory = VideoMemory::default();
    let (sender, _frames) = channel();
    let mut sink = Relayed(Arc::new(VideoRelay::new(&memory)), sender);
    read(&demo_clip(), &mut sink);
    let relay = sink.0;
    let mut viewer = relay.watch().unwrap();
    let Some(Video::Begins(stream)) = viewer.next_waiting() else {
        panic!("nothing has begun")
    };
    let mut told = Vec::new();
    take_all(&mut viewer, &mut told);
    let packets: Vec<EncodedPacket> = told.into_iter().map(packet).collect();
    assert!(packets[0].key_frame);
    assert!(packets[1..].iter().all(|packet| !packet.key_frame));
    let shown = decoded_again(&stream, &packets);
    assert_eq!(shown.last().copied(), viewer.presentation_us(569));
    assert_eq!(
        viewer.presentation_us(569 - 255),
        relay.presentation_us(314)
    );
    assert!(relay.presentation_us(314).is_some());
    assert_eq!(relay.presentation_us(313), None, "only the last are kept");
    assert!(relay.key_frame_gap().unwrap().as_secs_f64() > 0.5);
    assert!(memory.used() > packets.iter().map(|packet| packet.data.len()).sum());

    assert_eq!(relay.viewers(), 1);
    relay.close();
    assert!(relay.watch().is_none());
    drop((viewer, packets));
    assert_eq!((relay.viewers(), memory.used()), (0, 0));
}

#[test]
fn who_does_not_read_loses_packets_until_a_key_frame() {
    let folder = tempfile::tempdir().unwrap();
    // About 50 MB in 200 pictures, with a key frame every second.
    let noise = "-f lavfi -i testsrc2=s=640x360:r=25,noise=alls=100:allf=t -frames:v 200 \
                 -pix_fmt yuv420p -c:v libx264 -preset ultrafast -qp 4 -g 25";
    let Some(path) = made(folder.path(), "noise.mp4", noise) else {
        return;
    };
    let mut whole = Witness::default();
    read(&path, &mut whole);
    let size: usize = whole.packets.iter().map(|packet| packet.data.len()).sum();
    assert!(size > 32 << 20, "{size}");

    let memory = VideoMemory::default();
    let relay = VideoRelay::new(&memory);
    let mut viewer = relay.watch().unwrap();
    let mut told = Vec::new();
    relay.stream(whole.streams[0].clone());
    for (number, packet) in whole.packets.iter().enumerate() {
        relay.packet(packet.clone());
        assert!(memory.used() < 25 << 20, "{}", memory.used());
        // It wakes up late.
        if number >= 150 {
            take_all(&mut viewer, &mut told);
        }
    }
    assert!(matches!(told[0], Video::Begins(_)));
    let Video::LeftOut(left_out) = told[1] else {
        panic!("{:?}", told[1])
    };
    let packets: Vec<EncodedPacket> = told.into_iter().skip(2).map(packet).collect();
    assert!(packets[0].key_frame);
    assert_eq!(packets, whole.packets[left_out as usize..], "without a gap");

    // Another stream begins while one waits, and another viewer never reads.
    relay.packet(whole.packets[0].clone());
    let _sleeper = relay.watch().unwrap();
    relay.stream(whole.streams[0].clone());
    assert!(matches!(viewer.next_waiting(), Some(Video::Begins(_))));
    assert_eq!(viewer.next_waiting(), None);
    relay.packet(whole.packets[1].clone());
    assert_eq!(viewer.next_waiting(), None, "it waits for a key frame");
    relay.packet(whole.packets[0].clone());
    assert_eq!(viewer.next_waiting(), Some(Video::LeftOut(1)));
    assert!(matches!(viewer.next_waiting(), Some(Video::Packet(_))));
}

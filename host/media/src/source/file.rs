//! A recorded video, or a picture: read to its end, by whoever can take it, once or for ever.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use agave_core::Timestamp;
use ffmpeg_next as ffmpeg;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::{Dictionary, Packet, Rational, format, frame, media};
use tokio_util::sync::CancellationToken;

use super::decoder::{Decoded, Decoder};
use super::packets::StreamPackets;
use super::parameters::CodecParameters;
use super::presentation::TimeBase;
use super::progress::{Progress, Times};
use super::wait::EventLoop;
use super::{FrameSink, Pace, SourceConfig, SourceError, SourceEvent};

/// Damaged places that the demuxer finds in a row before the file is given up.
const MAX_DAMAGE: u32 = 1000;

pub(super) fn run(
    config: &SourceConfig,
    sink: &mut dyn FrameSink,
    shutdown: &CancellationToken,
) -> Result<(), SourceError> {
    let mut progress = Progress::new(config.fps, sink);
    progress.connecting();
    let result = read(config, &mut progress, shutdown);
    progress.report();
    match result {
        // Opening and reading are interrupted by shutdown, and then fail: that is no error.
        _ if shutdown.is_cancelled() => Ok(()),
        Ok(()) => {
            progress.event(SourceEvent::Ended);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn read(
    config: &SourceConfig,
    progress: &mut Progress<'_>,
    shutdown: &CancellationToken,
) -> Result<(), SourceError> {
    let mut reader = Reader::open(config, shutdown)?;
    let pacer = Pacer::new(config.pace, shutdown)?;
    loop {
        let end = reader.read(progress, &pacer, shutdown)?;
        if !config.repeat || shutdown.is_cancelled() {
            return Ok(());
        }
        // Opened again and not rewound: not every container can be, and it may be another file.
        reader = Reader::open(config, shutdown)?;
        reader.times.go_on_from(end);
        progress.begin_again();
    }
}

struct Reader {
    path: String,
    input: Input,
    stream: usize,
    decoder: Decoder,
    times: MediaTimes,
    stamps: Stamps,
    packets: StreamPackets,
}

impl Reader {
    fn open(config: &SourceConfig, shutdown: &CancellationToken) -> Result<Self, SourceError> {
        let path = config.shown_url.clone();
        let file = local_path(config.url.reveal());
        // Asked first: FFmpeg would take a name such as `tcp:…` for a protocol, and its errors
        // do not say whether the file is missing or forbidden.
        if let Err(source) = std::fs::File::open(&file) {
            return Err(SourceError::NotReadable { path, source });
        }
        let not_media = |error: ffmpeg::Error| SourceError::NotMedia {
            path: path.clone(),
            reason: error.to_string(),
        };
        let mut name = std::ffi::OsString::from("file:");
        name.push(&file);
        let interrupted = shutdown.clone();
        // A `%` in the name of a picture is a `%`, not the pattern of a sequence.
        let mut options = Dictionary::new();
        options.set("pattern_type", "none");
        let input = format::input_with_interrupt_and_dictionary(
            &name,
            move || interrupted.is_cancelled(),
            options,
        )
        .map_err(not_media)?;
        let Some(stream) = input.streams().best(media::Type::Video) else {
            return Err(SourceError::NoVideo { path });
        };
        let parameters = stream.parameters();
        let told = CodecParameters::of_stream(&parameters);
        let decoder = Decoder::for_stream(parameters, stream.time_base(), config.decoder_threads)
            .map_err(|error| SourceError::NoDecoder {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        let time_base = TimeBase::of(stream.time_base());
        let packets = StreamPackets::new(told, &decoder, decoder.size(), time_base);
        let times = MediaTimes::new(stream.time_base(), stream.avg_frame_rate());
        let stamps = Stamps::new(stream.time_base(), stream.avg_frame_rate());
        let stream = stream.index();
        Ok(Self {
            path,
            input,
            stream,
            decoder,
            times,
            stamps,
            packets,
        })
    }

    /// Reads it to its end, or until shutdown. Says at which media time a frame would be next.
    fn read(
        mut self,
        progress: &mut Progress<'_>,
        pacer: &Pacer<'_>,
        shutdown: &CancellationToken,
    ) -> Result<Duration, SourceError> {
        let before = progress.counts();
        let mut damage = 0;
        while !shutdown.is_cancelled() {
            let mut packet = Packet::empty();
            let decoded = match packet.read(&mut self.input) {
                Ok(()) if packet.stream() != self.stream => continue,
                Ok(()) => {
                    damage = 0;
                    self.stamps.complete(&mut packet);
                    let decoded = self.decoder.decode(&packet);
                    if decoded.unreadable == 0 {
                        self.packets.hand_over(packet, &self.decoder, progress);
                    }
                    decoded
                }
                Err(ffmpeg::Error::Eof) => break,
                // The demuxer finds its way past damage; anything else will not get better.
                Err(ffmpeg::Error::InvalidData) if damage < MAX_DAMAGE => {
                    damage += 1;
                    progress.unreadable(1);
                    continue;
                }
                Err(error) => {
                    return Err(SourceError::Interrupted {
                        path: self.path,
                        frames: progress.counts().read,
                        reason: error.to_string(),
                    });
                }
            };
            self.hand_over(decoded, progress, pacer);
        }
        let rest = self.decoder.drain();
        self.hand_over(rest, progress, pacer);
        let counts = progress.counts();
        if counts.read == before.read && !shutdown.is_cancelled() {
            return Err(SourceError::NothingDecoded {
                path: self.path,
                unreadable: counts.unreadable - before.unreadable,
            });
        }
        Ok(self.times.next())
    }

    fn hand_over(&mut self, decoded: Decoded, progress: &mut Progress<'_>, pacer: &Pacer<'_>) {
        if decoded.unreadable > 0 {
            progress.unreadable(decoded.unreadable);
        }
        for frame in decoded.frames {
            let media_time = self.times.of(self.stamps.of(&frame));
            if !pacer.wait_until(media_time) {
                return;
            }
            let times = Times {
                at: pacer.started + media_time,
                media_time,
                presentation_us: self.packets.presentation_us(presented(&frame)),
            };
            progress.frame(frame, self.decoder.codec(), times);
        }
    }
}

/// `file:///srv/clip.mp4` and `file:clip.mp4` are paths too.
fn local_path(url: &str) -> PathBuf {
    let path = url
        .strip_prefix("file://")
        .or_else(|| url.strip_prefix("file:"))
        .unwrap_or(url);
    PathBuf::from(path)
}

/// The stamp of the packet that the picture came in.
fn presented(frame: &frame::Video) -> i64 {
    frame.pts().or(frame.timestamp()).unwrap_or_default()
}

/// Presentation times for streams that have none, raw ones and those in AVI: nothing else tells
/// afterwards which packet a picture came in. They follow the order of decoding.
struct Stamps {
    frame_ticks: i64,
    next: i64,
    /// Whether the stream has none, once its first packet is there.
    are_own: Option<bool>,
}

impl Stamps {
    fn new(time_base: Rational, frame_rate: Rational) -> Self {
        let ticks = f64::from(time_base * frame_rate).recip();
        Self {
            // A cast that saturates: what is no number is 0.
            #[allow(clippy::cast_possible_truncation, reason = "it is whole and small")]
            frame_ticks: (ticks.round() as i64).max(1),
            next: 0,
            are_own: None,
        }
    }

    fn complete(&mut self, packet: &mut Packet) {
        let are_own = *self.are_own.get_or_insert(packet.pts().is_none());
        if are_own && packet.pts().is_none() {
            packet.set_pts(packet.dts().or(Some(self.next)));
            self.next = self.next.saturating_add(self.frame_ticks);
        }
    }

    /// What the stream itself says of the frame's time.
    fn of(&self, frame: &frame::Video) -> Option<i64> {
        if self.are_own == Some(true) {
            // As FFmpeg guesses where there is no presentation time.
            Some(frame.packet().dts).filter(|time| *time != ffmpeg::ffi::AV_NOPTS_VALUE)
        } else {
            frame.timestamp()
        }
    }
}

/// When in the stream a frame is shown, from the first frame on. It does not go back.
struct MediaTimes {
    /// When the file's first frame is.
    start: Duration,
    time_base: Rational,
    frame_duration: Duration,
    first: Option<i64>,
    last: Option<Duration>,
}

impl MediaTimes {
    fn new(time_base: Rational, frame_rate: Rational) -> Self {
        let rate = f64::from(frame_rate);
        let seconds = if rate.is_normal() && rate > 0.0 {
            rate.recip()
        } else {
            0.04
        };
        Self {
            start: Duration::ZERO,
            time_base,
            frame_duration: Duration::from_secs_f64(seconds.min(3600.0)),
            first: None,
            last: None,
        }
    }

    /// Of a frame with the stamp `timestamp`, if it has one.
    fn of(&mut self, timestamp: Option<i64>) -> Duration {
        let stamped = timestamp.and_then(|timestamp| {
            let first = *self.first.get_or_insert(timestamp);
            Some(self.start + self.since(first, timestamp)?)
        });
        let expected = self.next();
        let time = match (stamped, self.last) {
            (Some(time), Some(last)) => time.max(last),
            (Some(time), None) => time,
            (None, _) => expected,
        };
        self.last = Some(time);
        time
    }

    /// When a frame would be that comes next.
    fn next(&self) -> Duration {
        self.last
            .map_or(self.start, |last| last + self.frame_duration)
    }

    /// The file's first frame is at `start` of the stream.
    fn go_on_from(&mut self, start: Duration) {
        self.start = start;
    }

    fn since(&self, first: i64, timestamp: i64) -> Option<Duration> {
        let ticks = u128::try_from(i128::from(timestamp) - i128::from(first)).ok()?;
        let numerator = u128::try_from(self.time_base.numerator()).ok()?;
        let denominator = u128::try_from(self.time_base.denominator()).ok()?;
        let nanoseconds = (ticks * numerator * 1_000_000_000).checked_div(denominator)?;
        u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
    }
}

/// Feeds a file at its own speed, where that is wanted.
struct Pacer<'a> {
    started: Timestamp,
    begun: Instant,
    realtime: Option<EventLoop>,
    shutdown: &'a CancellationToken,
}

impl<'a> Pacer<'a> {
    fn new(pace: Pace, shutdown: &'a CancellationToken) -> Result<Self, SourceError> {
        let realtime = match pace {
            Pace::Fast => None,
            Pace::Realtime => Some(EventLoop::new()?),
        };
        Ok(Self {
            started: Timestamp::now(),
            begun: Instant::now(),
            realtime,
            shutdown,
        })
    }

    /// Waits for a frame's time to come. False when shutdown came first.
    fn wait_until(&self, media_time: Duration) -> bool {
        let Some(event_loop) = &self.realtime else {
            return !self.shutdown.is_cancelled();
        };
        let early = media_time.saturating_sub(self.begun.elapsed());
        event_loop.wait(early, self.shutdown)
    }
}

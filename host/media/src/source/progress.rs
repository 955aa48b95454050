//! The account of one stream: numbers its frames, samples them and reports the totals. It
//! outlives every connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agave_core::Timestamp;
use ffmpeg_next::frame;

use super::sampler::Sampler;
use super::{FrameSink, SourceCounts, SourceEvent};
use crate::{EncodedPacket, Frame, Picture, StreamDescription};

/// How often totals are reported.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// When a picture is shown, on the three clocks that it has.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) at: Timestamp,
    pub(super) media_time: Duration,
    pub(super) presentation_us: i64,
}

pub(super) struct Progress<'a> {
    sink: &'a mut dyn FrameSink,
    sampler: Sampler,
    counts: SourceCounts,
    reported: SourceCounts,
    reported_at: Instant,
    size: Option<(u32, u32)>,
    /// What those who watch were told of the stream.
    stream: Option<StreamDescription>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(fps: f32, sink: &'a mut dyn FrameSink) -> Self {
        Self {
            sink,
            sampler: Sampler::new(fps),
            counts: SourceCounts::default(),
            reported: SourceCounts::default(),
            reported_at: Instant::now(),
            size: None,
            stream: None,
        }
    }

    pub(super) fn counts(&self) -> SourceCounts {
        self.counts
    }

    pub(super) fn event(&mut self, event: SourceEvent) {
        self.sink.event(event);
    }

    /// A connection begins: its first frame will be announced.
    pub(super) fn connecting(&mut self) {
        self.size = None;
        self.stream = None;
        self.event(SourceEvent::Connecting);
    }

    /// A file begins again: the clock of its packets does.
    pub(super) fn begin_again(&mut self) {
        self.stream = None;
    }

    /// Whether anybody wants the packets as they came.
    pub(super) fn wants_packets(&self) -> bool {
        self.sink.wants_packets()
    }

    /// What the packets that follow are. It is told where it is news.
    pub(super) fn stream(&mut self, description: &StreamDescription) {
        if self.stream.as_ref() != Some(description) {
            self.stream = Some(description.clone());
            self.sink.stream(description.clone());
        }
    }

    /// A packet was decoded.
    pub(super) fn packet(&mut self, packet: EncodedPacket) {
        self.sink.packet(packet);
    }

    /// A frame was decoded by `codec`.
    pub(super) fn frame(&mut self, decoded: frame::Video, codec: &str, times: Times) {
        let size = (decoded.width(), decoded.height());
        if self.size != Some(size) {
            self.size = Some(size);
            self.event(SourceEvent::Live {
                width: size.0,
                height: size.1,
                codec: codec.to_owned(),
            });
        }
        let number = self.counts.read;
        self.counts.read += 1;
        self.counts.key_frames += u64::from(decoded.is_key());
        if self.sampler.takes(times.media_time) {
            self.counts.sampled += 1;
            self.sink.frame(Frame {
                number,
                at: times.at,
                media_time: times.media_time,
                presentation_us: times.presentation_us,
                picture: Arc::new(Picture::decoded(decoded)),
            });
        }
        self.report_when_due();
    }

    /// `count` packets or frames were of no use.
    pub(super) fn unreadable(&mut self, count: u64) {
        self.counts.unreadable += count;
        self.report_when_due();
    }

    fn report_when_due(&mut self) {
        if self.reported_at.elapsed() >= REPORT_EVERY {
            self.report();
        }
    }

    /// Reports the totals, unless that was done since they changed.
    pub(super) fn report(&mut self) {
        self.reported_at = Instant::now();
        if self.reported != self.counts {
            self.reported = self.counts;
            self.event(SourceEvent::Counted(self.counts));
        }
    }
}

//! The account of one stream: numbers its frames, samples them and reports the totals. It
//! outlives every connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agave_core::Timestamp;
use ffmpeg_next::frame;

use super::sampler::Sampler;
use super::{FrameSink, SourceCounts, SourceEvent};
use crate::{Frame, Picture};

/// How often totals are reported.
const REPORT_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Progress<'a> {
    sink: &'a mut dyn FrameSink,
    sampler: Sampler,
    counts: SourceCounts,
    reported: SourceCounts,
    reported_at: Instant,
    size: Option<(u32, u32)>,
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
        self.event(SourceEvent::Connecting);
    }

    /// A frame was decoded by `codec`.
    pub(super) fn frame(
        &mut self,
        decoded: frame::Video,
        codec: &str,
        at: Timestamp,
        media_time: Duration,
    ) {
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
        if self.sampler.takes(media_time) {
            self.counts.sampled += 1;
            self.sink.frame(Frame {
                number,
                at,
                media_time,
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

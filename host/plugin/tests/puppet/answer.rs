//! Values of the contract as they lie in a guest's memory, by the canonical ABI. They can be
//! spoilt afterwards, anywhere.

use agave_core::{Alert, Detection, FrameDetections, Phase, Severity};
use agave_plugin::Outcome;

/// Where the puppet keeps what it returns.
pub(crate) const BASE: u32 = 0x1_0000;

/// Offsets and sizes in memory of the contract's records.
pub(crate) const DETECTION: u32 = 56;
pub(crate) const FRAME: u32 = 24;
pub(crate) const ALERT: u32 = 136;
pub(crate) const OUTCOME: u32 = 12;

/// Bytes, and the address at which they will lie.
#[derive(Clone)]
pub(crate) struct Answer {
    base: u32,
    bytes: Vec<u8>,
}

impl Answer {
    /// `size` zeros for the puppet to return.
    pub(crate) fn new(size: usize) -> Self {
        Self::at(BASE, size)
    }

    pub(crate) fn at(base: u32, size: usize) -> Self {
        Self {
            base,
            bytes: vec![0; size],
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn put(&mut self, at: u32, bytes: &[u8]) {
        let at = at as usize;
        let end = at + bytes.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[at..end].copy_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, at: u32, value: u8) {
        self.put(at, &[value]);
    }

    pub(crate) fn u32(&mut self, at: u32, value: u32) {
        self.put(at, &value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, at: u32, value: u64) {
        self.put(at, &value.to_le_bytes());
    }

    fn f32(&mut self, at: u32, value: f32) {
        self.put(at, &value.to_le_bytes());
    }

    /// Room for `size` more bytes; gives their place.
    pub(crate) fn room(&mut self, size: usize) -> u32 {
        let place = self.bytes.len().next_multiple_of(8);
        self.bytes.resize(place + size, 0);
        u32::try_from(place).unwrap()
    }

    /// A pointer and a length at `at`.
    pub(crate) fn list(&mut self, at: u32, place: u32, length: usize) {
        self.u32(at, self.base + place);
        self.u32(at + 4, u32::try_from(length).unwrap());
    }

    pub(crate) fn text(&mut self, at: u32, text: &str) {
        let place = self.room(text.len());
        self.put(place, text.as_bytes());
        self.list(at, place, text.len());
    }

    /// `ok` with a list of so many records; gives the place of the first.
    fn list_of(&mut self, at: u32, count: usize, size: u32) -> u32 {
        let place = self.room(count * size as usize);
        self.list(at, place, count);
        place
    }

    /// As `process` returns it.
    pub(crate) fn frames(frames: &[FrameDetections]) -> Self {
        let mut answer = Self::new(12);
        let mut at = answer.list_of(4, frames.len(), FRAME);
        for frame in frames {
            answer.u64(at, frame.frame);
            answer.u64(at + 8, frame.at.0);
            let mut place = answer.list_of(at + 16, frame.detections.len(), DETECTION);
            for detection in &frame.detections {
                answer.detection(place, detection);
                place += DETECTION;
            }
            at += FRAME;
        }
        answer
    }

    fn detection(&mut self, at: u32, detection: &Detection) {
        self.u32(at, detection.id);
        self.put(at + 4, &detection.class.to_le_bytes());
        self.f32(at + 8, detection.confidence);
        self.f32(at + 12, detection.bbox.left);
        self.f32(at + 16, detection.bbox.top);
        self.f32(at + 20, detection.bbox.width);
        self.f32(at + 24, detection.bbox.height);
        self.u8(at + 32, u8::from(detection.track.is_some()));
        self.u64(at + 40, detection.track.unwrap_or_default());
        self.u64(at + 48, detection.zones);
    }

    /// As `evaluate`, `pass` and `tick` return it.
    pub(crate) fn alerts(alerts: &[Alert]) -> Self {
        let mut answer = Self::new(12);
        let mut at = answer.list_of(4, alerts.len(), ALERT);
        for alert in alerts {
            answer.alert(at, alert);
            at += ALERT;
        }
        answer
    }

    fn alert(&mut self, at: u32, alert: &Alert) {
        self.text(at, &alert.key);
        self.text(at + 8, &alert.kind);
        self.u8(
            at + 16,
            match alert.phase {
                Phase::Begin => 0,
                Phase::Update => 1,
                Phase::End => 2,
            },
        );
        self.u8(
            at + 17,
            match alert.severity {
                Severity::Info => 0,
                Severity::Warning => 1,
                Severity::Critical => 2,
            },
        );
        self.u64(at + 24, alert.at.0);
        self.u64(at + 32, alert.frame);
        self.text(at + 40, &alert.class);
        if let Some(zone) = &alert.zone {
            self.u8(at + 48, 1);
            self.text(at + 52, zone);
        }
        self.detection(at + 64, &alert.detection);
        self.u32(at + 120, alert.count);
        let mut place = self.list_of(at + 124, alert.attributes.len(), 16);
        for (name, value) in &alert.attributes {
            self.text(place, name);
            self.text(place + 8, value);
            place += 16;
        }
    }

    /// As `deliver` returns it.
    pub(crate) fn outcomes(outcomes: &[Outcome]) -> Self {
        let mut answer = Self::new(8);
        let mut at = answer.list_of(0, outcomes.len(), OUTCOME);
        for outcome in outcomes {
            match outcome {
                Outcome::Delivered => {}
                Outcome::Retry(after) => {
                    answer.u8(at, 1);
                    if let Some(after) = after {
                        answer.u8(at + 4, 1);
                        answer.u32(at + 8, u32::try_from(after.as_millis()).unwrap());
                    }
                }
                Outcome::Rejected(reason) => {
                    answer.u8(at, 2);
                    answer.text(at + 4, reason);
                }
            }
            at += OUTCOME;
        }
        answer
    }

    /// As `save` returns it.
    pub(crate) fn snapshot(version: u32, data: &[u8]) -> Self {
        let mut answer = Self::new(12);
        answer.u32(0, version);
        let place = answer.room(data.len());
        answer.put(place, data);
        answer.list(4, place, data.len());
        answer
    }

    /// The error that any of them may return.
    pub(crate) fn error(text: &[u8]) -> Self {
        let mut answer = Self::new(12);
        answer.u8(0, 1);
        let place = answer.room(text.len());
        answer.put(place, text);
        answer.list(4, place, text.len());
        answer
    }
}

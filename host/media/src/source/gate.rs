//! After a lost packet the frames that follow are predicted from something that is not there:
//! smears, and detections in them. They are left out until a frame that needs no other.

use std::time::{Duration, Instant};

/// Some encoders send a key frame every half minute (H.265+), or none at all and refresh the
/// picture bit by bit. Being blind for longer than this is worse than a smear.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says which frames of a live stream can be decoded.
pub(super) struct KeyFrameGate {
    waiting_since: Option<Instant>,
}

impl KeyFrameGate {
    /// A stream begins anywhere: the first key frame is waited for.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            waiting_since: Some(now),
        }
    }

    /// Whether frames are decoded as they come.
    pub(super) fn is_open(&self) -> bool {
        self.waiting_since.is_none()
    }

    /// Whether the frame is to be decoded; `lost` says that packets before it are missing.
    pub(super) fn admits(&mut self, key_frame: bool, lost: bool, now: Instant) -> bool {
        if lost && !key_frame && self.waiting_since.is_none() {
            self.waiting_since = Some(now);
        }
        let patient = self
            .waiting_since
            .is_some_and(|since| now.duration_since(since) < PATIENCE);
        if key_frame || !patient {
            self.waiting_since = None;
        }
        self.waiting_since.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_loss_the_next_key_frame_opens() {
        let now = Instant::now();
        let mut gate = KeyFrameGate::new(now);
        assert!(!gate.admits(false, false, now));
        assert!(gate.admits(true, false, now));
        assert!(gate.admits(false, false, now));
        assert!(!gate.admits(false, true, now));
        assert!(!gate.admits(false, false, now));
        assert!(
            gate.admits(true, true, now),
            "a key frame needs none before it"
        );
        assert!(gate.admits(false, false, now));
    }

    #[test]
    fn a_stream_without_key_frames_is_not_waited_for_for_ever() {
        let now = Instant::now();
        let mut gate = KeyFrameGate::new(now);
        assert!(!gate.admits(false, false, now + PATIENCE / 2));
        // More losses on the way do not prolong the wait.
        assert!(!gate.admits(false, true, now + PATIENCE * 3 / 4));
        assert!(gate.admits(false, false, now + PATIENCE));
        assert!(gate.admits(false, false, now + PATIENCE));
    }
}

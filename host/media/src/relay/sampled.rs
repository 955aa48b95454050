//! When the last frames that were looked at are shown.

use std::collections::VecDeque;

/// Ten seconds at the rate of a camera; inference is not that far behind.
const MOST_FRAMES: usize = 256;

#[derive(Default)]
pub(super) struct Sampled(VecDeque<(u64, i64)>);

impl Sampled {
    pub(super) fn push(&mut self, number: u64, presentation_us: i64) {
        if self.0.len() == MOST_FRAMES {
            self.0.pop_front();
        }
        self.0.push_back((number, presentation_us));
    }

    pub(super) fn presentation_us(&self, number: u64) -> Option<i64> {
        // Whoever asks has seen one of the last.
        let mut newest_first = self.0.iter().rev();
        let found = newest_first.find(|(frame, _)| *frame == number);
        found.map(|(_, presentation_us)| *presentation_us)
    }
}

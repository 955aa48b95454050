//! Someone who watches a camera's video.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Shared, Video};

/// One who watches, until it is dropped.
pub struct Viewer {
    shared: Arc<Shared>,
    number: u64,
    news: Arc<Notify>,
}

impl Viewer {
    pub(super) fn new(shared: Arc<Shared>, number: u64, news: Arc<Notify>) -> Self {
        Self {
            shared,
            number,
            news,
        }
    }

    /// What comes next; `None` when the camera is no more. A wait that is given up loses
    /// nothing.
    pub async fn next(&mut self) -> Option<Video> {
        loop {
            {
                let mut state = self.shared.state();
                if let Some(video) = state.pop(self.number) {
                    return Some(video);
                }
                if state.is_closed {
                    return None;
                }
            }
            self.news.notified().await;
        }
    }

    /// What has come already, without waiting.
    pub fn next_waiting(&mut self) -> Option<Video> {
        self.shared.state().pop(self.number)
    }

    /// When frame `number` is shown, as
    /// [`VideoRelay::presentation_us`](super::VideoRelay::presentation_us) says.
    pub fn presentation_us(&self, number: u64) -> Option<i64> {
        self.shared.state().sampled.presentation_us(number)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.shared.state().viewers.remove(&self.number);
    }
}

impl std::fmt::Debug for Viewer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Viewer").finish_non_exhaustive()
    }
}

//! What a tap hands on: what passed one node, with names instead of numbers. It is offered on
//! the flow's own threads, so a queue that is full costs a count and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::PassedDetection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// So many wait for whoever looks on.
const MOST_WAITING: usize = 256;

/// Something passed the node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Passed {
    /// The detections of one frame.
    Detections {
        camera: String,
        /// The frame's number in its stream.
        frame: u64,
        /// Capture time, RFC 3339.
        ts: String,
        detections: Vec<PassedDetection>,
    },
    /// One alert, in the form in which `agave run --json` prints it.
    Alert(Value),
}

/// The end where it comes out.
pub(crate) struct Subscription {
    pub(crate) waiting: Receiver<Passed>,
    pub(crate) left_out: Arc<AtomicU64>,
    /// Takes the tap out of the flow when it is dropped.
    pub(crate) guard: Box<dyn Send>,
}

/// The end that is in the flow.
#[derive(Clone)]
pub(crate) struct TapSender {
    sender: Sender<Passed>,
    left_out: Arc<AtomicU64>,
}

/// Both ends. `attach` puts the sender into the flow, and gives what takes it out again.
pub(crate) fn subscription<G: Send + 'static>(attach: impl FnOnce(TapSender) -> G) -> Subscription {
    let (sender, waiting) = channel(MOST_WAITING);
    let left_out = Arc::new(AtomicU64::new(0));
    let guard = attach(TapSender {
        sender,
        left_out: Arc::clone(&left_out),
    });
    Subscription {
        waiting,
        left_out,
        guard: Box::new(guard),
    }
}

impl TapSender {
    /// Hands on what `make` makes, if there is room. Never waits.
    pub(crate) fn offer(&self, make: impl FnOnce() -> Passed) {
        match self.sender.try_reserve() {
            Ok(place) => place.send(make()),
            Err(_) => self.leave_out(),
        }
    }

    /// There was something that is not handed on.
    pub(crate) fn leave_out(&self) {
        self.left_out.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_and_waits_for_nobody() {
        let mut kept = None;
        let mut subscription = subscription(|sender| kept = Some(sender));
        let sender = kept.unwrap();
        for number in 0..MOST_WAITING + 5 {
            sender.offer(|| Passed::Alert(number.into()));
        }
        assert_eq!(subscription.left_out.load(Ordering::Relaxed), 5);
        assert_eq!(
            subscription.waiting.try_recv(),
            Ok(Passed::Alert(0.into())),
            "the oldest comes first"
        );
    }
}

//! The load: frames at a steady rate, each with the time at which it was due. A frame that is
//! held up holds up those behind it, and all of that counts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use agave_core::{BoundingBox, Detection, Timestamp};
use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use super::ground::CAMERA;
use crate::topology::{Live, Seen};

/// How long frames took from when they were due until they were through.
#[derive(Clone)]
pub(super) struct Delays(Histogram<u64>);

impl Delays {
    fn new() -> Result<Self> {
        Ok(Self(Histogram::new(3).context("no histogram")?))
    }

    pub(super) fn max(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }

    pub(super) fn quantile(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(quantile))
    }

    fn record(&mut self, delay: Duration) {
        let nanoseconds = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        // It grows as needed.
        let _ = self.0.record(nanoseconds);
    }
}

struct Shared {
    stop: AtomicBool,
    frames: AtomicU64,
    /// Since someone last asked, and since the beginning.
    delays: Mutex<(Delays, Delays)>,
    /// Nobody tells it: whoever waits waits for time to pass.
    time: Condvar,
}

/// A camera that gives frames at a steady rate.
pub(super) struct Load {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    pub(super) fn start(live: &Arc<Live>, frames_per_second: u32) -> Result<Self> {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            frames: AtomicU64::new(0),
            delays: Mutex::new((Delays::new()?, Delays::new()?)),
            time: Condvar::new(),
        });
        let (live, own) = (Arc::clone(live), Arc::clone(&shared));
        let every = Duration::from_secs(1) / frames_per_second;
        let thread = std::thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || give(&live, &own, every))
            .context("cannot start the load")?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// How many frames are through.
    pub(super) fn frames(&self) -> u64 {
        self.shared.frames.load(Ordering::Relaxed)
    }

    /// The delays since this was last asked.
    pub(super) fn delays(&self) -> Delays {
        let mut delays = self
            .shared
            .delays
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let since = delays.0.clone();
        delays.0.0.reset();
        since
    }

    /// All delays since the first change.
    pub(super) fn whole(&self) -> Delays {
        let delays = self
            .shared
            .delays
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        delays.1.clone()
    }

    pub(super) fn wait(&self, time: Duration) {
        let delays = self
            .shared
            .delays
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Not a lock that the load waits for: a condition lets go of it.
        let _ = self.shared.time.wait_timeout_while(delays, time, |_| true);
    }

    /// Ends the load. Gives how many frames there were.
    pub(super) fn stop(mut self) -> u64 {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell but its frames.
            let _ = thread.join();
        }
        self.frames()
    }
}

fn give(live: &Live, shared: &Shared, every: Duration) {
    let began = Instant::now();
    let mut number = 0_u32;
    while !shared.stop.load(Ordering::Relaxed) {
        let due = began + every * number;
        // A sleep is longer than asked for: several frames are due after it.
        if let Some(left) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(left);
        }
        live.feed(CAMERA, seen(u64::from(number), every * number));
        let delay = due.elapsed();
        number += 1;
        shared.frames.store(u64::from(number), Ordering::Relaxed);
        let mut delays = shared.delays.lock().unwrap_or_else(PoisonError::into_inner);
        delays.0.record(delay);
        delays.1.record(delay);
    }
}

/// Three things that cross the picture.
fn seen(frame: u64, time: Duration) -> Seen {
    let across = (frame % 5000) as f32 / 10_000.0;
    let thing = |id: u32| Detection {
        id,
        class: 0,
        confidence: 0.9,
        bbox: BoundingBox {
            left: 0.05 + across,
            top: 0.1 + 0.25 * id as f32,
            width: 0.1,
            height: 0.2,
        },
        track: None,
        zones: 0,
    };
    Seen {
        frame,
        at: Timestamp(1_700_000_000_000_000_000) + time,
        media_time: time,
        size: (1280, 720),
        detections: vec![Some((0..3).map(thing).collect())],
    }
}

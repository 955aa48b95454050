//! What the tests of this crate share. Each of them uses a part.
#![allow(dead_code, unreachable_pub)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

pub mod again;
pub mod relayed;
pub mod server;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use agave_media::{Frame, FrameSink, SourceConfig, SourceError, SourceEvent, run};
use tokio_util::sync::CancellationToken;

/// The folder of real clips and models, or `None` with a word about it.
pub fn test_data() -> Option<PathBuf> {
    let folder = std::env::var_os("AGAVE_TEST_DATA").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        eprintln!("skipped: AGAVE_TEST_DATA is not set");
    }
    folder.map(PathBuf::from)
}

/// Whether there is an ONNX Runtime to test with; a word about it where there is none.
pub fn has_runtime() -> bool {
    let runtime = agave_media::initialise_runtime(None);
    if let Err(error) = &runtime {
        eprintln!("skipped: {error}");
    }
    runtime.is_ok()
}

/// Keeps all events, and of each frame what `keep` makes of it.
pub struct Keeper<T, F: FnMut(Frame) -> T> {
    pub keep: F,
    pub frames: Vec<T>,
    pub events: Vec<SourceEvent>,
}

impl<T, F: FnMut(Frame) -> T> Keeper<T, F> {
    pub fn new(keep: F) -> Self {
        Self {
            keep,
            frames: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Reads `config` to its end.
    pub fn read(&mut self, config: &SourceConfig) -> Result<(), SourceError> {
        run(config, self, &CancellationToken::new())
    }
}

impl<T, F: FnMut(Frame) -> T> FrameSink for Keeper<T, F> {
    fn frame(&mut self, frame: Frame) {
        self.frames.push((self.keep)(frame));
    }

    fn event(&mut self, event: SourceEvent) {
        self.events.push(event);
    }
}

/// What a source running on a thread of its own says.
#[derive(Debug)]
pub enum News {
    Frame(Frame),
    Event(SourceEvent),
}

struct Teller(Sender<News>);

impl FrameSink for Teller {
    fn frame(&mut self, frame: Frame) {
        self.0.send(News::Frame(frame)).ok();
    }

    fn event(&mut self, event: SourceEvent) {
        self.0.send(News::Event(event)).ok();
    }
}

/// A source on a thread of its own.
pub struct Running {
    news: Receiver<News>,
    shutdown: CancellationToken,
    thread: JoinHandle<Result<(), SourceError>>,
    /// Everything that was printed or said, to look for secrets in.
    pub said: String,
}

impl Running {
    pub fn start(config: SourceConfig) -> Self {
        let (sender, news) = channel();
        let shutdown = CancellationToken::new();
        let token = shutdown.clone();
        let thread = std::thread::spawn(move || run(&config, &mut Teller(sender), &token));
        Self {
            news,
            shutdown,
            thread,
            said: String::new(),
        }
    }

    /// Waits until `wanted` makes something of the news.
    pub fn expect<T>(
        &mut self,
        what: &str,
        within: Duration,
        mut wanted: impl FnMut(News) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(left) {
                Ok(news) => {
                    if let News::Event(event) = &news {
                        self.said.push_str(&format!("{event:?}\n"));
                    }
                    if let Some(found) = wanted(news) {
                        return found;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("no {what} within {within:?}; events so far:\n{}", self.said)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("no {what}, the source ended; events so far:\n{}", self.said)
                }
            }
        }
    }

    pub fn expect_event(
        &mut self,
        what: &str,
        within: Duration,
        mut wanted: impl FnMut(&SourceEvent) -> bool,
    ) -> SourceEvent {
        self.expect(what, within, |news| match news {
            News::Event(event) if wanted(&event) => Some(event),
            _ => None,
        })
    }

    pub fn expect_frame(&mut self, within: Duration) -> Frame {
        self.expect("frame", within, |news| match news {
            News::Frame(frame) => Some(frame),
            News::Event(_) => None,
        })
    }

    /// Shuts it down and says how long that took.
    pub fn stop(self) -> (Result<(), SourceError>, Duration) {
        let asked = Instant::now();
        self.shutdown.cancel();
        let result = self.thread.join().unwrap();
        (result, asked.elapsed())
    }
}

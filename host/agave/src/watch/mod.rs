//! Notices that a file of a running flow was saved: the flow file and what it includes, plugins,
//! models, secrets. [`Asked`] says which files these are, [`Watched`] when one has changed, and
//! the thread of [`Watcher`] looks five times a second (ADR 0021).

mod asked;
mod content;
mod watched;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

pub(crate) use asked::Asked;
pub(crate) use watched::Watched;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_millis(200);

/// A thread that looks until this is dropped.
pub(crate) struct Watcher {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Looks at `watched` from now on, and hands what has changed to `changed`, which may take
    /// its time: it is called on the watcher's thread, without the lock.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(
        watched: Arc<Mutex<Watched>>,
        mut changed: impl FnMut(Vec<PathBuf>) + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let look = move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let seen = watched
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .look(SystemTime::now());
                if let Some(paths) = seen {
                    changed(paths);
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(look)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

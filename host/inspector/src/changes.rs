//! Where flows are changed: threads as they were when the program began. A thread has the priority
//! of the one that starts it, and a change starts cameras and adapters, which go before whoever
//! looks on; the inspector's own threads come after both.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

use crate::shared::in_turn;
use crate::system::Refusal;

/// So many changes of flow files, and plans of some, are worked on at the same time: they read,
/// compile and wait for each other.
const MOST_CHANGES: usize = 2;

type Job = Box<dyn FnOnce() + Send>;

/// Those threads. They end when this is gone and nothing is left to do.
pub(crate) struct Changes {
    jobs: Sender<Job>,
    /// Whoever waits for a turn waits here, so that no more jobs are sent than there are threads.
    turns: Arc<Semaphore>,
}

impl Changes {
    /// Starts the threads, with the priority of whoever calls this.
    ///
    /// # Errors
    /// When there are no more threads.
    pub(crate) fn start() -> io::Result<Self> {
        let (jobs, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..MOST_CHANGES {
            let waiting = Arc::clone(&waiting);
            let name = "changes".to_owned();
            thread::Builder::new()
                .name(name)
                .spawn(move || work(&waiting))?;
        }
        Ok(Self {
            jobs,
            turns: Arc::new(Semaphore::new(MOST_CHANGES)),
        })
    }

    /// Where nothing is ever changed.
    pub(crate) fn none() -> Self {
        Self {
            jobs: channel().0,
            turns: Arc::new(Semaphore::new(MOST_CHANGES)),
        }
    }

    /// Makes a change when it is its turn. It is made to its end, also when nobody waits for the
    /// answer any more.
    pub(crate) async fn make<T: Send + 'static>(
        &self,
        change: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let gone = || Refusal::Unavailable("it could not be done; the log says why".to_owned());
        // It is never closed.
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let (answer, answered) = oneshot::channel();
        let job = in_turn(turn, move || {
            // Whoever asked may have gone.
            let _ = answer.send(change());
        });
        self.jobs.send(Box::new(job)).map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    loop {
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(job) = next else {
            return;
        };
        // A change that panics has said so; its asker hears that there is no answer.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_panics_does_not_end_those_behind_it() {
        let changes = Changes::start().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for _ in 0..2 * MOST_CHANGES {
            let lost = runtime.block_on(changes.make::<()>(|| panic!("on purpose")));
            assert!(matches!(lost, Err(Refusal::Unavailable(_))));
        }
        assert_eq!(runtime.block_on(changes.make(|| Ok(7))).ok(), Some(7));
    }
}

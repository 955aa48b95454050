//! The flows that run in this process, and how they end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::command::signals::HangUp;
use crate::control::{Controlled, Trigger};
use crate::inspected::InspectedFlow;
use crate::keeper::Keeper;
use crate::report::Reporter;
use crate::topology::{Signal, Summary};

/// How often the progress is shown.
const GLANCE: Duration = Duration::from_millis(250);

/// A flow that has ended.
pub(super) struct Ended {
    pub(super) file: PathBuf,
    pub(super) summary: Summary,
}

/// The flows of this process.
#[derive(Default)]
pub(super) struct Flows {
    pub(super) keepers: Vec<Arc<Keeper>>,
    /// The threads of the page, where there is one.
    pub(super) page: Option<tokio::runtime::Handle>,
    /// What the page shows of them; nothing where there is none.
    pub(super) inspected: Vec<Arc<InspectedFlow>>,
    /// Whoever has these can end them.
    pub(super) senders: Vec<Sender<Signal>>,
}

impl Flows {
    pub(super) fn interrupt(&self) {
        for sender in &self.senders {
            // Nobody hears it when the flow is already over.
            let _ = sender.send(Signal::Interrupted);
        }
    }
}

/// Waits for the end of all flows, and says whether all ended well.
pub(super) fn attend(
    flows: &Flows,
    ends: &Receiver<Ended>,
    reporter: &Reporter,
    began: Instant,
) -> bool {
    let mut well = 0;
    loop {
        match ends.recv_timeout(GLANCE) {
            Ok(ended) => well += usize::from(ended_well(&ended)),
            Err(RecvTimeoutError::Timeout) => {
                let counts = || flows.keepers.iter().flat_map(|one| one.counts()).collect();
                reporter.progress(began.elapsed().as_secs_f64(), counts);
                if reporter.reader_is_gone() {
                    flows.interrupt();
                }
            }
            // One that ended without a word has panicked.
            Err(RecvTimeoutError::Disconnected) => return well == flows.keepers.len(),
        }
    }
}

pub(super) fn ended_well(Ended { file, summary }: &Ended) -> bool {
    for (camera, reason) in &summary.failed_cameras {
        let file = file.display();
        eprintln!("agave: {file}: camera '{camera}' could not be read: {reason}");
    }
    summary.failed_cameras.is_empty() && summary.unbalanced.is_empty()
}

/// SIGHUP is how services are told to read their files again.
pub(super) async fn reload_on_signal(mut hang_up: HangUp, flows: Arc<Flows>) {
    while hang_up.comes().await {
        for keeper in flows.keepers.iter().filter(|one| !one.is_ending()) {
            let keeper = Arc::clone(keeper);
            // It compiles and waits: not for the network's threads. One flow waits for no other.
            tokio::task::spawn_blocking(move || keeper.reload(&Trigger::Signal));
        }
    }
}

//! From the journal into memory.

use std::time::Duration;

use agave_core::DropReason;

use super::lanes::PAGE;
use super::{Outbox, waiting_of};

/// Before the journal is asked again after it could not be read.
const UNREADABLE_WAIT: Duration = Duration::from_secs(1);

impl Outbox {
    /// Takes a camera's next few from the journal. Only the courier does.
    pub(super) fn read(&self, camera: &str, after: u64) {
        let newest = self.lock().lanes.newest(camera);
        // The disk may take its time; who counts what waits must not wait for it.
        let due = match self.journal.due(&self.node, camera, after, PAGE) {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(node = %self.node, "the journal cannot be read: {error}");
                self.rest(UNREADABLE_WAIT);
                return;
            }
        };
        let mut contents = self.lock();
        let up_to = match due.last() {
            Some(last) if due.len() == PAGE => last.sequence,
            // That was all, up to the last one that was there when it was asked.
            last => last.map_or(newest, |last| last.sequence.max(newest)),
        };
        let mut page = Vec::with_capacity(due.len());
        for due in due {
            match waiting_of(&self.node, contents.keys_name_giver, camera, &due) {
                Ok(waiting) => page.push(waiting),
                Err(error) => {
                    contents.lanes.less(camera);
                    contents.account.ledger.drop(DropReason::Unreadable, 1);
                    contents.dead += 1;
                    let why = format!("it cannot be read from the journal: {error}");
                    self.journal
                        .given_up(&self.node, due.sequence, due.attempts, &why);
                    tracing::error!(node = %self.node, sequence = due.sequence, "an alert is a dead letter: {why}");
                }
            }
        }
        contents.lanes.read(camera, page, up_to);
    }

    /// Looks anew at everything that the journal has for this adapter.
    pub(super) fn rewind(&self) {
        // What is settled is settled there as well.
        self.journal.flush();
        let mut contents = self.lock();
        let found = self
            .journal
            .backlog(&self.node)
            .and_then(|backlog| Ok((backlog, self.journal.dead_letters(&self.node)?)));
        let (backlog, dead) = match found {
            Ok(found) => found,
            Err(error) => {
                drop(contents);
                tracing::error!(node = %self.node, "the journal cannot be read: {error}");
                self.rest(UNREADABLE_WAIT);
                return;
            }
        };
        contents.rewind = false;
        let before = contents.lanes.waiting();
        contents.lanes.rewind();
        for waiting in backlog {
            let (camera, alerts) = (&waiting.camera, waiting.alerts);
            contents.lanes.continue_with(camera, alerts, waiting.newest);
        }
        let again = contents.lanes.waiting().saturating_sub(before);
        contents.account.ledger.received += again;
        contents.dead = dead;
    }
}

//! An instance that outlives its failures. After a trap, a deadline or a memory failure the
//! instance is discarded and a new one continues from the last snapshot; the waits between
//! attempts grow, and a plugin that keeps failing is quarantined, loudly.
//!
//! The rules, in one place:
//! - What was being looked at when a call failed is lost to this node and counted, or goes
//!   around it when the node says `on-failure: open`.
//! - Waits are counted in the time of the caller, which is stream time for the pure roles: a
//!   replay restarts its plugins at the same frames.
//! - A snapshot is taken every second, and after each call that took or gave alerts: a restart
//!   neither announces an incident again nor forgets one.
//! - An instance whose memory has passed its mark is replaced between two calls by a new one
//!   that goes on where it was. The same exchange puts another version or configuration in.
//! - A returned error or bad output does not discard the instance; it goes back to its last
//!   snapshot, because what it gave last was lost.
//! - After an exchange the version before is kept warm for a while (`warm`). When the new one fails in
//!   that time, the one before answers in its place and goes on: nothing is lost to a bad swap.

mod exchange;
mod failing;
mod recycle;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use agave_core::{DropReason, Role, StreamInfo, Timestamp};

use crate::failure::Failure;
use crate::instance::{Instance, NodeSetup};
use crate::plugin::Plugin;
use crate::snapshot::Snapshot;
use crate::warm::Warm;

const SNAPSHOT_EVERY: Duration = Duration::from_secs(1);

/// What a node does while its plugin cannot answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Data is dropped until the plugin has been restarted.
    #[default]
    Restart,
    /// Data goes around the node until the plugin has been restarted.
    Open,
    /// Nothing gets through any more until the flow is started anew.
    Closed,
}

/// How a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFailure {
    /// When, by the clock of what was handed to it.
    pub at: Timestamp,
    /// Under which reason the ledger counts what was lost.
    pub reason: DropReason,
    /// In words.
    pub said: String,
}

/// What became of a call.
#[derive(Debug, PartialEq)]
pub enum Verdict<T> {
    /// The plugin's answer.
    Answered(T),
    /// No answer, for this reason; the data goes around the node.
    Around(DropReason),
    /// No answer; the data ends here.
    Dropped(DropReason),
}

enum State {
    Running(Box<Instance>),
    Waiting { until: Timestamp },
    Quarantined,
}

/// A plugin in one node for one camera, kept running.
pub struct Supervised {
    plugin: Plugin,
    setup: NodeSetup,
    on_failure: OnFailure,
    state: State,
    /// Shared with whoever writes it down.
    snapshot: Option<Arc<Snapshot>>,
    snapshot_at: Timestamp,
    /// Nothing has happened since the snapshot was taken.
    is_snapshot_current: bool,
    /// The memory at which the instance is replaced.
    recycle_bytes: usize,
    recycled: u64,
    failures_in_a_row: u32,
    /// When the last instances were discarded, the oldest first.
    discarded: VecDeque<Timestamp>,
    failures: u64,
    last_failure: Option<LastFailure>,
    warm: Option<Box<Warm>>,
    /// Why the version before is back.
    relapse: Option<String>,
}

impl Supervised {
    /// Starts the plugin for the first time, where a refused configuration is still the user's
    /// to mend.
    ///
    /// # Errors
    /// When it cannot be started or refuses its configuration.
    pub fn start(plugin: Plugin, setup: NodeSetup, on_failure: OnFailure) -> Result<Self, Failure> {
        Self::start_from(plugin, setup, on_failure, None)
    }

    /// The same, going on from `snapshot`.
    ///
    /// # Errors
    /// As [`Self::start`], and when the plugin does not read the snapshot.
    pub fn start_from(
        plugin: Plugin,
        setup: NodeSetup,
        on_failure: OnFailure,
        snapshot: Option<Arc<Snapshot>>,
    ) -> Result<Self, Failure> {
        let mut instance = Instance::start(&plugin, &setup)?;
        if let Some(snapshot) = &snapshot {
            instance.restore(snapshot)?;
        }
        Ok(Self {
            plugin,
            recycle_bytes: setup.limits.recycle_bytes,
            setup,
            on_failure,
            state: State::Running(Box::new(instance)),
            is_snapshot_current: snapshot.is_some(),
            snapshot,
            snapshot_at: Timestamp::default(),
            recycled: 0,
            failures_in_a_row: 0,
            discarded: VecDeque::new(),
            failures: 0,
            last_failure: None,
            warm: None,
            relapse: None,
        })
    }

    /// The plugin's part in a flow.
    pub fn role(&self) -> Role {
        self.plugin.role()
    }

    /// Tells the plugin more about its stream, such as its size; what it remembers stays.
    pub fn describe_stream(&mut self, now: Timestamp, stream: StreamInfo) {
        // It has settings of its own, and would be given these.
        self.warm = None;
        self.setup.stream = stream;
        let setup = self.setup.clone();
        // A failure is handled, counted and said like that of any other call.
        let _ = self.call(now, |instance| {
            instance.configure(&setup.config, &setup.stream)
        });
    }

    /// Tells a rule that looks at several cameras more about the one with this number; what it
    /// remembers stays.
    pub fn describe_camera(&mut self, now: Timestamp, camera: usize, stream: StreamInfo) {
        let Some(known) = self.setup.cameras.get_mut(camera) else {
            return;
        };
        *known = stream;
        let cameras = self.setup.cameras.clone();
        // As above.
        let _ = self.call(now, |instance| instance.cameras(cameras.clone()));
    }

    /// The plugin that runs, or is to run again.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// What the plugin remembered when it was last asked.
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref()
    }

    /// What the plugin remembers at `now`, for a checkpoint: everything that it has seen is in
    /// it. While it does not run, or when it cannot say, that is what it last said.
    pub fn checkpoint(&mut self, now: Timestamp) -> Option<&Arc<Snapshot>> {
        if !self.is_snapshot_current
            && let Err(failure) = self.remember(now, true)
        {
            self.failed(&failure, now);
        }
        self.snapshot.as_ref()
    }

    /// How many calls have failed since the start.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// How the last call that failed did.
    pub fn last_failure(&self) -> Option<&LastFailure> {
        self.last_failure.as_ref()
    }

    /// Why the version before an exchange is back, told once.
    pub fn take_relapse(&mut self) -> Option<String> {
        self.relapse.take()
    }

    /// How often an instance was replaced because of its memory.
    pub fn recycled(&self) -> u64 {
        self.recycled
    }

    /// Whether the plugin has been given up.
    pub fn quarantined(&self) -> bool {
        matches!(self.state, State::Quarantined)
    }

    /// Calls the plugin at `now`, restarting it first where it is time to.
    pub fn call<T: PartialEq>(
        &mut self,
        now: Timestamp,
        call: impl Fn(&mut Instance) -> Result<T, Failure>,
    ) -> Verdict<T> {
        self.call_announcing(now, call, |_| false)
    }

    /// As [`Self::call`], for answers that may announce something. Such an answer goes out only
    /// when a snapshot of the plugin that knows of it is kept: otherwise a restart would
    /// announce it again.
    pub fn call_announcing<T: PartialEq>(
        &mut self,
        now: Timestamp,
        call: impl Fn(&mut Instance) -> Result<T, Failure>,
        announces: impl FnOnce(&T) -> bool,
    ) -> Verdict<T> {
        self.restart_when_due(now);
        let State::Running(instance) = &mut self.state else {
            return self.without_answer(DropReason::Unavailable);
        };
        self.is_snapshot_current = false;
        let answer = match call(instance) {
            Ok(answer) => answer,
            Err(failure) => match self.second_answer(&failure, &call) {
                Some(answer) => answer,
                None => {
                    let reason = failure.reason();
                    self.failed(&failure, now);
                    self.roll_back(now);
                    return self.without_answer(reason);
                }
            },
        };
        self.warm.take_if(|warm| !warm.follow(now, &call, &answer));
        let announces = announces(&answer);
        match self.remember(now, announces) {
            Ok(()) => {
                self.failures_in_a_row = 0;
                self.recycle_when_due(now);
                Verdict::Answered(answer)
            }
            Err(failure) => {
                // The version before has seen this, and said the same.
                if let Some(warm) = self.warm.take_if(|warm| warm.follows()) {
                    self.put_back(*warm, &failure);
                    if self.remember(now, announces).is_ok() {
                        return Verdict::Answered(answer);
                    }
                }
                let reason = failure.reason();
                self.failed(&failure, now);
                if announces {
                    self.without_answer(reason)
                } else {
                    Verdict::Answered(answer)
                }
            }
        }
    }

    fn without_answer<T>(&self, reason: DropReason) -> Verdict<T> {
        match self.on_failure {
            OnFailure::Open => Verdict::Around(reason),
            OnFailure::Restart | OnFailure::Closed => Verdict::Dropped(reason),
        }
    }

    /// Keeps a snapshot when it is time to, or `at_once`.
    fn remember(&mut self, now: Timestamp, at_once: bool) -> Result<(), Failure> {
        if !at_once && now.since(self.snapshot_at) < SNAPSHOT_EVERY {
            return Ok(());
        }
        if let State::Running(instance) = &mut self.state {
            let snapshot = instance.save()?;
            self.keep(snapshot, now);
        }
        Ok(())
    }

    /// One that says the same as the last does not take its place.
    fn keep(&mut self, snapshot: Snapshot, now: Timestamp) {
        if self.snapshot.as_deref() != Some(&snapshot) {
            self.snapshot = Some(Arc::new(snapshot));
        }
        self.snapshot_at = now;
        self.is_snapshot_current = true;
    }
}

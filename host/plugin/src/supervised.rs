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
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// So many failures without one success between them, and it is not started again.
const QUARANTINE_AFTER: u32 = 10;
/// Nor is it when so many instances were discarded within `BUDGET_TIME`, successes or not: a
/// plugin that fails at every second frame would otherwise start for ever.
const BUDGET: usize = 100;
const BUDGET_TIME: Duration = Duration::from_secs(600);

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
    last_failure: Option<String>,
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

    /// How the last call that failed did, in words.
    pub fn last_failure(&self) -> Option<&str> {
        self.last_failure.as_deref()
    }

    /// Why the version before an exchange is back, told once.
    pub fn take_relapse(&mut self) -> Option<String> {
        self.relapse.take()
    }

    /// How often an instance was replaced because of its memory.
    pub fn recycled(&self) -> u64 {
        self.recycled
    }

    /// Goes on where `running` is, which goes on as well: whoever asked decides which of the two
    /// is called from now on. A `running` that is not running has its last snapshot.
    ///
    /// # Errors
    /// When `running` cannot say what it remembers, which is a failure of its own as at any
    /// other time, or when this plugin does not read it.
    pub fn take_over(&mut self, now: Timestamp, running: &mut Self) -> Result<(), Failure> {
        let snapshot = match &mut running.state {
            State::Running(instance) => match instance.save() {
                Ok(snapshot) => Some(Arc::new(snapshot)),
                Err(failure) => {
                    running.failed(&failure, now);
                    return Err(failure);
                }
            },
            State::Waiting { .. } | State::Quarantined => running.snapshot.clone(),
        };
        if let (State::Running(instance), Some(snapshot)) = (&mut self.state, &snapshot) {
            instance.restore(snapshot)?;
        }
        self.is_snapshot_current = snapshot.is_some();
        self.snapshot = snapshot;
        self.snapshot_at = now;
        Ok(())
    }

    /// Tries on a snapshot that another version took.
    ///
    /// # Errors
    /// When this plugin does not read it.
    pub fn try_on(&mut self, before: &Self) -> Result<(), Failure> {
        match (&mut self.state, &before.snapshot) {
            (State::Running(instance), Some(snapshot)) => instance.restore(snapshot),
            _ => Ok(()),
        }
    }

    /// What ran before has gone, after [`Self::take_over`]. It is kept for a while in case that
    /// this one fails soon, if it `may_come_back`.
    pub fn succeed(&mut self, before: Self, may_come_back: bool) {
        self.failures += before.failures;
        self.recycled += before.recycled;
        // One that was not running has nothing to go back to.
        if let (State::Running(instance), true) = (before.state, may_come_back) {
            let (plugin, setup) = (before.plugin, before.setup);
            let warm = Warm::new(plugin, setup, instance, self.snapshot_at);
            self.warm = Some(Box::new(warm));
        }
    }

    /// Whether the plugin has been given up.
    pub fn quarantined(&self) -> bool {
        matches!(self.state, State::Quarantined)
    }

    /// Starts it again at its next call if it was given up, and forgives what it was given up
    /// for. Says whether it was.
    pub fn revive(&mut self) -> bool {
        if !self.quarantined() {
            return false;
        }
        self.failures_in_a_row = 0;
        self.discarded.clear();
        self.state = State::Waiting {
            until: Timestamp::default(),
        };
        true
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

    /// The answer of the version before, when this one failed soon after it was put in its
    /// place. From then on that one runs again.
    fn second_answer<T>(
        &mut self,
        failure: &Failure,
        call: &impl Fn(&mut Instance) -> Result<T, Failure>,
    ) -> Option<T> {
        let mut warm = self.warm.take()?;
        let answer = warm.answer(call, self.snapshot.as_deref()).ok()?;
        self.put_back(*warm, failure);
        Some(answer)
    }

    fn put_back(&mut self, warm: Warm, failure: &Failure) {
        let node = self.setup.node.as_str();
        let camera = Some(self.setup.stream.camera.as_str()).filter(|camera| !camera.is_empty());
        tracing::error!(
            node,
            camera,
            "the new version of the plugin {failure}; the one before is back"
        );
        self.relapse = Some(failure.to_string());
        self.recycle_bytes = warm.setup.limits.recycle_bytes;
        self.plugin = warm.plugin;
        self.setup = warm.setup;
        self.state = State::Running(warm.instance);
    }

    fn without_answer<T>(&self, reason: DropReason) -> Verdict<T> {
        match self.on_failure {
            OnFailure::Open => Verdict::Around(reason),
            OnFailure::Restart | OnFailure::Closed => Verdict::Dropped(reason),
        }
    }

    fn failed(&mut self, failure: &Failure, now: Timestamp) {
        self.failures += 1;
        self.last_failure = Some(failure.to_string());
        let node = self.setup.node.as_str();
        // An adapter is not one camera's.
        let camera = Some(self.setup.stream.camera.as_str()).filter(|camera| !camera.is_empty());
        if !failure.poisons() {
            // One line for each frame would bury the rest of the log.
            if self.failures.is_power_of_two() {
                tracing::warn!(
                    node,
                    camera,
                    failures = self.failures,
                    "the plugin {failure}"
                );
            }
            return;
        }
        self.failures_in_a_row += 1;
        let given_up = self.on_failure == OnFailure::Closed
            || self.failures_in_a_row >= QUARANTINE_AFTER
            || is_budget_spent(&mut self.discarded, now);
        self.state = if given_up {
            tracing::error!(
                node,
                camera,
                failures_in_a_row = self.failures_in_a_row,
                failures = self.failures,
                "the plugin {failure}; it is quarantined and does nothing until the flow is started again"
            );
            State::Quarantined
        } else {
            let doublings = self.failures_in_a_row.saturating_sub(1).min(16);
            let wait = (FIRST_WAIT * 2u32.pow(doublings)).min(LONGEST_WAIT);
            tracing::error!(
                node,
                camera,
                "the plugin {failure}; a new instance starts in {wait:?} of stream time"
            );
            State::Waiting { until: now + wait }
        };
    }

    fn restart_when_due(&mut self, now: Timestamp) {
        let State::Waiting { until } = self.state else {
            return;
        };
        if now < until {
            return;
        }
        match successor(&self.plugin, &self.setup, self.snapshot.as_deref()) {
            Ok(instance) => self.state = State::Running(Box::new(instance)),
            // Whatever it was, there is no instance: a refused snapshot is a failed start.
            Err(failure) => self.failed(&Failure::Start(failure.to_string()), now),
        }
    }

    /// Replaces an instance that has grown past its mark by one that goes on where it was.
    fn recycle_when_due(&mut self, now: Timestamp) {
        let State::Running(instance) = &mut self.state else {
            return;
        };
        let before = instance.memory_bytes();
        if before <= self.recycle_bytes {
            return;
        }
        let limit = self.setup.limits.memory_bytes;
        let snapshot = match instance.save() {
            Ok(snapshot) => snapshot,
            Err(failure) => return self.failed(&failure, now),
        };
        match successor(&self.plugin, &self.setup, Some(&snapshot)) {
            Ok(successor) => {
                let after = successor.memory_bytes();
                tracing::debug!(
                    node = self.setup.node,
                    camera = self.setup.stream.camera,
                    before,
                    after,
                    "the plugin's memory had passed its mark; a new instance goes on"
                );
                self.recycled += 1;
                self.state = State::Running(Box::new(successor));
                self.keep(snapshot, now);
                self.next_mark(after, limit);
            }
            // The instance still works; at its limit it will fail by that name.
            Err(failure) => {
                tracing::warn!(
                    node = self.setup.node,
                    camera = self.setup.stream.camera,
                    "the plugin's memory has passed its mark, and a new instance {failure}"
                );
                self.next_mark(before, limit);
            }
        }
    }

    /// One that needs much memory at once must not be replaced at every call.
    fn next_mark(&mut self, has: usize, limit: usize) {
        let room = limit.saturating_sub(has) / 2;
        self.recycle_bytes = self
            .setup
            .limits
            .recycle_bytes
            .max(has.saturating_add(room));
    }

    /// After an answer that was refused, the plugin may believe that it has announced what
    /// nobody got to know. It goes back to what it knew before.
    fn roll_back(&mut self, now: Timestamp) {
        let (State::Running(instance), Some(snapshot)) = (&mut self.state, &self.snapshot) else {
            return;
        };
        if let Err(failure) = instance.restore(snapshot) {
            self.failed(&Failure::Start(failure.to_string()), now);
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

/// Notes that an instance was discarded at `now`, and says whether that was one too many.
fn is_budget_spent(discarded: &mut VecDeque<Timestamp>, now: Timestamp) -> bool {
    let is_old = |at: &Timestamp| now.since(*at) > BUDGET_TIME;
    while discarded.front().is_some_and(is_old) {
        discarded.pop_front();
    }
    discarded.push_back(now);
    discarded.len() > BUDGET
}

/// An instance that goes on where `snapshot` was taken.
fn successor(
    plugin: &Plugin,
    setup: &NodeSetup,
    snapshot: Option<&Snapshot>,
) -> Result<Instance, Failure> {
    let mut instance = Instance::restart(plugin, setup)?;
    if let Some(snapshot) = snapshot {
        instance.restore(snapshot)?;
    }
    Ok(instance)
}

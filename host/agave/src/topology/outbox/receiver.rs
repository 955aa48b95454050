//! Who delivers: a plugin, or a part of the host that takes alerts as one does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agave_core::{DropReason, StreamInfo, Timestamp};
use agave_plugin::{Delivery, Outcome, Supervised, Verdict};

const SHORTEST_UPKEEP: Duration = Duration::from_millis(100);
const UPKEEP_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Of the time that an outbox has at the end.
const LEAVING: Duration = Duration::from_secs(1);

/// What one attempt came to.
#[derive(Debug)]
pub(in crate::topology) enum Attempt {
    Outcome(Outcome),
    /// The plugin failed, for this reason, and so did not deliver.
    Failed(DropReason),
    /// Not now, for this reason; after so long if the receiver said.
    Later {
        after: Option<Duration>,
        reason: String,
    },
}

/// An alert that is handed over.
#[derive(Clone, Debug)]
pub(in crate::topology) struct Handed {
    /// Its number in the journal.
    pub(in crate::topology) sequence: u64,
    /// The node that gave it.
    pub(in crate::topology) node: Arc<str>,
    pub(in crate::topology) delivery: Delivery,
}

/// Delivers alerts. It is called on the adapter's own thread, and may block.
pub(in crate::topology) trait Receive: Send {
    /// So many are given to it at once.
    fn most_at_once(&self) -> usize;

    /// What became of `alerts`: all of them share it.
    fn deliver(&mut self, alerts: &[Handed]) -> Attempt;

    /// Why nobody hears of what it takes, where that is so.
    fn without_audience(&self) -> Option<String> {
        None
    }

    /// These are the cameras whose alerts come, from now on. Gives when it wants to be told
    /// again.
    fn introduce(&mut self, cameras: &[StreamInfo]) -> Option<Duration>;
}

/// Who delivers for an adapter node.
pub(in crate::topology) enum Receiver {
    Plugin(Box<PluginReceiver>),
    Host(Box<dyn Receive>),
}

/// An adapter plugin.
pub(in crate::topology) struct PluginReceiver {
    plugin: Supervised,
    /// What its waits are counted from: the clock on the wall can be set back.
    began: Instant,
    /// Its failures and replacements when it was last told the cameras: with another instance it
    /// has to be told again.
    told_at: Option<(u64, u64)>,
}

impl From<Supervised> for Receiver {
    fn from(plugin: Supervised) -> Self {
        Self::Plugin(Box::new(PluginReceiver {
            plugin,
            began: Instant::now(),
            told_at: None,
        }))
    }
}

impl Receiver {
    pub(super) fn most_at_once(&self) -> usize {
        match self {
            Self::Plugin(_) => 1,
            Self::Host(host) => host.most_at_once(),
        }
    }

    pub(super) fn deliver(&mut self, alerts: &[Handed]) -> Attempt {
        match self {
            Self::Plugin(plugin) => plugin.deliver(alerts),
            Self::Host(host) => host.deliver(alerts),
        }
    }

    /// How often it failed, and whether it was given up.
    pub(super) fn failures(&self) -> (u64, bool) {
        match self {
            Self::Plugin(one) => (one.plugin.failures(), one.plugin.quarantined()),
            Self::Host(_) => (0, false),
        }
    }

    /// Why nobody hears of what it takes, where that is known.
    pub(super) fn without_audience(&self) -> Option<String> {
        match self {
            Self::Plugin(_) => None,
            Self::Host(host) => host.without_audience(),
        }
    }

    /// What it said when it failed last.
    pub(super) fn last_failure(&self) -> Option<String> {
        match self {
            Self::Plugin(one) => one
                .plugin
                .last_failure()
                .map(|failure| failure.said.clone()),
            Self::Host(_) => None,
        }
    }

    /// Whether it has to be told the cameras again.
    pub(super) fn wants_upkeep(&self) -> bool {
        match self {
            Self::Plugin(one) => {
                one.plugin.plugin().has_upkeep() && one.told_at != Some(one.instance())
            }
            Self::Host(_) => false,
        }
    }

    /// What it has to do beside deliveries. Gives when it wants to be asked again.
    pub(super) fn upkeep(&mut self, cameras: &[StreamInfo]) -> Option<Duration> {
        match self {
            Self::Plugin(plugin) => plugin.upkeep(cameras),
            Self::Host(host) => host.introduce(cameras),
        }
    }

    /// How much of its last time it needs for [`Self::leave`].
    pub(super) fn time_to_leave(&self) -> Duration {
        match self {
            Self::Plugin(one) if one.plugin.plugin().has_upkeep() => LEAVING,
            Self::Plugin(_) | Self::Host(_) => Duration::ZERO,
        }
    }

    /// Nothing more will come: it puts right what must not stay as it is.
    pub(super) fn leave(&mut self) {
        if let Self::Plugin(one) = self
            && one.plugin.plugin().has_upkeep()
        {
            let now = one.now();
            // A failure is counted and logged, and nothing can be done about it any more.
            let _ = one.plugin.call(now, |instance| instance.leave());
        }
    }

    /// When it is asked after a delivery, if it has not said when.
    pub(super) fn upkeep_after_delivery(&self) -> Option<Duration> {
        match self {
            Self::Plugin(one) => one.plugin.plugin().has_upkeep().then_some(SHORTEST_UPKEEP),
            Self::Host(_) => None,
        }
    }

    /// Lets `successor` go on where this one is.
    ///
    /// # Errors
    /// When it does not read what this one remembers; then this one goes on.
    pub(super) fn succeed(&mut self, successor: Self) -> Result<(), agave_plugin::Failure> {
        match (self, successor) {
            (Self::Plugin(running), Self::Plugin(successor)) => {
                let mut successor = *successor;
                successor.began = running.began;
                successor
                    .plugin
                    .take_over(running.now(), &mut running.plugin)?;
                let before = std::mem::replace(&mut **running, successor);
                running.plugin.succeed(before.plugin, true);
            }
            (running, successor) => *running = successor,
        }
        Ok(())
    }
}

impl PluginReceiver {
    fn now(&self) -> Timestamp {
        Timestamp::default() + self.began.elapsed()
    }

    fn instance(&self) -> (u64, u64) {
        (self.plugin.failures(), self.plugin.recycled())
    }

    fn deliver(&mut self, alerts: &[Handed]) -> Attempt {
        let Some(Handed { delivery, .. }) = alerts.first() else {
            return Attempt::Outcome(Outcome::Delivered);
        };
        let verdict = self.plugin.call(self.now(), |instance| {
            let outcomes = instance.deliver(std::slice::from_ref(delivery))?;
            Ok((outcomes, instance.complaint().map(str::to_owned)))
        });
        match verdict {
            Verdict::Answered((outcomes, complaint)) => {
                match (outcomes.into_iter().next(), complaint) {
                    // A plugin has no other way to say why.
                    (Some(Outcome::Retry(after)), Some(reason)) => Attempt::Later { after, reason },
                    (Some(outcome), _) => Attempt::Outcome(outcome),
                    (None, _) => Attempt::Failed(DropReason::BadOutput),
                }
            }
            Verdict::Around(reason) | Verdict::Dropped(reason) => Attempt::Failed(reason),
        }
    }

    fn upkeep(&mut self, cameras: &[StreamInfo]) -> Option<Duration> {
        let verdict = self
            .plugin
            .call(self.now(), |instance| instance.upkeep(cameras));
        self.told_at = Some(self.instance());
        match verdict {
            Verdict::Answered(again) => again.map(|again| again.max(SHORTEST_UPKEEP)),
            Verdict::Around(_) | Verdict::Dropped(_) => Some(UPKEEP_AFTER_FAILURE),
        }
    }
}

//! What a node does with its input, counted: every call of a plugin, what came of it, and where
//! what did not get any further went.

use std::time::Instant;

use agave_core::{Alert, Detection, DropReason, FrameDetections, Ledger, StreamInfo, Timestamp};
use agave_plugin::{Failure, Supervised, Verdict};

use super::chain::Seen;
use super::latency::Latency;
use super::site::Site;
use super::step::Output;

/// A gate may remind of each alert that it told, and of so many from before it was started.
const MOST_REMINDERS: u64 = 1000;

/// What a step has done so far.
#[derive(Default)]
pub(super) struct Account {
    pub(super) ledger: Ledger,
    pub(super) alerts: u64,
    /// Of these, those by which a gate reminded of an incident.
    reminders: u64,
    pub(super) calls: Latency,
}

impl Account {
    /// Of a gate that goes on where it held back so much.
    pub(super) fn holding(waiting: u64) -> Self {
        let mut account = Self::default();
        account.ledger.received = waiting;
        account.ledger.waiting = waiting;
        account
    }

    /// Adds what the same node did elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        self.ledger.add(&other.ledger);
        self.alerts += other.alerts;
        self.reminders += other.reminders;
        self.calls.add(&other.calls);
    }

    /// The node is taken out of the flow; what it still held ends with it.
    pub(super) fn close(&mut self) {
        let waiting = std::mem::take(&mut self.ledger.waiting);
        self.ledger.drop(DropReason::Removed, waiting);
    }
}

impl Account {
    pub(super) fn inferred(
        &mut self,
        seen: &Seen,
        found: Option<Vec<Detection>>,
        classes: &[u16],
        next_id: &mut u32,
    ) -> Output {
        self.ledger.received += 1;
        let Some(mut detections) = found else {
            self.ledger.drop(DropReason::Unreadable, 1);
            return Output::Nothing;
        };
        self.ledger.passed += 1;
        for detection in &mut detections {
            detection.id = *next_id;
            *next_id += 1;
            if let Some(&class) = classes.get(usize::from(detection.class)) {
                detection.class = class;
            }
        }
        Output::Detections(FrameDetections {
            frame: seen.frame,
            at: seen.at,
            detections,
        })
    }

    pub(super) fn filter(&mut self, plugin: &mut Supervised, frame: &FrameDetections) -> Output {
        let count = frame.detections.len() as u64;
        self.ledger.received += count;
        let began = Instant::now();
        let verdict = plugin.call(frame.at, |instance| instance.process(frame));
        self.calls.record(began.elapsed());
        match verdict {
            Verdict::Answered(passed) => {
                let kept = passed.detections.len() as u64;
                self.ledger.passed += kept;
                self.ledger.drop(DropReason::Filtered, count - kept);
                Output::Detections(passed)
            }
            Verdict::Around(_) => {
                self.ledger.passed += count;
                Output::Detections(frame.clone())
            }
            Verdict::Dropped(reason) => {
                self.ledger.drop(reason, count);
                Output::Nothing
            }
        }
    }

    /// A filter lets a frame by.
    pub(super) fn by(&mut self, frame: FrameDetections) -> Output {
        let count = frame.detections.len() as u64;
        self.ledger.received += count;
        self.ledger.passed += count;
        Output::Detections(frame)
    }

    /// So many came and went no further.
    pub(super) fn drop(&mut self, reason: DropReason, count: u64) {
        self.ledger.received += count;
        self.ledger.drop(reason, count);
    }

    pub(super) fn rule(&mut self, plugin: &mut Supervised, frame: &FrameDetections) -> Output {
        let began = Instant::now();
        let verdict = plugin.call_announcing(
            frame.at,
            |instance| instance.evaluate(frame),
            |alerts| !alerts.is_empty(),
        );
        self.ruled(began, verdict)
    }

    /// A rule that other cameras call as well.
    pub(super) fn site(
        &mut self,
        site: &Site,
        stream: &StreamInfo,
        frame: &FrameDetections,
    ) -> Output {
        let began = Instant::now();
        self.ruled(began, site.evaluate(stream, frame))
    }

    fn ruled(&mut self, began: Instant, verdict: Verdict<Vec<Alert>>) -> Output {
        self.ledger.received += 1;
        self.calls.record(began.elapsed());
        match verdict {
            Verdict::Answered(alerts) => {
                self.ledger.passed += 1;
                self.alerts += alerts.len() as u64;
                Output::Alerts(alerts)
            }
            // There is no way around a rule: detections are no alerts.
            Verdict::Around(reason) | Verdict::Dropped(reason) => {
                self.ledger.drop(reason, 1);
                Output::Nothing
            }
        }
    }

    pub(super) fn gate(
        &mut self,
        plugin: &mut Supervised,
        now: Timestamp,
        alerts: &[Alert],
    ) -> Output {
        let may = self.may_give(alerts);
        let began = Instant::now();
        let verdict = plugin.call_announcing(
            now,
            |instance| {
                may.check(match alerts {
                    [] => instance.tick(now)?,
                    alerts => instance.pass(alerts)?,
                })
            },
            |passed| !(alerts.is_empty() && passed.is_empty()),
        );
        self.gated(began, alerts, verdict)
    }

    /// A gate that other cameras call as well.
    pub(super) fn site_gate(
        &mut self,
        site: &Site,
        stream: &StreamInfo,
        now: Timestamp,
        alerts: &[Alert],
    ) -> Output {
        let mut may = self.may_give(alerts);
        may.weight += site.unaccounted();
        let began = Instant::now();
        let verdict = site.pass(stream, now, alerts, |passed| may.check(passed));
        if let Verdict::Answered(passed) = &verdict {
            // It was held before this camera's last checkpoint knew of it.
            let had = self.ledger.waiting + weight(alerts);
            let more = weight(passed).saturating_sub(had);
            site.account_for(more);
            self.ledger.received += more;
        }
        self.gated(began, alerts, verdict)
    }

    fn may_give(&self, alerts: &[Alert]) -> MayGive {
        let told = self.alerts - self.reminders;
        MayGive {
            weight: self.ledger.waiting + weight(alerts),
            reminders: (told + MOST_REMINDERS).saturating_sub(self.reminders),
        }
    }

    fn gated(&mut self, began: Instant, alerts: &[Alert], verdict: Verdict<Vec<Alert>>) -> Output {
        self.ledger.received += weight(alerts);
        self.calls.record(began.elapsed());
        let passed = match verdict {
            Verdict::Answered(passed) => passed,
            Verdict::Around(_) => alerts.to_vec(),
            Verdict::Dropped(reason) => {
                self.ledger.drop(reason, weight(alerts));
                Vec::new()
            }
        };
        self.alerts += passed.len() as u64;
        self.reminders += reminders(&passed);
        self.ledger.passed += weight(&passed);
        let settled = self.ledger.passed + self.ledger.total_dropped();
        self.ledger.waiting = self.ledger.received.saturating_sub(settled);
        Output::Alerts(passed)
    }
}

impl Account {
    /// A gate lets alerts by and gives what it still holds when its time has come.
    pub(super) fn idle_gate(
        &mut self,
        plugin: &mut Supervised,
        now: Timestamp,
        alerts: &[Alert],
    ) -> Output {
        let held = self.gate(plugin, now, &[]);
        self.with_those_by(held, alerts)
    }

    /// The same for one that other cameras call as well.
    pub(super) fn idle_site_gate(
        &mut self,
        site: &Site,
        stream: &StreamInfo,
        now: Timestamp,
        alerts: &[Alert],
    ) -> Output {
        let held = self.site_gate(site, stream, now, &[]);
        self.with_those_by(held, alerts)
    }

    fn with_those_by(&mut self, held: Output, alerts: &[Alert]) -> Output {
        let Output::Alerts(mut passed) = held else {
            return Output::Nothing;
        };
        self.alerts += alerts.len() as u64;
        self.ledger.received += weight(alerts);
        self.ledger.passed += weight(alerts);
        passed.extend_from_slice(alerts);
        Output::Alerts(passed)
    }
}

/// How much a gate may give: what it got, or less, because alerts come from rules; and it reminds
/// of what it has told.
#[derive(Clone, Copy)]
struct MayGive {
    weight: u64,
    reminders: u64,
}

impl MayGive {
    fn check(self, passed: Vec<Alert>) -> Result<Vec<Alert>, Failure> {
        let reminds = reminders(&passed);
        let told = passed.len() as u64 - reminds;
        if reminds > self.reminders.saturating_add(told) {
            return Err(Failure::BadOutput(
                "more reminders than there were alerts".to_owned(),
            ));
        }
        let (gives, had) = (weight(&passed), self.weight);
        if gives > had {
            return Err(Failure::BadOutput(format!(
                "alerts that stand for {gives}, where it had {had}"
            )));
        }
        Ok(passed)
    }
}

/// Alerts that weigh nothing.
fn reminders(alerts: &[Alert]) -> u64 {
    alerts.iter().filter(|alert| alert.count == 0).count() as u64
}

/// An alert weighs as much as the alerts that are folded into it.
fn weight(alerts: &[Alert]) -> u64 {
    alerts.iter().map(|alert| u64::from(alert.count)).sum()
}

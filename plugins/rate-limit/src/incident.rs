//! An incident that was let through, with what is folded into it.

use agave_vision_sdk::prelude::*;

use crate::subject::Subject;

/// More incidents of a rule than go on as one at once. The end of one that is forgotten goes
/// through.
const MOST_MEMBERS: usize = 32;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Incident {
    pub(crate) subject: Subject,
    /// Whose tokens it needs.
    pub(crate) budget: Subject,
    /// The key under which it was let through.
    key: String,
    /// The keys of the rule's incidents that go on as this one: its own, and those that were
    /// folded into it.
    members: Vec<String>,
    /// The most that was told of it.
    severity: Severity,
    /// When it was last told that it goes on.
    told_at: Timestamp,
    /// What nobody was told yet, as one alert.
    held: Option<Alert>,
}

impl Incident {
    /// The one that `alert`, which goes through, begins.
    pub(crate) fn begun_by(alert: &Alert, subject: Subject, budget: Subject) -> Self {
        Self {
            subject,
            budget,
            key: alert.key.clone(),
            members: vec![alert.key.clone()],
            severity: alert.severity,
            told_at: alert.at,
            held: None,
        }
    }

    pub(crate) fn has_member(&self, key: &str) -> bool {
        self.members.iter().any(|member| member == key)
    }

    /// Takes in an alert that nobody is told of yet.
    pub(crate) fn fold(&mut self, alert: Alert) {
        if alert.phase == Phase::End {
            self.members.retain(|member| *member != alert.key);
        } else if !self.has_member(&alert.key) {
            if self.members.len() >= MOST_MEMBERS {
                self.members.remove(0);
            }
            self.members.push(alert.key.clone());
        }
        let before = self.held.take();
        let (count, severity) = before.map_or((0, alert.severity), |held| {
            (held.count, held.severity.max(alert.severity))
        });
        self.held = Some(Alert {
            count: alert.count.saturating_add(count),
            severity,
            ..alert
        });
    }

    pub(crate) fn holds_something(&self) -> bool {
        self.held.is_some()
    }

    /// Whether everything that goes on as this incident has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether what is held matters more than all that was told: that does not wait.
    pub(crate) fn got_worse(&self) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| held.severity > self.severity)
    }

    /// What was held, to be told now.
    pub(crate) fn tell(&mut self) -> Option<Alert> {
        let mut told = self.held.take()?;
        told.key.clone_from(&self.key);
        self.severity = self.severity.max(told.severity);
        told.phase = match self.is_over() {
            true => Phase::End,
            false => Phase::Update,
        };
        if told.phase == Phase::Update {
            // Two updates at one time would be one for a receiver that knows them by it.
            told.at = told.at.max(self.told_at + 1);
            self.told_at = told.at;
        }
        Some(told)
    }
}

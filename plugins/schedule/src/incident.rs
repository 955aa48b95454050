//! What goes on, and what is held until its hours are over.

use agave_vision_sdk::prelude::*;

/// More incidents of a rule than go on as one at once.
const MOST_MEMBERS: usize = 32;

/// An incident that was let through.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Going {
    /// The key under which it was let through.
    key: String,
    /// The keys of the rule's incidents that go on as this one.
    members: Vec<String>,
    /// What it was decided to matter when it was let through.
    severity: Option<Severity>,
    /// When it was last told that it goes on.
    #[serde(default)]
    told_at: Timestamp,
}

impl Going {
    pub(crate) fn begun_by(alert: &Alert, severity: Option<Severity>) -> Self {
        Self {
            key: alert.key.clone(),
            members: vec![alert.key.clone()],
            severity,
            told_at: alert.at,
        }
    }

    pub(crate) fn has_member(&self, key: &str) -> bool {
        self.members.iter().any(|member| member == key)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.members.is_empty()
    }

    /// An alert of one of its members, as one of its own.
    pub(crate) fn tell(&mut self, mut alert: Alert) -> Alert {
        if alert.phase == Phase::End {
            self.members.retain(|member| *member != alert.key);
        }
        alert.key.clone_from(&self.key);
        alert.phase = match self.is_over() {
            true => Phase::End,
            false => Phase::Update,
        };
        alert.severity = self.severity.unwrap_or(alert.severity);
        if alert.phase == Phase::Update {
            // Two updates at one time would be one for a receiver that knows them by it.
            alert.at = alert.at.max(self.told_at + 1);
            self.told_at = alert.at;
        }
        alert
    }
}

/// Incidents of one kind, class and zone that wait for their hours to be over.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    /// The first alert, with the count of all but the last end.
    first: Alert,
    members: Vec<String>,
    /// The last end.
    end: Option<Alert>,
}

impl Held {
    pub(crate) fn begun_by(alert: Alert) -> Self {
        Self {
            members: vec![alert.key.clone()],
            first: alert,
            end: None,
        }
    }

    pub(crate) fn is_of(&self, alert: &Alert) -> bool {
        let first = &self.first;
        (&first.kind, &first.class, &first.zone) == (&alert.kind, &alert.class, &alert.zone)
    }

    pub(crate) fn has_member(&self, key: &str) -> bool {
        self.members.iter().any(|member| member == key)
    }

    pub(crate) fn first(&self) -> &Alert {
        &self.first
    }

    /// Takes in one more.
    pub(crate) fn fold(&mut self, alert: Alert) {
        let end = self.end.take().map_or(0, |end| end.count);
        self.first.count = self.first.count.saturating_add(end);
        self.first.severity = self.first.severity.max(alert.severity);
        if alert.phase == Phase::End {
            self.members.retain(|member| *member != alert.key);
            self.end = Some(alert);
            return;
        }
        self.first.count = self.first.count.saturating_add(alert.count);
        if !self.has_member(&alert.key) {
            if self.members.len() >= MOST_MEMBERS {
                self.members.remove(0);
            }
            self.members.push(alert.key);
        }
    }

    /// What is told now that its hours are over, and what still goes on of it.
    pub(crate) fn let_go(mut self, severity: Option<Severity>) -> (Vec<Alert>, Option<Going>) {
        let matters = severity.unwrap_or(self.first.severity);
        self.first.phase = Phase::Begin;
        self.first.severity = matters;
        let key = self.first.key.clone();
        if !self.members.is_empty() {
            let end = self.end.map_or(0, |end| end.count);
            self.first.count = self.first.count.saturating_add(end);
            let going = Going {
                key,
                members: self.members,
                severity,
                told_at: self.first.at,
            };
            return (vec![self.first], Some(going));
        }
        let end = self.end.map(|end| Alert {
            key,
            severity: matters,
            ..end
        });
        (std::iter::once(self.first).chain(end).collect(), None)
    }
}

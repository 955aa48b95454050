//! What goes on at one camera or at several.

use agave_vision_sdk::prelude::*;

/// More incidents of rules than are one at once.
const MOST_MEMBERS: usize = 64;
/// What the contract allows.
const MOST_ATTRIBUTES: usize = 64;
/// The attribute that says at which camera it began.
const ATTRIBUTE: &str = "began-at";

/// What can have to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// What kind of incident it is.
    Kind,
    /// The class of what was seen.
    Class,
    /// The name of the zone that it is about.
    Zone,
}

/// What an incident is about, as far as that has to be the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subject {
    group: usize,
    kind: Option<String>,
    class: Option<String>,
    zone: Option<String>,
}

impl Subject {
    pub(crate) fn of(alert: &Alert, group: usize, same: &[Aspect]) -> Self {
        let matters = |aspect: Aspect| same.contains(&aspect);
        Self {
            group,
            kind: matters(Aspect::Kind).then(|| alert.kind.clone()),
            class: matters(Aspect::Class).then(|| alert.class.clone()),
            zone: alert.zone.clone().filter(|_| matters(Aspect::Zone)),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Incident {
    pub(crate) subject: Subject,
    /// The key under which it was told first.
    key: String,
    /// The camera that told it first, and tells its end.
    owner: String,
    /// When it last began at a camera.
    begun_at: Timestamp,
    /// When it last ended at one.
    ended_at: Timestamp,
    /// What goes on: a camera and the key of its rule's incident.
    members: Vec<(String, String)>,
    /// The owner's end, while it goes on elsewhere or may begin there.
    held: Option<Alert>,
}

impl Incident {
    pub(crate) fn begun_by(alert: &Alert, camera: &str, subject: Subject) -> Self {
        Self {
            subject,
            key: alert.key.clone(),
            owner: camera.to_owned(),
            begun_at: alert.at,
            ended_at: 0,
            members: vec![(camera.to_owned(), alert.key.clone())],
            held: None,
        }
    }

    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    pub(crate) fn has_member(&self, camera: &str, key: &str) -> bool {
        self.members
            .iter()
            .any(|(at, member)| at == camera && member == key)
    }

    /// Whether what begins at `camera` is this. What begins where this goes on already is more
    /// than one thing.
    pub(crate) fn may_be_joined(&self, camera: &str, at: Timestamp, within: u64) -> bool {
        self.members.len() < MOST_MEMBERS
            && !self.members.iter().any(|(other, _)| other == camera)
            && at.abs_diff(self.begun_at) <= within
    }

    /// Takes an alert of a member, or of what becomes one. Gives what is told of it now.
    pub(crate) fn take(&mut self, camera: &str, mut alert: Alert) -> Option<Alert> {
        let is_owner = camera == self.owner;
        if alert.phase == Phase::End {
            let is_this = |(at, key): &(String, String)| at == camera && *key == alert.key;
            self.members.retain(|member| !is_this(member));
            self.ended_at = self.ended_at.max(alert.at);
        } else if !self.has_member(camera, &alert.key) {
            self.members.push((camera.to_owned(), alert.key.clone()));
            self.begun_at = self.begun_at.max(alert.at);
        }
        alert.key.clone_from(&self.key);
        if is_owner {
            let held = self.held.take().map_or(0, |held| held.count);
            alert.count = alert.count.saturating_add(held);
            if alert.phase == Phase::End {
                self.held = Some(alert);
                return None;
            }
        } else if alert.attributes.len() < MOST_ATTRIBUTES {
            let attribute = (ATTRIBUTE.to_owned(), self.owner.clone());
            alert.attributes.push(attribute);
        }
        alert.phase = Phase::Update;
        Some(alert)
    }

    /// What these cameras saw is over.
    pub(crate) fn lose(&mut self, is_lost: impl Fn(&str) -> bool) {
        let owner = &self.owner;
        self.members
            .retain(|(camera, _)| camera == owner || !is_lost(camera));
    }

    /// The end, when `camera` is the one to tell it and it is over everywhere.
    pub(crate) fn end_if_over(
        &mut self,
        camera: &str,
        now: Timestamp,
        within: u64,
    ) -> Option<Alert> {
        let may_begin_elsewhere = now.saturating_sub(self.begun_at) <= within;
        if camera != self.owner || !self.members.is_empty() || may_begin_elsewhere {
            return None;
        }
        let mut end = self.held.take()?;
        end.at = end.at.max(self.ended_at.min(now));
        Some(end)
    }
}

//! The incidents that are open. Clients know a kind of event on a channel as active or not, and
//! not single incidents: so what is posted is that, with a region for each incident, and it is
//! inactive when the last of them is over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use agave_core::Timestamp;

use crate::event::{Event, Region};
use crate::event_type::EventType;
use crate::settings::Channel;

/// So many regions are in one post, the latest.
const MOST_REGIONS: usize = 16;

/// A kind of event on a channel.
type Kind = (u32, EventType);

/// What an incident is about.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) key: String,
    /// When something was heard of it last.
    pub(crate) noted: Instant,
    pub(crate) description: String,
    pub(crate) region: Region,
}

#[derive(Default)]
struct Ongoing {
    channel_name: String,
    posts: u32,
    /// In the order in which they began.
    subjects: Vec<Subject>,
}

pub(crate) struct Incidents {
    most: usize,
    longest: Duration,
    open: BTreeMap<Kind, Ongoing>,
}

/// There is no room for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Incidents {
    pub(crate) fn new(most: usize, longest: Duration) -> Self {
        Self {
            most,
            longest,
            open: BTreeMap::new(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.open.values().map(|one| one.subjects.len()).sum()
    }

    /// An incident has begun. Gives what to post; nothing when it is known already.
    pub(crate) fn begin(
        &mut self,
        channel: &Channel,
        event_type: EventType,
        subject: Subject,
        at: Timestamp,
    ) -> Result<Option<Event>, TooMany> {
        let region = subject.region.clone();
        let description = subject.description.clone();
        if !self.note(channel, event_type, subject)? {
            return Ok(None);
        }
        let kind = (channel.number, event_type);
        Ok(self.open.get_mut(&kind).map(|ongoing| {
            ongoing.posts = ongoing.posts.saturating_add(1);
            ongoing.event(kind, description, vec![region], at)
        }))
    }

    /// Takes in what is known of an incident now, and says whether it is a new one.
    pub(crate) fn note(
        &mut self,
        channel: &Channel,
        event_type: EventType,
        subject: Subject,
    ) -> Result<bool, TooMany> {
        let room = self.count() < self.most;
        let kind = (channel.number, event_type);
        let known = self.open.get_mut(&kind).and_then(|ongoing| {
            let mut subjects = ongoing.subjects.iter_mut();
            subjects.find(|known| known.key == subject.key)
        });
        if let Some(known) = known {
            *known = subject;
            return Ok(false);
        }
        if !room {
            return Err(TooMany);
        }
        let ongoing = self.open.entry(kind).or_default();
        ongoing.channel_name.clone_from(&channel.camera);
        ongoing.subjects.push(subject);
        Ok(true)
    }

    /// An incident is over. Gives what to post: nothing while another one of its kind goes on. An
    /// incident that is not known began before a restart, so its end is news.
    pub(crate) fn end(
        &mut self,
        channel: &Channel,
        event_type: EventType,
        subject: &Subject,
        at: Timestamp,
    ) -> Option<Event> {
        let kind = (channel.number, event_type);
        if let Some(ongoing) = self.open.get_mut(&kind) {
            ongoing.subjects.retain(|known| known.key != subject.key);
            if !ongoing.subjects.is_empty() {
                return None;
            }
            self.open.remove(&kind);
        }
        let regions = vec![subject.region.clone()];
        let name = channel.camera.clone();
        Some(over(kind, name, &subject.description, regions, at))
    }

    /// Everything that goes on, to be posted again.
    pub(crate) fn repeat(&mut self, at: Timestamp) -> Vec<Event> {
        let open = self.open.iter_mut();
        let events = open.filter_map(|(&kind, ongoing)| {
            let description = ongoing.subjects.last()?.description.clone();
            let latest = ongoing.subjects.iter().rev().take(MOST_REGIONS);
            let regions = latest.map(|subject| subject.region.clone()).collect();
            ongoing.posts = ongoing.posts.saturating_add(1);
            Some(ongoing.event(kind, description, regions, at))
        });
        events.collect()
    }

    /// Ends what nobody has heard of for long.
    pub(crate) fn forget_forgotten(&mut self, at: Timestamp) -> Vec<Event> {
        let mut ended = Vec::new();
        let longest = self.longest;
        self.open.retain(|&kind, ongoing| {
            let is_known = |subject: &Subject| subject.noted.elapsed() < longest;
            ongoing.subjects.retain(is_known);
            if ongoing.subjects.is_empty() {
                let name = ongoing.channel_name.clone();
                ended.push(over(
                    kind,
                    name,
                    "nothing more was heard of it",
                    Vec::new(),
                    at,
                ));
            }
            !ongoing.subjects.is_empty()
        });
        ended
    }

    /// Ends what went on on channels that are no more, or are another camera now.
    pub(crate) fn keep_only(&mut self, channels: &[Channel], at: Timestamp) -> Vec<Event> {
        let mut ended = Vec::new();
        self.open.retain(|&kind, ongoing| {
            let stays = channels
                .iter()
                .any(|channel| channel.number == kind.0 && channel.camera == ongoing.channel_name);
            if !stays {
                let name = ongoing.channel_name.clone();
                ended.push(over(kind, name, "the camera is gone", Vec::new(), at));
            }
            stays
        });
        ended
    }
}

impl Ongoing {
    fn event(&self, kind: Kind, description: String, regions: Vec<Region>, at: Timestamp) -> Event {
        Event {
            at,
            channel: kind.0,
            channel_name: Some(self.channel_name.clone()),
            event_type: kind.1.name(),
            active: true,
            description,
            post_count: self.posts,
            regions,
            has_picture: false,
        }
    }
}

fn over(
    kind: Kind,
    channel_name: String,
    description: &str,
    regions: Vec<Region>,
    at: Timestamp,
) -> Event {
    Event {
        at,
        channel: kind.0,
        channel_name: Some(channel_name),
        event_type: kind.1.name(),
        active: false,
        description: description.to_owned(),
        post_count: 0,
        regions,
        has_picture: false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use agave_core::BoundingBox;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);
    const NOW: Timestamp = Timestamp(1_000_000_000);
    const FIELD: EventType = EventType::FIELD_DETECTION;

    fn channel(number: u32, camera: &str) -> Channel {
        Channel {
            number,
            camera: camera.to_owned(),
            width: 0,
            height: 0,
            zones: Vec::new(),
        }
    }

    fn subject(key: &str) -> Subject {
        Subject {
            key: key.to_owned(),
            noted: Instant::now(),
            description: key.to_owned(),
            region: Region {
                number: 1,
                polygon: Vec::new(),
                target: "others",
                bbox: BoundingBox::default(),
            },
        }
    }

    #[test]
    fn an_incident_is_announced_once_repeated_and_ended() {
        let yard = channel(1, "yard");
        let mut incidents = Incidents::new(10, LONG);
        let begin = incidents.begin(&yard, FIELD, subject("a"), NOW).unwrap();
        let begin = begin.unwrap();
        assert!(begin.active && begin.post_count == 1);
        assert!(
            incidents
                .begin(&yard, FIELD, subject("a"), NOW)
                .unwrap()
                .is_none()
        );
        let again = incidents.repeat(NOW);
        assert_eq!(again.len(), 1);
        assert_eq!(again.first().unwrap().post_count, 2);
        let end = incidents.end(&yard, FIELD, &subject("a"), NOW).unwrap();
        assert!(!end.active);
        assert_eq!(incidents.count(), 0);
        assert!(incidents.repeat(NOW).is_empty());
    }

    #[test]
    fn a_kind_is_over_with_its_last_incident() {
        let yard = channel(1, "yard");
        let mut incidents = Incidents::new(10, LONG);
        for key in ["a", "b"] {
            let begun = incidents.begin(&yard, FIELD, subject(key), NOW).unwrap();
            assert!(begun.is_some(), "each is announced");
        }
        assert_eq!(incidents.repeat(NOW).first().unwrap().regions.len(), 2);
        assert!(incidents.end(&yard, FIELD, &subject("a"), NOW).is_none());
        assert!(incidents.end(&yard, FIELD, &subject("b"), NOW).is_some());
    }

    #[test]
    fn what_began_before_a_restart_goes_on_unannounced_and_ends() {
        let yard = channel(1, "yard");
        let mut incidents = Incidents::new(10, LONG);
        assert!(incidents.note(&yard, FIELD, subject("a")).unwrap());
        assert_eq!(incidents.repeat(NOW).len(), 1);
        assert!(incidents.end(&yard, FIELD, &subject("a"), NOW).is_some());
        let unknown = incidents.end(&yard, FIELD, &subject("z"), NOW);
        assert!(unknown.is_some_and(|event| !event.active));
    }

    #[test]
    fn there_are_only_so_many() {
        let yard = channel(1, "yard");
        let mut incidents = Incidents::new(100, LONG);
        for number in 0..100 {
            let subject = subject(&number.to_string());
            incidents.begin(&yard, FIELD, subject, NOW).unwrap();
        }
        assert_eq!(
            incidents
                .begin(&yard, FIELD, subject("x"), NOW)
                .unwrap_err(),
            TooMany
        );
        assert!(
            incidents.note(&yard, FIELD, subject("7")).is_ok(),
            "it is known"
        );
        assert_eq!(
            incidents.repeat(NOW).first().unwrap().regions.len(),
            MOST_REGIONS
        );
    }

    #[test]
    fn a_channel_that_is_gone_ends_what_went_on_on_it() {
        let (yard, gate) = (channel(1, "yard"), channel(2, "gate"));
        let mut incidents = Incidents::new(10, LONG);
        incidents.begin(&yard, FIELD, subject("a"), NOW).unwrap();
        incidents.begin(&gate, FIELD, subject("b"), NOW).unwrap();
        let ended = incidents.keep_only(&[channel(1, "yard"), channel(2, "door")], NOW);
        assert_eq!(ended.len(), 1);
        assert_eq!(ended.first().unwrap().channel, 2);
        assert_eq!(incidents.count(), 1);
    }

    #[test]
    fn what_nobody_hears_of_any_more_is_over() {
        let yard = channel(1, "yard");
        let mut incidents = Incidents::new(10, Duration::ZERO);
        incidents.begin(&yard, FIELD, subject("a"), NOW).unwrap();
        let ended = incidents.forget_forgotten(NOW);
        assert!(ended.first().is_some_and(|event| !event.active));
        assert_eq!(incidents.count(), 0);
        assert!(incidents.forget_forgotten(NOW).is_empty());
    }
}

//! The incidents that are open. Clients know a kind of event on a channel as active or not, and
//! not single incidents: so what is posted is that, with a region for each incident, and it is
//! inactive when the last of them is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agave_core::Timestamp;

use crate::event::{Event, Region};
use crate::event_type::EventType;
use crate::report::{Count, Counts};
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
    counts: Arc<Counts>,
    open: BTreeMap<Kind, Ongoing>,
}

impl Incidents {
    pub(crate) fn new(most: usize, longest: Duration, counts: Arc<Counts>) -> Self {
        Self {
            most,
            longest,
            counts,
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
    ) -> Vec<Event> {
        let kind = (channel.number, event_type);
        if self.knows(kind, &subject) {
            return self.note(channel, event_type, subject, at);
        }
        let region = subject.region.clone();
        let description = subject.description.clone();
        let mut posts = self.note(channel, event_type, subject, at);
        if let Some(ongoing) = self.open.get_mut(&kind) {
            ongoing.posts = ongoing.posts.saturating_add(1);
            posts.push(ongoing.event(kind, description, vec![region], at));
        }
        posts
    }

    /// Takes in what is known of an incident now. Gives what to post when another one had to make
    /// room for it.
    pub(crate) fn note(
        &mut self,
        channel: &Channel,
        event_type: EventType,
        subject: Subject,
        at: Timestamp,
    ) -> Vec<Event> {
        let kind = (channel.number, event_type);
        let known = self.open.get_mut(&kind).and_then(|ongoing| {
            let mut subjects = ongoing.subjects.iter_mut();
            subjects.find(|known| known.key == subject.key)
        });
        if let Some(known) = known {
            *known = subject;
            return Vec::new();
        }
        let posts = self.make_room(at);
        let ongoing = self.open.entry(kind).or_default();
        ongoing.channel_name.clone_from(&channel.camera);
        ongoing.subjects.push(subject);
        posts
    }

    fn knows(&self, kind: Kind, subject: &Subject) -> bool {
        self.open.get(&kind).is_some_and(|ongoing| {
            let mut subjects = ongoing.subjects.iter();
            subjects.any(|known| known.key == subject.key)
        })
    }

    /// Where there are as many as there may be, the one that was silent for longest is over: an
    /// incident that is new is better news than one of which nobody has said that it ended.
    fn make_room(&mut self, at: Timestamp) -> Vec<Event> {
        let mut posts = Vec::new();
        while self.count() >= self.most {
            let of_kind = |(&kind, ongoing): (&Kind, &Ongoing)| {
                let quietest = ongoing.subjects.iter().map(|subject| subject.noted).min();
                quietest.map(|noted| (noted, kind))
            };
            let Some((noted, kind)) = self.open.iter().filter_map(of_kind).min() else {
                break;
            };
            self.counts.add(Count::TooManyIncidents, 1);
            posts.extend(self.end_quietest(kind, noted, at));
        }
        posts
    }

    fn end_quietest(&mut self, kind: Kind, noted: Instant, at: Timestamp) -> Option<Event> {
        let subjects = &mut self.open.get_mut(&kind)?.subjects;
        let index = subjects.iter().position(|one| one.noted == noted)?;
        subjects.remove(index);
        if !subjects.is_empty() {
            return None;
        }
        let gone = self.open.remove(&kind)?;
        let why = "there are too many others";
        Some(over(kind, gone.channel_name, why, Vec::new(), at))
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
        let mut incidents = Incidents::new(10, LONG, Arc::default());
        let posts = incidents.begin(&yard, FIELD, subject("a"), NOW);
        let begin = posts.first().unwrap();
        assert!(begin.active && begin.post_count == 1);
        let again = incidents.begin(&yard, FIELD, subject("a"), NOW);
        assert!(again.is_empty());
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
        let mut incidents = Incidents::new(10, LONG, Arc::default());
        for key in ["a", "b"] {
            let begun = incidents.begin(&yard, FIELD, subject(key), NOW);
            assert_eq!(begun.len(), 1, "each is announced");
        }
        assert_eq!(incidents.repeat(NOW).first().unwrap().regions.len(), 2);
        assert!(incidents.end(&yard, FIELD, &subject("a"), NOW).is_none());
        assert!(incidents.end(&yard, FIELD, &subject("b"), NOW).is_some());
    }

    #[test]
    fn what_began_before_a_restart_goes_on_unannounced_and_ends() {
        let yard = channel(1, "yard");
        let mut incidents = Incidents::new(10, LONG, Arc::default());
        assert!(incidents.note(&yard, FIELD, subject("a"), NOW).is_empty());
        assert_eq!(incidents.repeat(NOW).len(), 1);
        assert!(incidents.end(&yard, FIELD, &subject("a"), NOW).is_some());
        let unknown = incidents.end(&yard, FIELD, &subject("z"), NOW);
        assert!(unknown.is_some_and(|event| !event.active));
    }

    #[test]
    fn the_one_that_was_silent_for_longest_makes_room() {
        let (yard, gate) = (channel(1, "yard"), channel(2, "gate"));
        let mut incidents = Incidents::new(3, LONG, Arc::default());
        for (channel, key) in [(&gate, "a"), (&yard, "b"), (&yard, "c")] {
            incidents.begin(channel, FIELD, subject(key), NOW);
        }
        // The oldest one was heard of again.
        incidents.note(&gate, FIELD, subject("a"), NOW);
        let posted = incidents.begin(&gate, FIELD, subject("d"), NOW);
        let told: Vec<_> = posted.iter().map(|one| (one.channel, one.active)).collect();
        assert_eq!(
            told,
            [(2, true)],
            "another one of its kind goes on in the yard"
        );
        let posted = incidents.begin(&gate, FIELD, subject("e"), NOW);
        let told: Vec<_> = posted.iter().map(|one| (one.channel, one.active)).collect();
        assert_eq!(told, [(1, false), (2, true)]);
        assert_eq!(incidents.count(), 3);
        // What is known needs no room.
        assert!(incidents.note(&gate, FIELD, subject("a"), NOW).is_empty());
        assert_eq!(incidents.count(), 3);
    }

    #[test]
    fn only_so_many_are_in_one_post() {
        let yard = channel(1, "yard");
        let mut incidents = Incidents::new(100, LONG, Arc::default());
        for number in 0..100 {
            let subject = subject(&number.to_string());
            incidents.begin(&yard, FIELD, subject, NOW);
        }
        let again = incidents.repeat(NOW);
        assert_eq!(again.first().unwrap().regions.len(), MOST_REGIONS);
    }

    #[test]
    fn a_channel_that_is_gone_ends_what_went_on_on_it() {
        let (yard, gate) = (channel(1, "yard"), channel(2, "gate"));
        let mut incidents = Incidents::new(10, LONG, Arc::default());
        incidents.begin(&yard, FIELD, subject("a"), NOW);
        incidents.begin(&gate, FIELD, subject("b"), NOW);
        let ended = incidents.keep_only(&[channel(1, "yard"), channel(2, "door")], NOW);
        assert_eq!(ended.len(), 1);
        assert_eq!(ended.first().unwrap().channel, 2);
        assert_eq!(incidents.count(), 1);
    }

    #[test]
    fn what_nobody_hears_of_any_more_is_over() {
        let yard = channel(1, "yard");
        let mut incidents = Incidents::new(10, Duration::ZERO, Arc::default());
        incidents.begin(&yard, FIELD, subject("a"), NOW);
        let ended = incidents.forget_forgotten(NOW);
        assert!(ended.first().is_some_and(|event| !event.active));
        assert_eq!(incidents.count(), 0);
        assert!(incidents.forget_forgotten(NOW).is_empty());
    }
}

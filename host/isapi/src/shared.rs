//! What the device's parts share, and what happens to a notice.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use agave_core::{BoundingBox, Phase, Point, Timestamp};
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::event::{Event, Region, Speaker, target};
use crate::event_type::EventType;
use crate::hosts::HttpHost;
use crate::incidents::{Incidents, Subject};
use crate::login::Door;
use crate::notice::Notice;
use crate::parts;
use crate::picture::Pictures;
use crate::push::{Push, Pusher};
use crate::report::{Count, Counts, Report};
use crate::settings::{Channel, DeviceSettings};
use crate::streams::{Format, StreamBody, Streams};

/// How far an event's time may be from now: clients drop what is older.
const OLDEST: Duration = Duration::from_secs(60);

pub(crate) struct Shared {
    pub(crate) settings: DeviceSettings,
    pub(crate) speaker: Speaker,
    pub(crate) door: Door,
    pub(crate) pusher: Pusher,
    pub(crate) pictures: Arc<dyn Pictures>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) started: Instant,
    streams: Arc<Streams>,
    channels: RwLock<Arc<[Channel]>>,
    ongoing: Mutex<Ongoing>,
}

/// Whoever has this posts, so that everybody hears of everything in one order.
struct Ongoing {
    incidents: Incidents,
    last_heartbeat: Instant,
}

impl Shared {
    pub(crate) fn new(
        settings: DeviceSettings,
        address: SocketAddr,
        pictures: Arc<dyn Pictures>,
        runtime: Handle,
    ) -> Result<Self, String> {
        let counts = Arc::<Counts>::default();
        let limits = &settings.limits;
        let streams = Streams::new(
            limits.streams,
            limits.stream_parts,
            limits.stream_bytes,
            Arc::clone(&counts),
        );
        let pusher = Pusher::new(runtime, limits.clone(), Arc::clone(&counts))?;
        pusher.set(settings.hosts.clone());
        let identity = &settings.identity;
        let incidents = Incidents::new(limits.incidents, limits.longest, Arc::clone(&counts));
        Ok(Self {
            speaker: Speaker {
                address: identity.address.unwrap_or(address.ip()).to_string(),
                port: address.port(),
                mac_address: identity.mac_address.clone(),
                origin: settings.origin,
            },
            door: Door::new(&settings),
            pusher,
            pictures,
            counts,
            started: Instant::now(),
            streams: Arc::new(streams),
            channels: RwLock::new(settings.channels.clone().into()),
            ongoing: Mutex::new(Ongoing {
                incidents,
                last_heartbeat: Instant::now(),
            }),
            settings,
        })
    }

    pub(crate) fn channels(&self) -> Arc<[Channel]> {
        let channels = self.channels.read();
        Arc::clone(&channels.unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_channels(&self, channels: Vec<Channel>) {
        let mut ongoing = self.lock();
        let ended = ongoing.incidents.keep_only(&channels, Timestamp::now());
        let mut kept = self
            .channels
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = channels.into();
        drop(kept);
        self.post(&mut ongoing, &ended, None);
    }

    /// A new client of the stream; none where there are enough.
    pub(crate) fn join(&self, format: Format, cut: CancellationToken) -> Option<StreamBody> {
        self.streams.join(format, cut)
    }

    /// From now on these hosts are pushed to. Whoever keeps them is told first.
    pub(crate) fn set_hosts(&self, hosts: Vec<HttpHost>) {
        if let Some(on_hosts) = &self.settings.on_hosts {
            on_hosts(&hosts);
        }
        self.pusher.set(hosts);
    }

    /// Takes a notice in and posts what follows from it.
    pub(crate) fn raise(&self, notice: &Notice) {
        self.counts.add(Count::Notice, 1);
        let channels = self.channels();
        let Some(channel) = channels.iter().find(|one| one.camera == notice.camera) else {
            self.counts.add(Count::UnknownCamera, 1);
            return;
        };
        let event_type = self.settings.event_types.of(&notice.kind);
        let subject = subject(channel, notice);
        let at = timely(notice.at, Timestamp::now());
        // Before the lock: it takes a while.
        let jpeg = self.picture_of(notice);
        let mut ongoing = self.lock();
        let incidents = &mut ongoing.incidents;
        let mut events = match notice.phase {
            Phase::Begin => incidents.begin(channel, event_type, subject, at),
            Phase::Update => incidents.note(channel, event_type, subject, at),
            Phase::End => {
                let over = incidents.end(channel, event_type, &subject, at);
                over.into_iter().collect()
            }
        };
        // Behind what had to make room for it.
        let is_told = notice.phase != Phase::Update;
        if let Some(event) = events.last_mut().filter(|_| is_told) {
            event.has_picture = jpeg.is_some() && self.settings.stream_pictures;
            self.push(event_type, event, jpeg.clone());
        }
        if !events.is_empty() {
            self.post(&mut ongoing, &events, jpeg);
        }
    }

    /// Posts everything that goes on again, and a heartbeat when it is time for one.
    pub(crate) fn repeat(&self) {
        let mut ongoing = self.lock();
        let mut events = ongoing.incidents.forget_forgotten(Timestamp::now());
        events.extend(ongoing.incidents.repeat(Timestamp::now()));
        let due = ongoing.last_heartbeat.elapsed() >= self.settings.limits.heartbeat;
        if due || !events.is_empty() {
            self.post(&mut ongoing, &events, None);
        }
    }

    pub(crate) fn report(&self) -> Report {
        Report {
            clients: self.streams.count(),
            streams: self.counts.get(Count::Stream),
            incidents: self.lock().incidents.count(),
            notices: self.counts.get(Count::Notice),
            parts: self.counts.get(Count::Part),
            pushed: self.counts.get(Count::Pushed),
            waiting: self.pusher.waiting(),
            dropped: self.counts.dropped(),
        }
    }

    /// Sends events to the streams, each followed by its picture, and a heartbeat behind all of
    /// them: some clients see an event only when the next part begins.
    fn post(&self, ongoing: &mut Ongoing, events: &[Event], jpeg: Option<Bytes>) {
        let heartbeat = Event::heartbeat(self.first_channel());
        self.streams.send(|format| {
            let mut all = Vec::with_capacity(events.len() + 2);
            for event in events {
                all.push(self.part(event, format));
                if let Some(jpeg) = jpeg.as_ref().filter(|_| event.has_picture) {
                    let disposition = "form-data; name=\"Picture\"; filename=\"Picture.jpg\"";
                    all.push(parts::picture(disposition, jpeg));
                }
            }
            all.push(self.part(&heartbeat, format));
            all
        });
        ongoing.last_heartbeat = Instant::now();
    }

    fn push(&self, event_type: EventType, event: &Event, jpeg: Option<Bytes>) {
        if !self.pusher.has_hosts() || !(event.active || self.settings.push_ends) {
            return;
        }
        let mut event = event.clone();
        event.has_picture = jpeg.is_some();
        self.pusher.push(Push {
            name: event_type.name(),
            picture_name: event_type.picture_name(),
            xml: event.xml(&self.speaker),
            jpeg,
        });
    }

    /// The picture of an incident that begins, if anybody wants to see it.
    fn picture_of(&self, notice: &Notice) -> Option<Bytes> {
        let seen = self.settings.stream_pictures && self.streams.count() > 0;
        let wanted = notice.phase == Phase::Begin && (seen || self.pusher.has_hosts());
        if !wanted {
            return None;
        }
        self.pictures.of(notice)
    }

    fn part(&self, event: &Event, format: Format) -> Bytes {
        match format {
            Format::Xml => parts::part(parts::XML, None, event.xml(&self.speaker).as_bytes()),
            Format::Json => parts::part(parts::JSON, None, event.json(&self.speaker).as_bytes()),
        }
    }

    fn first_channel(&self) -> u32 {
        self.channels().first().map_or(1, |channel| channel.number)
    }

    fn lock(&self) -> MutexGuard<'_, Ongoing> {
        self.ongoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a notice is about, as clients are told.
fn subject(channel: &Channel, notice: &Notice) -> Subject {
    let named = |name: &String| channel.zones.iter().position(|zone| zone.name == *name);
    let position = notice.zone.as_ref().and_then(named);
    let zone = position.and_then(|position| channel.zones.get(position));
    let polygon = match zone {
        Some(zone) => zone.polygon.clone(),
        None => whole_picture(),
    };
    let place = match &notice.zone {
        Some(zone) => format!(" in {zone}"),
        None => String::new(),
    };
    let many = match notice.count {
        0 | 1 => String::new(),
        count => format!(", {count} times"),
    };
    Subject {
        key: notice.key.clone(),
        noted: Instant::now(),
        description: format!("{}: {}{place}{many}", notice.kind, notice.class),
        region: Region {
            // What is in no zone is in none of the regions.
            number: position.map_or(0, |position| position + 1),
            polygon,
            target: target(&notice.class),
            bbox: inside(notice.bbox),
        },
    }
}

fn whole_picture() -> Vec<Point> {
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    corners.into_iter().map(|(x, y)| Point { x, y }).collect()
}

/// The part of a box that is in the picture.
fn inside(bbox: BoundingBox) -> BoundingBox {
    let (left, top) = (bbox.left.clamp(0.0, 1.0), bbox.top.clamp(0.0, 1.0));
    BoundingBox {
        left,
        top,
        width: (bbox.left + bbox.width).min(1.0).max(left) - left,
        height: (bbox.top + bbox.height).min(1.0).max(top) - top,
    }
}

/// When it happened, or at most so long ago.
fn timely(at: Timestamp, now: Timestamp) -> Timestamp {
    at.max(now - OLDEST).min(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_never_one_that_clients_would_drop() {
        let now = Timestamp(1_000_000_000_000);
        assert_eq!(timely(Timestamp(0), now), now - OLDEST);
        assert_eq!(timely(now + OLDEST, now), now);
        let recent = now - Duration::from_secs(5);
        assert_eq!(timely(recent, now), recent);
    }

    #[test]
    fn a_box_that_sticks_out_is_cut() {
        let cut = inside(BoundingBox {
            left: -0.1,
            top: 0.9,
            width: 0.3,
            height: 0.3,
        });
        assert!((cut.width - 0.2).abs() < 1e-6 && (cut.height - 0.1).abs() < 1e-6);
        assert_eq!((cut.left, cut.top), (0.0, 0.9));
    }
}

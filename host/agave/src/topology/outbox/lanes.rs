//! What waits in an outbox, by camera: which alert is next, and when. The reports of an incident
//! are delivered in their order, or all of a camera's where that is asked for; what has to wait
//! holds up nothing else.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use agave_flow::Order;
use agave_plugin::Delivery;

use super::receiver::Handed;

/// On the disk, for one adapter.
pub(in crate::topology) const MOST_WAITING: u64 = 100_000;
/// So many of a camera's are in memory.
pub(super) const PAGE: usize = 50;

/// An alert that is in memory.
pub(super) struct Waiting {
    pub(super) sequence: u64,
    /// The node that gave it.
    pub(super) node: Arc<str>,
    pub(super) delivery: Delivery,
    /// Since when this process has tried.
    pub(super) tried_since: Option<Instant>,
    /// Over which the adapter failed, rather than the receiver.
    pub(super) failed_calls: u32,
    /// It is not tried before.
    pub(super) not_before: Option<Instant>,
}

impl Waiting {
    /// Whether both report the same incident.
    fn is_with(&self, other: &Self) -> bool {
        self.delivery.alert.key == other.delivery.alert.key
    }
}

/// One camera's.
#[derive(Default)]
struct Lane {
    /// How many are not settled, in memory or not.
    waiting: u64,
    /// Of these, how many the journal does not have yet.
    unwritten: u64,
    /// The next few, the oldest first.
    page: VecDeque<Waiting>,
    /// The number of the last alert that came into memory.
    read: u64,
    /// The number of the last alert that the journal has.
    written: u64,
}

impl Lane {
    fn is_unread(&self) -> bool {
        self.page.len() < PAGE / 2 && self.written > self.read
    }

    /// Those in memory whose turn it is at `now`.
    fn ready(&self, now: Instant, order: Order) -> impl Iterator<Item = &Waiting> {
        let among = match order {
            Order::Camera => 1,
            Order::Incident => self.page.len(),
        };
        let page = self.page.iter().take(among).enumerate();
        let has_its_turn = move |(index, one): &(usize, &Waiting)| {
            let is_first = !self
                .page
                .iter()
                .take(*index)
                .any(|before| before.is_with(one));
            is_first && one.not_before.is_none_or(|until| until <= now)
        };
        page.filter(has_its_turn).map(|(_, one)| one)
    }
}

/// What there is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Try this alert of this camera.
    Try(Arc<str>, u64),
    /// Get this camera's next alerts into memory, from behind this number.
    Read(Arc<str>, u64),
    /// Nothing can be tried before.
    Rest(Instant),
    /// Nothing waits.
    Nothing,
}

/// All cameras' alerts for one adapter.
#[derive(Default)]
pub(super) struct Lanes {
    pub(super) order: Order,
    cameras: BTreeMap<Arc<str>, Lane>,
}

impl Lanes {
    pub(super) fn in_order(order: Order) -> Self {
        Self {
            order,
            cameras: BTreeMap::new(),
        }
    }

    /// What waited when the flow last stopped.
    pub(super) fn continue_with(&mut self, camera: &str, alerts: u64, newest: u64) {
        let lane = self.cameras.entry(camera.into()).or_default();
        lane.waiting += alerts;
        lane.written = newest;
    }

    /// How many are not settled.
    pub(super) fn waiting(&self) -> u64 {
        self.cameras.values().map(|lane| lane.waiting).sum()
    }

    /// The same for each camera that has any.
    pub(super) fn by_camera(&self) -> impl Iterator<Item = (&Arc<str>, u64)> {
        let lanes = self
            .cameras
            .iter()
            .map(|(camera, lane)| (camera, lane.waiting));
        lanes.filter(|(_, waiting)| *waiting > 0)
    }

    /// Makes room for one more of `camera`, if there is room. A camera may have as many waiting as
    /// there is room left: one that floods gets half of the outbox, two a third each, and another
    /// camera's alert always finds room.
    pub(super) fn admit(&mut self, camera: &Arc<str>) -> bool {
        let room = MOST_WAITING.saturating_sub(self.waiting());
        let lane = self.cameras.entry(Arc::clone(camera)).or_default();
        let admitted = lane.waiting < room;
        lane.waiting += u64::from(admitted);
        lane.unwritten += u64::from(admitted);
        admitted
    }

    /// What was admitted is written. It is kept in memory where it is next in line there.
    pub(super) fn written(&mut self, camera: &str, sequence: u64, keep: impl FnOnce() -> Waiting) {
        let Some(lane) = self.cameras.get_mut(camera) else {
            return;
        };
        lane.unwritten = lane.unwritten.saturating_sub(1);
        if sequence <= lane.written {
            // It was found in the journal before this was said.
            lane.waiting = lane.waiting.saturating_sub(1);
            return;
        }
        if lane.read == lane.written && lane.page.len() < PAGE {
            lane.page.push_back(keep());
            lane.read = sequence;
        }
        lane.written = sequence;
    }

    /// These are the next of `camera`, all that were asked for or all that there are.
    pub(super) fn read(&mut self, camera: &str, page: Vec<Waiting>, up_to: u64) {
        if let Some(lane) = self.cameras.get_mut(camera) {
            lane.read = up_to;
            lane.page.extend(page);
        }
    }

    /// The number of the last alert of `camera` that the journal has.
    pub(super) fn newest(&self, camera: &str) -> u64 {
        self.cameras.get(camera).map_or(0, |lane| lane.written)
    }

    /// The oldest that may be tried at `now`, over all cameras.
    pub(super) fn next(&self, now: Instant) -> Next {
        self.next_by(now, |waiting| (0, waiting.sequence))
    }

    /// One to find out with whether the receiver is there: what has been tried least, so that it
    /// is not always the one that the receiver minds.
    pub(super) fn probe(&self, now: Instant) -> Next {
        self.next_by(now, |waiting| (waiting.delivery.attempt, waiting.sequence))
    }

    fn next_by(&self, now: Instant, rank: impl Fn(&Waiting) -> (u32, u64)) -> Next {
        let unread = self.cameras.iter().find(|(_, lane)| lane.is_unread());
        if let Some((camera, lane)) = unread {
            return Next::Read(Arc::clone(camera), lane.read);
        }
        let ready = self.cameras.iter().flat_map(|(camera, lane)| {
            let ready = lane.ready(now, self.order);
            ready.map(move |waiting| (camera, waiting))
        });
        if let Some((camera, first)) = ready.min_by_key(|(_, waiting)| rank(waiting)) {
            return Next::Try(Arc::clone(camera), first.sequence);
        }
        let waiting = self.cameras.values().flat_map(|lane| &lane.page);
        // Of those before which another has to go, only that one's time counts; it is sooner.
        match waiting
            .filter_map(|one| one.not_before)
            .filter(|at| *at > now)
            .min()
        {
            Some(until) => Next::Rest(until),
            None => Next::Nothing,
        }
    }

    /// The one with this number, if it is in memory.
    pub(super) fn find(&mut self, camera: &str, sequence: u64) -> Option<&mut Waiting> {
        let page = &mut self.cameras.get_mut(camera)?.page;
        page.iter_mut().find(|waiting| waiting.sequence == sequence)
    }

    /// The first `most` that may be tried at `now`, over all cameras, with what waits behind them
    /// in their order. For a receiver that takes many at once, or none of them.
    pub(super) fn batch(&self, now: Instant, most: usize) -> Vec<(Arc<str>, u64)> {
        let is_ready = |lane: &&Lane| {
            let front = lane.page.front();
            front.is_some_and(|front| front.not_before.is_none_or(|until| until <= now))
        };
        let lanes = self.cameras.iter().filter(|(_, lane)| is_ready(lane));
        let all = lanes.flat_map(|(camera, lane)| {
            let page = lane.page.iter();
            page.map(move |waiting| (Arc::clone(camera), waiting.sequence))
        });
        let mut batch: Vec<(Arc<str>, u64)> = all.collect();
        batch.sort_unstable_by_key(|(_, sequence)| *sequence);
        batch.truncate(most);
        batch
    }

    /// What is to be handed over, with its attempt counted.
    pub(super) fn attempt(&mut self, camera: &str, sequence: u64) -> Option<Handed> {
        let waiting = self.find(camera, sequence)?;
        waiting.delivery.attempt = waiting.delivery.attempt.saturating_add(1);
        waiting.tried_since.get_or_insert_with(Instant::now);
        Some(Handed {
            sequence,
            node: Arc::clone(&waiting.node),
            delivery: waiting.delivery.clone(),
        })
    }

    /// Nothing more is to be done about this one.
    pub(super) fn settle(&mut self, camera: &str, sequence: u64) -> Option<Waiting> {
        let lane = self.cameras.get_mut(camera)?;
        let at = lane.page.iter().position(|one| one.sequence == sequence)?;
        lane.waiting = lane.waiting.saturating_sub(1);
        lane.page.remove(at)
    }

    /// One of `camera` was admitted, and cannot be written.
    pub(super) fn lost(&mut self, camera: &str) {
        self.less(camera);
        if let Some(lane) = self.cameras.get_mut(camera) {
            lane.unwritten = lane.unwritten.saturating_sub(1);
        }
    }

    /// One less of `camera` waits, which never came into memory.
    pub(super) fn less(&mut self, camera: &str) {
        if let Some(lane) = self.cameras.get_mut(camera) {
            lane.waiting = lane.waiting.saturating_sub(1);
        }
    }

    /// Nobody waits for his own time any more: the receiver is there again, or gone altogether.
    pub(super) fn forget_waits(&mut self) {
        let waiting = self.cameras.values_mut().flat_map(|lane| &mut lane.page);
        waiting.for_each(|one| one.not_before = None);
    }

    /// Everything that is written is read anew: something that was given up waits again.
    pub(super) fn rewind(&mut self) {
        for lane in self.cameras.values_mut() {
            lane.page.clear();
            lane.read = 0;
            lane.written = 0;
            lane.waiting = lane.unwritten;
        }
    }

    /// Nothing of it is kept anywhere.
    pub(super) fn clear(&mut self) {
        self.cameras.clear();
    }
}

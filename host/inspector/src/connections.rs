//! Who is connected. Whoever has not shown yet that they may come in is a stranger, and where
//! there are too many, the stranger who has been there for longest makes room: so nobody is shut
//! out by connections that say nothing, and who says something at once is always heard.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// So many at the same time: some pages with a dozen requests each.
const MOST: usize = 512;
/// Of these, so many are kept for this machine: whoever watches over it must be answered.
const KEPT_FOR_LOOPBACK: usize = 32;
/// So many strangers from one address.
const MOST_STRANGERS: usize = 64;

/// All of them.
#[derive(Default)]
pub(crate) struct Connections(Mutex<Open>);

#[derive(Default)]
struct Open {
    next: u64,
    /// In the order in which they came.
    connections: BTreeMap<u64, Arc<Connection>>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Connection {
    from: IpAddr,
    is_known: AtomicBool,
    cut: CancellationToken,
}

/// A place among the connections, until it is dropped.
pub(crate) struct Place {
    all: Arc<Connections>,
    number: u64,
    pub(crate) connection: Arc<Connection>,
}

impl Connection {
    /// Somebody who may do something has asked over it.
    pub(crate) fn is_known_now(&self) {
        self.is_known.store(true, Ordering::Relaxed);
    }

    /// When it has to make room.
    pub(crate) async fn cut(&self) {
        self.cut.cancelled().await;
    }

    fn is_stranger(&self) -> bool {
        !self.is_known.load(Ordering::Relaxed)
    }
}

impl Connections {
    /// A place for one more. None where nobody can make room.
    pub(crate) fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let from = neighbourhood(address);
        let mut open = self.open();
        let strangers = |open: &Open| open.strangers_from(from).count();
        if strangers(&open) >= MOST_STRANGERS {
            let oldest = open.strangers_from(from).next();
            open.cut(oldest);
        }
        let most = match from.is_loopback() {
            true => MOST,
            false => MOST - KEPT_FOR_LOOPBACK,
        };
        if open.connections.len() >= most {
            let stranger = open.most_frequent_stranger()?;
            let oldest = open.strangers_from(stranger).next();
            open.cut(oldest);
        }
        let number = open.next;
        open.next += 1;
        let connection = Arc::new(Connection {
            from,
            is_known: AtomicBool::new(false),
            cut: CancellationToken::new(),
        });
        open.connections.insert(number, Arc::clone(&connection));
        drop(open);
        Some(Place {
            all: Arc::clone(self),
            number,
            connection,
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The strangers of one address, the oldest first.
    fn strangers_from(&self, from: IpAddr) -> impl Iterator<Item = u64> {
        let all = self.connections.iter();
        all.filter(move |(_, one)| one.from == from && one.is_stranger())
            .map(|(number, _)| *number)
    }

    /// The address of which there are most strangers.
    fn most_frequent_stranger(&self) -> Option<IpAddr> {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        for one in self.connections.values().filter(|one| one.is_stranger()) {
            *counts.entry(one.from).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        most.map(|(from, _)| from)
    }

    fn cut(&mut self, number: Option<u64>) {
        if let Some(gone) = number.and_then(|number| self.connections.remove(&number)) {
            gone.cut.cancel();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.open().connections.remove(&self.number);
    }
}

/// What counts as one address: of IPv6, the network that one household has.
pub(crate) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let network = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn far(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    const NEAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn strangers_make_room_for_those_who_come_after_them() {
        let all = Arc::new(Connections::default());
        let mut places: Vec<Place> = (0..1000).filter_map(|_| all.place(far(1))).collect();
        assert_eq!(places.len(), 1000, "everybody was let in");
        let open = |places: &[Place]| {
            let is_open = |place: &&Place| !place.connection.cut.is_cancelled();
            places.iter().filter(is_open).count()
        };
        assert_eq!(open(&places), MOST_STRANGERS);
        assert!(!places.last().unwrap().connection.cut.is_cancelled());
        // Who is known stays.
        places.last().unwrap().connection.is_known_now();
        places.extend((0..1000).filter_map(|_| all.place(far(1))));
        assert_eq!(open(&places), MOST_STRANGERS + 1);
        assert!(!places[999].connection.cut.is_cancelled());
        drop(places);
        assert_eq!(all.open().connections.len(), 0);
    }

    #[test]
    fn many_addresses_together_shut_nobody_out_either() {
        let all = Arc::new(Connections::default());
        let crowd: Vec<Place> = (1..=20)
            .flat_map(|address| (0..MOST_STRANGERS).map(move |_| far(address)))
            .filter_map(|address| all.place(address))
            .collect();
        assert_eq!(all.open().connections.len(), MOST - KEPT_FOR_LOOPBACK);
        let other = all.place(far(99)).unwrap();
        assert!(!other.connection.cut.is_cancelled());
        drop(crowd);
    }

    #[test]
    fn where_all_are_known_there_is_room_for_this_machine() {
        let all = Arc::new(Connections::default());
        let known = |address: IpAddr| {
            let place = all.place(address)?;
            place.connection.is_known_now();
            Some(place)
        };
        let crowd: Vec<Place> = (0..1000).filter_map(|_| known(far(1))).collect();
        assert_eq!(crowd.len(), MOST - KEPT_FOR_LOOPBACK);
        assert!(all.place(far(2)).is_none());
        assert!(all.place(NEAR).is_some());
    }

    #[test]
    fn a_network_is_one_address() {
        let address = |text: &str| neighbourhood(text.parse().unwrap());
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:1"));
        assert_ne!(address("2001:db8:0:1::1"), address("2001:db8:0:2::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert!(address("::1").is_loopback());
    }
}

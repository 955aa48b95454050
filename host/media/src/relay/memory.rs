//! How much memory the packets of all cameras take together, wherever they are: in groups of
//! pictures, in viewers' queues, or with whoever took them out and still sends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// For all cameras together: two seconds at 5 Mbit/s are 1.25 MB.
const MOST_BYTES: usize = 256 << 20;
/// What of it packets may take that nobody watches: whoever watches comes first.
const UNWATCHED: usize = 2;
/// What a packet takes beside its data, roughly.
const BESIDE: usize = 512;

/// The memory that the [relays](crate::VideoRelay) of one flow share.
#[derive(Clone, Debug)]
pub struct VideoMemory(Arc<Room>);

#[derive(Debug)]
struct Room {
    used: AtomicUsize,
    most: usize,
}

impl Default for VideoMemory {
    fn default() -> Self {
        Self::of(MOST_BYTES)
    }
}

impl VideoMemory {
    fn of(most: usize) -> Self {
        let used = AtomicUsize::new(0);
        Self(Arc::new(Room { used, most }))
    }

    /// How many bytes the packets take now.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// The same data, counted until the last reference to it is gone; `None` if there is no
    /// room for it.
    pub(super) fn keep(&self, data: Bytes, is_watched: bool) -> Option<Bytes> {
        let bytes = data.len() + BESIDE;
        let most = self.0.most / if is_watched { 1 } else { UNWATCHED };
        let room = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= most);
        self.0
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)
            .ok()?;
        let room = Arc::clone(&self.0);
        Some(Bytes::from_owner(Kept { data, bytes, room }))
    }
}

struct Kept {
    data: Bytes,
    bytes: usize,
    room: Arc<Room>,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.room.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_counted_until_the_last_reference_is_gone() {
        let memory = VideoMemory::of(2 * (1000 + BESIDE));
        let data = || Bytes::from(vec![7; 1000]);
        let first = memory.keep(data(), true).unwrap();
        let second = memory.keep(data(), true).unwrap();
        assert_eq!(first, data());
        assert_eq!(memory.keep(data(), true), None);
        let shared = second.slice(500..);
        drop(second);
        assert_eq!(memory.keep(data(), true), None);
        drop(shared);
        assert!(memory.keep(data(), true).is_some());
        drop(first);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn what_nobody_watches_leaves_room_for_what_somebody_does() {
        let memory = VideoMemory::of(2 * (1000 + BESIDE));
        let data = || Bytes::from(vec![7; 1000]);
        let unwatched = memory.keep(data(), false);
        assert!(unwatched.is_some());
        assert_eq!(memory.keep(data(), false), None);
        assert!(memory.keep(data(), true).is_some());
    }
}

//! What waits for one viewer. The queue always ends with the newest packet or is empty, so that
//! however many viewers a camera has, what waits for them together is not more than what waits
//! for the slowest.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Video;
use super::group::Group;
use crate::{EncodedPacket, StreamDescription};

/// A whole group of pictures, and as much again for a viewer who stops for a while.
const MOST_BYTES: usize = 16 << 20;
const MOST_PACKETS: usize = 4096;

/// Where the viewer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the first key frame that it can begin with.
    Ahead,
    /// It gets every packet.
    Along,
    /// It was too slow: what comes before the next key frame is left out.
    Behind,
}

/// Read in the order of the fields.
#[derive(Debug)]
pub(super) struct Queue {
    begins: Option<Arc<StreamDescription>>,
    /// Packets that this viewer did not get and was not told of.
    left_out: u64,
    packets: VecDeque<EncodedPacket>,
    bytes: usize,
    place: Place,
}

impl Queue {
    /// For a viewer who comes now.
    pub(super) fn new(stream: Option<&Arc<StreamDescription>>, group: &Group) -> Self {
        let packets: VecDeque<_> = group.packets().iter().cloned().collect();
        Self {
            begins: stream.map(Arc::clone),
            left_out: 0,
            bytes: packets.iter().map(|packet| packet.data.len()).sum(),
            place: if packets.is_empty() {
                Place::Ahead
            } else {
                Place::Along
            },
            packets,
        }
    }

    /// Another stream begins. What waits belongs to the one before.
    pub(super) fn begin(&mut self, stream: &Arc<StreamDescription>) {
        self.clear();
        self.begins = Some(Arc::clone(stream));
        self.place = Place::Ahead;
    }

    pub(super) fn push(&mut self, packet: &EncodedPacket) {
        if packet.key_frame {
            self.place = Place::Along;
        }
        match self.place {
            Place::Ahead => {}
            Place::Behind => self.left_out += 1,
            Place::Along if self.has_room(packet) => {
                self.bytes += packet.data.len();
                self.packets.push_back(packet.clone());
            }
            // The newest wins. A key frame that finds no room makes room for itself.
            Place::Along if packet.key_frame => {
                self.clear();
                self.bytes = packet.data.len();
                self.packets.push_back(packet.clone());
            }
            Place::Along => self.leave_out(),
        }
    }

    /// A packet is not there for anybody.
    pub(super) fn leave_out(&mut self) {
        if self.place == Place::Ahead {
            return;
        }
        self.clear();
        self.left_out += 1;
        self.place = Place::Behind;
    }

    pub(super) fn pop(&mut self) -> Option<Video> {
        if let Some(stream) = self.begins.take() {
            return Some(Video::Begins(stream));
        }
        if self.left_out > 0 && !self.packets.is_empty() {
            return Some(Video::LeftOut(std::mem::take(&mut self.left_out)));
        }
        let packet = self.packets.pop_front()?;
        self.bytes -= packet.data.len();
        Some(Video::Packet(packet))
    }

    fn has_room(&self, packet: &EncodedPacket) -> bool {
        self.packets.len() < MOST_PACKETS && self.bytes + packet.data.len() <= MOST_BYTES
    }

    fn clear(&mut self) {
        self.left_out += self.packets.len() as u64;
        self.packets.clear();
        self.bytes = 0;
    }
}

//! What a viewer who comes now needs in order to see something now: the packets since the last
//! key frame.

use crate::EncodedPacket;

/// Key frames are seconds apart; where they are so far apart that this is too little, whoever
/// comes waits for the next one.
const MOST_BYTES: usize = 8 << 20;
const MOST_PACKETS: usize = 2048;

/// The packets since the last key frame, or none of them.
#[derive(Default)]
pub(super) struct Group {
    packets: Vec<EncodedPacket>,
    bytes: usize,
}

impl Group {
    pub(super) fn push(&mut self, packet: &EncodedPacket) {
        if packet.key_frame {
            self.clear();
        } else if self.packets.is_empty() {
            return;
        }
        self.bytes += packet.data.len();
        self.packets.push(packet.clone());
        if self.bytes > MOST_BYTES || self.packets.len() > MOST_PACKETS {
            self.clear();
        }
    }

    /// What follows belongs to another group.
    pub(super) fn clear(&mut self) {
        self.packets.clear();
        self.bytes = 0;
    }

    pub(super) fn packets(&self) -> &[EncodedPacket] {
        &self.packets
    }
}

//! A stream's packets for those who watch: described, stamped with the same clock as the
//! pictures that come out of them, and handed over without a copy.

use bytes::Bytes;
use ffmpeg_next::Packet;

use super::decoder::Decoder;
use super::parameters::CodecParameters;
use super::presentation::TimeBase;
use super::progress::Progress;
use crate::{EncodedPacket, StreamDescription};

/// The packets of one connection, or of one file.
pub(super) struct StreamPackets {
    pub(super) parameters: CodecParameters,
    description: StreamDescription,
    time_base: TimeBase,
}

impl StreamPackets {
    /// Of a stream that `decoder` decodes and that shows pictures of `size`.
    pub(super) fn new(
        parameters: CodecParameters,
        decoder: &Decoder,
        size: (u32, u32),
        time_base: TimeBase,
    ) -> Self {
        let description = parameters.describe(decoder.id(), decoder.codec(), size);
        Self {
            parameters,
            description,
            time_base,
        }
    }

    /// When in microseconds what has the stamp `ticks` is shown.
    pub(super) fn presentation_us(&self, ticks: i64) -> i64 {
        self.time_base.microseconds(ticks)
    }

    /// Hands over `packet`, which was decoded, where somebody wants it.
    pub(super) fn hand_over(&self, packet: Packet, decoder: &Decoder, progress: &mut Progress<'_>) {
        if !progress.wants_packets() {
            return;
        }
        // A container without presentation times, such as AVI, has no other than these.
        let ticks = packet.pts().or(packet.dts()).unwrap_or_default();
        let key_frame = packet.is_key();
        progress.stream(&self.description);
        progress.packet(EncodedPacket {
            data: self.bytes(packet, decoder),
            key_frame,
            presentation_us: self.presentation_us(ticks),
        });
    }

    /// Whoever begins with a key frame needs the parameter sets, which some files have only at
    /// their beginning.
    fn bytes(&self, packet: Packet, decoder: &Decoder) -> Bytes {
        let data = packet.data().unwrap_or_default();
        let missing = packet
            .is_key()
            .then(|| self.parameters.missing_in(decoder.id(), data));
        match missing.flatten() {
            Some(parameter_sets) => [parameter_sets, data].concat().into(),
            None => Bytes::from_owner(Held(packet)),
        }
    }
}

/// A packet that lives as long as somebody has its bytes.
struct Held(Packet);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.0.data().unwrap_or_default()
    }
}

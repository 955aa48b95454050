//! What a source hands to the workers.

use std::sync::Arc;
use std::time::Duration;

use agave_core::Timestamp;

use crate::Picture;

/// One sampled frame of one stream.
#[derive(Debug)]
pub struct Frame {
    /// Counted over all frames that were read from the stream, sampled or not, from 0. It goes
    /// on over a reconnect.
    pub number: u64,
    /// When it was captured.
    pub at: Timestamp,
    /// Since the stream's first frame. It goes on with the wall clock over a reconnect.
    pub media_time: Duration,
    /// The picture's presentation time stamp in microseconds of the stream's own clock, which
    /// begins anywhere and begins anew with every connection. A packet of the same picture has
    /// the same one in [`EncodedPacket::presentation_us`](crate::EncodedPacket), and so have the
    /// pictures of whoever decodes these packets.
    pub presentation_us: i64,
    /// The picture, as the decoder gave it. Whoever wants to keep it takes a reference.
    pub picture: Arc<Picture>,
}

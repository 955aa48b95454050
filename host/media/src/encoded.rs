//! What a source hands to those who watch: the camera's own video, as the camera encoded it.

use std::fmt;

use bytes::Bytes;

/// What a decoder must know before the first packet of a stream. The fields are those of
/// `VideoDecoderConfig` in WebCodecs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamDescription {
    /// FFmpeg's name of the codec, for example `h264`.
    pub name: &'static str,
    /// The codec with profile and level as RFC 6381 writes it, for example `avc1.64001E`. `None`
    /// for codecs that browsers do not decode, and where the stream does not say enough.
    pub codec: Option<String>,
    /// The decoder configuration record (avcC, hvcC) of a stream whose units have their length
    /// in front of them. `None` where the packets say everything by themselves: H.264 and H.265
    /// have start codes then, and parameter sets with each key frame.
    pub description: Option<Bytes>,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

/// One picture of a stream as the camera encoded it. Packets come in the order of decoding.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedPacket {
    /// As the source read it; a copy of this is a reference.
    pub data: Bytes,
    /// Whether it can be decoded without packets before it.
    pub key_frame: bool,
    /// When it is shown, in microseconds of the stream's own clock: that of
    /// [`Frame::presentation_us`](crate::Frame::presentation_us).
    pub presentation_us: i64,
}

impl fmt::Debug for EncodedPacket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EncodedPacket")
            .field("bytes", &self.data.len())
            .field("key_frame", &self.key_frame)
            .field("presentation_us", &self.presentation_us)
            .finish()
    }
}

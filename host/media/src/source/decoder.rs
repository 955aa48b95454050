//! Packets in, pictures out. What is damaged is counted and left out; a decoder never ends a
//! stream.

use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec::{self, Parameters, threading};
use ffmpeg_next::util::error::EAGAIN;
use ffmpeg_next::{Packet, Rational, decoder, frame};

/// One video stream's decoder.
pub(super) struct Decoder {
    video: decoder::Video,
    codec: &'static str,
}

/// What came out for one packet.
#[derive(Default)]
pub(super) struct Decoded {
    pub(super) frames: Vec<frame::Video>,
    /// Frames that came out damaged, and packets that gave none.
    pub(super) unreadable: u64,
}

impl Decoder {
    /// For a stream of a file.
    pub(super) fn for_stream(
        parameters: Parameters,
        time_base: Rational,
        threads: usize,
    ) -> Result<Self, ffmpeg::Error> {
        let mut decoder = configured(codec::Context::from_parameters(parameters)?, threads);
        decoder.set_packet_time_base(time_base);
        Self::opened(decoder.video()?)
    }

    /// For a live stream, whose parameters come with its key frames.
    pub(super) fn for_codec(id: codec::Id, threads: usize) -> Result<Self, ffmpeg::Error> {
        let codec = decoder::find(id).ok_or(ffmpeg::Error::DecoderNotFound)?;
        let context = codec::Context::new_with_codec(codec);
        Self::opened(configured(context, threads).open_as(codec)?.video()?)
    }

    fn opened(video: decoder::Video) -> Result<Self, ffmpeg::Error> {
        let codec = video.id().name();
        Ok(Self { video, codec })
    }

    /// FFmpeg's name of the codec.
    pub(super) fn codec(&self) -> &'static str {
        self.codec
    }

    pub(super) fn id(&self) -> codec::Id {
        self.video.id()
    }

    /// Width and height in pixels, as far as they are known before the first picture.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.video.width(), self.video.height())
    }

    pub(super) fn decode(&mut self, packet: &Packet) -> Decoded {
        let sent = self.video.send_packet(packet);
        let mut decoded = self.receive();
        decoded.unreadable += u64::from(sent.is_err());
        decoded
    }

    /// What the decoder still holds back, at the end of a file.
    pub(super) fn drain(&mut self) -> Decoded {
        match self.video.send_eof() {
            Ok(()) => self.receive(),
            Err(_) => Decoded::default(),
        }
    }

    fn receive(&mut self) -> Decoded {
        let mut decoded = Decoded::default();
        loop {
            let mut frame = frame::Video::empty();
            match self.video.receive_frame(&mut frame) {
                Ok(()) if frame.is_corrupt() || frame.has_decode_errors() => {
                    decoded.unreadable += 1;
                }
                Ok(()) => decoded.frames.push(frame),
                Err(ffmpeg::Error::Eof | ffmpeg::Error::Other { errno: EAGAIN }) => break,
                Err(_) => {
                    decoded.unreadable += 1;
                    break;
                }
            }
        }
        decoded
    }
}

fn configured(mut context: codec::Context, threads: usize) -> decoder::Decoder {
    // Frame threads would add a frame of delay each; slices are decoded side by side instead.
    context.set_threading(threading::Config {
        kind: threading::Type::Slice,
        count: threads.max(1),
        ..threading::Config::default()
    });
    context.decoder()
}

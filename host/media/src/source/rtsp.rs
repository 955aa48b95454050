//! One connection to a camera by RTSP, from the first request to the last frame.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ffmpeg_next::Packet;
use ffmpeg_next::codec::Id;
use ffmpeg_next::codec::packet::Flags;
use futures::StreamExt;
use retina::client::{
    Demuxed, Described, InitialSequenceNumberPolicy, PlayOptions, Session, SessionGroup,
    SessionOptions, SetupOptions,
};
use retina::codec::{CodecItem, FrameFormat, ParametersRef, VideoFrame, VideoParameters};
use tokio::time::{sleep_until, timeout};

use super::address::Address;
use super::clock::{ArrivalClock, CaptureClock};
use super::decoder::Decoder;
use super::gate::KeyFrameGate;
use super::packets::StreamPackets;
use super::parameters::CodecParameters;
use super::presentation::TimeBase;
use super::progress::{Progress, Times};
use super::{SourceConfig, Transport};

/// From the first packet to the answer to PLAY.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A camera that sends no frame for this long is gone, whatever its connection says.
const STALL_LIMIT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("Agave/", env!("CARGO_PKG_VERSION"));
const UNAUTHORIZED: u16 = 401;

/// What one connection works with.
pub(super) struct Connection<'a, 'sink> {
    pub(super) config: &'a SourceConfig,
    pub(super) address: &'a Address,
    pub(super) group: &'a Arc<SessionGroup>,
    pub(super) progress: &'a mut Progress<'sink>,
    pub(super) capture: &'a mut CaptureClock,
    pub(super) arrival: &'a ArrivalClock,
    pub(super) live_since: Option<Instant>,
}

impl Connection<'_, '_> {
    /// How long it has given pictures.
    pub(super) fn live_for(&self) -> Duration {
        self.live_since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// Why a connection ended. It shows no credentials.
#[derive(Debug)]
pub(super) enum Loss {
    /// The camera refused the user name or the password, or wants some.
    Refused(&'static str),
    /// Anything else.
    Failed(String),
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => formatter.write_str(reason),
            Self::Failed(reason) => formatter.write_str(reason),
        }
    }
}

/// Connects and hands over frames until the connection is lost. Dropping the future ends it,
/// with a TEARDOWN in the background.
pub(super) async fn run_once(connection: &mut Connection<'_, '_>) -> Loss {
    match watch(connection).await {
        Ok(never) => match never {},
        Err(loss) => loss,
    }
}

async fn watch(connection: &mut Connection<'_, '_>) -> Result<std::convert::Infallible, Loss> {
    let (mut frames, codec) =
        timeout(CONNECT_LIMIT, connect(connection))
            .await
            .map_err(|_| {
                Loss::Failed(format!(
                    "the camera did not answer within {} s",
                    CONNECT_LIMIT.as_secs()
                ))
            })??;
    let threads = connection.config.decoder_threads;
    let decoder = Decoder::for_codec(codec, threads)
        .map_err(|error| Loss::Failed(format!("cannot decode its {codec:?} video: {error}")))?;
    let mut video = Video {
        decoder,
        gate: KeyFrameGate::new(Instant::now()),
        packets: None,
    };
    let mut stalls_at = tokio::time::Instant::now() + STALL_LIMIT;
    loop {
        let item = tokio::select! {
            biased;
            item = frames.next() => item,
            () = sleep_until(stalls_at) => {
                return Err(Loss::Failed(format!(
                    "the camera sent no frame for {} s",
                    STALL_LIMIT.as_secs()
                )));
            }
        };
        match item {
            Some(Ok(CodecItem::VideoFrame(frame))) => {
                stalls_at = tokio::time::Instant::now() + STALL_LIMIT;
                video.take(connection, &frame, &frames);
            }
            // Sender reports say nothing about pictures.
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(failed(&error)),
            None => return Err(Loss::Failed("the camera closed the connection".to_owned())),
        }
    }
}

async fn connect(connection: &Connection<'_, '_>) -> Result<(Demuxed, Id), Loss> {
    let Connection {
        config,
        address,
        group,
        ..
    } = connection;
    let options = SessionOptions::default()
        .creds(address.credentials.clone())
        .user_agent(USER_AGENT.to_owned())
        .session_group(Arc::clone(group));
    let handshake = async {
        let mut session = Session::describe(address.url.clone(), options).await?;
        let Some((index, codec)) = video_stream(&session) else {
            return Ok(None);
        };
        let transport = match config.transport {
            Transport::Tcp => retina::client::Transport::Tcp(Default::default()),
            Transport::Udp => retina::client::Transport::Udp(Default::default()),
        };
        let setup = SetupOptions::default()
            .transport(transport)
            .frame_format(FrameFormat::SIMPLE);
        session.setup(index, setup).await?;
        // Cameras announce a number and then send packets from before it; what comes first is first.
        let options = PlayOptions::default().initial_seq(InitialSequenceNumberPolicy::Ignore);
        let playing = session.play(options).await?;
        Ok(Some((playing.demuxed()?, codec)))
    };
    match handshake.await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(Loss::Failed(
            "the camera offers no H.264, H.265 or JPEG video".to_owned(),
        )),
        Err(error) => Err(refused(&error, address).unwrap_or_else(|| failed(&error))),
    }
}

fn video_stream(session: &Session<Described>) -> Option<(usize, Id)> {
    session
        .streams()
        .iter()
        .enumerate()
        .find_map(|(index, stream)| {
            let codec = match (stream.media(), stream.encoding_name()) {
                ("video", "h264") => Id::H264,
                ("video", "h265") => Id::HEVC,
                ("video", "jpeg") => Id::MJPEG,
                _ => return None,
            };
            Some((index, codec))
        })
}

fn refused(error: &retina::Error, address: &Address) -> Option<Loss> {
    (error.status_code() == Some(UNAUTHORIZED)).then_some(Loss::Refused(
        if address.credentials.is_some() {
            "the camera refused the user name or the password (401); the next attempt waits long, \
             because cameras lock the account after a few wrong ones"
        } else {
            "the camera wants a user name and a password (401), and the address has none"
        },
    ))
}

/// Retina's errors go on with the state of the connection; the first line says what happened.
fn failed(error: &retina::Error) -> Loss {
    let text = error.to_string();
    Loss::Failed(text.lines().next().unwrap_or_default().to_owned())
}

/// The video of one connection.
struct Video {
    decoder: Decoder,
    gate: KeyFrameGate,
    /// Once a frame has said what they are.
    packets: Option<StreamPackets>,
}

impl Video {
    fn take(&mut self, connection: &mut Connection<'_, '_>, frame: &VideoFrame, frames: &Demuxed) {
        let parameters = match frames.streams().get(frame.stream_id()) {
            Some(stream) => match stream.parameters() {
                Some(ParametersRef::Video(parameters)) => Some(parameters),
                _ => None,
            },
            None => None,
        };
        let extra_data = parameters.map_or(&[][..], VideoParameters::extra_data);
        let Some(packet) = self.admitted(frame, extra_data, connection.progress) else {
            return;
        };
        if self.packets.is_none() || frame.has_new_parameters() {
            let size = parameters.map_or((0, 0), VideoParameters::pixel_dimensions);
            let time_base = TimeBase::per_second(frame.timestamp().clock_rate());
            let told = CodecParameters::of_units(extra_data);
            self.packets = Some(StreamPackets::new(told, &self.decoder, size, time_base));
        }
        self.decode(connection, frame, packet);
    }

    /// The packet to decode; `None` for a frame that cannot be decoded for want of another.
    fn admitted(
        &mut self,
        frame: &VideoFrame,
        extra_data: &[u8],
        progress: &mut Progress<'_>,
    ) -> Option<Packet> {
        let key_frame = frame.is_random_access_point();
        let lost = frame.loss() > 0;
        let was_open = self.gate.is_open();
        if !self.gate.admits(key_frame, lost, Instant::now()) {
            progress.unreadable(1);
            return None;
        }
        // Without a key frame nobody has told the decoder the parameters yet.
        let mut packet = if was_open || key_frame || extra_data.is_empty() {
            Packet::copy(frame.data())
        } else {
            Packet::copy(&[extra_data, frame.data()].concat())
        };
        packet.set_pts(Some(frame.timestamp().timestamp()));
        Some(packet)
    }

    fn decode(
        &mut self,
        connection: &mut Connection<'_, '_>,
        frame: &VideoFrame,
        mut packet: Packet,
    ) {
        let Some(packets) = &self.packets else {
            return;
        };
        let decoded = self.decoder.decode(&packet);
        if decoded.unreadable > 0 {
            connection.progress.unreadable(decoded.unreadable);
        } else {
            if frame.is_random_access_point() {
                packet.set_flags(Flags::KEY);
            }
            packets.hand_over(packet, &self.decoder, connection.progress);
        }
        for picture in decoded.frames {
            connection.live_since.get_or_insert_with(Instant::now);
            // Frames come out in the order of their RTP time, some later than their packet.
            let stamp = frame.timestamp();
            let ticks = picture.timestamp().unwrap_or(stamp.timestamp());
            let arrival = connection.arrival.now();
            let (at, media_time) = connection.capture.stamp(ticks, stamp.clock_rate(), arrival);
            let times = Times {
                at,
                media_time,
                presentation_us: packets.presentation_us(ticks),
            };
            connection
                .progress
                .frame(picture, self.decoder.codec(), times);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::source::wait::EventLoop;
    use crate::{Frame, FrameSink, SourceEvent};

    struct Nobody;

    impl FrameSink for Nobody {
        fn frame(&mut self, _: Frame) {}
        fn event(&mut self, _: SourceEvent) {}
    }

    /// Resident memory in KiB, where the system tells it.
    fn resident() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// An offline camera is tried for weeks: nothing may be left of an attempt.
    #[test]
    fn ten_thousand_attempts_leave_no_memory_behind() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || listener.incoming().for_each(drop));

        let config = SourceConfig::new("gate", format!("rtsp://a:b@127.0.0.1:{port}/1"));
        let address = Address::new(&config).unwrap();
        let group = Arc::new(SessionGroup::default());
        let mut sink = Nobody;
        let mut progress = Progress::new(config.fps, &mut sink);
        let mut capture = CaptureClock::default();
        let arrival = ArrivalClock::new();
        let mut attempts = |count: u32| {
            EventLoop::new().unwrap().block_on(async {
                for _ in 0..count {
                    let mut connection = Connection {
                        config: &config,
                        address: &address,
                        group: &group,
                        progress: &mut progress,
                        capture: &mut capture,
                        arrival: &arrival,
                        live_since: None,
                    };
                    let loss = run_once(&mut connection).await;
                    assert!(matches!(loss, Loss::Failed(_)));
                }
            });
        };
        attempts(1000);
        let before = resident();
        attempts(9000);
        if let (Some(before), Some(after)) = (before, resident()) {
            assert!(after < before + 2048, "from {before} to {after} KiB");
        }
    }
}

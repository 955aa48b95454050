//! One connection to a broker, shared by all nodes that publish there. It is made when somebody
//! publishes for the first time and kept from then on; when it is lost it comes back by itself.
//!
//! The packets are rumqttc's. The socket is ours, because it has to lead to an address that was
//! checked, and what a node is told is ours, because a message whose publisher has given up must
//! not go out afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use rumqttc::mqttbytes::v4::{Codec, Connect, ConnectReturnCode, Packet, PubRel, Publish};
use rumqttc::mqttbytes::{Error as PacketError, QoS};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::codec::Framed;
use tokio_util::sync::CancellationToken;

use super::broker::BrokerSettings;
use super::dial::{CONNECT, Dialler};
use super::tls::tls;

/// Messages of all nodes that wait for the connection. A full queue is waited for.
const QUEUE: usize = 64;
/// Messages that the broker has not acknowledged yet.
const IN_FLIGHT: usize = 16;
/// A broker that does not acknowledge a message for so long, or takes no bytes, is gone. It is
/// twice the longest that a publisher waits.
const LONGEST_ANSWER: Duration = Duration::from_secs(20);
const LONGEST_SEND: Duration = Duration::from_secs(10);
/// A connection that lasted so long, or had a message acknowledged, is a good one: after it the
/// waits begin anew.
const STEADY: Duration = Duration::from_secs(60);
/// A packet of the broker's; there is nothing but acknowledgements to receive.
const MOST_INCOMING_BYTES: usize = 64 << 10;
const MOST_OUTGOING_BYTES: usize = 1 << 20;
/// A broker that is not heard of for twice as long is gone.
const PING_EVERY: Duration = Duration::from_secs(15);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Brokers lock out, too.
const FIRST_WAIT_AFTER_REFUSAL: Duration = Duration::from_secs(60);
const LONGEST_WAIT_AFTER_REFUSAL: Duration = Duration::from_secs(1800);

/// A message on its way to a broker.
pub(crate) struct Publication {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublishError {
    Disconnected,
    TimedOut,
}

struct Job {
    message: Publication,
    taken: oneshot::Sender<()>,
}

/// A broker that nodes can publish to.
pub(crate) struct Broker {
    jobs: mpsc::Sender<Job>,
    connected: tokio::sync::watch::Receiver<bool>,
}

impl Broker {
    /// Nothing connects before the first message.
    pub(crate) fn new(
        settings: BrokerSettings,
        dialler: Dialler,
        runtime: &Handle,
        hang_up: CancellationToken,
    ) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (connected_sender, connected) = tokio::sync::watch::channel(false);
        let connection = Connection {
            settings,
            dialler,
            queue,
            connected: connected_sender,
        };
        runtime.spawn(async move {
            tokio::select! {
                () = connection.keep() => {}
                () = hang_up.cancelled() => {}
            }
        });
        Self { jobs, connected }
    }

    /// Hands a message over. It is done when the broker has acknowledged it as its QoS asks for.
    pub(crate) async fn publish(
        &self,
        message: Publication,
        limit: Duration,
    ) -> Result<(), PublishError> {
        let (taken, answer) = oneshot::channel();
        let publishing = async {
            let job = Job { message, taken };
            let gone = |_| PublishError::Disconnected;
            self.jobs
                .send(job)
                .await
                .map_err(|_| PublishError::Disconnected)?;
            answer.await.map_err(gone)
        };
        match tokio::time::timeout(limit, publishing).await {
            Ok(done) => done,
            Err(_) if *self.connected.borrow() => Err(PublishError::TimedOut),
            Err(_) => Err(PublishError::Disconnected),
        }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("{0}")]
    Unreachable(String),
    #[error("TLS: {0}")]
    Tls(String),
    #[error("it refused the login ({0:?})")]
    LoginRefused(ConnectReturnCode),
    #[error("it refused the connection ({0:?})")]
    Refused(ConnectReturnCode),
    #[error("it sent what is not MQTT: {0}")]
    Protocol(PacketError),
    #[error("it closed the connection")]
    Closed,
    #[error("it is not heard of any more")]
    Silent,
    /// All nodes are gone.
    #[error("nobody publishes any more")]
    Done,
}

impl From<PacketError> for Lost {
    fn from(error: PacketError) -> Self {
        match error {
            PacketError::Io(error) => Self::Unreachable(error.to_string()),
            other => Self::Protocol(other),
        }
    }
}

/// Anything that carries bytes both ways.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

type Packets = Framed<Box<dyn Wire>, Codec>;

struct Connection {
    settings: BrokerSettings,
    dialler: Dialler,
    queue: mpsc::Receiver<Job>,
    connected: tokio::sync::watch::Sender<bool>,
}

impl Connection {
    /// Connects when there is a message, and again and again when the connection is lost.
    async fn keep(mut self) {
        let Some(first) = self.queue.recv().await else {
            return;
        };
        let mut waiting = Some(first);
        let broker = self.settings.name.clone();
        let mut failures: u32 = 0;
        loop {
            let lost = match self.open().await {
                Ok(packets) => {
                    tracing::info!(broker, "connected");
                    self.connected.send_replace(true);
                    let since = Instant::now();
                    let mut session = Session::new(packets);
                    let lost = self.serve(&mut session, waiting.take()).await;
                    self.connected.send_replace(false);
                    // A broker that takes the login and then hangs up is a failure like others.
                    if session.has_acknowledged || since.elapsed() >= STEADY {
                        failures = 0;
                    }
                    lost
                }
                Err(lost) => lost,
            };
            let (first, longest) = match lost {
                Lost::Done => return,
                Lost::LoginRefused(_) => (FIRST_WAIT_AFTER_REFUSAL, LONGEST_WAIT_AFTER_REFUSAL),
                _ => (FIRST_WAIT, LONGEST_WAIT),
            };
            let longest = (first * 2u32.pow(failures.min(16))).min(longest);
            failures = failures.saturating_add(1);
            // Half of it is left to chance, so that many hosts do not come back as one.
            let wait = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
            tracing::warn!(broker, "not connected: {lost}; trying again in {wait:.1?}");
            tokio::time::sleep(wait).await;
        }
    }

    /// Connects and logs in.
    async fn open(&self) -> Result<Packets, Lost> {
        let opening = async {
            let wire = self.wire().await?;
            let codec = Codec {
                max_incoming_size: MOST_INCOMING_BYTES,
                max_outgoing_size: MOST_OUTGOING_BYTES,
            };
            let mut packets = Framed::new(wire, codec);
            let mut connect = Connect::new(format!("agave-{:012x}", fastrand::u64(..) >> 16));
            connect.keep_alive = u16::try_from(PING_EVERY.as_secs() * 2).unwrap_or(u16::MAX);
            if let Some((user, password)) = &self.settings.login {
                connect.set_login(user, password.reveal());
            }
            packets.send(Packet::Connect(connect)).await?;
            match packets.next().await.ok_or(Lost::Closed)?? {
                Packet::ConnAck(answer) => match answer.code {
                    ConnectReturnCode::Success => Ok(packets),
                    code @ (ConnectReturnCode::BadUserNamePassword
                    | ConnectReturnCode::NotAuthorized) => Err(Lost::LoginRefused(code)),
                    code => Err(Lost::Refused(code)),
                },
                _ => Err(Lost::Protocol(PacketError::InvalidProtocol)),
            }
        };
        tokio::time::timeout(CONNECT, opening)
            .await
            .unwrap_or(Err(Lost::Silent))
    }

    async fn wire(&self) -> Result<Box<dyn Wire>, Lost> {
        let BrokerSettings { host, port, .. } = &self.settings;
        let stream = self.dialler.connect(host, *port).await;
        let stream = stream.map_err(Lost::Unreachable)?;
        if !self.settings.tls {
            return Ok(Box::new(stream));
        }
        let failed = |error: &dyn std::fmt::Display| Lost::Tls(error.to_string());
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| failed(&error))?;
        let config = tls(&self.settings.certificates).map_err(Lost::Tls)?;
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, stream).await;
        Ok(Box::new(stream.map_err(|error| failed(&error))?))
    }

    /// Publishes until the connection is lost. What was not acknowledged then is forgotten:
    /// whoever published it is told, and decides.
    async fn serve(&mut self, session: &mut Session, first: Option<Job>) -> Lost {
        if let Some(job) = first
            && let Err(lost) = session.publish(job).await
        {
            return lost;
        }
        let mut ping = tokio::time::interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        loop {
            let room = session.unacknowledged.len() < IN_FLIGHT;
            let overdue = session.overdue();
            let step = tokio::select! {
                packet = session.packets.next() => match packet {
                    Some(Ok(packet)) => session.received(packet).await,
                    Some(Err(error)) => Err(error.into()),
                    None => Err(Lost::Closed),
                },
                job = self.queue.recv(), if room => match job {
                    Some(job) => session.publish(job).await,
                    None => {
                        // It is over anyhow; a broker that is told leaves no will behind.
                        let _ = session.send(Packet::Disconnect).await;
                        Err(Lost::Done)
                    }
                },
                _ = ping.tick() => session.ping().await,
                () = tokio::time::sleep_until(overdue) => {
                    if session.unacknowledged.is_empty() { Ok(()) } else { Err(Lost::Silent) }
                }
            };
            if let Err(lost) = step {
                return lost;
            }
        }
    }
}

/// One connection, and what it has still to hear of.
struct Session {
    packets: Packets,
    /// By number: who waits for it, and since when.
    unacknowledged: BTreeMap<u16, (oneshot::Sender<()>, Instant)>,
    last_id: u16,
    silent: bool,
    has_acknowledged: bool,
}

impl Session {
    fn new(packets: Packets) -> Self {
        Self {
            packets,
            unacknowledged: BTreeMap::new(),
            last_id: 0,
            silent: false,
            has_acknowledged: false,
        }
    }

    /// A broker that reads nothing must not hold everybody up.
    async fn send(&mut self, packet: Packet) -> Result<(), Lost> {
        let sending = self.packets.send(packet);
        let sent = tokio::time::timeout(LONGEST_SEND, sending).await;
        Ok(sent.map_err(|_| Lost::Silent)??)
    }

    async fn publish(&mut self, job: Job) -> Result<(), Lost> {
        let Job { message, taken } = job;
        // Its publisher was told that it is not sent.
        if taken.is_closed() {
            return Ok(());
        }
        let Publication {
            topic,
            payload,
            qos,
            retain,
        } = message;
        let mut publish = Publish::new(topic, qos, payload);
        publish.retain = retain;
        if qos == QoS::AtMostOnce {
            self.send(Packet::Publish(publish)).await?;
            // Nobody waits any more where this fails.
            let _ = taken.send(());
            return Ok(());
        }
        let id = self.free_id();
        publish.pkid = id;
        self.send(Packet::Publish(publish)).await?;
        self.unacknowledged.insert(id, (taken, Instant::now()));
        Ok(())
    }

    /// When the oldest message should have been acknowledged, whether its publisher has given up
    /// or not: its place is taken until then.
    fn overdue(&self) -> Instant {
        let since = self.unacknowledged.values().map(|(_, since)| *since);
        since.min().unwrap_or_else(Instant::now) + LONGEST_ANSWER
    }

    /// There are far more numbers than messages in flight.
    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.unacknowledged.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }

    async fn received(&mut self, packet: Packet) -> Result<(), Lost> {
        self.silent = false;
        match packet {
            Packet::PubAck(ack) => self.taken(ack.pkid),
            Packet::PubRec(ack) => self.send(Packet::PubRel(PubRel::new(ack.pkid))).await?,
            Packet::PubComp(ack) => self.taken(ack.pkid),
            _ => {}
        }
        Ok(())
    }

    fn taken(&mut self, id: u16) {
        if let Some((taken, _)) = self.unacknowledged.remove(&id) {
            self.has_acknowledged = true;
            let _ = taken.send(());
        }
    }

    async fn ping(&mut self) -> Result<(), Lost> {
        if self.silent {
            return Err(Lost::Silent);
        }
        self.silent = true;
        self.send(Packet::PingReq).await
    }
}

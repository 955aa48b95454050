//! What a device is: where it listens, who may log in, its channels, its limits.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use agave_core::{Secret, Zone};

use crate::event_type::EventTypes;
use crate::hosts::HttpHost;

/// Told whenever a client has changed the hosts that are pushed to, before the client is told
/// that they are: what it does has to be durable when it returns.
pub type OnHosts = Arc<dyn Fn(&[HttpHost]) + Send + Sync>;

/// A device before it listens.
#[derive(Clone)]
pub struct DeviceSettings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who may log in.
    pub login: Login,
    /// What the device says that it is.
    pub identity: Identity,
    /// One for each camera.
    pub channels: Vec<Channel>,
    /// Which alerts become which events.
    pub event_types: EventTypes,
    /// The hosts that were registered before a restart.
    pub hosts: Vec<HttpHost>,
    /// Told when they change.
    pub on_hosts: Option<OnHosts>,
    /// Whether the end of an incident is pushed to hosts, too. Some take any push for a begin.
    pub push_ends: bool,
    /// Whether the pictures of incidents are sent on the stream. Some clients read text only.
    pub stream_pictures: bool,
    /// How the stream is framed.
    pub framing: Framing,
    /// Whether SHA-256 is offered beside MD5. Old clients take the first offer.
    pub sha_256: bool,
    /// Where regions begin to count from.
    pub origin: Origin,
    /// How much of everything there may be.
    pub limits: Limits,
}

impl DeviceSettings {
    /// A device with defaults for everything else.
    #[must_use]
    pub fn new(listen: SocketAddr, login: Login, channels: Vec<Channel>) -> Self {
        Self {
            listen,
            login,
            identity: Identity::default(),
            channels,
            event_types: EventTypes::default(),
            hosts: Vec::new(),
            on_hosts: None,
            push_ends: true,
            stream_pictures: false,
            framing: Framing::default(),
            sha_256: false,
            origin: Origin::default(),
            limits: Limits::default(),
        }
    }
}

/// Who may log in.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// What a device says that it is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What people see.
    pub name: String,
    /// Has to be another one for each device that one client knows, and longer than 10
    /// characters.
    pub serial_number: String,
    /// What it is sold as.
    pub model: String,
    /// Six pairs of hexadecimal digits with colons between them.
    pub mac_address: String,
    /// The address that clients reach it at, where that is not the one that it listens on.
    pub address: Option<IpAddr>,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            name: "Agave".to_owned(),
            serial_number: "AGAVE-0000000001".to_owned(),
            model: "Agave".to_owned(),
            mac_address: "02:00:00:00:00:01".to_owned(),
            address: None,
        }
    }
}

/// One camera, as clients number it.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// From 1.
    pub number: u32,
    /// The camera's name in the flow.
    pub camera: String,
    /// Pixels from left to right; 0 while it is not known.
    pub width: u32,
    /// Pixels from top to bottom; 0 while it is not known.
    pub height: u32,
    /// The camera's zones, which are regions 1, 2 and so on.
    pub zones: Vec<Zone>,
}

/// How the stream of alerts is framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Chunked: a client has an event as soon as it is sent.
    #[default]
    Chunked,
    /// It goes on until the connection is closed, as old devices have it.
    Close,
}

/// From where the second coordinate of a region counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Down from the top.
    #[default]
    Top,
    /// Up from the bottom.
    Bottom,
}

/// How much of everything there may be.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at one time; more are closed at once.
    pub connections: usize,
    /// Streams at one time; more are answered 403.
    pub streams: usize,
    /// What may wait for one client of a stream: posts, each an event or several with the heartbeat
    /// behind them, and bytes. A client with more is dropped.
    pub stream_parts: usize,
    /// In bytes.
    pub stream_bytes: usize,
    /// Incidents that are open at one time.
    pub incidents: usize,
    /// An incident of which nothing is heard for so long is over: somebody has forgotten it.
    pub longest: Duration,
    /// Wrong logins from one address until it is locked.
    pub wrong_logins: u32,
    /// For so long.
    pub lock: Duration,
    /// So long a nonce is good.
    pub nonce: Duration,
    /// Hosts that can be pushed to.
    pub hosts: u32,
    /// What may wait for one host.
    pub host_queue: usize,
    /// Attempts at one push.
    pub host_attempts: u32,
    /// The wait after the first attempt; then twice as long, up to 30 s.
    pub host_wait: Duration,
    /// Between two posts of an incident that is open.
    pub repeat: Duration,
    /// Between two heartbeats where nothing happens.
    pub heartbeat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            streams: 16,
            stream_parts: 256,
            stream_bytes: 4 << 20,
            incidents: 1000,
            longest: Duration::from_secs(24 * 3600),
            wrong_logins: 7,
            lock: Duration::from_secs(30 * 60),
            nonce: Duration::from_secs(5 * 60),
            hosts: 3,
            host_queue: 64,
            host_attempts: 5,
            host_wait: Duration::from_millis(500),
            repeat: Duration::from_secs(1),
            heartbeat: Duration::from_secs(10),
        }
    }
}

//! Somebody who has the page open: what it asks for at the start, the sockets that it keeps, and
//! what it asks for again while it is open. The same requests as in `host/inspector/ui/src`.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Between two pictures of a tile.
const PICTURE_EVERY: Duration = Duration::from_secs(1);
/// At most so often it asks again after alerts.
const ASK_AFTER_ALERTS: Duration = Duration::from_secs(1);
/// How long a socket may be silent before it looks whether it is to close.
const LOOK_UP: Duration = Duration::from_millis(200);

/// The control API of one flow.
#[derive(Clone)]
pub(super) struct Site {
    port: u16,
    flow: String,
    agent: ureq::Agent,
}

impl Site {
    pub(super) fn at(port: u16, flow: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_LIMIT))
            .build();
        Self {
            port,
            flow: flow.to_owned(),
            agent: config.into(),
        }
    }

    /// Like another browser: with connections of its own.
    fn of_another(&self) -> Self {
        Self::at(self.port, &self.flow)
    }

    fn path(&self, path: &str) -> String {
        format!("/api/v1/flows/{}/{path}", self.flow)
    }

    fn get(&self, path: &str) -> Result<Vec<u8>> {
        let uri = format!("http://127.0.0.1:{}{path}", self.port);
        let mut answer = self.agent.get(&uri).call().context(uri)?;
        let (status, body) = (answer.status(), answer.body_mut().read_to_vec()?);
        if !status.is_success() {
            bail!("{path}: {status} {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }

    pub(super) fn json(&self, path: &str) -> Result<Value> {
        Ok(serde_json::from_slice(&self.get(&self.path(path))?)?)
    }

    fn socket(&self, path: &str) -> Result<Socket> {
        let uri = format!("ws://127.0.0.1:{}{}", self.port, self.path(path));
        let (socket, _) = tungstenite::connect(&uri).context(uri)?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(LOOK_UP))?;
        }
        Ok(Socket(socket))
    }
}

struct Socket(WebSocket<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// The next message, if one comes soon.
    fn next(&mut self) -> Result<Option<String>> {
        match self.0.read() {
            Ok(Message::Text(text)) => Ok(Some(text.to_string())),
            Ok(Message::Close(reason)) => bail!("the socket was closed: {reason:?}"),
            Ok(_) => Ok(None),
            Err(tungstenite::Error::Io(error))
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A page that is open.
pub(super) struct Visitor {
    closed: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<u64>>>,
}

impl Visitor {
    /// Opens a page; every other one is on the list of alerts, and the rest on the graph with a
    /// node's tap.
    pub(super) fn open(site: &Site, number: usize) -> Result<Self> {
        let site = site.of_another();
        site.get("/")?;
        for path in ["/api/v1/session", "/api/v1/flows"] {
            site.get(path)?;
        }
        for path in ["cameras?limit=500", "graph", "incidents?open=true"] {
            site.json(path)?;
        }
        let closed = Arc::new(AtomicBool::new(false));
        let mut visitor = Self {
            closed: Arc::clone(&closed),
            threads: Vec::new(),
        };
        let watching = Watching { site, closed };
        let on_alerts = number.is_multiple_of(2);
        visitor.spawn(&watching, move |watching| watching.live(on_alerts));
        visitor.spawn(&watching, Watching::pictures);
        if !on_alerts {
            visitor.spawn(&watching, Watching::tap);
        }
        Ok(visitor)
    }

    fn spawn(
        &mut self,
        watching: &Watching,
        watch: impl FnOnce(Watching) -> Result<u64> + Send + 'static,
    ) {
        let watching = watching.clone();
        self.threads
            .push(std::thread::spawn(move || watch(watching)));
    }

    /// Closes it. Everything must have come to it that it looked at.
    pub(super) fn close(self) -> Result<()> {
        self.closed.store(true, Ordering::Relaxed);
        for thread in self.threads {
            match thread.join() {
                Ok(came) => {
                    if came? == 0 {
                        bail!("a page saw nothing");
                    }
                }
                Err(_) => bail!("a page panicked"),
            }
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Watching {
    site: Site,
    closed: Arc<AtomicBool>,
}

impl Watching {
    fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Relaxed)
    }

    /// How the flow is, and what it asks for when there was an alert.
    fn live(self, on_alerts: bool) -> Result<u64> {
        let mut socket = self.site.socket("live")?;
        let (mut came, mut asked) = (0, Instant::now());
        let mut is_news = true;
        while self.is_open() {
            if let Some(text) = socket.next()? {
                came += 1;
                is_news |= text.starts_with("{\"alert\"");
            }
            if is_news && asked.elapsed() >= ASK_AFTER_ALERTS {
                (is_news, asked) = (false, Instant::now());
                self.site.json("incidents?open=true")?;
                if on_alerts {
                    self.site.json("alerts?limit=100")?;
                }
            }
        }
        Ok(came)
    }

    fn tap(self) -> Result<u64> {
        let mut socket = self.site.socket("nodes/tracked/tap")?;
        let mut came = 0;
        while self.is_open() {
            came += u64::from(socket.next()?.is_some());
        }
        Ok(came)
    }

    fn pictures(self) -> Result<u64> {
        let mut came = 0;
        let path = self
            .site
            .path("cameras/clip/picture.jpg?width=320&boxes=zones");
        while self.is_open() {
            let asked = Instant::now();
            self.site.get(&path)?;
            came += 1;
            std::thread::sleep(PICTURE_EVERY.saturating_sub(asked.elapsed()));
        }
        Ok(came)
    }
}

//! GStreamer's RTSP server, which is a camera as far as it goes.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

/// A server of our own, which goes when this does.
pub struct Server {
    process: Child,
    lines: Receiver<String>,
    pub port: u16,
}

impl Server {
    /// `None`, with a word about it, where there is no GStreamer.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        if !there_is_gstreamer() {
            eprintln!("skipped: no GStreamer RTSP server for /usr/bin/python3");
            return None;
        }
        let mut process = Command::new("/usr/bin/python3")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rtsp_server.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let Ok(ready) = lines.recv_timeout(LIMIT) else {
            process.kill().ok();
            process.wait().ok();
            panic!("the RTSP server did not start with {arguments:?}");
        };
        let port = ready.strip_prefix("ready ").unwrap().parse().unwrap();
        Some(Self {
            process,
            lines,
            port,
        })
    }

    pub fn expect(&self, wanted: &str) {
        let deadline = Instant::now() + LIMIT;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.starts_with(wanted) => return,
                Ok(line) => seen.push(line),
                Err(_) => panic!("the server saw no `{wanted}`, only {seen:?}"),
            }
        }
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    pub fn kill(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// `cargo xtask test` installs it; whoever runs this file alone may be without.
fn there_is_gstreamer() -> bool {
    let bindings = "import gi; gi.require_version('GstRtspServer', '1.0'); \
                    from gi.repository import GstRtspServer";
    Command::new("/usr/bin/python3")
        .args(["-c", bindings])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that nothing listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

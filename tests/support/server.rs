//! Real servers that nobody here wrote, each in a process of its own on a free port.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::{Process, place};

/// The system's Python, which is the one that has GStreamer's bindings.
const PYTHON: &str = "/usr/bin/python3";

/// How long a server may take until it listens.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(20);

/// How a client has to log in.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// `basic` or `digest`.
    pub scheme: &'a str,
    /// The user's name.
    pub user: &'a str,
    /// The password, which must appear nowhere.
    pub password: &'a str,
}

/// GStreamer's RTSP server, playing a clip in real time to whoever asks.
pub struct RtspServer {
    process: Process,
    port: u16,
}

impl RtspServer {
    /// Serves `clip`; with `once`, nobody sees it a second time.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(clip: &Path, login: Option<Login<'_>>, once: bool) -> Result<Self> {
        Self::start_on(0, clip, login, once)
    }

    /// The same on a certain port, for a server that comes back.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_on(port: u16, clip: &Path, login: Option<Login<'_>>, once: bool) -> Result<Self> {
        let mut command = server("rtsp.py");
        command.arg(clip).args(["--port", &port.to_string()]);
        Self::launch(command, login, once)
    }

    /// A camera: everyone sees the same, which is `clip` so many `times` in a row from when the
    /// first one comes.
    ///
    /// # Errors
    /// When it does not start.
    pub fn camera(clip: &Path, times: u32) -> Result<Self> {
        let mut command = server("rtsp.py");
        command
            .arg(clip)
            .args(["--shared", "--times", &times.to_string()]);
        Self::launch(command, None, false)
    }

    /// The same for who logs in.
    ///
    /// # Errors
    /// When it does not start.
    pub fn camera_with(clip: &Path, times: u32, login: Login<'_>) -> Result<Self> {
        let mut command = server("rtsp.py");
        command
            .arg(clip)
            .args(["--shared", "--times", &times.to_string()]);
        Self::launch(command, Some(login), false)
    }

    fn launch(mut command: Command, login: Option<Login<'_>>, once: bool) -> Result<Self> {
        if let Some(login) = login {
            command.args(["--auth", login.scheme]);
            command.args(["--user", login.user, "--password", login.password]);
        }
        if once {
            command.arg("--once");
        }
        let (process, port) = ready("the RTSP server", &mut command)?;
        Ok(Self { process, port })
    }

    /// Where the clip is, without a login.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/clip", self.port)
    }

    /// Where the clip is, with a login in the address.
    #[must_use]
    pub fn url_with(&self, user: &str, password: &str) -> String {
        format!("rtsp://{user}:{password}@127.0.0.1:{}/clip", self.port)
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until something happens: `play`, `teardown`, `eos` or `closed`.
    ///
    /// # Errors
    /// When it does not within `within`.
    pub fn wait_for(&mut self, event: &str, within: Duration) -> Result<()> {
        self.process.wait_for(event, within).map(drop)
    }

    /// Takes it away at once, as a power cut would.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn kill(mut self) -> Result<()> {
        self.process.kill()
    }
}

/// A web server that takes what is posted to it.
pub struct HttpReceiver {
    process: Process,
    port: u16,
}

/// One request that came in.
#[derive(Debug, Deserialize)]
pub struct HttpRequest {
    /// The path of its address.
    pub path: String,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    /// What was posted.
    pub body: Value,
    /// What the receiver answered: a status, or `close`.
    pub answer: String,
}

impl HttpReceiver {
    /// Starts one that gives `answers` in turn and the last of them for ever: a status, or
    /// `close` to close the connection without an answer.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(answers: &[&str]) -> Result<Self> {
        Self::start_on(0, answers)
    }

    /// The same on a certain port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_on(port: u16, answers: &[&str]) -> Result<Self> {
        let mut command = server("http_receiver.py");
        command.args(["--port", &port.to_string(), "--answers"]);
        let (process, port) = ready("the HTTP receiver", command.args(answers))?;
        Ok(Self { process, port })
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next request, whatever it was answered.
    ///
    /// # Errors
    /// When none comes within `within`.
    pub fn request(&mut self, within: Duration) -> Result<HttpRequest> {
        let line = self.process.line("a request", within)?;
        let line = line.context("the HTTP receiver is gone")?;
        serde_json::from_str(&line).with_context(|| format!("not a request: {line}"))
    }

    /// Stops it and returns every request that it got.
    ///
    /// # Errors
    /// When it cannot be stopped or printed something else.
    pub fn stop(mut self) -> Result<Vec<HttpRequest>> {
        self.process.kill()?;
        let printed = self.process.finish(START_LIMIT)?.stdout;
        // The first line says that it is ready.
        let requests = printed.lines().skip(1);
        requests
            .map(|line| {
                serde_json::from_str(line).with_context(|| format!("not a request: {line}"))
            })
            .collect()
    }
}

pub(crate) fn server(name: &str) -> Command {
    let mut command = Command::new(PYTHON);
    command.arg(place::server(name));
    command
}

pub(crate) fn ready(name: &str, command: &mut Command) -> Result<(Process, u16)> {
    let mut process = Process::start(name, command)?;
    let port = process.wait_for("ready", START_LIMIT)?;
    let port = port
        .parse()
        .with_context(|| format!("{name} is on no port"))?;
    Ok((process, port))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn the_receiver_answers_in_turn_and_tells_what_it_got() {
        let receiver = HttpReceiver::start(&["503", "close", "200"]).unwrap();
        let post = |body: &str| {
            let mut stream = TcpStream::connect(("127.0.0.1", receiver.port())).unwrap();
            let length = body.len();
            let head = format!(
                "POST /here HTTP/1.1\r\nConnection: close\r\nX-Key: k\r\nContent-Length: {length}\r\n\r\n"
            );
            stream.write_all((head + body).as_bytes()).unwrap();
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            answer
        };
        assert!(post("1").contains(" 503 "));
        assert_eq!(post("2"), "");
        assert!(post("3").contains(" 200 "));
        assert!(post("4").contains(" 200 "));
        let requests = receiver.stop().unwrap();
        let bodies: Vec<&Value> = requests.iter().map(|request| &request.body).collect();
        assert_eq!(bodies, [1, 2, 3, 4]);
        let first = requests.first().unwrap();
        assert_eq!(
            (first.path.as_str(), first.answer.as_str()),
            ("/here", "503")
        );
        assert_eq!(first.headers["x-key"], "k");
    }
}

//! A client of the control API, as programs write one: it asks, and says what came.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tungstenite::client::IntoClientRequest;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use crate::{Agave, Yard, free_port};

/// Until the flow runs and is served.
const START_LIMIT: Duration = Duration::from_secs(60);
/// So long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// A yard whose flow runs and can be asked.
///
/// # Errors
/// When it does not start.
pub fn served(yard: &Yard) -> Result<(Agave, Api)> {
    let port = free_port()?;
    let running = yard.run_with(&["--listen", &format!("127.0.0.1:{port}")])?;
    let api = Api::at(port);
    api.wait(START_LIMIT)?;
    Ok((running, api))
}

/// A token for the flows of `running`.
///
/// # Errors
/// When there can be none.
pub fn token(running: &Agave, name: &str, role: &str) -> Result<String> {
    let made = running.beside(["token", "new", name, "--role", role])?;
    ensure!(made.status.success(), "{}", made.stderr);
    Ok(made.stdout.trim().to_owned())
}

/// Somebody who asks the API at one address.
#[derive(Clone, Debug)]
pub struct Api {
    port: u16,
    token: Option<String>,
    agent: ureq::Agent,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct ApiAnswer {
    /// The status.
    pub status: u16,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApiRequest<'r> {
    /// `GET` if empty.
    pub method: &'r str,
    /// Begins with `/`.
    pub path: &'r str,
    /// Beside those that every request has.
    pub headers: &'r [(&'r str, &'r str)],
    /// Nothing is sent if there is nothing.
    pub body: &'r str,
}

/// A socket on which things are looked at.
pub struct ApiSocket(WebSocket<MaybeTlsStream<TcpStream>>);

impl Api {
    /// At this port of this machine, without a token.
    #[must_use]
    pub fn at(port: u16) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_LIMIT))
            .build();
        Self {
            port,
            token: None,
            agent: config.into(),
        }
    }

    /// Its address as a program writes it.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it is asked.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// When it does not within `within`.
    pub fn wait(&self, within: Duration) -> Result<()> {
        let deadline = Instant::now() + within;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            ensure!(Instant::now() < deadline, "nobody listens at {}", self.port);
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Sends a change of something that was seen with the tag `tag`.
    ///
    /// # Errors
    /// When nothing is answered.
    pub fn change(&self, method: &str, path: &str, tag: &str, body: &Value) -> Result<ApiAnswer> {
        self.ask(&ApiRequest {
            method,
            path,
            headers: &[("if-match", tag), ("content-type", "application/json")],
            body: &body.to_string(),
        })
    }

    /// Asks.
    ///
    /// # Errors
    /// When nothing is answered.
    pub fn ask(&self, request: &ApiRequest<'_>) -> Result<ApiAnswer> {
        let method = if request.method.is_empty() {
            "GET"
        } else {
            request.method
        };
        let uri = format!("http://127.0.0.1:{}{}", self.port, request.path);
        let mut building = ureq::http::Request::builder().method(method).uri(uri);
        for (name, value) in request.headers {
            building = building.header(*name, *value);
        }
        if let Some(token) = &self.token {
            building = building.header("authorization", format!("Bearer {token}"));
        }
        let built = building.body(request.body.to_owned())?;
        let answer = self
            .agent
            .configure_request(built)
            .allow_non_standard_methods(true)
            .build();
        let answer = self.agent.run(answer);
        answered(answer.with_context(|| format!("{method} {}", request.path))?)
    }

    /// Gets what is at `path`.
    ///
    /// # Errors
    /// When nothing is answered.
    pub fn get(&self, path: &str) -> Result<ApiAnswer> {
        self.ask(&ApiRequest {
            path,
            ..ApiRequest::default()
        })
    }

    /// Sends a file to `path`.
    ///
    /// # Errors
    /// When nothing is answered.
    pub fn post(&self, path: &str, kind: &str, file: &[u8]) -> Result<ApiAnswer> {
        let mut building = self
            .agent
            .post(format!("{}{path}", self.origin()))
            .content_type(kind);
        if let Some(token) = &self.token {
            building = building.header("authorization", format!("Bearer {token}"));
        }
        let answer = building.send(file);
        answered(answer.with_context(|| format!("POST {path}"))?)
    }

    /// Gets what is at `path`, which has to be there and JSON.
    ///
    /// # Errors
    /// When that is not so.
    pub fn json(&self, path: &str) -> Result<Value> {
        let answer = self.get(path)?;
        ensure!(answer.status == 200, "{path}: {}", answer.shown());
        answer.json()
    }

    /// Looks at what comes at `path`.
    ///
    /// # Errors
    /// When that cannot be looked at.
    pub fn socket(&self, path: &str) -> Result<ApiSocket> {
        let mut request = format!("ws://127.0.0.1:{}{path}", self.port).into_client_request()?;
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse()?;
            request.headers_mut().insert("authorization", value);
        }
        let (socket, _) = tungstenite::connect(request).with_context(|| path.to_owned())?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        }
        Ok(ApiSocket(socket))
    }
}

fn answered(mut answer: ureq::http::Response<ureq::Body>) -> Result<ApiAnswer> {
    let headers = answer.headers().iter();
    let headers = headers.map(|(name, value)| {
        let value = value.to_str().unwrap_or_default();
        (name.as_str().to_owned(), value.to_owned())
    });
    Ok(ApiAnswer {
        status: answer.status().as_u16(),
        headers: headers.collect(),
        body: answer.body_mut().read_to_vec()?,
    })
}

impl ApiAnswer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| self.shown())
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// For messages.
    #[must_use]
    pub fn shown(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        format!(
            "{} {}",
            self.status,
            body.chars().take(500).collect::<String>()
        )
    }
}

impl ApiSocket {
    /// The next message that is text, and JSON.
    ///
    /// # Errors
    /// When none comes.
    pub fn next_json(&mut self) -> Result<Value> {
        loop {
            if let Message::Text(text) = self.0.read()? {
                return Ok(serde_json::from_str(&text)?);
            }
        }
    }

    /// The next message that is not text.
    ///
    /// # Errors
    /// When none comes.
    pub fn next_bytes(&mut self) -> Result<Vec<u8>> {
        loop {
            match self.0.read()? {
                Message::Binary(bytes) => return Ok(bytes.to_vec()),
                Message::Close(_) => bail!("the socket was closed"),
                _ => {}
            }
        }
    }

    /// Waits until the socket is closed by the other side, and gives code and reason.
    ///
    /// # Errors
    /// When it ends without them, or not at all.
    pub fn closed(&mut self) -> Result<(u16, String)> {
        loop {
            if let Message::Close(said) = self.0.read()? {
                let said = said.context("it is closed without a word")?;
                return Ok((said.code.into(), said.reason.to_string()));
            }
        }
    }

    /// Waits for a message in which `key` is.
    ///
    /// # Errors
    /// When none comes.
    pub fn until(&mut self, key: &str) -> Result<Value> {
        loop {
            let mut message = self.next_json()?;
            if let Some(found) = message.get_mut(key) {
                return Ok(found.take());
            }
        }
    }
}

//! A client of another hand: it logs in with Digest and says what it was answered.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use crate::common::{PASSWORD, USER, World};

/// So long it waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Visitor<'w> {
    world: &'w World,
    pub(crate) password: &'w str,
    pub(crate) challenge: Option<WwwAuthenticateHeader>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) challenge: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl<'w> Visitor<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self {
            world,
            password: PASSWORD,
            challenge: None,
        }
    }

    fn runtime(&self) -> &Handle {
        self.world.runtime.handle()
    }

    pub(crate) fn get(&mut self, page: &str) -> Result<Answer> {
        self.ask(Method::GET, page, "")
    }

    /// Asks, and logs in where that is asked for.
    pub(crate) fn ask(&mut self, method: Method, page: &str, body: &str) -> Result<Answer> {
        let first = self.ask_once(method.clone(), page, body)?;
        if first.status != 401 || first.challenge.is_empty() {
            return Ok(first);
        }
        self.challenge = Some(digest_auth::parse(&first.challenge)?);
        self.ask_once(method, page, body)
    }

    /// Asks with what it knows.
    pub(crate) fn ask_once(&mut self, method: Method, page: &str, body: &str) -> Result<Answer> {
        let response = self.respond(method, page, body)?;
        let header = |name| {
            let value = response.headers().get(name);
            let value = value.and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (content_type, challenge) = (header(CONTENT_TYPE), header(WWW_AUTHENTICATE));
        let status = response.status().as_u16();
        let body = self.runtime().block_on(response.into_body().collect())?;
        Ok(Answer {
            status,
            content_type,
            challenge,
            body: body.to_bytes().to_vec(),
        })
    }

    /// A stream that goes on.
    pub(crate) fn stream(&mut self, page: &str) -> Result<Stream> {
        self.get("System/status")?;
        let response = self.respond(Method::GET, page, "")?;
        Ok(Stream {
            runtime: self.runtime().clone(),
            status: response.status().as_u16(),
            body: response.into_body(),
            text: Vec::new(),
        })
    }

    /// Each request has a connection of its own, which ends with its answer.
    fn respond(&mut self, method: Method, page: &str, body: &str) -> Result<Response<Incoming>> {
        let path = format!("/ISAPI/{page}");
        let address = self.world.device.address();
        let mut request = Request::builder().method(&method).uri(&path);
        if let Some(challenge) = &mut self.challenge {
            let method = HttpMethod::from(method.as_str().to_owned());
            let context =
                AuthContext::new_with_method(USER, self.password, path, None::<&[u8]>, method);
            let login = challenge.respond(&context)?.to_header_string();
            request = request.header(AUTHORIZATION, login);
        }
        let request = request.header(HOST, address.to_string());
        let request = request.body(Full::new(Bytes::from(body.to_owned())))?;
        self.runtime().block_on(async {
            let stream = TcpStream::connect(address).await?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            let asked = tokio::time::timeout(PATIENCE, sender.send_request(request));
            Ok(asked.await.context("no answer")??)
        })
    }
}

/// What comes on a stream.
pub(crate) struct Stream {
    runtime: Handle,
    pub(crate) status: u16,
    body: Incoming,
    text: Vec<u8>,
}

impl Stream {
    /// Reads until `text` has come, and gives everything up to it.
    pub(crate) fn until(&mut self, text: &str) -> Result<String> {
        loop {
            let so_far = String::from_utf8_lossy(&self.text).into_owned();
            if let Some(at) = so_far.find(text) {
                let (seen, rest) = so_far.split_at(at + text.len());
                self.text = rest.as_bytes().to_vec();
                return Ok(seen.to_owned());
            }
            let more = self
                .more()
                .with_context(|| format!("no `{text}` in {so_far}"))?;
            let more = more.with_context(|| format!("the end, and no `{text}` in {so_far}"))?;
            self.text.extend_from_slice(&more);
        }
    }

    /// The next that comes; nothing at the end, broken or not.
    fn more(&mut self) -> Result<Option<Bytes>> {
        let Self { runtime, body, .. } = self;
        let frame =
            runtime.block_on(async { tokio::time::timeout(PATIENCE, body.frame()).await })?;
        Ok(frame.and_then(|frame| frame.ok()?.into_data().ok()))
    }

    /// Waits for its end.
    pub(crate) fn ends(mut self) -> Result<()> {
        while self.more()?.is_some() {}
        Ok(())
    }
}

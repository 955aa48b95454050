//! A client of another hand: it logs in with Digest and says what it was answered.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::time::Duration;

use anyhow::{Context, Result};
use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{Client, Method, Response};
use tokio::runtime::Handle;

use crate::common::{PASSWORD, USER, World};

pub(crate) struct Visitor<'w> {
    world: &'w World,
    client: Client,
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
    pub(crate) fn new(world: &'w World) -> Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()?;
        Ok(Self {
            world,
            client,
            password: PASSWORD,
            challenge: None,
        })
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
        self.runtime().block_on(async {
            let header = |name: &str| {
                let value = response.headers().get(name);
                value
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or_default()
                    .to_owned()
            };
            Ok(Answer {
                status: response.status().as_u16(),
                content_type: header("content-type"),
                challenge: header(WWW_AUTHENTICATE.as_str()),
                body: response.bytes().await?.to_vec(),
            })
        })
    }

    /// A stream that goes on.
    pub(crate) fn stream(&mut self, page: &str) -> Result<Stream> {
        self.get("System/status")?;
        let response = self.respond(Method::GET, page, "")?;
        Ok(Stream {
            runtime: self.runtime().clone(),
            status: response.status().as_u16(),
            response,
            text: Vec::new(),
        })
    }

    fn respond(&mut self, method: Method, page: &str, body: &str) -> Result<Response> {
        let url = self.world.url(page);
        let mut request = self
            .client
            .request(method.clone(), &url)
            .body(body.to_owned());
        if let Some(challenge) = &mut self.challenge {
            let method = HttpMethod::from(method.as_str().to_owned());
            let path = format!("/ISAPI/{page}");
            let context =
                AuthContext::new_with_method(USER, self.password, path, None::<&[u8]>, method);
            let login = challenge.respond(&context)?.to_header_string();
            request = request.header(AUTHORIZATION, login);
        }
        // Its time limit begins inside of the runtime.
        Ok(self.runtime().block_on(async { request.send().await })?)
    }
}

/// What comes on a stream.
pub(crate) struct Stream {
    runtime: Handle,
    pub(crate) status: u16,
    response: Response,
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
            let chunk = self.runtime.block_on(self.response.chunk())?;
            let chunk = chunk.with_context(|| format!("no `{text}` in {so_far}"))?;
            self.text.extend_from_slice(&chunk);
        }
    }

    /// Whether it has come to an end, broken or not.
    pub(crate) fn ends(mut self) -> bool {
        loop {
            match self.runtime.block_on(self.response.chunk()) {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(error) => return !error.is_timeout(),
            }
        }
    }
}

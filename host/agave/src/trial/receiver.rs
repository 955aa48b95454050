//! The outside of an adapter under test: a real web server of this machine, which answers what
//! the test says and remembers what it was asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::{AbortHandle, JoinSet};

use super::spec::AnswerSpec;

const MOST_BODY_BYTES: usize = 1 << 20;
/// More requests are answered, and not remembered: so many, with so many bytes in all bodies.
const MOST_REQUESTS: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;

/// The server, until it is dropped.
pub(crate) struct Receiver {
    address: SocketAddr,
    asked: Arc<Mutex<Asked>>,
    listening: AbortHandle,
}

#[derive(Default)]
struct Asked {
    answers: Vec<AnswerSpec>,
    count: usize,
    requests: Vec<Value>,
    /// In the bodies of `requests`.
    bytes: usize,
}

impl Receiver {
    /// Listens on a free port of this machine.
    pub(crate) fn start(runtime: &Runtime, answers: Vec<AnswerSpec>) -> Result<Self> {
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .context("cannot start a web server for the test")?;
        let address = listener.local_addr()?;
        let asked = Arc::new(Mutex::new(Asked {
            answers,
            ..Asked::default()
        }));
        let listening = runtime.spawn(listen(listener, Arc::clone(&asked)));
        Ok(Self {
            address,
            asked,
            listening: listening.abort_handle(),
        })
    }

    /// Its address, as settings and grants name it.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        lock(&self.asked).requests.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn lock(asked: &Mutex<Asked>) -> std::sync::MutexGuard<'_, Asked> {
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(listener: TcpListener, asked: Arc<Mutex<Asked>>) {
    // They end with the server.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let asked = Arc::clone(&asked);
        connections.spawn(async move {
            let service = service_fn(|request| answer(request, Arc::clone(&asked)));
            // A connection that breaks is for the adapter to notice.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Why a connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the test says that there is no answer")]
struct NoAnswer;

async fn answer(
    request: Request<Incoming>,
    asked: Arc<Mutex<Asked>>,
) -> Result<Response<Full<Bytes>>, NoAnswer> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MOST_BODY_BYTES).collect().await;
    let body = body.map_err(|_| NoAnswer)?.to_bytes();
    let headers: BTreeMap<&str, String> = head
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str(), value)
        })
        .collect();
    let request = json!({
        "method": head.method.as_str(),
        "path": head.uri.path_and_query().map_or("/", |path| path.as_str()),
        "headers": headers,
        "body": serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body))),
    });
    let answer = lock(&asked).next(request, body.len());
    if answer.close {
        return Err(NoAnswer);
    }
    Ok(response(&answer))
}

impl Asked {
    fn next(&mut self, request: Value, bytes: usize) -> AnswerSpec {
        let bytes = self.bytes.saturating_add(bytes);
        if self.requests.len() < MOST_REQUESTS && bytes <= MOST_BYTES {
            self.requests.push(request);
            self.bytes = bytes;
        }
        let answer = self.answers.get(self.count).or(self.answers.last());
        self.count += 1;
        answer.cloned().unwrap_or_default()
    }
}

fn response(answer: &AnswerSpec) -> Response<Full<Bytes>> {
    let body = match &answer.body {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(json) => json.to_string(),
    };
    let mut builder = Response::builder().status(answer.answer.unwrap_or(200));
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::from(body)).unwrap_or_else(|error| {
        // A header that cannot be sent: the test shows it as the status of a broken server.
        let mut broken = Response::new(Full::from(error.to_string()));
        *broken.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_has_an_end() {
        let mut asked = Asked::default();
        for number in 0..20 {
            asked.next(json!(number), MOST_BODY_BYTES);
        }
        assert_eq!(asked.requests.len(), MOST_BYTES / MOST_BODY_BYTES);
        assert_eq!(asked.count, 20);
    }
}

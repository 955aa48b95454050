//! Models that cameras could be looked at with: those that lie around, and those that somebody sends.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Buf;
use futures::StreamExt;
use serde::Deserialize;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{InPath, InQuery, media_type};
use crate::problem::Problem;
use crate::shared::{Shared, ask};
use crate::view::{ModelFiles, ReceivedModel, bounds};

/// The largest detector that anybody runs on a processor has less.
const LARGEST_MODEL: u64 = 512 << 20;
const TOO_LARGE: &str = "a model may have 512 MiB";
const OCTETS: &str = "application/octet-stream";
/// So long the next piece may take to come.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Pieces that wait to be written, each of which has been read from the network at once.
const WAITING: usize = 4;

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new().routes(routes!(model_files, receive_model))
}

/// Models that lie where they are looked for
///
/// Beside the flow file, in the folders `models` there and one up, in `AGAVE_MODELS`, and in
/// `models` beside the program.
#[utoipa::path(get, path = "/flows/{flow}/model-files", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "At most 100, the nearest first", body = ModelFiles)))]
async fn model_files(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
) -> Result<Json<ModelFiles>, Problem> {
    let flow = shared.flow(&flow)?;
    let found = shared.change(move || Ok(flow.model_files()));
    Ok(Json(found.await?))
}

/// What a model is called that is sent.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Called {
    /// The name of its file. What could not be a name becomes `-`.
    #[param(example = "people.onnx", max_length = 255)]
    #[serde(deserialize_with = "bounds::text::<255, _>")]
    name: String,
}

/// Send a model
///
/// It is written into the folder `models` beside the flow file while it comes, and opened as a flow
/// would open it. What is no model that a flow can run is not kept; nor is anything written over:
/// where another file has the name, it gets a number. One is received after the other. A model is
/// run without the limits that plugins have, which is why this needs the role admin.
#[utoipa::path(post, path = "/flows/{flow}/model-files", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"), Called),
    request_body(content((Vec<u8> = "application/octet-stream")),
        description = "An ONNX file of up to 512 MiB"),
    security(("token" = ["admin"])),
    responses(
        (status = 200, description = "What it is", body = ReceivedModel),
        (status = 413, description = "The model is larger than 512 MiB",
            body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The `Content-Type` is not application/octet-stream",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It is no model that a flow can run, or did not come to its end",
            body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Another model is being received, or it cannot be kept",
            body = Problem, content_type = "application/problem+json")))]
async fn receive_model(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    InQuery(Called { name }): InQuery<Called>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ReceivedModel>, Problem> {
    let flow = shared.flow(&flow)?;
    if media_type(&headers) != OCTETS {
        let said = format!("send an ONNX file, and say so: `Content-Type: {OCTETS}`");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, said));
    }
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > LARGEST_MODEL) {
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE));
    }
    let Ok(turn) = Arc::clone(&shared.receipts).try_acquire_owned() else {
        let said = "another model is being received; send this one when that is done";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, said));
    };
    let (pieces, waiting) = channel(WAITING);
    let receiving = ask(move || {
        let _turn = turn;
        flow.receive_model(&name, &mut Arriving::of(waiting))
    });
    let (received, ()) = tokio::join!(receiving, forward(body.into_data_stream(), pieces));
    received.map(Json)
}

/// A piece of a body, or its end: a channel that is closed without one was broken off.
type Piece = Option<Bytes>;

/// Hands on what comes until its end, or until nobody wants more of it.
async fn forward(mut body: BodyDataStream, pieces: Sender<Piece>) {
    loop {
        let piece = match timeout(LONGEST_PAUSE, body.next()).await {
            Ok(Some(Ok(piece))) => Some(piece),
            Ok(None) => None,
            // Whoever reads is told by the channel's end.
            Ok(Some(Err(_))) | Err(_) => return,
        };
        let is_last = piece.is_none();
        if pieces.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

/// A body as it comes, for a thread that waits for it.
struct Arriving {
    waiting: Receiver<Piece>,
    rest: Bytes,
    left: u64,
}

impl Arriving {
    fn of(waiting: Receiver<Piece>) -> Self {
        Self {
            waiting,
            rest: Bytes::new(),
            left: LARGEST_MODEL,
        }
    }
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            let broken_off =
                || io::Error::new(ErrorKind::UnexpectedEof, "the connection was broken off");
            let Some(piece) = self.waiting.blocking_recv().ok_or_else(broken_off)? else {
                return Ok(0);
            };
            let too_large = || io::Error::new(ErrorKind::FileTooLarge, TOO_LARGE);
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.left = self.left.checked_sub(length).ok_or_else(too_large)?;
            self.rest = piece;
        }
        let length = self.rest.len().min(buffer.len());
        self.rest
            .copy_to_slice(buffer.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[Option<&'static [u8]>], left: u64) -> io::Result<Vec<u8>> {
        let (sender, waiting) = channel(pieces.len());
        for piece in pieces {
            sender.try_send(piece.map(Bytes::from_static)).unwrap();
        }
        drop(sender);
        let mut arriving = Arriving::of(waiting);
        arriving.left = left;
        let mut all = Vec::new();
        arriving.read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn a_body_is_whole_or_an_error() {
        assert_eq!(
            read(&[Some(b"ab"), Some(b""), Some(b"c"), None], 3).unwrap(),
            b"abc"
        );
        let broken = read(&[Some(b"ab")], 3).unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::UnexpectedEof);
        let large = read(&[Some(b"ab"), Some(b"cd"), None], 3).unwrap_err();
        assert_eq!(large.kind(), ErrorKind::FileTooLarge);
    }
}

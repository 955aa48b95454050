//! What is looked at as it comes: how a flow is, what passes a node, and a camera's video. All
//! of it is lossy for whoever looks, and says so; whoever does not read is cut off, and the flow
//! never waits. A socket that ends says why: 1001 where there is no more to see, 4401 where
//! whoever looks may not any more.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval, timeout};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::audience::{End, Watching};
use crate::access::Caller;
use crate::extract::InPath;
use crate::problem::Problem;
use crate::shared::{Shared, ask};
use crate::system::{Feed, FlowEvent, RunningFlow, VideoItem};

/// Twice a second is often enough for numbers.
const STATUS_EVERY: Duration = Duration::from_millis(500);
/// So long a viewer may take to read one message.
const LONGEST_READING: Duration = Duration::from_secs(10);
/// Nobody who looks on has much to say.
const LARGEST_MESSAGE: usize = 4 << 10;

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(tap))
        .routes(routes!(video))
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

fn upgrade(upgrade: Upgrade) -> Result<WebSocketUpgrade, Problem> {
    let upgrade = upgrade.map_err(|_| {
        Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "this is a WebSocket; ask for an upgrade",
        )
    })?;
    Ok(upgrade.max_message_size(LARGEST_MESSAGE))
}

/// What happens to a flow, as it happens
///
/// A WebSocket: `{"status": …}` at once and then twice a second, `{"alert": …}` for each alert,
/// `{"reload": …}` when the flow was read again, `{"left_out": n}` when the reader was too slow.
#[utoipa::path(get, path = "/flows/{flow}/live", tag = "live",
    params(("flow" = String, Path, description = "The flow's name")),
    security(("token" = ["viewer"])),
    responses((status = 101, description = "The socket is open")))]
async fn live(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath(flow): InPath<String>,
    socket: Upgrade,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    let socket = upgrade(socket)?;
    let watching = Watching::of(&shared, Arc::clone(&flow), caller.by)?;
    Ok(socket.on_upgrade(move |socket| {
        watching.show(socket, async move |socket: &mut WebSocket| {
            show_live(socket, shared, flow).await
        })
    }))
}

async fn show_live(socket: &mut WebSocket, shared: Arc<Shared>, flow: Arc<dyn RunningFlow>) -> End {
    let mut events = flow.events();
    let mut due = interval(STATUS_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let text = tokio::select! {
            _ = due.tick() => {
                match shared.status(&flow).await {
                    Ok(gathered) => gathered.text.as_ref().to_owned(),
                    Err(_) => return End::NoMore("the flow cannot say how it is"),
                }
            }
            event = events.recv() => match event {
                Ok(FlowEvent::Alert(alert)) => json!({ "alert": alert.as_ref() }).to_string(),
                Ok(FlowEvent::Reload(report)) => json!({ "reload": report.as_ref() }).to_string(),
                Err(RecvError::Lagged(count)) => json!({ "left_out": count }).to_string(),
                Err(RecvError::Closed) => return End::NoMore("the flow has ended"),
            },
            message = socket.recv() => match message {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return End::Gone,
            },
        };
        if !send(socket, Message::Text(text.into())).await {
            return End::Gone;
        }
    }
}

/// What passes a node
///
/// A WebSocket: `{"passed": …}` for each frame's detections, of up to 32 frames a second, and for
/// each alert; `{"left_out": n}` for what that leaves out and for what did not fit.
#[utoipa::path(get, path = "/flows/{flow}/nodes/{node}/tap", tag = "live",
    params(("flow" = String, Path, description = "The flow's name"),
           ("node" = String, Path, description = "The node's name")),
    security(("token" = ["viewer"])),
    responses((status = 101, description = "The socket is open")))]
async fn tap(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath((flow, node)): InPath<(String, String)>,
    socket: Upgrade,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    let socket = upgrade(socket)?;
    let watching = Watching::of(&shared, Arc::clone(&flow), caller.by)?;
    let feed = ask(move || flow.tap(&node)).await?;
    let written = |passed: Value| Message::Text(json!({ "passed": passed }).to_string().into());
    Ok(socket.on_upgrade(move |socket| {
        watching.show(socket, async move |socket: &mut WebSocket| {
            show(socket, feed, written).await
        })
    }))
}

/// A camera's video with what was seen in it
///
/// A WebSocket: `{"config": …}` for WebCodecs, then binary messages (a byte that is 1 for a key
/// frame, the presentation time in microseconds as a big-endian 64-bit integer, the access unit),
/// `{"frame": …}` for each frame that was looked at, `{"left_out": n}` for packets that did not
/// fit.
#[utoipa::path(get, path = "/flows/{flow}/cameras/{camera}/video", tag = "live",
    params(("flow" = String, Path, description = "The flow's name"),
           ("camera" = String, Path, description = "The camera's name")),
    security(("token" = ["viewer"])),
    responses((status = 101, description = "The socket is open")))]
async fn video(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath((flow, camera)): InPath<(String, String)>,
    socket: Upgrade,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    let socket = upgrade(socket)?;
    let watching = Watching::of(&shared, Arc::clone(&flow), caller.by)?;
    let feed = ask(move || flow.video(&camera)).await?;
    Ok(socket.on_upgrade(move |socket| {
        watching.show(socket, async move |socket: &mut WebSocket| {
            show(socket, feed, message).await
        })
    }))
}

fn message(item: VideoItem) -> Message {
    match item {
        VideoItem::Config {
            codec,
            description,
            width,
            height,
        } => {
            let description = description.map(|bytes| BASE64_STANDARD.encode(bytes));
            let config = json!({ "codec": codec, "description": description, "width": width, "height": height });
            Message::Text(json!({ "config": config }).to_string().into())
        }
        VideoItem::Packet {
            key_frame,
            presentation_us,
            data,
        } => {
            let mut bytes = Vec::with_capacity(9 + data.len());
            bytes.push(u8::from(key_frame));
            bytes.extend_from_slice(&presentation_us.to_be_bytes());
            bytes.extend_from_slice(&data);
            Message::Binary(Bytes::from(bytes))
        }
        VideoItem::Frame {
            presentation_us,
            frame,
            ts,
            node,
            detections,
        } => {
            let seen = json!({ "pts_us": presentation_us, "frame": frame, "ts": ts, "node": node, "detections": detections });
            Message::Text(json!({ "frame": seen }).to_string().into())
        }
    }
}

/// Hands on what comes until one of the two sides hangs up.
async fn show<T>(socket: &mut WebSocket, mut feed: Feed<T>, written: fn(T) -> Message) -> End {
    loop {
        let item = tokio::select! {
            item = feed.items.recv() => item,
            message = socket.recv() => match message {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return End::Gone,
            },
        };
        let left_out = (feed.left_out)();
        if left_out > 0 {
            let text = json!({ "left_out": left_out }).to_string();
            if !send(socket, Message::Text(text.into())).await {
                return End::Gone;
            }
        }
        let Some(item) = item else {
            return End::NoMore("no more will come");
        };
        if !send(socket, written(item)).await {
            return End::Gone;
        }
    }
}

/// Whether it was read in time.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(
        timeout(LONGEST_READING, socket.send(message)).await,
        Ok(Ok(()))
    )
}

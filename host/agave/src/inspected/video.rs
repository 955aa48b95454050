//! A camera's video as its viewers get it: the packets that the camera sent, and what was seen
//! in its frames, with the times at which they are shown.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use agave_core::{FrameDetections, StreamInfo};
use agave_flow::{Flow, Work};
use agave_inspector::Refusal;
use agave_inspector::system::{Feed, FlowEvent, VideoItem};
use agave_inspector::view::PassedDetection;
use agave_media::{Video, Viewer};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::InspectedFlow;
use crate::keeper::{Keeper, named};
use crate::topology::Tap;

/// So much waits between the camera's relay and the page's socket. What does not fit waits in
/// the relay, which leaves out what is too old.
const MOST_WAITING: usize = 32;

pub(super) fn video(inspected: &InspectedFlow, camera: &str) -> Result<Feed<VideoItem>, Refusal> {
    let keeper = &inspected.keeper;
    let live = keeper.live();
    let flow = live.flow();
    super::camera::has_pictures(&flow, camera)?;
    let viewer = live.watch_video(camera);
    let viewer =
        viewer.ok_or_else(|| Refusal::Unavailable(format!("too many watch '{camera}' already")))?;
    let (sender, items) = mpsc::channel(MOST_WAITING);
    let (seen, waiting) = mpsc::channel(MOST_WAITING);
    let tap = Arc::new(FrameTap {
        camera: camera.to_owned(),
        node: RwLock::new(last_node(&flow, camera)),
        seen,
    });
    let guard = live.taps().add(Arc::clone(&tap) as Arc<dyn Tap>);
    let left_out = Arc::new(AtomicU64::new(0));
    inspected.runtime.spawn(hand_on(Stage {
        viewer,
        waiting,
        sender,
        left_out: Arc::clone(&left_out),
        keeper: Arc::clone(keeper),
        tap,
    }));
    Ok(Feed {
        items,
        left_out: Box::new(move || left_out.swap(0, Ordering::Relaxed)),
        guard: Box::new(guard),
    })
}

/// The last node of the flow that gives detections of `camera`.
fn last_node(flow: &Flow, camera: &str) -> String {
    let index = flow.cameras.iter().position(|known| known.name == camera);
    let gives = |node: &&agave_flow::Node| {
        let reached = node.cameras.iter().any(|known| Some(known.0) == index);
        let role = match &node.work {
            Work::Infer { .. } => true,
            Work::Plugin(plugin) => plugin.role == agave_core::Role::Filter,
            Work::Store(_) | Work::Serve(_) => false,
        };
        reached && role
    };
    let last = flow.nodes.iter().rev().find(gives);
    last.map(|node| node.name.clone()).unwrap_or_default()
}

/// Looks at the detections of one camera.
struct FrameTap {
    camera: String,
    node: RwLock<String>,
    seen: Sender<SeenFrame>,
}

struct SeenFrame {
    frame: u64,
    ts: String,
    node: String,
    detections: Vec<PassedDetection>,
}

impl Tap for FrameTap {
    fn detections(&self, node: &str, stream: &StreamInfo, frame: &FrameDetections) {
        if stream.camera != self.camera {
            return;
        }
        let wanted = self.node.read().unwrap_or_else(PoisonError::into_inner);
        if node != *wanted {
            return;
        }
        // What a slow page does not see is not drawn, and nothing else.
        if let Ok(place) = self.seen.try_reserve() {
            place.send(SeenFrame {
                frame: frame.frame,
                ts: frame.at.to_string(),
                node: node.to_owned(),
                detections: named(stream, &frame.detections),
            });
        }
    }
}

/// What it takes to hand a camera's video on.
struct Stage {
    viewer: Viewer,
    waiting: Receiver<SeenFrame>,
    sender: Sender<VideoItem>,
    left_out: Arc<AtomicU64>,
    keeper: Arc<Keeper>,
    tap: Arc<FrameTap>,
}

/// Hands on packets and detections as they come, until nobody watches or the camera is gone.
async fn hand_on(mut stage: Stage) {
    let mut events = stage.keeper.events();
    loop {
        let item = tokio::select! {
            () = stage.sender.closed() => return,
            video = stage.viewer.next() => match video {
                Some(Video::Begins(stream)) => VideoItem::Config {
                    codec: stream.codec.clone(),
                    description: stream.description.clone(),
                    width: stream.width,
                    height: stream.height,
                },
                Some(Video::Packet(packet)) => VideoItem::Packet {
                    key_frame: packet.key_frame,
                    presentation_us: packet.presentation_us,
                    data: packet.data,
                },
                Some(Video::LeftOut(count)) => {
                    stage.left_out.fetch_add(count, Ordering::Relaxed);
                    continue;
                }
                None => return,
            },
            Some(seen) = stage.waiting.recv() => {
                let Some(presentation_us) = stage.viewer.presentation_us(seen.frame) else {
                    continue;
                };
                VideoItem::Frame {
                    presentation_us,
                    frame: seen.frame,
                    ts: seen.ts,
                    node: seen.node,
                    detections: seen.detections,
                }
            }
            event = events.recv() => {
                // Another node may be the last one now.
                if matches!(event, Ok(FlowEvent::Reload(_)) | Err(RecvError::Lagged(_))) {
                    let last = last_node(&stage.keeper.live().flow(), &stage.tap.camera);
                    *stage.tap.node.write().unwrap_or_else(PoisonError::into_inner) = last;
                }
                continue;
            }
        };
        if stage.sender.send(item).await.is_err() {
            return;
        }
    }
}

//! Cameras with their zones and how they are.

use std::collections::BTreeMap;

use agave_core::{BoundingBox, Mark, Timestamp, View};
use agave_flow::{CameraIndex, CameraKind, Flow, Work};
use agave_inspector::Refusal;
use agave_inspector::system::{Boxes, IncidentQuery, Jpeg, PictureWanted};
use agave_inspector::view::{CameraView, Incident, PassedDetection, TriedNow, ZoneView};

use super::InspectedFlow;
use super::pictures::Subject;

/// What an open incident is about, what is in a zone, and the rest.
const ALARMING: [u8; 3] = [0xff, 0x5a, 0x61];
const IN_ZONE: [u8; 3] = [0x7d, 0x9b, 0xff];
const ELSEWHERE: [u8; 3] = [0xd5, 0xda, 0xe4];
/// Pixels of the longest side.
const LEAST_PIXELS_WITH_LABELS: u32 = 480;

pub(super) fn cameras(inspected: &InspectedFlow) -> Vec<CameraView> {
    let live = inspected.keeper.live();
    let flow = live.flow();
    let statuses = live.camera_statuses();
    let models = super::node::models(inspected, &flow);
    let open = open_incidents(inspected);
    let cameras = flow.cameras.iter().enumerate();
    cameras
        .map(|(index, camera)| {
            let status = statuses.iter().find(|status| status.name == camera.name);
            let video = status.and_then(|status| status.video.as_ref());
            let looked = looks(&flow, CameraIndex(index));
            let looked = looked.filter_map(|model| models.get(model));
            let (models, classes): (Vec<_>, Vec<_>) = looked
                .map(|model| (model.name.clone(), model.classes.clone()))
                .unzip();
            CameraView {
                name: camera.name.clone(),
                source: match camera.kind {
                    CameraKind::Rtsp => "rtsp".to_owned(),
                    CameraKind::File => "file".to_owned(),
                    CameraKind::Recording => "recording".to_owned(),
                },
                url: camera.shown_url.clone(),
                has_login: camera.url.reveal() != camera.shown_url,
                fps: camera.fps,
                health: status.map_or_else(String::new, |status| status.health.clone()),
                reason: status.and_then(|status| status.reason.clone()),
                trouble: status.and_then(|status| status.trouble.clone()),
                since: status.and_then(|status| status.since.clone()),
                tries_again_in_s: status.and_then(|status| status.tries_again_in_s),
                width: video.map(|video| video.width),
                height: video.map(|video| video.height),
                codec: video.and_then(|video| video.codec.clone()),
                key_frame_gap_s: video.and_then(|video| video.key_frame_gap_s),
                models,
                classes: classes.into_iter().flatten().collect(),
                zones: camera
                    .zones
                    .iter()
                    .map(|zone| ZoneView {
                        name: zone.name.clone(),
                        points: zone
                            .polygon
                            .iter()
                            .map(|point| [point.x, point.y])
                            .collect(),
                    })
                    .collect(),
                open_incidents: open.get(&camera.name).copied().unwrap_or(0),
            }
        })
        .collect()
}

/// The models that look at a camera, each once.
fn looks(flow: &Flow, camera: CameraIndex) -> impl Iterator<Item = usize> {
    let nodes = flow
        .nodes
        .iter()
        .filter(move |node| node.cameras.contains(&camera));
    let models = nodes.filter_map(|node| match node.work {
        Work::Infer { model } => Some(model.0),
        _ => None,
    });
    let models: std::collections::BTreeSet<usize> = models.collect();
    models.into_iter()
}

/// How many incidents of each camera have begun and not ended.
fn open_incidents(inspected: &InspectedFlow) -> BTreeMap<String, u64> {
    let mut open = BTreeMap::new();
    for incident in open_incidents_of(inspected, None) {
        *open.entry(incident.camera_id).or_default() += 1;
    }
    open
}

fn open_incidents_of(inspected: &InspectedFlow, camera: Option<&str>) -> Vec<Incident> {
    let query = IncidentQuery {
        open: Some(true),
        camera: camera.map(str::to_owned),
        most: usize::MAX,
        ..IncidentQuery::default()
    };
    // What cannot be read is told where it is asked for.
    super::incidents::incidents(inspected, &query).unwrap_or_default()
}

/// Has a camera that is lost tried at once.
pub(super) fn try_now(inspected: &InspectedFlow, camera: &str) -> Result<TriedNow, Refusal> {
    let tried = inspected.keeper.live().try_camera_now(camera);
    let tried = tried.ok_or_else(|| Refusal::NotFound(format!("there is no camera '{camera}'")))?;
    tried
        .map(|said| TriedNow { said })
        .map_err(Refusal::Conflict)
}

/// # Errors
/// When there is no such camera, or it plays what others have seen.
pub(super) fn has_pictures(flow: &Flow, camera: &str) -> Result<(), Refusal> {
    let known = flow.cameras.iter().find(|known| known.name == camera);
    match known.map(|known| known.kind) {
        Some(CameraKind::Rtsp | CameraKind::File) => Ok(()),
        Some(CameraKind::Recording) => Err(Refusal::NotFound(format!(
            "'{camera}' plays a recording, which has detections and no pictures"
        ))),
        None => Err(Refusal::NotFound(format!("there is no camera '{camera}'"))),
    }
}

/// The newest frame of a camera.
pub(super) fn picture(
    inspected: &InspectedFlow,
    camera: &str,
    wanted: PictureWanted,
) -> Result<Jpeg, Refusal> {
    let live = inspected.keeper.live();
    let flow = live.flow();
    has_pictures(&flow, camera)?;
    let no_frame = || Refusal::NotFound(format!("there is no frame of '{camera}' yet"));
    let recent = live.recent().ok_or_else(no_frame)?;
    let frame = recent.newest(camera).ok_or_else(no_frame)?;
    let seen = inspected.evidence.seen(camera, frame);
    let zones = flow
        .cameras
        .iter()
        .any(|known| known.name == camera && !known.zones.is_empty());
    let is_drawn = |detection: &&PassedDetection| match wanted.boxes {
        Boxes::None => false,
        Boxes::Zones => !zones || !detection.zones.is_empty(),
        Boxes::All => true,
    };
    let alarming = match wanted.boxes {
        Boxes::None => Vec::new(),
        Boxes::Zones | Boxes::All => open_incidents_of(inspected, Some(camera)),
    };
    let detections = seen.iter().flat_map(|seen| &seen.detections);
    let mut marks: Vec<Mark> = detections
        .filter(is_drawn)
        .map(|detection| mark(detection, &alarming, wanted.most_pixels))
        .collect();
    // What an alert is about is on top.
    marks.sort_by_key(|mark| mark.colour == Some(ALARMING));
    let subject = Subject { frame, marks };
    inspected.pictures.of(camera, wanted, &subject, || {
        let mut view = View::of(None, wanted.most_pixels);
        view.marks = subject.marks.clone();
        let shown = recent.show(camera, frame, &view);
        let shown = shown.map_err(|reason| Refusal::NotFound(reason.to_string()))?;
        Ok(Jpeg {
            data: shown.jpeg.into(),
            frame,
            // The chain may not have come to it yet.
            ts: seen
                .as_ref()
                .map_or_else(Timestamp::now, |seen| seen.at)
                .to_string(),
        })
    })
}

/// In the page's own colours, so that a picture looks as the video does.
fn mark(detection: &PassedDetection, alarming: &[Incident], most_pixels: u32) -> Mark {
    let is_alarming = alarming.iter().any(|incident| {
        let zone = incident.zone.as_ref();
        incident.class == detection.class && zone.is_none_or(|zone| detection.zones.contains(zone))
    });
    let [left, top, width, height] = detection.bbox;
    Mark {
        bbox: BoundingBox {
            left,
            top,
            width,
            height,
        },
        class: detection.class.clone(),
        colour: Some(match detection.zones.is_empty() {
            _ if is_alarming => ALARMING,
            false => IN_ZONE,
            true => ELSEWHERE,
        }),
        label: match is_alarming {
            true => format!("alert: {}", detection.class),
            // On a small picture labels would hide what they are about.
            false if most_pixels < LEAST_PIXELS_WITH_LABELS => String::new(),
            false => format!("{} {:.2}", detection.class, detection.confidence),
        },
    }
}

//! Cameras with their zones and how they are.

use std::collections::BTreeMap;

use agave_core::{BoundingBox, Mark, Timestamp, View};
use agave_flow::{CameraIndex, CameraKind, Flow, Work};
use agave_inspector::Refusal;
use agave_inspector::system::{Boxes, IncidentQuery, Jpeg, PictureWanted};
use agave_inspector::view::{CameraView, PassedDetection, ZoneView};

use super::InspectedFlow;
use super::pictures::Subject;

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
                fps: camera.fps,
                health: status.map_or_else(String::new, |status| status.health.clone()),
                reason: status.and_then(|status| status.reason.clone()),
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
    // What cannot be read is told where it is asked for.
    let query = IncidentQuery {
        open: Some(true),
        most: usize::MAX,
        ..IncidentQuery::default()
    };
    for incident in super::incidents::incidents(inspected, &query).unwrap_or_default() {
        *open.entry(incident.camera_id).or_default() += 1;
    }
    open
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
    let detections = seen.iter().flat_map(|seen| &seen.detections);
    let subject = Subject {
        frame,
        marks: detections.filter(is_drawn).map(mark).collect(),
    };
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

fn mark(detection: &PassedDetection) -> Mark {
    let [left, top, width, height] = detection.bbox;
    Mark {
        bbox: BoundingBox {
            left,
            top,
            width,
            height,
        },
        class: detection.class.clone(),
        label: format!("{} {:.2}", detection.class, detection.confidence),
    }
}

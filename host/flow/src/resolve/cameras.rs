//! Cameras: where their pictures come from, and the zones in them.

use std::path::PathBuf;

use agave_core::{MAX_ZONES, Point, PolygonError, Secret, Zone, check_polygon};
use url::Url;

use super::models::as_f32;
use super::{Context, quantity};
use crate::interpolate::SecretText;
use crate::named::Named;
use crate::spec::{CameraSpec, CornerSpec, PolygonSpec};
use crate::{Camera, CameraKind, Code, Pace, interpolate, tree};

const SUPPORTED: &str = "a camera is an `rtsp://` address, a video file, or a recording";
/// The names of recordings end like this.
const RECORDING: &str = ".agrec";

pub(super) fn resolve(cx: &mut Context<'_, '_>) -> Option<Vec<Camera>> {
    let cameras = &cx.spec().cameras;
    cx.each("cameras", cameras, |cx, pointer, name, spec| {
        // One after the other without `?`, so that all of them are checked.
        let source = source(cx, pointer, name, spec);
        let max_age = tree::join(pointer, "max-age");
        let max_age = quantity::positive_duration(cx, &max_age, &spec.max_age);
        let zones = zones(cx, &tree::join(pointer, "zones"), name, &spec.zones);
        let (kind, address) = source?;
        without_effect(cx, pointer, kind, spec);
        Some(Camera {
            name: name.to_owned(),
            url: address.full,
            shown_url: address.shown,
            kind,
            fps: as_f32(spec.fps),
            max_age: max_age?,
            transport: spec.transport.unwrap_or_default(),
            pace: spec.pace.unwrap_or(usual_pace(kind)),
            repeat: spec.repeat.unwrap_or_default(),
            recorded: spec.recorded.clone(),
            zones: zones?,
        })
    })
}

/// Whether an address, with everything in it that stood for something, is that of a recording.
pub fn is_recording(url: &str) -> bool {
    let is_file = !url.contains("://") || url.starts_with("file://");
    is_file && url.ends_with(RECORDING)
}

fn source(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    name: &str,
    spec: &CameraSpec,
) -> Option<(CameraKind, SecretText)> {
    let at = tree::join(pointer, "url");
    // Nothing means that it refers to something that is missing, which has been reported.
    let address = interpolate::secret_address(&spec.url, cx.surroundings)?;
    let url = address.full.reveal();
    let scheme = url
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    let (code, problem, help) = match scheme.as_deref() {
        None if url.is_empty() => (Code::BadUrl, "is empty".to_owned(), SUPPORTED),
        None => return file(cx, &at, name, &address),
        Some("file") => return file(cx, &at, name, &address),
        Some("rtsp") => match Url::parse(url) {
            Ok(parsed) if parsed.host_str().is_some_and(|host| !host.is_empty()) => {
                return Some((CameraKind::Rtsp, address));
            }
            Ok(_) => (
                Code::BadUrl,
                "has no host".to_owned(),
                "write `rtsp://HOST/PATH`",
            ),
            Err(problem) => (
                Code::BadUrl,
                format!("is not valid: {problem}"),
                "write `rtsp://HOST:PORT/PATH`; a login goes before the host, as `rtsp://${secret:NAME}@HOST/PATH`",
            ),
        },
        Some("rtsps") => (
            Code::BadUrl,
            "uses `rtsps://`, which is not supported".to_owned(),
            "use `rtsp://`, and keep the camera in a network of its own",
        ),
        Some(other) => (
            Code::BadUrl,
            format!("has the scheme `{other}`, which is not supported"),
            SUPPORTED,
        ),
    };
    let message = format!("the url of camera '{name}' {problem}");
    cx.problem(code, &at, message, Some(help.to_owned()));
    None
}

fn file(
    cx: &mut Context<'_, '_>,
    at: &str,
    name: &str,
    address: &SecretText,
) -> Option<(CameraKind, SecretText)> {
    let written = |text: &str| -> PathBuf {
        cx.folder(at)
            .join(text.strip_prefix("file://").unwrap_or(text))
    };
    let path = written(address.full.reveal());
    let shown = written(&address.shown).display().to_string();
    if cx.surroundings.file_exists(&path) {
        let kind = match is_recording(address.full.reveal()) {
            true => CameraKind::Recording,
            false => CameraKind::File,
        };
        return Some((
            kind,
            SecretText {
                full: Secret::new(path.display().to_string()),
                shown,
            },
        ));
    }
    let message = format!("camera '{name}': there is no file `{shown}`");
    let help =
        format!("{SUPPORTED}; the path is relative to the folder of the file that it stands in");
    cx.problem(Code::FileNotFound, at, message, Some(help));
    None
}

/// A recording stands in for a camera, and plays as one.
fn usual_pace(kind: CameraKind) -> Pace {
    match kind {
        CameraKind::Recording => Pace::Realtime,
        CameraKind::File | CameraKind::Rtsp => Pace::default(),
    }
}

fn without_effect(cx: &mut Context<'_, '_>, pointer: &str, kind: CameraKind, spec: &CameraSpec) {
    let (is_stream, is_recording) = (kind == CameraKind::Rtsp, kind == CameraKind::Recording);
    for (is_set, means_nothing, key, reason) in [
        (
            spec.transport.is_some(),
            !is_stream,
            "transport",
            "it is read from a file",
        ),
        (
            spec.pace.is_some(),
            is_stream,
            "pace",
            "a stream comes at its own pace",
        ),
        (
            spec.repeat.is_some(),
            is_stream,
            "repeat",
            "a stream has no end",
        ),
        (
            spec.recorded.is_some(),
            !is_recording,
            "recorded",
            "it is no recording",
        ),
    ] {
        if is_set && means_nothing {
            let message = format!("`{key}` has no effect on this camera: {reason}");
            let help = Some(format!("remove `{key}`"));
            cx.problem_with_key(Code::NoEffect, &tree::join(pointer, key), message, help);
        }
    }
}

fn zones(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    camera: &str,
    zones: &Named<PolygonSpec>,
) -> Option<Vec<Zone>> {
    let mut good = zones.0.len() <= MAX_ZONES;
    if !good {
        let message = format!(
            "camera '{camera}' has {} zones, and can have at most {MAX_ZONES}",
            zones.0.len()
        );
        cx.problem_with_key(Code::TooManyZones, pointer, message, None);
    }
    let mut resolved = Vec::new();
    for (name, PolygonSpec(corners)) in &zones.0 {
        let at = tree::join(pointer, name);
        cx.check_name_of_key(&at, name, &format!("zone '{name}' of camera '{camera}'"));
        let polygon: Vec<Point> = corners
            .iter()
            .map(|&CornerSpec([x, y])| Point {
                x: as_f32(x),
                y: as_f32(y),
            })
            .collect();
        if let Err(error) = check_polygon(&polygon) {
            let (corner, problem, help) = polygon_words(error);
            let place = corner.map_or(at.clone(), |corner| tree::join(&at, &corner.to_string()));
            let message = format!("zone '{name}' of camera '{camera}': {problem}");
            cx.problem(Code::BadPolygon, &place, message, Some(help.to_owned()));
            good = false;
        }
        resolved.push(Zone {
            name: name.clone(),
            polygon,
        });
    }
    good.then_some(resolved)
}

/// The corner to point at, and words that count corners from 1.
fn polygon_words(error: PolygonError) -> (Option<usize>, String, &'static str) {
    match error {
        PolygonError::TooFewCorners(_) | PolygonError::TooManyCorners(_) => (
            None,
            error.to_string(),
            "write the corners one after the other: `[[0.1, 0.2], [0.8, 0.2], [0.5, 0.9]]`",
        ),
        PolygonError::OutsideFrame(corner) => (
            Some(corner),
            format!("corner {} is outside of the frame", corner + 1),
            "coordinates are fractions of the frame from 0 to 1, not pixels",
        ),
        PolygonError::SelfIntersecting(first, second) => (
            Some(second),
            format!(
                "the edge that begins at corner {} crosses the one that begins at corner {}",
                second + 1,
                first + 1
            ),
            "list the corners in order around the zone",
        ),
        PolygonError::NoArea => (
            None,
            "all corners are on one line, so there is nothing inside".to_owned(),
            "move a corner off the line",
        ),
    }
}

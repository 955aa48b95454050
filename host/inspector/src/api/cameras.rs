//! Cameras: how they are, what they see, and their zones.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::page::{Page, Part};
use crate::access::Caller;
use crate::extract::{IfMatch, InBody, InPath, InQuery};
use crate::problem::Problem;
use crate::shared::{Shared, ask, get};
use crate::system::{Boxes, Jpeg, PictureWanted, RunningFlow, ZoneChange};
use crate::view::{CameraView, ReportView, TriedNow, ZoneShape, ZoneView};

const LARGEST_PICTURE: u32 = 4096;

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(cameras))
        .routes(routes!(camera))
        .routes(routes!(try_now))
        .routes(routes!(picture))
        .routes(routes!(zones))
        .routes(routes!(write_zone, remove_zone))
}

/// The cameras of a flow
#[utoipa::path(get, path = "/flows/{flow}/cameras", tag = "cameras",
    params(("flow" = String, Path, description = "The flow's name"), Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "In the order of their names", body = Page<CameraView>)))]
async fn cameras(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<CameraView>>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(part.of(get(move || flow.cameras()).await?)?))
}

/// One camera
#[utoipa::path(get, path = "/flows/{flow}/cameras/{camera}", tag = "cameras",
    params(("flow" = String, Path, description = "The flow's name"),
           ("camera" = String, Path, description = "The camera's name")),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "Without credentials", body = CameraView)))]
async fn camera(
    State(shared): State<Arc<Shared>>,
    InPath((flow, camera)): InPath<(String, String)>,
) -> Result<Json<CameraView>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(find(flow, camera).await?))
}

pub(super) async fn find(
    flow: Arc<dyn RunningFlow>,
    camera: String,
) -> Result<CameraView, Problem> {
    let cameras = get(move || flow.cameras()).await?;
    let found = cameras.into_iter().find(|one| one.name == camera);
    found.ok_or_else(|| Problem::not_found(format!("there is no camera '{camera}'")))
}

/// Try a camera that is lost at once
///
/// Ends its wait before the next attempt. By hand it is tried every 2 seconds at most, and every
/// 10 minutes while it refuses the login: cameras lock an account after a few wrong ones.
#[utoipa::path(post, path = "/flows/{flow}/cameras/{camera}/try-now", tag = "cameras",
    params(("flow" = String, Path, description = "The flow's name"),
           ("camera" = String, Path, description = "The camera's name")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "It is tried; how it is then says the status", body = TriedNow),
        (status = 409, description = "It is not lost, or was tried by hand just now",
            body = Problem, content_type = "application/problem+json")))]
async fn try_now(
    State(shared): State<Arc<Shared>>,
    InPath((flow, camera)): InPath<(String, String)>,
) -> Result<Json<TriedNow>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(ask(move || flow.try_now(&camera)).await?))
}

/// In which form a picture is wanted.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PictureQuery {
    /// Pixels of its longest side, at most; it is never larger than it was taken.
    #[param(minimum = 16, maximum = 4096, default = 1280)]
    width: Option<u32>,
    /// What is drawn in it of what was seen.
    #[param(inline)]
    boxes: Option<Boxes>,
}

impl PictureQuery {
    fn wanted(&self) -> Result<PictureWanted, Problem> {
        let most_pixels = self.width.unwrap_or(1280);
        if !(16..=LARGEST_PICTURE).contains(&most_pixels) {
            let said = format!("`width` is from 16 to {LARGEST_PICTURE} pixels");
            return Err(Problem::bad_request(said));
        }
        Ok(PictureWanted {
            most_pixels,
            boxes: self.boxes.unwrap_or_default(),
        })
    }
}

/// A picture with its frame and its time.
pub(super) fn shown(jpeg: Jpeg) -> Response {
    let frame = jpeg.frame.to_string();
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-agave-frame"), frame.as_str()),
        (HeaderName::from_static("x-agave-time"), jpeg.ts.as_str()),
    ];
    (headers, jpeg.data).into_response()
}

/// The newest frame that was looked at
#[utoipa::path(get, path = "/flows/{flow}/cameras/{camera}/picture.jpg", tag = "cameras",
    params(("flow" = String, Path, description = "The flow's name"),
           ("camera" = String, Path, description = "The camera's name"), PictureQuery),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "A JPEG", body = Vec<u8>, content_type = "image/jpeg",
        headers(("X-Agave-Frame" = u64, description = "The frame's number"),
                ("X-Agave-Time" = String, description = "When it was captured, RFC 3339")))))]
async fn picture(
    State(shared): State<Arc<Shared>>,
    InPath((flow, camera)): InPath<(String, String)>,
    InQuery(query): InQuery<PictureQuery>,
) -> Result<Response, Problem> {
    let wanted = query.wanted()?;
    let flow = shared.flow(&flow)?;
    let picture = shared.draw(move || flow.picture(&camera, wanted));
    Ok(shown(picture.await?))
}

/// The zones of a camera
#[utoipa::path(get, path = "/flows/{flow}/cameras/{camera}/zones", tag = "zones",
    params(("flow" = String, Path, description = "The flow's name"),
           ("camera" = String, Path, description = "The camera's name"), Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "In the order of their names", body = Page<ZoneView>,
        headers(("ETag" = String, description = "That of the flow file")))))]
async fn zones(
    State(shared): State<Arc<Shared>>,
    InPath((flow, camera)): InPath<(String, String)>,
    InQuery(part): InQuery<Part>,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    listed(flow, camera, &part).await
}

/// The zones of a camera with the tag of the file that has them.
pub(super) async fn listed(
    flow: Arc<dyn RunningFlow>,
    camera: String,
    part: &Part,
) -> Result<Response, Problem> {
    let (tag, zones) = zones_of(flow, camera).await?;
    Ok(([(header::ETAG, tag)], Json(part.of(zones)?)).into_response())
}

/// The tag comes first: where somebody changes a zone in between, it is the tag of what was there
/// before, with which nobody can overwrite the change.
pub(super) async fn zones_of(
    flow: Arc<dyn RunningFlow>,
    camera: String,
) -> Result<(String, Vec<ZoneView>), Problem> {
    let asked = Arc::clone(&flow);
    let file = ask(move || asked.file()).await?;
    let found = find(flow, camera).await?;
    Ok((format!("\"{}\"", file.tag), found.zones))
}

/// Changes a zone, or takes it away where there are no corners.
pub(super) async fn change(
    shared: &Shared,
    flow: Arc<dyn RunningFlow>,
    caller: Caller,
    camera: String,
    zone: String,
    points: Option<Vec<[f32; 2]>>,
    tag: String,
) -> Result<Response, Problem> {
    let changing = Arc::clone(&flow);
    let written = move || {
        changing.write_zone(&ZoneChange {
            camera: &camera,
            zone: &zone,
            points: points.as_deref(),
            expected: &tag,
            who: caller.shown(),
        })
    };
    super::flows::changed(flow, shared.change(written).await?).await
}

/// Give a zone its corners
///
/// A zone that is not there is added. The flow file is written, with everything else in it as it
/// was, and read again.
#[utoipa::path(put, path = "/flows/{flow}/cameras/{camera}/zones/{zone}", tag = "zones",
    params(("flow" = String, Path, description = "The flow's name"),
           ("camera" = String, Path, description = "The camera's name"),
           ("zone" = String, Path, description = "The zone's name"),
           ("If-Match" = String, Header, description = "The ETag of the zones that were seen")),
    request_body = ZoneShape,
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed", body = ReportView,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn write_zone(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath((flow, camera, zone)): InPath<(String, String, String)>,
    IfMatch(tag): IfMatch,
    InBody(shape): InBody<ZoneShape>,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    change(&shared, flow, caller, camera, zone, Some(shape.points), tag).await
}

/// Take a zone away
#[utoipa::path(delete, path = "/flows/{flow}/cameras/{camera}/zones/{zone}", tag = "zones",
    params(("flow" = String, Path, description = "The flow's name"),
           ("camera" = String, Path, description = "The camera's name"),
           ("zone" = String, Path, description = "The zone's name"),
           ("If-Match" = String, Header, description = "The ETag of the zones that were seen")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed", body = ReportView,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn remove_zone(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath((flow, camera, zone)): InPath<(String, String, String)>,
    IfMatch(tag): IfMatch,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    change(&shared, flow, caller, camera, zone, None, tag).await
}

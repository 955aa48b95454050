//! Zones of a camera by the names under which other programs know them: regions of interest,
//! without the flow, which is found by the camera.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cameras::{change, find, listed, zones_of};
use super::page::{Page, Part};
use crate::access::Caller;
use crate::extract::{IfMatch, InBody, InPath, InQuery};
use crate::problem::Problem;
use crate::shared::{Shared, get};
use crate::system::RunningFlow;
use crate::view::{CameraView, CameraZones, NewZone, ReportView, ZoneShape, ZoneView};

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(all_rois))
        .routes(routes!(rois, add_roi))
        .routes(routes!(roi, write_roi, remove_roi))
}

/// The flow that has a camera of this name.
async fn flow_of(shared: &Arc<Shared>, camera: &str) -> Result<Arc<dyn RunningFlow>, Problem> {
    let (shared, wanted) = (Arc::clone(shared), camera.to_owned());
    let found = get(move || {
        let mut flows = shared.system.flows().into_iter();
        flows.find(|flow| flow.cameras().iter().any(|one| one.name == wanted))
    });
    let found = found.await?;
    found.ok_or_else(|| Problem::not_found(format!("there is no camera '{camera}'")))
}

/// The regions of interest of all cameras
#[utoipa::path(get, path = "/config/rois", tag = "zones", params(Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "Flow by flow, in the order of their cameras", body = Page<CameraZones>)))]
async fn all_rois(
    State(shared): State<Arc<Shared>>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<CameraZones>>, Problem> {
    let all = get(move || {
        let flows = shared.system.flows().into_iter();
        let zones = flows.flat_map(|flow| {
            let cameras = flow.cameras().into_iter();
            let of_flow = |camera: CameraView| CameraZones {
                flow: flow.name().to_owned(),
                camera: camera.name,
                zones: camera.zones,
            };
            cameras.map(of_flow).collect::<Vec<_>>()
        });
        zones.collect()
    });
    Ok(Json(part.of(all.await?)?))
}

/// The regions of interest of a camera
#[utoipa::path(get, path = "/config/rois/{camera}", tag = "zones",
    params(("camera" = String, Path, description = "The camera's name"), Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "In the order of their names", body = Page<ZoneView>,
        headers(("ETag" = String, description = "That of the flow file")))))]
async fn rois(
    State(shared): State<Arc<Shared>>,
    InPath(camera): InPath<String>,
    InQuery(part): InQuery<Part>,
) -> Result<Response, Problem> {
    let flow = flow_of(&shared, &camera).await?;
    listed(flow, camera, &part).await
}

/// Add a region of interest
///
/// Where there is one of this name already, it is left as it is.
#[utoipa::path(post, path = "/config/rois/{camera}", tag = "zones",
    params(("camera" = String, Path, description = "The camera's name"),
           ("If-Match" = String, Header, description = "The ETag of the zones that were seen")),
    request_body = NewZone,
    security(("token" = ["operator"])),
    responses((status = 201, description = "What it changed", body = ReportView,
        headers(("ETag" = String, description = "That of the flow file now"),
                ("Location" = String, description = "Where it is"))),
        (status = 409, description = "There is one of this name",
            body = Problem, content_type = "application/problem+json")))]
async fn add_roi(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath(camera): InPath<String>,
    IfMatch(tag): IfMatch,
    InBody(NewZone { name, points }): InBody<NewZone>,
) -> Result<Response, Problem> {
    let flow = flow_of(&shared, &camera).await?;
    let known = find(Arc::clone(&flow), camera.clone()).await?;
    if known.zones.iter().any(|zone| zone.name == name) {
        let said = format!("camera '{camera}' has a zone '{name}'; PUT gives it other corners");
        return Err(Problem::new(StatusCode::CONFLICT, said));
    }
    // A name that could not stand in an address is refused as one of a zone.
    let place = format!("/api/v1/config/rois/{camera}/{name}");
    let added = change(&shared, flow, caller, camera, name, Some(points), tag);
    let mut response = added.await?;
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(place) = place.parse() {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// One region of interest
#[utoipa::path(get, path = "/config/rois/{camera}/{zone}", tag = "zones",
    params(("camera" = String, Path, description = "The camera's name"),
           ("zone" = String, Path, description = "The zone's name")),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "Its corners", body = ZoneView,
        headers(("ETag" = String, description = "That of the flow file")))))]
async fn roi(
    State(shared): State<Arc<Shared>>,
    InPath((camera, zone)): InPath<(String, String)>,
) -> Result<Response, Problem> {
    let flow = flow_of(&shared, &camera).await?;
    let (tag, zones) = zones_of(flow, camera).await?;
    let found = zones.into_iter().find(|one| one.name == zone);
    let found = found.ok_or_else(|| Problem::not_found(format!("there is no zone '{zone}'")))?;
    Ok(([(header::ETAG, tag)], Json(found)).into_response())
}

/// Give a region of interest its corners
#[utoipa::path(put, path = "/config/rois/{camera}/{zone}", tag = "zones",
    params(("camera" = String, Path, description = "The camera's name"),
           ("zone" = String, Path, description = "The zone's name"),
           ("If-Match" = String, Header, description = "The ETag of the zones that were seen")),
    request_body = ZoneShape,
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed", body = ReportView,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn write_roi(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath((camera, zone)): InPath<(String, String)>,
    IfMatch(tag): IfMatch,
    InBody(shape): InBody<ZoneShape>,
) -> Result<Response, Problem> {
    let flow = flow_of(&shared, &camera).await?;
    change(&shared, flow, caller, camera, zone, Some(shape.points), tag).await
}

/// Take a region of interest away
#[utoipa::path(delete, path = "/config/rois/{camera}/{zone}", tag = "zones",
    params(("camera" = String, Path, description = "The camera's name"),
           ("zone" = String, Path, description = "The zone's name"),
           ("If-Match" = String, Header, description = "The ETag of the zones that were seen")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed", body = ReportView,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn remove_roi(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath((camera, zone)): InPath<(String, String)>,
    IfMatch(tag): IfMatch,
) -> Result<Response, Problem> {
    let flow = flow_of(&shared, &camera).await?;
    change(&shared, flow, caller, camera, zone, None, tag).await
}

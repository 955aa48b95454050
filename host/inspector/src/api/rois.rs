//! Zones of a camera by the names under which other programs know them: regions of interest,
//! without the flow, which is found by the camera.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cameras::{change, listed};
use super::page::{Page, Part};
use crate::access::Caller;
use crate::extract::{IfMatch, InBody, InPath, InQuery};
use crate::problem::Problem;
use crate::shared::{Shared, get};
use crate::system::RunningFlow;
use crate::view::{ReportView, ZoneShape, ZoneView};

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(rois))
        .routes(routes!(write_roi, remove_roi))
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

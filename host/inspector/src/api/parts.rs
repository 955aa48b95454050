//! What lies around for flows: plugins, models, recordings, and the schema of their files.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::page::{Page, Part};
use crate::extract::{InPath, InQuery};
use crate::problem::Problem;
use crate::shared::{Shared, get};
use crate::view::{FlowModel, ModelView, RecordingView, UsedPlugin};

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(plugins))
        .routes(routes!(models))
        .routes(routes!(all_models))
        .routes(routes!(recordings))
        .routes(routes!(schema))
}

/// Plugins that flows use
#[utoipa::path(get, path = "/plugins", tag = "parts", params(Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "In the order of their names", body = Page<UsedPlugin>)))]
async fn plugins(
    State(shared): State<Arc<Shared>>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<UsedPlugin>>, Problem> {
    Ok(Json(part.of(get(move || shared.system.plugins()).await?)?))
}

/// The models of a flow
#[utoipa::path(get, path = "/flows/{flow}/models", tag = "models",
    params(("flow" = String, Path, description = "The flow's name"), Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "In the order of their names", body = Page<ModelView>)))]
async fn models(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<ModelView>>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(part.of(get(move || flow.models()).await?)?))
}

/// The models of all flows
#[utoipa::path(get, path = "/models", tag = "models", params(Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "Flow by flow, in the order of their names", body = Page<FlowModel>)))]
async fn all_models(
    State(shared): State<Arc<Shared>>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<FlowModel>>, Problem> {
    let all = get(move || {
        let flows = shared.system.flows().into_iter();
        let models = flows.flat_map(|flow| {
            let of_flow = |model| FlowModel {
                flow: flow.name().to_owned(),
                model,
            };
            flow.models().into_iter().map(of_flow).collect::<Vec<_>>()
        });
        models.collect()
    });
    Ok(Json(part.of(all.await?)?))
}

/// Recordings that lie beside the flow files
#[utoipa::path(get, path = "/recordings", tag = "parts", params(Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "In the order of their names", body = Page<RecordingView>)))]
async fn recordings(
    State(shared): State<Arc<Shared>>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<RecordingView>>, Problem> {
    let recordings = get(move || shared.system.recordings());
    Ok(Json(part.of(recordings.await?)?))
}

/// The JSON Schema of flow files
#[utoipa::path(get, path = "/schema/flow", tag = "parts",
    security(("token" = ["viewer"])),
    responses((status = 200, description = "For completion and checking in editors", body = Object)))]
async fn schema(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Problem> {
    Ok(Json(get(move || shared.system.flow_schema()).await?))
}

//! Additions to a flow: a camera that was tried before, a rule with its nodes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::page::{Page, Part};
use crate::access::Caller;
use crate::additions::Wish;
use crate::extract::{IfMatch, InBody, InPath, InQuery};
use crate::problem::Problem;
use crate::shared::{Shared, ask};
use crate::system::{Refusal, RunningFlow};
use crate::view::{
    Addition, CameraAddress, CameraTrial, ModelFiles, NewCamera, NewRule, Settings, UsedPlugin,
};

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(model_files))
        .routes(routes!(try_camera))
        .routes(routes!(add_camera))
        .routes(routes!(add_rule))
        .routes(routes!(move_camera))
        .routes(routes!(remove_node))
        .routes(routes!(configure))
        .routes(routes!(installed_plugins))
}

/// Whether something is done, or only planned.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Planning {
    /// Whether nothing is changed, and what it would do is said.
    #[param(default = false)]
    plan: Option<bool>,
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

/// Try a camera before it is added
///
/// Connects, and waits for the first picture. Nothing is kept of it.
#[utoipa::path(post, path = "/flows/{flow}/camera-trials", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name")),
    request_body = CameraAddress,
    security(("token" = ["operator"])),
    responses((status = 200, description = "The first picture, or why there is none", body = CameraTrial)))]
async fn try_camera(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    InBody(address): InBody<CameraAddress>,
) -> Result<Json<CameraTrial>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(ask(move || flow.try_camera(&address)).await?))
}

/// Add a camera
///
/// The flow file is written, with everything else in it as it was, and read again. A login goes
/// into a file of its own in the folder for state, and the flow file refers to it.
#[utoipa::path(post, path = "/flows/{flow}/cameras", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"),
           ("If-Match" = String, Header, description = "The ETag of the flow file that was seen")),
    request_body = NewCamera,
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed", body = Addition,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn add_camera(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath(flow): InPath<String>,
    IfMatch(tag): IfMatch,
    InBody(camera): InBody<NewCamera>,
) -> Result<Response, Problem> {
    let add = move |flow: &dyn RunningFlow| {
        let wish = Wish {
            expected: &tag,
            who: caller.shown(),
            only_planned: false,
        };
        flow.add_camera(&camera, &wish)
    };
    added(&shared, shared.flow(&flow)?, add).await
}

/// Add a rule
///
/// An alert when something of these classes is in a zone: with the filter that notes zones, where
/// there is none yet, and a gate that makes one incident of what comes and goes.
#[utoipa::path(post, path = "/flows/{flow}/rules", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"), Planning,
           ("If-Match" = String, Header, description = "The ETag of the flow file that was seen")),
    request_body = NewRule,
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed, or would change", body = Addition,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn add_rule(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath(flow): InPath<String>,
    InQuery(planning): InQuery<Planning>,
    IfMatch(tag): IfMatch,
    InBody(rule): InBody<NewRule>,
) -> Result<Response, Problem> {
    let add = move |flow: &dyn RunningFlow| {
        let wish = Wish {
            expected: &tag,
            who: caller.shown(),
            only_planned: planning.plan.unwrap_or_default(),
        };
        flow.add_rule(&rule, &wish)
    };
    added(&shared, shared.flow(&flow)?, add).await
}

/// Give a camera another address or login
///
/// A login goes into a file of its own in the folder for state, and the flow file refers to it.
#[utoipa::path(put, path = "/flows/{flow}/cameras/{camera}/address", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"),
           ("camera" = String, Path, description = "The camera's name"),
           ("If-Match" = String, Header, description = "The ETag of the flow file that was seen")),
    request_body = CameraAddress,
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed", body = Addition,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn move_camera(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath((flow, camera)): InPath<(String, String)>,
    IfMatch(tag): IfMatch,
    InBody(address): InBody<CameraAddress>,
) -> Result<Response, Problem> {
    let change = move |flow: &dyn RunningFlow| {
        let wish = Wish {
            expected: &tag,
            who: caller.shown(),
            only_planned: false,
        };
        flow.move_camera(&camera, &address, &wish)
    };
    added(&shared, shared.flow(&flow)?, change).await
}

/// Take a node away
///
/// With the nodes that read nothing else, such as the gate behind a rule.
#[utoipa::path(delete, path = "/flows/{flow}/nodes/{node}", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"),
           ("node" = String, Path, description = "The node's name"), Planning,
           ("If-Match" = String, Header, description = "The ETag of the flow file that was seen")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed, or would change", body = Addition,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn remove_node(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath((flow, node)): InPath<(String, String)>,
    InQuery(planning): InQuery<Planning>,
    IfMatch(tag): IfMatch,
) -> Result<Response, Problem> {
    let change = move |flow: &dyn RunningFlow| {
        let wish = Wish {
            expected: &tag,
            who: caller.shown(),
            only_planned: planning.plan.unwrap_or_default(),
        };
        flow.remove_node(&node, &wish)
    };
    added(&shared, shared.flow(&flow)?, change).await
}

/// Change settings of a node
///
/// Those that are named get other values, and `null` takes one away; the others stay as they are.
#[utoipa::path(patch, path = "/flows/{flow}/nodes/{node}/settings", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"),
           ("node" = String, Path, description = "The node's name"), Planning,
           ("If-Match" = String, Header, description = "The ETag of the flow file that was seen")),
    request_body = Settings,
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed, or would change", body = Addition,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn configure(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath((flow, node)): InPath<(String, String)>,
    InQuery(planning): InQuery<Planning>,
    IfMatch(tag): IfMatch,
    InBody(settings): InBody<Settings>,
) -> Result<Response, Problem> {
    let change = move |flow: &dyn RunningFlow| {
        let wish = Wish {
            expected: &tag,
            who: caller.shown(),
            only_planned: planning.plan.unwrap_or_default(),
        };
        flow.configure(&node, &settings, &wish)
    };
    added(&shared, shared.flow(&flow)?, change).await
}

/// Plugins that nodes could run
///
/// Those that lie where plugins are looked for. The first time takes a while: they are compiled.
#[utoipa::path(get, path = "/flows/{flow}/installed-plugins", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"), Part),
    security(("token" = ["operator"])),
    responses((status = 200, description = "In the order of their names", body = Page<UsedPlugin>)))]
async fn installed_plugins(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<UsedPlugin>>, Problem> {
    let flow = shared.flow(&flow)?;
    let plugins = shared.change(move || Ok(flow.installed_plugins()));
    Ok(Json(part.of(plugins.await?)?))
}

/// Adds something, and gives the tag that the file has afterwards.
async fn added(
    shared: &Shared,
    flow: Arc<dyn RunningFlow>,
    add: impl FnOnce(&dyn RunningFlow) -> Result<Addition, Refusal> + Send + 'static,
) -> Result<Response, Problem> {
    let adding = shared.change(move || {
        let addition = add(flow.as_ref())?;
        Ok((addition, flow.file()?))
    });
    let (addition, file) = adding.await?;
    let tag = format!("\"{}\"", file.tag);
    Ok(([(header::ETAG, tag)], Json(addition)).into_response())
}

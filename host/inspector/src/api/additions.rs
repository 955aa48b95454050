//! Additions to a flow, and their changes: a camera that was tried before, the model that looks at
//! it, a rule with its nodes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::editing::{Editor, Planning};
use super::page::{Page, Part};
use crate::additions::Wish;
use crate::extract::{InBody, InPath, InQuery};
use crate::problem::Problem;
use crate::shared::{Shared, ask, get};
use crate::system::RunningFlow;
use crate::view::{
    Addition, CameraAddress, CameraTrial, ChangedRule, ChosenModel, NewCamera, NewRule, RuleView,
    Settings, UsedPlugin,
};

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(try_camera))
        .routes(routes!(add_camera))
        .routes(routes!(rules, add_rule))
        .routes(routes!(change_rule))
        .routes(routes!(choose_model))
        .routes(routes!(move_camera))
        .routes(routes!(remove_node))
        .routes(routes!(configure))
        .routes(routes!(installed_plugins))
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
/// The flow file is written, with everything else in it as it was, and read again. Without a model
/// the camera shows its picture only, until it is given one. A login goes into a file of its own in the folder for state, and the flow file refers to it.
#[utoipa::path(post, path = "/flows/{flow}/cameras", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"),
           ("If-Match" = String, Header, description = "The ETag of the flow file that was seen")),
    request_body = NewCamera,
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed", body = Addition,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn add_camera(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    editor: Editor,
    InBody(camera): InBody<NewCamera>,
) -> Result<Response, Problem> {
    let edit = move |flow: &dyn RunningFlow, wish: &Wish<'_>| flow.add_camera(&camera, wish);
    editor
        .edits(&shared, &flow, Planning::default(), edit)
        .await
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
    InPath(flow): InPath<String>,
    InQuery(planning): InQuery<Planning>,
    editor: Editor,
    InBody(rule): InBody<NewRule>,
) -> Result<Response, Problem> {
    let edit = move |flow: &dyn RunningFlow, wish: &Wish<'_>| flow.add_rule(&rule, wish);
    editor.edits(&shared, &flow, planning, edit).await
}

/// The rules of a flow
#[utoipa::path(get, path = "/flows/{flow}/rules", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"), Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "In the order of the flow", body = Page<RuleView>)))]
async fn rules(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<RuleView>>, Problem> {
    let flow = shared.flow(&flow)?;
    let rules = get(move || flow.rules());
    Ok(Json(part.of(rules.await?)?))
}

/// Change a rule about a zone
///
/// What is not said stays. The gate that makes one incident of what comes and goes changes with it.
#[utoipa::path(patch, path = "/flows/{flow}/rules/{rule}", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"),
           ("rule" = String, Path, description = "The name of the rule's node"), Planning,
           ("If-Match" = String, Header, description = "The ETag of the flow file that was seen")),
    request_body = ChangedRule,
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed, or would change", body = Addition,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn change_rule(
    State(shared): State<Arc<Shared>>,
    InPath((flow, rule)): InPath<(String, String)>,
    InQuery(planning): InQuery<Planning>,
    editor: Editor,
    InBody(changed): InBody<ChangedRule>,
) -> Result<Response, Problem> {
    let edit =
        move |flow: &dyn RunningFlow, wish: &Wish<'_>| flow.change_rule(&rule, &changed, wish);
    editor.edits(&shared, &flow, planning, edit).await
}

/// Let a model look at a camera
///
/// Instead of the one that does, where that one's node looks at no other camera.
#[utoipa::path(put, path = "/flows/{flow}/cameras/{camera}/model", tag = "additions",
    params(("flow" = String, Path, description = "The flow's name"),
           ("camera" = String, Path, description = "The camera's name"),
           ("If-Match" = String, Header, description = "The ETag of the flow file that was seen")),
    request_body = ChosenModel,
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed", body = Addition,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn choose_model(
    State(shared): State<Arc<Shared>>,
    InPath((flow, camera)): InPath<(String, String)>,
    editor: Editor,
    InBody(ChosenModel { model }): InBody<ChosenModel>,
) -> Result<Response, Problem> {
    let edit =
        move |flow: &dyn RunningFlow, wish: &Wish<'_>| flow.choose_model(&camera, &model, wish);
    editor
        .edits(&shared, &flow, Planning::default(), edit)
        .await
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
    InPath((flow, camera)): InPath<(String, String)>,
    editor: Editor,
    InBody(address): InBody<CameraAddress>,
) -> Result<Response, Problem> {
    let edit =
        move |flow: &dyn RunningFlow, wish: &Wish<'_>| flow.move_camera(&camera, &address, wish);
    editor
        .edits(&shared, &flow, Planning::default(), edit)
        .await
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
    InPath((flow, node)): InPath<(String, String)>,
    InQuery(planning): InQuery<Planning>,
    editor: Editor,
) -> Result<Response, Problem> {
    let edit = move |flow: &dyn RunningFlow, wish: &Wish<'_>| flow.remove_node(&node, wish);
    editor.edits(&shared, &flow, planning, edit).await
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
    InPath((flow, node)): InPath<(String, String)>,
    InQuery(planning): InQuery<Planning>,
    editor: Editor,
    InBody(settings): InBody<Settings>,
) -> Result<Response, Problem> {
    let edit =
        move |flow: &dyn RunningFlow, wish: &Wish<'_>| flow.configure(&node, &settings, wish);
    editor.edits(&shared, &flow, planning, edit).await
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

//! Flows: how they are, what they consist of, their file and its versions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::page::{Page, Part};
use crate::access::Caller;
use crate::extract::{IfMatch, InPath, InQuery, Text};
use crate::problem::Problem;
use crate::shared::{Shared, ask, get};
use crate::system::RunningFlow;
use crate::view::{
    Done, FlowView, GraphView, NodeView, ReportView, Status, TestAlertView, VersionView,
};

/// The media type of a flow file.
const YAML: &str = "application/yaml";

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(flows))
        .routes(routes!(status))
        .routes(routes!(graph))
        .routes(routes!(node))
        .routes(routes!(test_alert))
        .routes(routes!(revive))
        .routes(routes!(file, write_file))
        .routes(routes!(plan))
        .routes(routes!(reload))
        .routes(routes!(versions))
        .routes(routes!(version))
        .routes(routes!(restore))
}

/// The flows of this process
#[utoipa::path(get, path = "/flows", tag = "flows", params(Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "In the order in which they were named", body = Page<FlowView>)))]
async fn flows(
    State(shared): State<Arc<Shared>>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<FlowView>>, Problem> {
    let statuses = shared.statuses().await?;
    let flows = statuses.iter().map(|gathered| summary(&gathered.status));
    Ok(Json(part.of(flows.collect())?))
}

fn summary(status: &Status) -> FlowView {
    FlowView {
        name: status.flow.clone(),
        file: status.file.display().to_string(),
        running_s: status.seconds,
        cameras: status.cameras.len(),
        nodes: status.nodes.len(),
        trouble: super::health::reasons(status).into_iter().next(),
    }
}

/// How a flow is at this moment
///
/// Counts are since its start; a rate is the difference of two of them.
#[utoipa::path(get, path = "/flows/{flow}/status", tag = "flows",
    params(("flow" = String, Path, description = "The flow's name")),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "At most 250 ms old", body = Status)))]
async fn status(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
) -> Result<Json<Status>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(shared.status(&flow).await?.status.clone()))
}

/// A flow as a graph
#[utoipa::path(get, path = "/flows/{flow}/graph", tag = "flows",
    params(("flow" = String, Path, description = "The flow's name")),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "Cameras and nodes, and what goes from one to the other", body = GraphView)))]
async fn graph(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
) -> Result<Json<GraphView>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(get(move || flow.graph()).await?))
}

/// One node with all that is known of it
#[utoipa::path(get, path = "/flows/{flow}/nodes/{node}", tag = "flows",
    params(("flow" = String, Path, description = "The flow's name"),
           ("node" = String, Path, description = "The node's name")),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "Without secrets", body = NodeView)))]
async fn node(
    State(shared): State<Arc<Shared>>,
    InPath((flow, node)): InPath<(String, String)>,
) -> Result<Json<NodeView>, Problem> {
    let flow = shared.flow(&flow)?;
    let wanted = node.clone();
    let found = get(move || flow.node(&wanted)).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("there is no node '{node}'")));
    Ok(Json(found?))
}

/// Send a test alert to an adapter
///
/// One of the kind `test`, of the first camera whose alerts come to it, which ends at once. It is
/// handed to the adapter before all that waits, is tried once, and is kept nowhere; the receiver
/// can tell it by its kind and the attribute `test` alone. What became of it is answered within 25
/// seconds. Four receivers are tested at the same time.
#[utoipa::path(post, path = "/flows/{flow}/nodes/{node}/test-alert", tag = "flows",
    params(("flow" = String, Path, description = "The flow's name"),
           ("node" = String, Path, description = "The adapter's name")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "What became of it", body = TestAlertView),
        (status = 409, description = "It takes no tests, reads no camera's alerts, or is busy",
            body = Problem, content_type = "application/problem+json")))]
async fn test_alert(
    State(shared): State<Arc<Shared>>,
    InPath((flow, node)): InPath<(String, String)>,
) -> Result<Json<TestAlertView>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(shared.test(move || flow.test_alert(&node)).await?))
}

/// Start a node's plugin again where it was given up
#[utoipa::path(post, path = "/flows/{flow}/nodes/{node}/revive", tag = "flows",
    params(("flow" = String, Path, description = "The flow's name"),
           ("node" = String, Path, description = "The node's name")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "For how many cameras it had been given up", body = Done)))]
async fn revive(
    State(shared): State<Arc<Shared>>,
    InPath((flow, node)): InPath<(String, String)>,
) -> Result<Json<Done>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(ask(move || flow.revive(&node)).await?))
}

/// The flow file
///
/// Where it has a password, the text has `<hidden-1>` and so on. A text that is sent back may
/// have them, too, and they stand for what they stood for.
#[utoipa::path(get, path = "/flows/{flow}/file", tag = "flow file",
    params(("flow" = String, Path, description = "The flow's name")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "Its text", body = Object, content_type = "application/yaml",
        headers(("ETag" = String, description = "Changes with the text")))))]
async fn file(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    let file = ask(move || flow.file()).await?;
    let tag = format!("\"{}\"", file.tag);
    Ok((
        [(header::CONTENT_TYPE, YAML), (header::ETAG, &tag)],
        file.text,
    )
        .into_response())
}

/// Write the flow file, and run it
///
/// A text that cannot run is not written.
#[utoipa::path(put, path = "/flows/{flow}/file", tag = "flow file",
    params(("flow" = String, Path, description = "The flow's name"),
           ("If-Match" = String, Header, description = "The ETag of the text that was changed")),
    request_body(content = Option<serde_json::Value>, description = "The text; none is an empty one",
        content_type = "application/yaml"),
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed", body = ReportView,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn write_file(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath(flow): InPath<String>,
    IfMatch(tag): IfMatch,
    Text(text): Text,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    let written = {
        let flow = Arc::clone(&flow);
        shared.change(move || flow.write_file(&text, &tag, caller.shown()))
    };
    changed(flow, written.await?).await
}

/// What a text would change, if it were the flow file
#[utoipa::path(post, path = "/flows/{flow}/plan", tag = "flow file",
    params(("flow" = String, Path, description = "The flow's name")),
    request_body(content = Option<serde_json::Value>, description = "The text; none is an empty one",
        content_type = "application/yaml"),
    security(("token" = ["operator"])),
    responses((status = 200, description = "Nothing has changed", body = ReportView)))]
async fn plan(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    Text(text): Text,
) -> Result<Json<ReportView>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(shared.change(move || flow.plan(&text)).await?))
}

/// Read the flow's files again
#[utoipa::path(post, path = "/flows/{flow}/reload", tag = "flow file",
    params(("flow" = String, Path, description = "The flow's name")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "What that changed, or why it changed nothing", body = ReportView)))]
async fn reload(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath(flow): InPath<String>,
) -> Result<Json<ReportView>, Problem> {
    let flow = shared.flow(&flow)?;
    let reloaded = shared.change(move || Ok(flow.reload(caller.shown())));
    Ok(Json(reloaded.await?))
}

/// The flow files that ran
#[utoipa::path(get, path = "/flows/{flow}/versions", tag = "flow file",
    params(("flow" = String, Path, description = "The flow's name"), Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "The newest first", body = Page<VersionView>)))]
async fn versions(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<VersionView>>, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(Json(part.of(get(move || flow.versions()).await?)?))
}

/// One of the flow files that ran
#[utoipa::path(get, path = "/flows/{flow}/versions/{version}", tag = "flow file",
    params(("flow" = String, Path, description = "The flow's name"),
           ("version" = u64, Path, description = "Its number")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "Its text", body = Object, content_type = "application/yaml")))]
async fn version(
    State(shared): State<Arc<Shared>>,
    InPath((flow, version)): InPath<(String, u64)>,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    let text = get(move || flow.version(version)).await?;
    let text = text.ok_or_else(|| no_version(version))?;
    Ok(([(header::CONTENT_TYPE, YAML)], text).into_response())
}

/// Write a flow file that ran before, and run it again
#[utoipa::path(post, path = "/flows/{flow}/versions/{version}/restore", tag = "flow file",
    params(("flow" = String, Path, description = "The flow's name"),
           ("version" = u64, Path, description = "Its number"),
           ("If-Match" = String, Header, description = "The ETag of the flow file as it is now")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "What it changed", body = ReportView,
        headers(("ETag" = String, description = "That of the flow file now")))))]
async fn restore(
    State(shared): State<Arc<Shared>>,
    axum::Extension(caller): axum::Extension<Caller>,
    InPath((flow, version)): InPath<(String, u64)>,
    IfMatch(tag): IfMatch,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    let restoring = Arc::clone(&flow);
    let restored = move || restoring.restore(version, &tag, caller.shown());
    changed(flow, shared.change(restored).await?).await
}

/// What a change of the flow file did, with the tag that the file has now.
pub(super) async fn changed(
    flow: Arc<dyn RunningFlow>,
    report: ReportView,
) -> Result<Response, Problem> {
    let file = ask(move || flow.file()).await?;
    let tag = format!("\"{}\"", file.tag);
    Ok(([(header::ETAG, tag)], Json(report)).into_response())
}

fn no_version(version: u64) -> Problem {
    Problem::not_found(format!("version {version} is not kept (any more)"))
}

//! The routes, and the document that is made from them. What a route needs stands beside it, is
//! part of the document, and is what the gate goes by.

mod additions;
mod alerts;
mod audience;
mod cameras;
mod docs;
mod editing;
mod examples;
mod flows;
mod health;
mod infer;
mod metrics;
mod model_files;
mod page;
mod parts;
mod people;
mod rois;
mod sockets;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, header};
use axum::{Router, middleware};
use bytes::Bytes;
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;

pub(crate) use audience::Audience;

use crate::access::{Guard, Needs, Rights, Role, guard};
use crate::problem::{MEDIA_TYPE, Problem};
use crate::shared::Shared;

/// A flow file is never larger, and nothing else is as large.
const LARGEST_BODY: usize = 4 << 20;
const JSON: &str = "application/json";
const PREFIX: &str = "/api/v1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Agave",
        description = "The control API of a running Agave: look at flows, \
        cameras and alerts, and change them without a stop. Errors are RFC 9457 problem details. \
        Edits carry the ETag of what was seen in `If-Match`."
    ),
    components(schemas(Problem))
)]
struct Document;

/// All routes behind the gate, and the document of the API.
pub(crate) fn router(shared: &Arc<Shared>) -> (Router, Value) {
    let versioned = OpenApiRouter::new()
        .merge(flows::routes())
        .merge(cameras::routes())
        .merge(rois::routes())
        .merge(additions::routes())
        .merge(model_files::routes())
        .merge(alerts::routes())
        .merge(parts::routes())
        .merge(infer::routes())
        .merge(people::routes())
        .merge(sockets::routes());
    let (router, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(health::routes())
        .nest(PREFIX, versioned)
        .split_for_parts();
    complete(&mut document);
    let rights = rights(&document);
    let mut document = serde_json::to_value(&document).unwrap_or_default();
    examples::fill(&mut document);
    let served = Bytes::from(serde_json::to_vec(&document).unwrap_or_default());
    let router = router
        .route(
            "/api/openapi.json",
            axum::routing::get(|| async move { ([(header::CONTENT_TYPE, JSON)], served) }),
        )
        .merge(docs::routes())
        .route("/api/{*path}", axum::routing::any(nothing))
        .fallback(crate::page::page)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(
            Arc::new(Guard {
                gate: Arc::clone(&shared.gate),
                rights,
            }),
            guard,
        ))
        .layer(middleware::from_fn(crate::unread::through))
        .layer(middleware::map_response(crate::page::secured))
        .with_state(Arc::clone(shared));
    (router, document)
}

async fn nothing() -> Problem {
    Problem::not_found("there is nothing here; /api/openapi.json says what there is")
}

/// Adds what all routes have in common: how to log in, and how they refuse.
fn complete(document: &mut utoipa::openapi::OpenApi) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A token of `agave token new`. The scope of an operation is the role that it needs: \
             viewer, operator or admin, each of which may do what the one before may.",
        ))
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations_mut(item) {
            add_refusals(path, &method, operation);
        }
    }
}

fn add_refusals(path: &str, method: &Method, operation: &mut Operation) {
    let mut refusals = vec![
        (
            StatusCode::BAD_REQUEST,
            "What was sent cannot be understood",
        ),
        (
            StatusCode::FORBIDDEN,
            "This caller, this page or this name of the server may not ask it",
        ),
        (
            StatusCode::REQUEST_TIMEOUT,
            "The request was not all sent, or not answered, in time",
        ),
        (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests came from this address",
        ),
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The process failed over it",
        ),
        (StatusCode::SERVICE_UNAVAILABLE, "It cannot be done now"),
    ];
    if needs(operation) != Some(Needs::Nothing) {
        refusals.push((StatusCode::UNAUTHORIZED, "Nobody in particular may ask it"));
    }
    if path.contains('{') {
        refusals.push((StatusCode::NOT_FOUND, "There is no such thing"));
    }
    if operation.request_body.is_some() {
        refusals.push((
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body is larger than 4 MiB",
        ));
        refusals.push((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The body is not what is expected",
        ));
    }
    if operation.request_body.is_some() || !method.is_safe() {
        refusals.push((
            StatusCode::UNPROCESSABLE_ENTITY,
            "What is asked for would be wrong",
        ));
    }
    let parameters = operation.parameters.iter().flatten();
    if parameters
        .into_iter()
        .any(|parameter| parameter.name == "If-Match")
    {
        refusals.push((
            StatusCode::PRECONDITION_FAILED,
            "Somebody else has changed it meanwhile",
        ));
        refusals.push((StatusCode::PRECONDITION_REQUIRED, "There is no `If-Match`"));
    }
    if operation.responses.responses.contains_key("101") {
        refusals.push((
            StatusCode::UPGRADE_REQUIRED,
            "It was not asked for a WebSocket",
        ));
    }
    for (status, description) in refusals {
        let problem = ContentBuilder::new()
            .schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))))
            .build();
        let response = ResponseBuilder::new()
            .description(description)
            .content(MEDIA_TYPE, problem)
            .build();
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.as_u16().to_string())
            .or_insert(RefOr::T(response));
    }
}

/// What every route needs, as the document says it.
fn rights(document: &utoipa::openapi::OpenApi) -> Rights {
    let mut all = HashMap::new();
    for (path, item) in &document.paths.paths {
        let mut item = item.clone();
        for (method, operation) in operations_mut(&mut item) {
            if let Some(needs) = needs(operation) {
                all.insert((method, path.clone()), needs);
            }
        }
    }
    for path in docs::PATHS.into_iter().chain(["/api/openapi.json"]) {
        all.insert((Method::GET, path.to_owned()), Needs::Nothing);
    }
    for method in [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
    ] {
        all.insert((method, "/api/{*path}".to_owned()), Needs::Nothing);
    }
    Rights::new(all)
}

/// What an operation needs by its own word. One that says nothing, or something unknown, lets
/// nobody by.
fn needs(operation: &Operation) -> Option<Needs> {
    let written = serde_json::to_value(operation.security.as_ref()?).ok()?;
    let [requirement] = written.as_array()?.as_slice() else {
        return None;
    };
    let requirement = requirement.as_object()?;
    if requirement.is_empty() {
        return Some(Needs::Nothing);
    }
    let role = requirement.get("token")?.as_array()?.first()?.as_str()?;
    role.parse::<Role>().ok().map(Needs::Role)
}

fn operations_mut(item: &mut PathItem) -> Vec<(Method, &mut Operation)> {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    let all = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::PATCH, patch),
    ];
    let there = all.into_iter();
    there
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
        .collect()
}

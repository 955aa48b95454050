//! The page itself. It is built with tools that nobody needs to run Agave, so what they built is
//! kept beside the sources and is part of the program.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use include_dir::{Dir, include_dir};

use crate::problem::Problem;
use crate::shared::Shared;

static PAGE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/page");

const START: &str = "index.html";
/// Files there have a hash in their names, and never change.
const HASHED: &str = "assets/";
/// Everything comes from here, and nothing is written into the page itself.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; \
    frame-ancestors 'none'; form-action 'self'";
/// Pages of others cannot have our pictures in them, nor a window of ours in their hands.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// A file of the page; its start for every address that is a view.
pub(crate) async fn page(State(_): State<Arc<Shared>>, method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let said = "this method does nothing here";
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, said).into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let (path, file) = match PAGE.get_file(path) {
        Some(file) => (path, file),
        None if !is_view(path) => {
            return Problem::not_found("there is no such page").into_response();
        }
        None => match PAGE.get_file(START) {
            Some(file) => (START, file),
            None => {
                return Problem::not_found("this program was built without its page")
                    .into_response();
            }
        },
    };
    let kept = match path.starts_with(HASHED) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let headers = [
        (header::CONTENT_TYPE, media_type(path)),
        (header::CACHE_CONTROL, kept),
    ];
    (headers, file.contents()).into_response()
}

/// Whether the page has a view of this name.
fn is_view(path: &str) -> bool {
    path.is_empty() || path == "login" || path == "flows" || path.starts_with("flows/")
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "webmanifest") => "application/json",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("wasm") => "application/wasm",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// What every answer says to browsers.
pub(crate) async fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (RESOURCE_POLICY, "same-origin"),
        (OPENER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

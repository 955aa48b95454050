//! The document of the API for people: a page that is made from it, and is part of the program.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::shared::Shared;

/// Where it is.
pub(super) const PATHS: [&str; 3] = ["/api/docs", "/api/docs/docs.css", "/api/docs/docs.js"];

const FILES: [(&str, &str); 3] = [
    (
        "text/html; charset=utf-8",
        include_str!("../../docs/docs.html"),
    ),
    (
        "text/css; charset=utf-8",
        include_str!("../../docs/docs.css"),
    ),
    (
        "text/javascript; charset=utf-8",
        include_str!("../../docs/docs.js"),
    ),
];

pub(super) fn routes() -> Router<Arc<Shared>> {
    let files = PATHS.into_iter().zip(FILES);
    files.fold(Router::new(), |router, (path, (kind, text))| {
        let headers = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        router.route(
            path,
            get(move || async move { (headers, text).into_response() }),
        )
    })
}

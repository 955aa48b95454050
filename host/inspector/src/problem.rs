//! What is answered when something cannot be done: RFC 9457 problem details, which say what was
//! wrong and what to do, and never show a secret.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::FileProblem;

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem it is: always `about:blank`, so that `title` is that of the status.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The name of the status.
    #[schema(example = "Not Found")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What was wrong with this request, and what to do.
    #[schema(example = "there is no flow 'deno'; there is: demo")]
    detail: String,
    /// The field of what was sent that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "model")]
    field: Option<&'static str>,
    /// What is wrong with a flow file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<FileProblem>,
    #[serde(skip)]
    header: Option<Box<(HeaderName, String)>>,
}

impl Problem {
    /// A problem of this kind.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
            problems: Vec::new(),
            header: None,
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// It took too long.
    pub(crate) fn too_slow() -> Self {
        let said = "the request was not all sent, or not answered, in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, said)
    }

    /// Something else can be done there.
    pub(crate) fn not_allowed(allowed: String) -> Self {
        let said = format!("this method does nothing here; {allowed} do");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, said).with_header(header::ALLOW, allowed)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        let bearer = "Bearer realm=\"agave\"".to_owned();
        Self::new(StatusCode::UNAUTHORIZED, detail).with_header(header::WWW_AUTHENTICATE, bearer)
    }

    pub(crate) fn too_many(detail: impl Into<String>, retry_after_s: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
            .with_header(header::RETRY_AFTER, retry_after_s.to_string())
    }

    /// Others come first.
    pub(crate) fn busy(detail: impl Into<String>, retry_after_s: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_header(header::RETRY_AFTER, retry_after_s.to_string())
    }

    /// The process failed over it.
    pub(crate) fn internal() -> Self {
        let detail = "the running process failed over it; its log says more";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    pub(crate) fn about(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    pub(crate) fn with_problems(mut self, problems: Vec<FileProblem>) -> Self {
        self.problems = problems;
        self
    }

    fn with_header(mut self, name: HeaderName, value: String) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }

    /// The status, for those who keep account.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(header) = self.header
            && let Ok(value) = HeaderValue::from_str(&header.1)
        {
            headers.insert(header.0, value);
        }
        response
    }
}

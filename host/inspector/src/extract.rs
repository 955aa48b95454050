//! What requests bring along, read so that whatever is wrong with it is a problem in words.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::problem::Problem;
use crate::system::{Image, ImageKind};

/// For all of a body to come.
const LONGEST_BODY: Duration = Duration::from_secs(30);

/// The names in the path.
pub(crate) struct InPath<T>(pub(crate) T);

/// What stands behind the `?`.
pub(crate) struct InQuery<T>(pub(crate) T);

/// A body of JSON.
pub(crate) struct InBody<T>(pub(crate) T);

/// A body of text.
pub(crate) struct Text(pub(crate) String);

/// A body that is a picture.
pub(crate) struct InImage(pub(crate) Image);

/// The tag that something must still have to be changed.
pub(crate) struct IfMatch(pub(crate) String);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(names) = Path::<T>::from_request_parts(parts, state).await.map_err(
            |rejection| match rejection.status() {
                // A number that is none names nothing.
                StatusCode::BAD_REQUEST => Problem::not_found(rejection.body_text()),
                _ => Problem::internal(),
            },
        )?;
        Ok(Self(names))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        Ok(Self(query))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for InBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = in_time(Json::<T>::from_request(request, state)).await?;
        let Json(body) = read.map_err(|rejection| {
            let status = match &rejection {
                JsonRejection::MissingJsonContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                JsonRejection::JsonDataError(_) => StatusCode::UNPROCESSABLE_ENTITY,
                JsonRejection::BytesRejection(_) => rejection.status(),
                _ => StatusCode::BAD_REQUEST,
            };
            Problem::new(status, rejection.body_text())
        })?;
        Ok(Self(body))
    }
}

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = in_time(Bytes::from_request(request, state)).await?;
        let bytes = read.map_err(|rejection: BytesRejection| {
            Problem::new(rejection.status(), rejection.body_text())
        })?;
        match String::from_utf8(bytes.into()) {
            Ok(text) => Ok(Self(text)),
            Err(error) => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("a flow file is text in UTF-8: {error}"),
            )),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for InImage {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = match media_type(request.headers()).as_str() {
            "image/jpeg" => ImageKind::Jpeg,
            "image/png" => ImageKind::Png,
            _ => {
                let said = "send an image, and say which: `Content-Type: image/jpeg` or image/png";
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, said));
            }
        };
        let read = in_time(Bytes::from_request(request, state)).await?;
        let data = read.map_err(|rejection: BytesRejection| {
            Problem::new(rejection.status(), rejection.body_text())
        })?;
        Ok(Self(Image { kind, data }))
    }
}

/// As it is said, without what is said beside it.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let said = headers.get(header::CONTENT_TYPE);
    let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
    let (kind, _) = said.split_once(';').unwrap_or((said, ""));
    kind.trim().to_ascii_lowercase()
}

/// Nobody takes longer than this to send a body.
async fn in_time<T>(reading: impl Future<Output = T>) -> Result<T, Problem> {
    let read = timeout(LONGEST_BODY, reading).await;
    read.map_err(|_| Problem::too_slow())
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if_match(&parts.headers).map(Self).ok_or_else(|| {
            Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "send the ETag that you have seen as `If-Match`, so that nobody's change is lost",
            )
        })
    }
}

fn if_match(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::IF_MATCH)?.to_str().ok()?.trim();
    let value = value.strip_prefix("W/").unwrap_or(value);
    Some(value.trim_matches('"').to_owned())
}

//! One picture in, and what a model sees in it out.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::request::Parts;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{InImage, InQuery};
use crate::problem::Problem;
use crate::shared::{Shared, ask, in_turn};
use crate::view::Inferred;

/// A photograph of a good camera.
const LARGEST_IMAGE: usize = 16 << 20;
/// So long a picture waits for its turn: one is looked at after the other.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// By then one of those that wait has had its turn.
const AGAIN_IN_S: u64 = 2;

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(infer))
        .layer(DefaultBodyLimit::max(LARGEST_IMAGE))
}

/// With what.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct InferWanted {
    /// A flow that runs. It need not be named where there is one only.
    #[param(example = "demo")]
    flow: Option<String>,
    /// A model of this flow. It need not be named where it has one only.
    #[param(example = "pina")]
    model: Option<String>,
}

/// What a model sees in a picture
///
/// The model is one that a running flow has loaded, with the flow's settings for it; others cannot
/// be asked. Cameras do not wait for it. The picture is turned upright first, where it says how it
/// was held.
#[utoipa::path(post, path = "/infer", tag = "models",
    params(InferWanted),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png")),
        description = "A JPEG or PNG of up to 16 MiB, 8192 pixels a side, and 96 MiB when it is \
            unpacked: 32 million pixels, and fewer with transparency or 16 bits a colour"),
    security(("token" = ["operator"])),
    responses(
        (status = 200, description = "What it sees", body = Inferred),
        (status = 404, description = "There is no such flow, or it has no such model",
            body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The image is larger than 16 MiB",
            body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The `Content-Type` is neither image/jpeg nor image/png",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It is no such image, it has too many pixels, or the model \
            has to be named", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many pictures wait (`Retry-After` says for how long), or the model's file is not what \
            the flow has loaded", body = Problem, content_type = "application/problem+json")))]
async fn infer(
    State(shared): State<Arc<Shared>>,
    InQuery(wanted): InQuery<InferWanted>,
    Room(room): Room,
    InImage(image): InImage,
) -> Result<Json<Inferred>, Problem> {
    let flow = match &wanted.flow {
        Some(name) => shared.flow(name)?,
        None => shared.only_flow()?,
    };
    let turn = Arc::clone(&shared.looks).acquire_owned();
    let Ok(turn) = timeout(LONGEST_WAIT, turn).await else {
        return Err(busy());
    };
    let look = move || flow.infer(wanted.model.as_deref(), &image);
    Ok(Json(ask(in_turn((room, turn), look)).await?))
}

/// Room for one picture, which is asked for before it is read.
struct Room(OwnedSemaphorePermit);

impl FromRequestParts<Arc<Shared>> for Room {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        shared.room_for_an_image().map(Self).ok_or_else(busy)
    }
}

fn busy() -> Problem {
    let said = "other pictures are being looked at; send it again later";
    Problem::busy(said, AGAIN_IN_S)
}

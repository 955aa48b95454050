//! How an edit of a flow file is asked for, whatever it edits: with the tag of the file that was
//! seen, by somebody, and perhaps only as a plan.

use std::sync::Arc;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Caller;
use crate::additions::Wish;
use crate::extract::IfMatch;
use crate::problem::Problem;
use crate::shared::Shared;
use crate::system::{Refusal, RunningFlow};
use crate::view::Addition;

/// Whether something is done, or only planned.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Planning {
    /// Whether nothing is changed, and what it would do is said.
    #[param(default = false)]
    plan: Option<bool>,
}

/// Who edits, and which file was seen.
pub(super) struct Editor {
    caller: Caller,
    expected: String,
}

impl FromRequestParts<Arc<Shared>> for Editor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let IfMatch(expected) = IfMatch::from_request_parts(parts, shared).await?;
        Ok(Self {
            caller: caller.ok_or_else(Problem::internal)?,
            expected,
        })
    }
}

impl Editor {
    /// Makes an edit of the flow `name`, or plans it, and gives the tag that the file has
    /// afterwards.
    pub(super) async fn edits(
        self,
        shared: &Shared,
        name: &str,
        planning: Planning,
        edit: impl FnOnce(&dyn RunningFlow, &Wish<'_>) -> Result<Addition, Refusal> + Send + 'static,
    ) -> Result<Response, Problem> {
        let flow = shared.flow(name)?;
        let editing = shared.change(move || {
            let wish = Wish {
                expected: &self.expected,
                who: self.caller.shown(),
                only_planned: planning.plan.unwrap_or_default(),
            };
            let addition = edit(flow.as_ref(), &wish)?;
            Ok((addition, flow.file()?))
        });
        let (addition, file) = editing.await?;
        let tag = format!("\"{}\"", file.tag);
        Ok(([(header::ETAG, tag)], Json(addition)).into_response())
    }
}

//! Logging in, tokens, and who changed what.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::page::{Page, Part};
use crate::access::{
    AuditEntry, COOKIE, Caller, Gate, LONGEST_SESSION, NewToken, Peer, Role, TokenView,
    TokensError, cookie,
};
use crate::extract::{InBody, InPath, InQuery};
use crate::problem::Problem;
use crate::shared::{Shared, get};

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(session, log_in, log_out))
        .routes(routes!(tokens, new_token))
        .routes(routes!(revoke))
        .routes(routes!(audit))
}

/// Who asks, and what that may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct SessionView {
    /// The token's name; none for somebody unknown, or where no token is asked for.
    user: Option<String>,
    /// None for somebody unknown.
    role: Option<Role>,
    /// Whether a token is asked for.
    login_required: bool,
    /// Has to come along in the header `X-Agave-CSRF` with every change, where there is one.
    csrf: Option<String>,
    /// Of the program.
    version: String,
}

impl SessionView {
    fn of(caller: Option<&Caller>, login_required: bool) -> Self {
        Self {
            user: caller.and_then(|caller| caller.name.as_deref().map(str::to_owned)),
            role: caller.map(|caller| caller.role),
            login_required,
            csrf: caller.and_then(|caller| caller.csrf.as_deref().map(str::to_owned)),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// A token to log in with.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogIn {
    /// As `agave token new` printed it.
    token: String,
}

/// Who asks
#[utoipa::path(get, path = "/session", tag = "access", security(()),
    responses((status = 200, description = "What this client may do", body = SessionView)))]
async fn session(
    State(shared): State<Arc<Shared>>,
    axum::Extension(Peer { address, .. }): axum::Extension<Peer>,
    headers: HeaderMap,
) -> Result<Json<SessionView>, Problem> {
    let looked = spawn_blocking(move || {
        let gate = &shared.gate;
        let caller = gate.caller(&headers, address.ip())?;
        Ok::<_, Problem>(SessionView::of(caller.as_ref(), gate.asks(&headers)))
    });
    Ok(Json(looked.await.map_err(|_| Problem::internal())??))
}

/// Log in with a token
///
/// The session is in a cookie that scripts cannot read.
#[utoipa::path(post, path = "/session", tag = "access", security(()), request_body = LogIn,
    responses((status = 200, description = "The session has begun", body = SessionView,
                headers(("Set-Cookie" = String, description = "The session"))),
              (status = 401, description = "The token is nobody's", body = Problem, content_type = "application/problem+json")))]
async fn log_in(
    State(shared): State<Arc<Shared>>,
    axum::Extension(Peer { address, .. }): axum::Extension<Peer>,
    InBody(LogIn { token }): InBody<LogIn>,
) -> Result<Response, Problem> {
    let began = spawn_blocking(move || {
        let gate = &shared.gate;
        let bearer = gate.bearer(token.trim(), address.ip())?;
        let (word, csrf) = gate.sessions.begin(&bearer.id).map_err(failed)?;
        let view = SessionView {
            user: Some(bearer.name),
            role: Some(bearer.role),
            login_required: true,
            csrf: Some(csrf.to_string()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Ok::<_, Problem>((set_cookie(gate, &word, LONGEST_SESSION.as_secs()), view))
    });
    let (cookie, view) = began.await.map_err(|_| Problem::internal())??;
    Ok(([(header::SET_COOKIE, cookie)], Json(view)).into_response())
}

/// Log out
#[utoipa::path(delete, path = "/session", tag = "access", security(()),
    responses((status = 204, description = "There is no session (any more)")))]
async fn log_out(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Some(word) = cookie(&headers) {
        shared.gate.sessions.end(word);
    }
    let cookie = set_cookie(&shared.gate, "", 0);
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

fn set_cookie(gate: &Gate, word: &str, seconds: u64) -> String {
    let secure = if gate.encrypted { "; Secure" } else { "" };
    format!("{COOKIE}={word}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}")
}

/// The tokens, without the words themselves
#[utoipa::path(get, path = "/tokens", tag = "access", params(Part),
    security(("token" = ["admin"])),
    responses((status = 200, description = "The oldest first", body = Page<TokenView>)))]
async fn tokens(
    State(shared): State<Arc<Shared>>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<TokenView>>, Problem> {
    let tokens = get(move || shared.gate.tokens.list()).await?;
    Ok(Json(part.of(tokens.map_err(failed)?)?))
}

/// For whom a token is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenWanted {
    /// Whose it is; no other token has it.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// What its bearer may do.
    role: Role,
}

/// Make a token
#[utoipa::path(post, path = "/tokens", tag = "access", request_body = TokenWanted,
    security(("token" = ["admin"])),
    responses((status = 201, description = "The only time that it is shown", body = NewToken)))]
async fn new_token(
    State(shared): State<Arc<Shared>>,
    InBody(wanted): InBody<TokenWanted>,
) -> Result<Response, Problem> {
    let made = get(move || shared.gate.tokens.create(&wanted.name, wanted.role)).await?;
    let made = made.map_err(failed)?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// Take a token away, with its sessions
#[utoipa::path(delete, path = "/tokens/{id}", tag = "access",
    params(("id" = String, Path, description = "The token's id")),
    security(("token" = ["admin"])),
    responses((status = 204, description = "Nobody comes in with it any more")))]
async fn revoke(
    State(shared): State<Arc<Shared>>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, Problem> {
    let wanted = id.clone();
    let gone = get(move || shared.gate.tokens.revoke(&wanted)).await?;
    match gone.map_err(failed)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found(format!("there is no token '{id}'"))),
    }
}

/// Who changed what
#[utoipa::path(get, path = "/audit", tag = "access", params(Part),
    security(("token" = ["admin"])),
    responses((status = 200, description = "The newest first", body = Page<AuditEntry>)))]
async fn audit(
    State(shared): State<Arc<Shared>>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    Ok(Json(part.of(shared.gate.audit.last())?))
}

fn failed(error: TokensError) -> Problem {
    match error {
        TokensError::Name | TokensError::TooMany => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        }
        _ => {
            tracing::error!(%error, "tokens cannot be used");
            Problem::internal()
        }
    }
}

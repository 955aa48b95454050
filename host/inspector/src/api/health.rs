//! Whether all is well, for those who watch over many processes: `/health` for people and
//! orchestrators, `/metrics` for Prometheus.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::metrics;
use crate::access::Peer;
use crate::problem::Problem;
use crate::shared::{Gathered, Shared, get};
use crate::view::Status;

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(prometheus))
}

/// How things are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Health {
    /// In one word.
    status: Word,
    /// What a person should look at.
    reasons: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Word {
    /// All is well.
    Ok,
    /// It works, and something should be looked at.
    Degraded,
    /// Nothing is looked at.
    Failing,
}

/// Whether all is well
#[utoipa::path(get, path = "/health", tag = "health", security(()),
    responses((status = 200, description = "How things are; details are for those who have logged in", body = Health)))]
async fn health(
    State(shared): State<Arc<Shared>>,
    axum::Extension(Peer { address, .. }): axum::Extension<Peer>,
    headers: HeaderMap,
) -> Result<Json<Health>, Problem> {
    Ok(Json(told(shared, address, headers).await?))
}

/// Whether the process answers
#[utoipa::path(get, path = "/health/live", tag = "health", security(()),
    responses((status = 200, description = "It does", body = Health)))]
async fn live() -> Json<Health> {
    Json(Health {
        status: Word::Ok,
        reasons: Vec::new(),
    })
}

/// Whether cameras are being looked at
#[utoipa::path(get, path = "/health/ready", tag = "health", security(()),
    responses((status = 200, description = "They are", body = Health),
              (status = 503, description = "None is, or alerts cannot be written", body = Health)))]
async fn ready(
    State(shared): State<Arc<Shared>>,
    axum::Extension(Peer { address, .. }): axum::Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let health = told(shared, address, headers).await?;
    let status = match health.status {
        Word::Failing => StatusCode::SERVICE_UNAVAILABLE,
        Word::Ok | Word::Degraded => StatusCode::OK,
    };
    Ok((status, Json(health)).into_response())
}

/// Figures for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "health",
    security(("token" = ["viewer"])),
    responses((status = 200, description = "Text exposition format", body = String, content_type = "text/plain")))]
async fn prometheus(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let statuses = shared.statuses().await?;
    let text = get(move || metrics::written(statuses.iter().map(|gathered| &gathered.status)));
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text.await?).into_response())
}

/// Names of flows and nodes are for those who have logged in.
async fn told(
    shared: Arc<Shared>,
    address: SocketAddr,
    headers: HeaderMap,
) -> Result<Health, Problem> {
    let statuses = shared.statuses().await?;
    get(move || {
        let mut health = look(&statuses);
        let caller = shared.gate.caller(&headers, address.ip());
        if !matches!(caller, Ok(Some(_))) {
            health.reasons.clear();
        }
        health
    })
    .await
}

fn look(statuses: &[Arc<Gathered>]) -> Health {
    let failing = statuses.iter().any(|gathered| {
        let Status {
            cameras, journal, ..
        } = &gathered.status;
        journal.trouble.is_some()
            || cameras
                .iter()
                .all(|camera| !matches!(camera.health.as_str(), "live" | "ended"))
    });
    let reasons: Vec<String> = statuses
        .iter()
        .flat_map(|gathered| reasons(&gathered.status))
        .collect();
    let status = match (failing, reasons.is_empty()) {
        (true, _) => Word::Failing,
        (false, false) => Word::Degraded,
        (false, true) => Word::Ok,
    };
    Health { status, reasons }
}

/// What a person should look at, for those who have logged in.
pub(super) fn reasons(status: &Status) -> Vec<String> {
    let flow = &status.flow;
    let mut reasons = Vec::new();
    let down = status
        .cameras
        .iter()
        .filter(|camera| !matches!(camera.health.as_str(), "live" | "ended"));
    let down = down.count();
    if down > 0 {
        let all = status.cameras.len();
        reasons.push(format!("{flow}: {down} of {all} cameras are not live"));
    }
    if status.journal.trouble.is_some() {
        reasons.push(format!("{flow}: alerts cannot be written"));
    }
    if !status.journal.lasts {
        reasons.push(format!("{flow}: nothing is kept over a restart"));
    }
    let quarantined = status.nodes.iter().filter(|node| node.quarantined > 0);
    reasons.extend(
        quarantined.map(|node| format!("{flow}: the plugin of '{}' was given up", node.name)),
    );
    let unbalanced = status.nodes.iter().filter(|node| !node.balances());
    reasons.extend(
        unbalanced.map(|node| format!("{flow}: the ledger of '{}' does not balance", node.name)),
    );
    let away = status
        .outboxes
        .iter()
        .filter(|outbox| outbox.trouble.is_some());
    reasons.extend(away.map(|outbox| format!("{flow}: '{}' cannot deliver", outbox.adapter)));
    let dead = status
        .outboxes
        .iter()
        .filter(|outbox| outbox.dead_letters > 0);
    reasons.extend(dead.map(|outbox| {
        format!(
            "{flow}: '{}' has given up {} alerts",
            outbox.adapter, outbox.dead_letters
        )
    }));
    if status.reloads.pending.is_some() {
        reasons.push(format!("{flow}: the file is not what runs"));
    }
    reasons
}

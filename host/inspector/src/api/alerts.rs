//! Alerts, incidents and what adapters have given up.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cameras::shown;
use super::page::{Page, Part, cursor, limit};
use crate::extract::{InPath, InQuery};
use crate::problem::Problem;
use crate::shared::{Shared, ask};
use crate::system::{AlertQuery, IncidentQuery, Letters, Remedy};
use crate::view::{Alert, AlertDetails, DeadLetterView, Done, Incident, Phase, Severity};

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(alerts))
        .routes(routes!(alert))
        .routes(routes!(picture))
        .routes(routes!(incidents))
        .routes(routes!(dead_letters))
        .routes(routes!(retry_all))
        .routes(routes!(retry))
        .routes(routes!(drop_letter))
}

/// Which alerts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AlertsWanted {
    /// Only those of this camera.
    camera: Option<String>,
    /// Only those of this kind.
    kind: Option<String>,
    /// Only those about this class.
    class: Option<String>,
    /// Only those in this zone.
    zone: Option<String>,
    /// Only those in this phase.
    #[param(inline)]
    phase: Option<Phase>,
    /// Only those of the incident with this key.
    key: Option<String>,
    /// Only those that happened at this time or later, RFC 3339.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Only those that happened before this time, RFC 3339.
    #[param(format = DateTime)]
    until: Option<String>,
    /// So many at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// The `next` of the part before.
    #[param(pattern = "^[0-9]{1,19}$")]
    cursor: Option<String>,
}

/// The alerts of a flow
#[utoipa::path(get, path = "/flows/{flow}/alerts", tag = "alerts",
    params(("flow" = String, Path, description = "The flow's name"), AlertsWanted),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "The newest first", body = Page<Alert>)))]
async fn alerts(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    InQuery(wanted): InQuery<AlertsWanted>,
) -> Result<Json<Page<Alert>>, Problem> {
    let most = limit(wanted.limit)?;
    let query = AlertQuery {
        before: cursor(wanted.cursor.as_deref())?,
        camera: wanted.camera,
        kind: wanted.kind,
        class: wanted.class,
        zone: wanted.zone,
        phase: wanted.phase.map(|phase| phase.word().to_owned()),
        key: wanted.key,
        since: time("since", wanted.since.as_deref())?,
        until: time("until", wanted.until.as_deref())?,
        most,
    };
    let flow = shared.flow(&flow)?;
    let alerts = ask(move || flow.alerts(&query)).await?;
    Ok(Json(Page::until(alerts, most, |alert| alert.sequence)))
}

/// Nanoseconds since 1970. What was before counts as then; what is after all that can be noted is
/// later than every alert.
fn time(name: &str, text: Option<&str>) -> Result<Option<u64>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    let time = match parsed {
        Ok(time) => time.as_nanosecond().max(0),
        // The last day that can be written is not in the calendar any more.
        Err(_) if text.starts_with("9999-12-3") => i128::MAX,
        Err(_) => {
            let said = format!("`{name}` is a time such as 2026-01-31T06:00:00Z");
            return Err(Problem::bad_request(said));
        }
    };
    Ok(Some(u64::try_from(time).unwrap_or(u64::MAX)))
}

/// An alert, what became of it and why it was raised
#[utoipa::path(get, path = "/flows/{flow}/alerts/{sequence}", tag = "alerts",
    params(("flow" = String, Path, description = "The flow's name"),
           ("sequence" = u64, Path, description = "The alert's number")),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "The alert", body = AlertDetails)))]
async fn alert(
    State(shared): State<Arc<Shared>>,
    InPath((flow, sequence)): InPath<(String, u64)>,
) -> Result<Json<AlertDetails>, Problem> {
    let flow = shared.flow(&flow)?;
    let found = ask(move || flow.alert(sequence)).await?;
    let found =
        found.ok_or_else(|| Problem::not_found(format!("there is no alert {sequence} (any more)")));
    Ok(Json(found?))
}

/// The picture of an alert's frame
#[utoipa::path(get, path = "/flows/{flow}/alerts/{sequence}/picture.jpg", tag = "alerts",
    params(("flow" = String, Path, description = "The flow's name"),
           ("sequence" = u64, Path, description = "The alert's number")),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "A JPEG", body = Vec<u8>, content_type = "image/jpeg",
        headers(("X-Agave-Frame" = u64, description = "The frame's number"),
                ("X-Agave-Time" = String, description = "When it was captured, RFC 3339")))))]
async fn picture(
    State(shared): State<Arc<Shared>>,
    InPath((flow, sequence)): InPath<(String, u64)>,
) -> Result<Response, Problem> {
    let flow = shared.flow(&flow)?;
    Ok(shown(ask(move || flow.alert_picture(sequence)).await?))
}

/// Which incidents.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct IncidentsWanted {
    /// Only those that have not ended (`true`), or only those that have (`false`).
    open: Option<bool>,
    /// Only those of this camera.
    camera: Option<String>,
    /// Only those of this kind.
    kind: Option<String>,
    /// Only those about this class.
    class: Option<String>,
    /// Only those in this zone.
    zone: Option<String>,
    /// Only those that are this severe.
    #[param(inline)]
    severity: Option<Severity>,
    /// Only those that began at this time or later, RFC 3339.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Only those that began before this time, RFC 3339.
    #[param(format = DateTime)]
    until: Option<String>,
    /// So many at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// The `next` of the part before.
    #[param(pattern = "^[0-9]{1,19}$")]
    cursor: Option<String>,
}

/// The incidents of a flow
///
/// Everything that was reported under one key. The newest 5000 are known.
#[utoipa::path(get, path = "/flows/{flow}/incidents", tag = "alerts",
    params(("flow" = String, Path, description = "The flow's name"), IncidentsWanted),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "Those that began last first", body = Page<Incident>)))]
async fn incidents(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    InQuery(wanted): InQuery<IncidentsWanted>,
) -> Result<Json<Page<Incident>>, Problem> {
    let most = limit(wanted.limit)?;
    let query = IncidentQuery {
        open: wanted.open,
        before: cursor(wanted.cursor.as_deref())?,
        camera: wanted.camera,
        kind: wanted.kind,
        class: wanted.class,
        zone: wanted.zone,
        severity: wanted.severity.map(|severity| severity.word().to_owned()),
        since: time("since", wanted.since.as_deref())?,
        until: time("until", wanted.until.as_deref())?,
        most,
    };
    let flow = shared.flow(&flow)?;
    let items = ask(move || flow.incidents(&query)).await?;
    Ok(Json(Page::until(items, most, |incident| {
        incident.first_sequence
    })))
}

/// What adapters have given up
#[utoipa::path(get, path = "/flows/{flow}/dead-letters", tag = "deliveries",
    params(("flow" = String, Path, description = "The flow's name"), Part),
    security(("token" = ["viewer"])),
    responses((status = 200, description = "The newest first", body = Page<DeadLetterView>)))]
async fn dead_letters(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<Page<DeadLetterView>>, Problem> {
    let (most, before) = (part.limit()?, cursor(part.cursor.as_deref())?);
    let flow = shared.flow(&flow)?;
    let letters = ask(move || flow.dead_letters(before, most)).await?;
    Ok(Json(Page::until(letters, most, |letter| letter.sequence)))
}

/// Deliver all that adapters have given up after all
#[utoipa::path(post, path = "/flows/{flow}/dead-letters/retry", tag = "deliveries",
    params(("flow" = String, Path, description = "The flow's name")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "How many they are; at most 10 000 at once", body = Done)))]
async fn retry_all(
    State(shared): State<Arc<Shared>>,
    InPath(flow): InPath<String>,
) -> Result<Json<Done>, Problem> {
    let flow = shared.flow(&flow)?;
    let all = Letters::default();
    Ok(Json(ask(move || flow.remedy(Remedy::Retry, &all)).await?))
}

/// Deliver one alert after all
#[utoipa::path(post, path = "/flows/{flow}/dead-letters/{adapter}/{sequence}/retry", tag = "deliveries",
    params(("flow" = String, Path, description = "The flow's name"),
           ("adapter" = String, Path, description = "The adapter that gave it up"),
           ("sequence" = u64, Path, description = "The alert's number")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "It waits again", body = Done)))]
async fn retry(
    State(shared): State<Arc<Shared>>,
    InPath((flow, adapter, sequence)): InPath<(String, String, u64)>,
) -> Result<Json<Done>, Problem> {
    remedy(&shared, &flow, Remedy::Retry, adapter, sequence).await
}

/// Forget what an adapter has given up
#[utoipa::path(delete, path = "/flows/{flow}/dead-letters/{adapter}/{sequence}", tag = "deliveries",
    params(("flow" = String, Path, description = "The flow's name"),
           ("adapter" = String, Path, description = "The adapter that gave it up"),
           ("sequence" = u64, Path, description = "The alert's number")),
    security(("token" = ["operator"])),
    responses((status = 200, description = "It is forgotten", body = Done)))]
async fn drop_letter(
    State(shared): State<Arc<Shared>>,
    InPath((flow, adapter, sequence)): InPath<(String, String, u64)>,
) -> Result<Json<Done>, Problem> {
    remedy(&shared, &flow, Remedy::Drop, adapter, sequence).await
}

async fn remedy(
    shared: &Shared,
    flow: &str,
    remedy: Remedy,
    adapter: String,
    sequence: u64,
) -> Result<Json<Done>, Problem> {
    let flow = shared.flow(flow)?;
    let said = format!("'{adapter}' has given up no alert {sequence}");
    let letters = Letters {
        adapter: Some(adapter),
        sequence: Some(sequence),
    };
    let done = ask(move || flow.remedy(remedy, &letters)).await?;
    match done.done {
        0 => Err(Problem::not_found(said)),
        _ => Ok(Json(done)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_alerts_or_before_or_after_them() {
        let of = |text: &str| time("since", Some(text)).unwrap();
        assert_eq!(of("1970-01-01T00:00:01Z"), Some(1_000_000_000));
        assert_eq!(of("1969-12-31T00:00:00Z"), Some(0));
        for late in ["3000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(of(late), Some(u64::MAX), "{late}");
        }
        assert!(time("since", Some("soon")).is_err());
        assert_eq!(time("since", None).unwrap(), None);
    }
}

//! Alerts from the journal, the incidents that they make, and what adapters have given up.

use agave_core::{Alert as CoreAlert, AlertReport, Role, Timestamp};
use agave_flow::Work;
use agave_inspector::Refusal;
use agave_inspector::system::{AlertQuery, Jpeg};
use agave_inspector::view::{
    Alert, AlertDetails, DeadLetterView, Delivery, DeliveryState, Incident, Why,
};
use agave_store::trail::TrailOutcome;
use agave_store::{AlertQuery as Kept, DeadLetterQuery, KeptAlert, StoreError};

use super::InspectedFlow;
use super::outcomes::Settled;
use super::sink::shown;
use super::summary::{Known, summary};
use crate::topology::idempotency_key;

pub(super) fn alerts(inspected: &InspectedFlow, query: &AlertQuery) -> Result<Vec<Alert>, Refusal> {
    let kept = Kept {
        camera: query.camera.clone(),
        kind: query.kind.clone(),
        class: query.class.clone(),
        zone: query.zone.clone(),
        phase: query.phase.clone(),
        key: query.key.clone(),
        before: query.before.unwrap_or(u64::MAX),
        since: query.since.unwrap_or(0),
        until: query.until.unwrap_or(u64::MAX),
        most: query.most,
        ..Kept::default()
    };
    let store = inspected.keeper.live().store();
    let found = store.alerts(&kept).map_err(unreadable)?;
    let found = found.iter().rev();
    Ok(found.filter_map(|kept| view(inspected, kept)).collect())
}

/// The alert as it is shown; none where it was written by a version that nobody knows.
fn view(inspected: &InspectedFlow, kept: &KeptAlert) -> Option<Alert> {
    let report = report(&kept.camera, kept.media_time, &kept.body)?;
    let has_picture = inspected.evidence.has_picture(kept.sequence);
    Some(shown(kept.sequence, &kept.node, &report, has_picture))
}

pub(super) fn report(camera: &str, media_time: u64, body: &str) -> Option<AlertReport> {
    let alert: CoreAlert = serde_json::from_str(body).ok()?;
    let start = alert.at - std::time::Duration::from_nanos(media_time);
    Some(AlertReport::new(camera, start, &alert))
}

pub(super) fn alert(
    inspected: &InspectedFlow,
    sequence: u64,
) -> Result<Option<AlertDetails>, Refusal> {
    let Some(kept) = kept(inspected, sequence)? else {
        return Ok(None);
    };
    let (Some(alert), Some(report)) = (view(inspected, &kept), reported(&kept)) else {
        return Ok(None);
    };
    let incident = super::incidents::of_alert(inspected, sequence, &report)?;
    Ok(Some(AlertDetails {
        deliveries: deliveries(inspected, &kept)?,
        summary: summary_of(inspected, &kept, &report, incident.as_ref())?,
        why: why(inspected, sequence, &report),
        alert,
    }))
}

fn kept(inspected: &InspectedFlow, sequence: u64) -> Result<Option<KeptAlert>, Refusal> {
    let store = inspected.keeper.live().store();
    let kept = Kept {
        after: sequence.saturating_sub(1),
        before: sequence.saturating_add(1),
        most: 1,
        ..Kept::default()
    };
    let mut found = store.alerts(&kept).map_err(unreadable)?.into_iter();
    Ok(found.find(|kept| kept.sequence == sequence))
}

fn reported(kept: &KeptAlert) -> Option<AlertReport> {
    report(&kept.camera, kept.media_time, &kept.body)
}

/// What led to an alert. Numbers begin anew with a new journal, and evidence may be of the one
/// before.
fn why(inspected: &InspectedFlow, sequence: u64, report: &AlertReport) -> Option<Why> {
    let why = inspected.evidence.why(sequence);
    why.filter(|why| why.frame == report.frame)
}

/// What happened in words: that of an incident is said of the alert with which it began.
fn summary_of(
    inspected: &InspectedFlow,
    alert: &KeptAlert,
    report: &AlertReport,
    incident: Option<&Incident>,
) -> Result<String, Refusal> {
    let first = match incident.map(|incident| incident.first_sequence) {
        Some(first) if first != alert.sequence => kept(inspected, first)?,
        _ => None,
    };
    let began = first
        .as_ref()
        .and_then(|kept| Some((kept, reported(kept)?)));
    let (kept, report) = match &began {
        Some((kept, report)) => (*kept, report),
        None => (alert, report),
    };
    let why = why(inspected, kept.sequence, report);
    let known = Known {
        report,
        node: &kept.node,
        why: why.as_ref(),
        incident,
    };
    let flow = inspected.keeper.live().flow();
    Ok(summary(&known, |name| {
        let node = flow.nodes.iter().find(|node| node.name == name);
        node.is_some_and(|node| match &node.work {
            Work::Plugin(plugin) => plugin.role == Role::Rule,
            Work::Infer { .. } | Work::Store(_) | Work::Serve(_) => false,
        })
    }))
}

/// What became of an alert at each adapter that reads its node, or did.
fn deliveries(inspected: &InspectedFlow, kept: &KeptAlert) -> Result<Vec<Delivery>, Refusal> {
    let live = inspected.keeper.live();
    let (store, sequence) = (live.store(), kept.sequence);
    let waiting = store.deliveries_of(sequence).map_err(unreadable)?;
    let query = DeadLetterQuery {
        sequence: Some(sequence),
        ..DeadLetterQuery::default()
    };
    let dead = store.dead_letters(&query).map_err(unreadable)?;
    let mut found: Vec<Delivery> = dead
        .iter()
        .map(|letter| Delivery {
            adapter: letter.adapter.clone(),
            state: DeliveryState::Dead,
            attempts: Some(letter.attempts),
            reason: Some(letter.reason.clone()),
            at: Some(Timestamp(letter.died_at).to_string()),
        })
        .collect();
    found.extend(waiting.into_iter().map(|(adapter, attempts)| Delivery {
        adapter,
        state: DeliveryState::Waiting,
        attempts: Some(attempts),
        reason: None,
        at: None,
    }));
    let settled = inspected.outcomes.of_alert(&key_of(kept));
    for (adapter, settled) in settled {
        if found.iter().all(|known| known.adapter != adapter) {
            found.push(ended(adapter, &settled));
        }
    }
    let flow = live.flow();
    let readers = flow.nodes.iter().filter(|reader| {
        let inputs = reader.inputs.iter();
        let mut inputs = inputs.filter_map(|input| flow.nodes.get(input.0));
        reader.work.takes_alerts_out()
            && inputs.any(|input| input.name == kept.node)
            && live.had_adapter(&reader.name, kept.sequence)
    });
    for reader in readers {
        if found.iter().all(|known| known.adapter != reader.name) {
            found.push(Delivery {
                adapter: reader.name.clone(),
                state: DeliveryState::Unknown,
                attempts: None,
                reason: None,
                at: None,
            });
        }
    }
    Ok(found)
}

/// As the trail calls it.
fn key_of(kept: &KeptAlert) -> String {
    let alert: Option<CoreAlert> = serde_json::from_str(&kept.body).ok();
    let key = alert.map(|alert| idempotency_key(&kept.node, None, &kept.camera, &alert));
    key.unwrap_or_default()
}

fn ended(adapter: String, settled: &Settled) -> Delivery {
    let (state, reason) = match &settled.outcome {
        TrailOutcome::Delivered => (DeliveryState::Delivered, None),
        TrailOutcome::Refused(why) => (DeliveryState::Dropped, Some(why.clone())),
        TrailOutcome::Waiting(why) => (DeliveryState::Waiting, Some(why.clone())),
    };
    Delivery {
        adapter,
        state,
        attempts: Some(settled.attempts),
        reason,
        at: Some(Timestamp(settled.at).to_string()),
    }
}

pub(super) fn picture(inspected: &InspectedFlow, sequence: u64) -> Result<Jpeg, Refusal> {
    let none = || Refusal::NotFound(format!("there is no picture of alert {sequence}"));
    let data = inspected.evidence.picture(sequence).ok_or_else(none)?;
    let why = inspected.evidence.why(sequence);
    Ok(Jpeg {
        data: data.into(),
        frame: why.as_ref().map_or(0, |why| why.frame),
        ts: why.map(|why| why.ts).unwrap_or_default(),
    })
}

pub(super) fn dead_letters(
    inspected: &InspectedFlow,
    before: Option<u64>,
    most: usize,
) -> Result<Vec<DeadLetterView>, Refusal> {
    let store = inspected.keeper.live().store();
    let query = DeadLetterQuery {
        before,
        most,
        ..DeadLetterQuery::default()
    };
    let letters = store.dead_letters(&query).map_err(unreadable)?;
    let letters = letters.into_iter().rev();
    let views = letters.filter_map(|letter| {
        let report = report(&letter.camera, 0, &letter.body)?;
        let has_picture = inspected.evidence.has_picture(letter.sequence);
        let mut alert = shown(letter.sequence, "", &report, has_picture);
        // Where the stream began is not known here.
        alert.said.remove("media_time");
        Some(DeadLetterView {
            adapter: letter.adapter,
            sequence: letter.sequence,
            attempts: letter.attempts,
            reason: letter.reason,
            at: Timestamp(letter.died_at).to_string(),
            alert,
        })
    });
    Ok(views.collect())
}

pub(super) fn unreadable(error: StoreError) -> Refusal {
    Refusal::Unavailable(format!("the journal cannot be read: {error}"))
}

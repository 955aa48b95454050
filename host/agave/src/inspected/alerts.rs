//! Alerts from the journal, the incidents that they make, and what adapters have given up.

use agave_core::{Alert as CoreAlert, AlertReport, Timestamp};
use agave_inspector::Refusal;
use agave_inspector::system::{AlertQuery, Jpeg};
use agave_inspector::view::{Alert, AlertDetails, DeadLetterView, Delivery, DeliveryState};
use agave_store::trail::TrailOutcome;
use agave_store::{AlertQuery as Kept, DeadLetterQuery, KeptAlert, StoreError};

use super::InspectedFlow;
use super::outcomes::Settled;
use super::sink::shown;
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
    let store = inspected.keeper.live().store();
    let kept = Kept {
        after: sequence.saturating_sub(1),
        before: sequence.saturating_add(1),
        most: 1,
        ..Kept::default()
    };
    let found = store.alerts(&kept).map_err(unreadable)?;
    let found = found.first().filter(|kept| kept.sequence == sequence);
    let Some(alert) = found.and_then(|kept| view(inspected, kept)) else {
        return Ok(None);
    };
    let why = inspected.evidence.why(sequence);
    Ok(Some(AlertDetails {
        deliveries: match found {
            Some(kept) => deliveries(inspected, kept)?,
            None => Vec::new(),
        },
        // Numbers begin anew with a new journal, and evidence may be of the one before.
        why: why.filter(|why| alert.said.get("frame") == Some(&why.frame.into())),
        alert,
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
        reader.work.takes_alerts_out() && inputs.any(|input| input.name == kept.node)
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

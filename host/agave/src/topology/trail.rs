//! `store: alerts`: a receiver that writes what it is given to the audit trail, in a database or
//! in a file beside the flow's state.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agave_core::{Phase, Severity, StreamInfo, Timestamp};
use agave_flow::{Database, Flow};
use agave_plugin::Outcome;
use agave_store::Store;
use agave_store::trail::{
    Surroundings, Trail, TrailAlert, TrailCamera, TrailCheckpoint, TrailDelivery, TrailError,
    TrailModel, TrailSettings, TrailZone,
};

use super::journal::{Journal, WaitingOutcomes};
use super::models::LoadedModel;
use super::outbox::{Attempt, Handed, Receive};

const FILE: &str = "trail.db";
/// In one transaction.
const MOST_AT_ONCE: usize = 500;
/// How often it is told what became of deliveries.
const TOLD_EVERY: Duration = Duration::from_secs(1);
/// And a database that could not be reached.
const TOLD_AGAIN: Duration = Duration::from_secs(5);
const CHECKPOINTED_EVERY: Duration = Duration::from_secs(60);

/// Where `database` says; else in a file in the folder of `store`.
///
/// # Errors
/// In words for the user.
pub(super) fn settings(
    database: Option<&Database>,
    store: &Result<Store, String>,
) -> Result<TrailSettings, String> {
    let Some(database) = database else {
        let folder = store.as_ref().ok().and_then(Store::folder);
        let folder = folder.ok_or(
            "alerts are stored in the folder for state, and there is none; name a `database`, or \
             run the flow with `--state`",
        )?;
        return Ok(TrailSettings::sqlite(folder.join(FILE)));
    };
    let authority = match &database.ca {
        None => Vec::new(),
        Some(file) => std::fs::read(file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?,
    };
    let has_mode = |url: &url::Url| url.query_pairs().any(|(name, _)| name == "sslmode");
    let mut url = url::Url::parse(database.url.reveal())
        .map_err(|error| format!("the address of the database is not valid: {error}"))?;
    if database.ca.is_some() && !has_mode(&url) {
        // Whoever names an authority wants its certificates looked at.
        url.set_query(Some("sslmode=verify-full"));
    }
    if let Some(password) = &database.password {
        // An address with a host can have a password.
        let _ = url.set_password(Some(password.reveal()));
    }
    TrailSettings::postgres(url.as_str(), authority).map_err(|error| error.to_string())
}

/// What `flow` consists of, for those who look back.
pub(super) fn surroundings(flow: &Flow, models: &[Arc<LoadedModel>]) -> Surroundings {
    let zones = flow.cameras.iter().flat_map(|camera| {
        camera.zones.iter().map(|zone| TrailZone {
            camera: camera.name.clone(),
            name: zone.name.clone(),
            polygon: zone
                .polygon
                .iter()
                .map(|point| [point.x, point.y])
                .collect(),
        })
    });
    let models = models.iter().map(|model| TrailModel {
        name: model.specification.name.clone(),
        path: model.specification.path.display().to_string(),
        fingerprint: model.specification.fingerprint.to_string(),
        classes: model.classes.to_vec(),
        confidence: shown(model.specification.confidence),
        iou: shown(model.specification.iou),
    });
    Surroundings {
        flow: flow.name.clone(),
        // What did not change since keeps its time.
        at: Timestamp::now().0,
        cameras: flow
            .cameras
            .iter()
            .map(|camera| TrailCamera {
                name: camera.name.clone(),
                address: camera.shown_url.clone(),
                fps: shown(camera.fps),
            })
            .collect(),
        zones: zones.collect(),
        models: models.collect(),
    }
}

/// A float that was read from `0.1` is `0.1` again.
fn shown(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_default()
}

/// The trail of one flow.
pub(super) struct TrailReceiver {
    trail: Trail,
    journal: Arc<Journal>,
    outcomes: Arc<WaitingOutcomes>,
    checkpointed: Option<Instant>,
    surroundings: Surroundings,
    is_described: bool,
    /// So many are written one by one after a batch that was refused: one of them is why, and the
    /// others are not to blame.
    one_by_one: usize,
}

impl TrailReceiver {
    pub(super) fn new(
        node: &str,
        trail: Trail,
        surroundings: Surroundings,
        journal: Arc<Journal>,
    ) -> Self {
        Self {
            trail,
            outcomes: journal.outcomes_for(node),
            journal,
            checkpointed: None,
            surroundings,
            is_described: false,
            one_by_one: 0,
        }
    }

    /// What became of deliveries since it was told last.
    fn tell_outcomes(&self) -> Result<(), TrailError> {
        let outcomes = self.outcomes.take(MOST_AT_ONCE);
        if outcomes.is_empty() {
            return Ok(());
        }
        let flow = &self.surroundings.flow;
        let named = outcomes.iter().cloned().map(|outcome| TrailDelivery {
            flow: flow.clone(),
            idempotency_key: format!("{flow}/{}", outcome.idempotency_key),
            ..outcome
        });
        let told = self.trail.delivered(&named.collect::<Vec<_>>());
        if told.is_err() {
            self.outcomes.put(outcomes);
        }
        told
    }

    /// What each node remembered last, without the bytes.
    fn tell_checkpoints(&mut self) -> Result<(), TrailError> {
        let is_due = |last: Instant| last.elapsed() >= CHECKPOINTED_EVERY;
        if !self.checkpointed.is_none_or(is_due) {
            return Ok(());
        }
        // Where nothing can be read there is nothing to tell, and the journal says so itself.
        let checkpoints = self.journal.checkpoints().unwrap_or_default();
        let rows = checkpoints.iter().flat_map(|checkpoint| {
            checkpoint.nodes.iter().map(|state| TrailCheckpoint {
                flow: self.surroundings.flow.clone(),
                camera: checkpoint.camera.clone(),
                node: state.node.clone(),
                plugin: state.plugin.clone(),
                version: state.version,
                frame: checkpoint.frame,
                at: checkpoint.at,
                bytes: state.data.len() as u64,
            })
        });
        let rows: Vec<TrailCheckpoint> = rows.collect();
        if !rows.is_empty() {
            self.trail.checkpointed(&rows)?;
        }
        self.checkpointed = Some(Instant::now());
        Ok(())
    }

    fn describe(&mut self) -> Result<(), TrailError> {
        if !self.is_described {
            self.trail.describe(&self.surroundings)?;
            self.is_described = true;
        }
        Ok(())
    }
}

impl Receive for TrailReceiver {
    fn most_at_once(&self) -> usize {
        match self.one_by_one {
            0 => MOST_AT_ONCE,
            _ => 1,
        }
    }

    fn deliver(&mut self, alerts: &[Handed]) -> Attempt {
        let flow = &self.surroundings.flow;
        let rows: Vec<TrailAlert> = alerts.iter().map(|alert| row(flow, alert)).collect();
        let written = self.describe().and_then(|()| self.trail.write(&rows));
        match written {
            Ok(()) => {
                self.one_by_one = self.one_by_one.saturating_sub(alerts.len());
                Attempt::Outcome(Outcome::Delivered)
            }
            Err(error @ TrailError::Refused(_)) if alerts.len() == 1 => {
                self.one_by_one = self.one_by_one.saturating_sub(1);
                Attempt::Outcome(Outcome::Rejected(error.to_string()))
            }
            Err(error) => {
                if matches!(error, TrailError::Refused(_)) {
                    self.one_by_one = alerts.len();
                }
                Attempt::Later {
                    after: None,
                    reason: error.to_string(),
                }
            }
        }
    }

    fn introduce(&mut self, _: &[StreamInfo]) -> Option<Duration> {
        let told = self
            .describe()
            .and_then(|()| self.tell_outcomes())
            .and_then(|()| self.tell_checkpoints());
        match told {
            Ok(()) => Some(TOLD_EVERY),
            Err(error) => {
                tracing::warn!("the trail does not know everything yet: {error}");
                Some(TOLD_AGAIN)
            }
        }
    }
}

fn row(flow: &str, handed: &Handed) -> TrailAlert {
    let alert = &handed.delivery.alert;
    TrailAlert {
        sequence: handed.sequence,
        flow: flow.to_owned(),
        node: handed.node.to_string(),
        camera: handed.delivery.camera.clone(),
        key: alert.key.clone(),
        kind: alert.kind.clone(),
        phase: match alert.phase {
            Phase::Begin => "begin".to_owned(),
            Phase::Update => "update".to_owned(),
            Phase::End => "end".to_owned(),
        },
        severity: match alert.severity {
            Severity::Info => "info".to_owned(),
            Severity::Warning => "warning".to_owned(),
            Severity::Critical => "critical".to_owned(),
        },
        at: alert.at.0,
        media_time: u64::try_from(handed.delivery.media_time.as_nanos()).unwrap_or(u64::MAX),
        frame: alert.frame,
        class: alert.class.clone(),
        zone: alert.zone.clone(),
        confidence: alert.detection.confidence,
        track: alert.detection.track,
        count: alert.count,
        // Nothing in an alert cannot be said in JSON.
        body: serde_json::to_string(alert).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;

//! `store: alerts`: a receiver that writes what it is given to the audit trail, in a database or
//! in a file beside the flow's state.

use std::time::Duration;

use agave_core::{Phase, Severity, StreamInfo, Timestamp};
use agave_flow::{Database, Flow};
use agave_plugin::Outcome;
use agave_store::Store;
use agave_store::trail::{
    Surroundings, Trail, TrailAlert, TrailCamera, TrailError, TrailModel, TrailSettings, TrailZone,
};

use super::models::LoadedModel;
use super::outbox::{Attempt, Handed, Receive};
use std::sync::Arc;

const FILE: &str = "trail.db";
/// In one transaction.
const MOST_AT_ONCE: usize = 500;
/// Before what the flow consists of is told to a database again that could not be reached.
const DESCRIBED_AGAIN: Duration = Duration::from_secs(5);

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
    let mut url = url::Url::parse(database.url.reveal())
        .map_err(|error| format!("the address of the database is not valid: {error}"))?;
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
    surroundings: Surroundings,
    is_described: bool,
    most_at_once: usize,
}

impl TrailReceiver {
    pub(super) fn new(trail: Trail, surroundings: Surroundings) -> Self {
        Self {
            trail,
            surroundings,
            is_described: false,
            most_at_once: MOST_AT_ONCE,
        }
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
        self.most_at_once
    }

    fn deliver(&mut self, alerts: &[Handed]) -> Attempt {
        let flow = &self.surroundings.flow;
        let rows: Vec<TrailAlert> = alerts.iter().map(|alert| row(flow, alert)).collect();
        let written = self.describe().and_then(|()| self.trail.write(&rows));
        match written {
            Ok(()) => {
                self.most_at_once = MOST_AT_ONCE;
                Attempt::Outcome(Outcome::Delivered)
            }
            Err(error @ TrailError::Refused(_)) if alerts.len() == 1 => {
                Attempt::Outcome(Outcome::Rejected(error.to_string()))
            }
            Err(error) => {
                if matches!(error, TrailError::Refused(_)) {
                    // One of them is why; the others are not to blame.
                    self.most_at_once = 1;
                }
                Attempt::Later(error.to_string())
            }
        }
    }

    fn introduce(&mut self, _: &[StreamInfo]) -> Option<Duration> {
        match self.describe() {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!("the trail does not know the flow yet: {error}");
                Some(DESCRIBED_AGAIN)
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

//! What belongs together among the alerts. Pages ask for it often, so what was read once is
//! remembered, and only alerts that came since are read.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use agave_core::{AlertReport, Phase, Severity, Timestamp};
use agave_flow::CameraKind;
use agave_inspector::Refusal;
use agave_inspector::system::IncidentQuery;
use agave_inspector::view::Incident;
use agave_store::{AlertQuery, Store};

use super::InspectedFlow;
use super::alerts::{report, unreadable};

/// So far back is looked, in alerts.
const MOST_ALERTS: usize = 5000;
/// So many incidents are known; the one that was silent for longest is forgotten.
const MOST_INCIDENTS: usize = 5000;

/// The incidents of one flow.
#[derive(Default)]
pub(super) struct Incidents(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The last alert that was read.
    read: u64,
    /// By the number of their last alert.
    incidents: BTreeMap<u64, Incident>,
    /// By camera and key: the number of the last alert.
    last: HashMap<(String, String), u64>,
}

/// Those that are wanted, the newest first.
pub(super) fn incidents(
    inspected: &InspectedFlow,
    query: &IncidentQuery,
) -> Result<Vec<Incident>, Refusal> {
    let store = inspected.keeper.live().store();
    let known = &inspected.incidents.0;
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known.read_on(store)?;
    let may_end = may_end(inspected);
    let is_wanted = |incident: &&Incident| {
        let of_camera = query.camera.as_ref();
        of_camera.is_none_or(|camera| incident.camera_id == *camera)
            && (!query.open || (incident.ended.is_none() && may_end(incident)))
    };
    let newest_first = known.incidents.values().rev();
    let wanted = newest_first.filter(is_wanted).take(query.most).cloned();
    let mut wanted: Vec<Incident> = wanted.collect();
    for incident in &mut wanted {
        incident.has_picture = inspected.evidence.has_picture(incident.first_sequence);
    }
    Ok(wanted)
}

/// Whether somebody can still end an incident: its camera is there, and if that is a file, which
/// begins anew with each start, it began since.
fn may_end(inspected: &InspectedFlow) -> impl Fn(&Incident) -> bool {
    let live = inspected.keeper.live();
    let started = (Timestamp::now() - live.began().elapsed()).to_string();
    let cameras = live.flow().cameras;
    move |incident| {
        let camera = cameras
            .iter()
            .find(|camera| camera.name == incident.camera_id);
        camera.is_some_and(|camera| camera.kind == CameraKind::Rtsp || incident.began >= started)
    }
}

impl Known {
    fn read_on(&mut self, store: &Store) -> Result<(), Refusal> {
        let query = AlertQuery {
            after: self.read,
            most: MOST_ALERTS,
            ..AlertQuery::default()
        };
        for kept in store.alerts(&query).map_err(unreadable)? {
            self.read = kept.sequence;
            if let Some(report) = report(&kept.camera, kept.media_time, &kept.body) {
                self.note(kept.sequence, report);
            }
        }
        Ok(())
    }

    fn note(&mut self, sequence: u64, report: AlertReport) {
        let key = (report.camera_id.clone(), report.key.clone());
        let before = self.last.insert(key, sequence);
        let known = before.and_then(|before| self.incidents.remove(&before));
        let incident = match known {
            Some(incident) => gone_on(incident, sequence, &report),
            None => gone_on(begun(sequence, &report), sequence, &report),
        };
        self.incidents.insert(sequence, incident);
        if self.incidents.len() > MOST_INCIDENTS
            && let Some((_, silent)) = self.incidents.pop_first()
        {
            self.last.remove(&(silent.camera_id, silent.key));
        }
    }
}

fn begun(sequence: u64, report: &AlertReport) -> Incident {
    Incident {
        key: report.key.clone(),
        camera_id: report.camera_id.clone(),
        kind: report.kind.clone(),
        class: report.class.clone(),
        zone: report.zone.clone(),
        severity: severity(report.severity).to_owned(),
        began: report.ts.clone(),
        ended: None,
        count: 0,
        first_sequence: sequence,
        last_sequence: sequence,
        has_picture: false,
    }
}

fn gone_on(mut incident: Incident, sequence: u64, report: &AlertReport) -> Incident {
    incident.last_sequence = sequence;
    incident.count += u64::from(report.count);
    if rank(severity(report.severity)) > rank(&incident.severity) {
        incident.severity = severity(report.severity).to_owned();
    }
    incident.ended = match report.phase {
        Phase::End => Some(report.ts.clone()),
        Phase::Begin | Phase::Update => None,
    };
    incident
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn rank(severity: &str) -> usize {
    let order = ["info", "warning", "critical"];
    order.iter().position(|word| *word == severity).unwrap_or(0)
}

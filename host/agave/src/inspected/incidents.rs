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
/// So many incidents are known; the oldest are forgotten, those that have ended before others.
const MOST_INCIDENTS: usize = 5000;

/// The incidents of one flow.
#[derive(Default)]
pub(super) struct Incidents(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The last alert that was read.
    read: u64,
    /// By the number of their first alert.
    incidents: BTreeMap<u64, Incident>,
    /// By camera and key: the number of the first alert of the last one.
    latest: HashMap<(String, String), u64>,
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
    let before = query.before.unwrap_or(u64::MAX);
    let newest_first = known.incidents.range(..before).rev();
    let wanted = newest_first.filter(|(_, incident)| {
        let is_open = || incident.ended.is_none() && may_end(incident);
        is_meant(query, incident) && query.open.is_none_or(|open| open == is_open())
    });
    let wanted = wanted.take(query.most);
    let mut wanted: Vec<Incident> = wanted.map(|(_, incident)| incident.clone()).collect();
    for incident in &mut wanted {
        incident.has_picture = inspected.evidence.has_picture(incident.first_sequence);
    }
    Ok(wanted)
}

fn is_meant(query: &IncidentQuery, incident: &Incident) -> bool {
    let is = |wanted: &Option<String>, word: &str| wanted.as_ref().is_none_or(|it| it == word);
    let zone = query.zone.as_ref();
    is(&query.camera, &incident.camera_id)
        && is(&query.kind, &incident.kind)
        && is(&query.class, &incident.class)
        && zone.is_none_or(|zone| incident.zone.as_ref() == Some(zone))
        && is(&query.severity, &incident.severity)
        && query.since.is_none_or(|since| at(&incident.began) >= since)
        && query.until.is_none_or(|until| at(&incident.began) < until)
}

/// Nanoseconds since 1970 of a time that was written here.
fn at(time: &str) -> u64 {
    time.parse().map_or(0, |time: Timestamp| time.0)
}

/// The incident that an alert reports.
pub(super) fn of_alert(
    inspected: &InspectedFlow,
    sequence: u64,
    report: &AlertReport,
) -> Result<Option<Incident>, Refusal> {
    let known = &inspected.incidents.0;
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known.read_on(inspected.keeper.live().store())?;
    let began_before = known.incidents.range(..=sequence).rev();
    let mut same = began_before
        .map(|(_, incident)| incident)
        .filter(|known| known.camera_id == report.camera_id && known.key == report.key);
    Ok(same.next().cloned())
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
        let latest = self.latest.get(&key);
        let latest = latest.and_then(|first| self.incidents.get_mut(first));
        // A rule may use a key again once it has ended what it stood for.
        let goes_on = latest.filter(|known| known.ended.is_none() || report.phase != Phase::Begin);
        match goes_on {
            Some(incident) => go_on(incident, sequence, &report),
            None => {
                let mut incident = begun(sequence, &report);
                go_on(&mut incident, sequence, &report);
                self.incidents.insert(sequence, incident);
                self.latest.insert(key, sequence);
            }
        }
        if self.incidents.len() > MOST_INCIDENTS {
            self.forget_one();
        }
    }

    fn forget_one(&mut self) {
        let mut ended = self.incidents.iter().filter(|(_, it)| it.ended.is_some());
        let oldest = ended.next().or_else(|| self.incidents.first_key_value());
        let oldest = oldest.map(|(first, _)| *first);
        let Some(gone) = oldest.and_then(|first| self.incidents.remove(&first)) else {
            return;
        };
        let key = (gone.camera_id, gone.key);
        if self.latest.get(&key) == Some(&gone.first_sequence) {
            self.latest.remove(&key);
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
        has_begin: report.phase == Phase::Begin,
        has_picture: false,
    }
}

fn go_on(incident: &mut Incident, sequence: u64, report: &AlertReport) {
    incident.last_sequence = sequence;
    incident.count += u64::from(report.count);
    if rank(severity(report.severity)) > rank(&incident.severity) {
        severity(report.severity).clone_into(&mut incident.severity);
    }
    incident.ended = match report.phase {
        Phase::End => Some(report.ts.clone()),
        Phase::Begin | Phase::Update => None,
    };
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

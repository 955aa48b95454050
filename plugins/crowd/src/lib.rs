//! Too many on all cameras together: a rule that looks at a site, not at a picture.
//!
//! One incident lasts from when there have been too many for `after` until there have not been for
//! longer than `gap`. What is seen by two cameras counts twice.

use std::collections::BTreeMap;

use agave_vision_sdk::prelude::*;

mod camera;

use camera::Camera;

/// Configuration of the crowd rule.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// More than so many, on all cameras together, are too many.
    pub more_than: u32,
    /// The classes that count. Left out: all of them.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Only what is in a zone of this name counts; a zone filter has to come before this rule.
    /// Cameras without such a zone count nothing. Left out: the whole picture.
    #[serde(default)]
    pub zone: Option<String>,
    /// How long there must have been too many before it is an incident.
    #[serde(default = "five_seconds")]
    pub after: Duration,
    /// How long there may be fewer in between.
    #[serde(default = "five_seconds")]
    pub gap: Duration,
    /// How long what a camera saw last counts when nothing more comes from it.
    #[serde(default = "ten_seconds")]
    pub silence: Duration,
    /// How much such an incident matters.
    #[serde(default)]
    pub severity: Level,
}

fn five_seconds() -> Duration {
    Duration::from_millis(5000)
}

fn ten_seconds() -> Duration {
    Duration::from_millis(10_000)
}

/// How much an incident matters.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth a line in a log.
    Info,
    /// Worth a look.
    #[default]
    Warning,
    /// Worth getting up.
    Critical,
}

/// The rule for all cameras of a node.
pub struct Crowd {
    config: Config,
    cameras: Vec<Camera>,
}

/// What the rule remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The latest time of any camera.
    now: Timestamp,
    /// By the cameras' names; their numbers may change.
    counts: BTreeMap<String, Count>,
    /// Since when there are too many, while that is no incident yet.
    since: Option<Timestamp>,
    incident: Option<Incident>,
}

/// What one camera saw last.
#[derive(Debug, Serialize, Deserialize)]
struct Count {
    at: Timestamp,
    number: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Incident {
    key: String,
    /// Where it began, and so where it ends.
    camera: String,
    class: String,
    /// What was seen there last while there were too many.
    detection: Detection,
    frame: u64,
    last_time: Timestamp,
    /// The most that there were.
    most: u32,
}

impl Plugin for Crowd {
    type Config = Config;
    type State = State;

    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        Ok(Self {
            config,
            cameras: Vec::new(),
        })
    }
}

impl SiteRule for Crowd {
    fn cameras(&mut self, cameras: &[StreamInfo]) -> Result<(), String> {
        let unknown = self.config.classes.iter().find(|class| {
            let knows = |camera: &StreamInfo| camera.classes.contains(class);
            !cameras.iter().any(knows)
        });
        if let Some(class) = unknown {
            return Err(format!("no camera has a model with the class `{class}`"));
        }
        if let Some(zone) = &self.config.zone {
            let mut zones = cameras.iter().flat_map(|camera| &camera.zones);
            if !zones.any(|known| known.name == *zone) {
                return Err(format!("no camera has a zone `{zone}`"));
            }
        }
        let camera = |stream| Camera::new(stream, &self.config);
        self.cameras = cameras.iter().map(camera).collect();
        Ok(())
    }

    fn evaluate(
        &self,
        state: &mut State,
        camera: usize,
        frame: &FrameDetections,
    ) -> Result<Vec<Alert>, String> {
        let camera = self.cameras.get(camera).ok_or("there is no such camera")?;
        let (number, surest) = camera.count(frame);
        let total = self.total(state, camera, frame.at, number);
        let is_crowd = total > self.config.more_than;
        let alert = match (&mut state.incident, is_crowd) {
            (None, false) => {
                state.since = None;
                None
            }
            (None, true) => surest.and_then(|seen| self.begin(state, camera, frame, seen, total)),
            (Some(incident), true) => {
                incident.goes_on(state.now, camera, frame.frame, surest, total);
                None
            }
            (Some(_), false) => self.end(state, camera, frame),
        };
        Ok(alert.into_iter().collect())
    }
}

impl Crowd {
    /// How many there are now on all cameras that still say something.
    fn total(&self, state: &mut State, camera: &Camera, at: Timestamp, number: u32) -> u32 {
        state.now = state.now.max(at);
        state
            .counts
            .insert(camera.name.clone(), Count { at, number });
        let is_there = |name: &String| self.cameras.iter().any(|camera| camera.name == *name);
        let (now, silence) = (state.now, self.config.silence.as_nanos());
        state
            .counts
            .retain(|name, count| now.saturating_sub(count.at) <= silence && is_there(name));
        let counts = state.counts.values();
        counts.fold(0, |sum, count| sum.saturating_add(count.number))
    }

    fn begin(
        &self,
        state: &mut State,
        camera: &Camera,
        frame: &FrameDetections,
        seen: Detection,
        total: u32,
    ) -> Option<Alert> {
        let since = *state.since.get_or_insert(state.now);
        if state.now.saturating_sub(since) < self.config.after.as_nanos() {
            return None;
        }
        let incident = state.incident.insert(Incident {
            key: format!("{}/crowd/{}", camera.name, frame.at / 1_000_000),
            camera: camera.name.clone(),
            class: camera.class(&seen).to_owned(),
            detection: seen,
            frame: frame.frame,
            last_time: state.now,
            most: total,
        });
        let mut alert = incident.alert(Phase::Begin, camera, &self.config);
        alert.at = frame.at;
        alert.attributes = vec![
            ("number".to_owned(), total.to_string()),
            ("cameras".to_owned(), listed(&state.counts)),
        ];
        Some(alert)
    }

    /// Once there have been few enough for long enough: where it began, or anywhere when that
    /// camera is silent.
    fn end(&self, state: &mut State, camera: &Camera, frame: &FrameDetections) -> Option<Alert> {
        let (now, gap) = (state.now, self.config.gap.as_nanos());
        let counts = &state.counts;
        let incident = state.incident.take_if(|incident| {
            let is_over = now.saturating_sub(incident.last_time) > gap;
            let is_here = incident.camera == camera.name
                || !counts.contains_key(&incident.camera) && camera.knows(&incident.class);
            is_over && is_here
        })?;
        state.since = None;
        let mut alert = incident.alert(Phase::End, camera, &self.config);
        alert.at = incident.last_time.min(frame.at);
        alert.frame = alert.frame.min(frame.frame);
        alert.attributes = vec![("most".to_owned(), incident.most.to_string())];
        Some(alert)
    }
}

impl Incident {
    fn goes_on(
        &mut self,
        now: Timestamp,
        camera: &Camera,
        frame: u64,
        surest: Option<Detection>,
        total: u32,
    ) {
        self.last_time = now;
        self.most = self.most.max(total);
        if let Some(seen) = surest.filter(|_| camera.name == self.camera) {
            self.class = camera.class(&seen).to_owned();
            self.detection = seen;
            self.frame = frame;
        }
    }

    fn alert(&self, phase: Phase, camera: &Camera, config: &Config) -> Alert {
        let detection = if camera.name == self.camera {
            self.detection
        } else {
            camera.own(self.detection, &self.class)
        };
        Alert {
            key: self.key.clone(),
            kind: "crowd".to_owned(),
            phase,
            severity: match config.severity {
                Level::Info => Severity::Info,
                Level::Warning => Severity::Warning,
                Level::Critical => Severity::Critical,
            },
            at: self.last_time,
            frame: self.frame,
            class: self.class.clone(),
            zone: config.zone.clone().filter(|_| camera.has_zone()),
            detection,
            count: 1,
            attributes: Vec::new(),
        }
    }
}

/// As `gate 7, yard 5`, and not longer than an attribute may be.
fn listed(counts: &BTreeMap<String, Count>) -> String {
    const MOST: usize = 12;
    let mut counted: Vec<(&String, u32)> = counts
        .iter()
        .map(|(name, count)| (name, count.number))
        .filter(|(_, number)| *number > 0)
        .collect();
    counted.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let shown = counted
        .iter()
        .take(MOST)
        .map(|(name, number)| format!("{name} {number}"));
    let mut shown = shown.collect::<Vec<String>>().join(", ");
    if counted.len() > MOST {
        shown.push_str(", …");
    }
    shown
}

agave_vision_sdk::export_site_rule!(Crowd);

#[cfg(test)]
mod tests;

//! From what a file says to what can be run: names are looked up, times are counted, and
//! whatever the shape of a file cannot say is refused with the test's name.

use std::collections::BTreeMap;
use std::time::Duration;

use agave_core::{
    Alert, BoundingBox, Detection, FrameDetections, MAX_ZONES, Phase, Point, Role, Severity,
    StreamInfo, Timestamp, Zone, check_polygon, parse_duration,
};
use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value};

use super::expected::{outputs, request};
use super::spec::{AnswerSpec, DetectionSpec, GivenSpec, Item, StreamSpec, TestSpec};
use super::words::START;

/// What stands in settings for the address of the web server.
pub(crate) const HTTP: &str = "${http}";
/// Longer tests say nothing that shorter ones cannot.
const MOST_FRAMES: usize = 10_000;

/// A test, ready to be run.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) stream: StreamInfo,
    /// Of a rule that looks at several: their names.
    pub(crate) cameras: Vec<String>,
    pub(crate) config: Map<String, Value>,
    pub(crate) secrets: BTreeMap<String, String>,
    /// None where no web server is wanted.
    pub(crate) http: Option<Vec<AnswerSpec>>,
    pub(crate) given: Vec<Given>,
    pub(crate) wanted: Wanted,
}

/// One thing that a plugin is given.
#[derive(Debug)]
pub(crate) enum Given {
    /// One frame, or for a rule also several of them with one expectation, and the number of the
    /// camera that saw them.
    Frames {
        camera: usize,
        frames: Vec<FrameDetections>,
    },
    Alert {
        camera: usize,
        alert: Box<Alert>,
        attempt: u32,
    },
    Tick {
        camera: usize,
        now: Timestamp,
    },
    Restart,
}

/// What must come of it, in the form in which it is compared.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) outputs: Option<Vec<Value>>,
    pub(crate) requests: Option<Vec<Value>>,
    pub(crate) log: Vec<String>,
    pub(crate) refused: Option<String>,
}

impl Case {
    /// The test `spec` for a plugin in `role`; `stream` is that of the file.
    pub(crate) fn new(role: Role, stream: &StreamSpec, spec: TestSpec) -> Result<Self> {
        let name = spec.name.clone();
        Self::resolve(role, stream, spec).with_context(|| format!("test '{name}'"))
    }

    fn resolve(role: Role, stream: &StreamSpec, spec: TestSpec) -> Result<Self> {
        let stream = spec.stream.or(stream);
        let frame_time = Duration::from_secs_f64(1.0 / stream.fps.unwrap_or(5.0));
        let cameras = stream.cameras.clone().unwrap_or_default();
        let stream = stream_info(stream)?;
        let mut clock = Clock {
            stream: &stream,
            cameras: &cameras,
            role,
            frame_time,
            next: START,
            latest: START,
            frames: 0,
        };
        let given: Vec<Given> = (1..)
            .zip(&spec.given)
            .map(|(number, item)| {
                clock
                    .given(item)
                    .with_context(|| format!("entry {number} of `given`"))
            })
            .collect::<Result<_>>()?;
        let wants_http = spec.http.is_some()
            || spec.expect_http.is_some()
            || Value::Object(spec.config.clone())
                .to_string()
                .contains(HTTP);
        if role != Role::Adapter && (wants_http || !spec.secrets.is_empty()) {
            bail!("a {role} reaches nothing outside: remove `http`, `expect-http` and `secrets`");
        }
        Ok(Self {
            name: spec.name,
            wanted: Wanted {
                outputs: outputs(role, &stream, &given, spec.expect)?,
                requests: spec
                    .expect_http
                    .map(|requests| requests.iter().map(request).collect()),
                log: spec.log,
                refused: refused(spec.refused, spec.given.is_empty())?,
            },
            stream,
            cameras,
            config: spec.config,
            secrets: spec.secrets,
            http: wants_http.then(|| spec.http.unwrap_or_default()),
            given,
        })
    }
}

fn refused(part: Option<String>, nothing_given: bool) -> Result<Option<String>> {
    if part.is_some() && !nothing_given {
        bail!("settings that are `refused` are given nothing: remove `given`");
    }
    Ok(part)
}

fn stream_info(spec: StreamSpec) -> Result<StreamInfo> {
    let mut zones = Vec::new();
    for (name, corners) in spec.zones.unwrap_or_default() {
        let corners: Vec<[f32; 2]> = serde_json::from_value(corners)
            .with_context(|| format!("the corners of zone '{name}'"))?;
        let polygon: Vec<Point> = corners.iter().map(|&[x, y]| Point { x, y }).collect();
        check_polygon(&polygon).with_context(|| format!("zone '{name}'"))?;
        zones.push(Zone { name, polygon });
    }
    if zones.len() > MAX_ZONES {
        bail!("a stream has at most {MAX_ZONES} zones");
    }
    let classes = spec
        .classes
        .unwrap_or_else(|| ["object", "person", "vehicle"].map(str::to_owned).to_vec());
    Ok(StreamInfo {
        camera: spec.camera.unwrap_or_else(|| "camera".to_owned()),
        width: spec.width.unwrap_or(1280),
        height: spec.height.unwrap_or(720),
        classes,
        zones,
    })
}

pub(super) fn class_number(class: &str, stream: &StreamInfo) -> Result<u16> {
    let position = stream.classes.iter().position(|known| known == class);
    position
        .and_then(|position| u16::try_from(position).ok())
        .ok_or_else(|| {
            let known: Vec<&str> = stream.classes.iter().map(String::as_str).collect();
            let help = agave_flow::instead_of(class, "classes", &known);
            anyhow!("class '{class}' is not in `stream.classes`; {help}")
        })
}

pub(super) fn zone_number(zone: &str, stream: &StreamInfo) -> Result<usize> {
    let position = stream.zones.iter().position(|known| known.name == zone);
    position.ok_or_else(|| {
        let known: Vec<&str> = stream.zones.iter().map(|zone| zone.name.as_str()).collect();
        let help = agave_flow::instead_of(zone, "zones", &known);
        anyhow!("zone '{zone}' is not in `stream.zones`; {help}")
    })
}

pub(super) fn duration(text: &str) -> Result<Duration> {
    parse_duration(text).map_err(|problem| anyhow!(problem))
}

fn bounding_box(bbox: Option<[f32; 4]>) -> BoundingBox {
    let [left, top, width, height] = bbox.unwrap_or([0.4, 0.4, 0.2, 0.2]);
    BoundingBox {
        left,
        top,
        width,
        height,
    }
}

/// Counts the time and the frames of a test.
struct Clock<'s> {
    stream: &'s StreamInfo,
    cameras: &'s [String],
    role: Role,
    frame_time: Duration,
    /// When the next thing comes, if it does not say.
    next: Timestamp,
    latest: Timestamp,
    frames: u64,
}

impl Clock<'_> {
    fn given(&mut self, item: &Item) -> Result<Given> {
        match item {
            Item::Restart => Ok(Given::Restart),
            Item::Given(spec) => {
                self.check_keys(spec)?;
                match &spec.tick {
                    Some(tick) => Ok(Given::Tick {
                        camera: self.camera(spec.camera.as_ref())?,
                        now: self.at(Some(tick))?,
                    }),
                    None if self.role.reads_alerts() => self.alert(spec),
                    None => self.seen(spec),
                }
            }
        }
    }

    fn check_keys(&self, spec: &GivenSpec) -> Result<()> {
        let role = self.role;
        let alert_keys = spec.class.is_some()
            || spec.bbox.is_some()
            || spec.confidence.is_some()
            || spec.track.is_some()
            || spec.kind.is_some()
            || spec.phase.is_some()
            || spec.severity.is_some()
            || spec.zone.is_some()
            || spec.key.is_some()
            || spec.count.is_some()
            || spec.attributes.is_some();
        if role.reads_alerts() && spec.detections.is_some() {
            bail!(
                "a {role} is given alerts, not frames: write `{{ class: NAME }}` without `detections`"
            );
        }
        if !role.reads_alerts() && (alert_keys || spec.detections.is_none()) {
            bail!(
                "a {role} is given frames: write `{{ at: 0s, detections: [{{ class: NAME }}] }}`"
            );
        }
        if spec.r#for.is_some() && role != Role::Rule {
            bail!("only a rule is given something `for` a while; write one entry for each");
        }
        if spec.tick.is_some() && (role != Role::Gate || alert_keys || spec.at.is_some()) {
            bail!("`tick` is for gates, and stands alone");
        }
        if spec.attempt.is_some() && role != Role::Adapter {
            bail!("`attempt` is for adapters");
        }
        Ok(())
    }

    fn at(&mut self, at: Option<&String>) -> Result<Timestamp> {
        let at = match at {
            Some(text) => START + duration(text)?,
            None => self.next,
        };
        if at < self.latest {
            bail!("stream time does not go back: what came before was later");
        }
        self.latest = at;
        self.next = at + self.frame_time;
        Ok(at)
    }

    fn seen(&mut self, spec: &GivenSpec) -> Result<Given> {
        let detections: Vec<Detection> = (0..)
            .zip(spec.detections.iter().flatten())
            .map(|(id, detection)| self.detection(id, detection))
            .collect::<Result<_>>()?;
        let first = self.at(spec.at.as_ref())?;
        let until = match &spec.r#for {
            Some(text) => first + duration(text)?,
            None => first,
        };
        let mut frames = Vec::new();
        let mut at = first;
        loop {
            frames.push(FrameDetections {
                frame: self.frames,
                at,
                detections: detections.clone(),
            });
            self.frames += 1;
            if frames.len() > MOST_FRAMES {
                bail!("`for` makes more than {MOST_FRAMES} frames");
            }
            if at + self.frame_time > until {
                break;
            }
            at = self.at(None)?;
        }
        Ok(Given::Frames {
            camera: self.camera(spec.camera.as_ref())?,
            frames,
        })
    }

    fn camera(&self, name: Option<&String>) -> Result<usize> {
        match name {
            None if self.cameras.is_empty() => Ok(0),
            None => bail!(
                "say of which camera it is, with `camera`: {}",
                self.cameras.join(", ")
            ),
            Some(name) => {
                let position = self.cameras.iter().position(|known| known == name);
                position.ok_or_else(|| {
                    let known: Vec<&str> = self.cameras.iter().map(String::as_str).collect();
                    let help = agave_flow::instead_of(name, "cameras", &known);
                    anyhow!("camera '{name}' is not in `stream.cameras`; {help}")
                })
            }
        }
    }

    fn detection(&self, id: u32, spec: &DetectionSpec) -> Result<Detection> {
        let mut zones = 0;
        for zone in &spec.zones {
            zones |= 1 << zone_number(zone, self.stream)?;
        }
        Ok(Detection {
            id: spec.id.unwrap_or(id),
            class: class_number(&spec.class, self.stream)?,
            confidence: spec.confidence.unwrap_or(1.0),
            bbox: bounding_box(spec.bbox),
            track: spec.track,
            zones,
        })
    }

    fn alert(&mut self, spec: &GivenSpec) -> Result<Given> {
        let class = match &spec.class {
            Some(class) => class.clone(),
            None => self.stream.classes.first().cloned().unwrap_or_default(),
        };
        let zones = match &spec.zone {
            Some(zone) => 1 << zone_number(zone, self.stream)?,
            None => 0,
        };
        let at = self.at(spec.at.as_ref())?;
        let attributes = spec.attributes.clone().unwrap_or_default();
        self.frames += 1;
        Ok(Given::Alert {
            camera: self.camera(spec.camera.as_ref())?,
            attempt: spec.attempt.unwrap_or(1),
            alert: Box::new(Alert {
                key: spec.key.clone().unwrap_or_else(|| "incident".to_owned()),
                kind: spec.kind.clone().unwrap_or_else(|| "example".to_owned()),
                phase: spec.phase.unwrap_or(Phase::Begin),
                severity: spec.severity.unwrap_or(Severity::Warning),
                at,
                frame: self.frames - 1,
                detection: Detection {
                    id: 0,
                    class: class_number(&class, self.stream)?,
                    confidence: spec.confidence.unwrap_or(1.0),
                    bbox: bounding_box(spec.bbox),
                    track: spec.track,
                    zones,
                },
                class,
                zone: spec.zone.clone(),
                count: spec.count.unwrap_or(1),
                attributes: attributes.into_iter().collect(),
            }),
        })
    }
}

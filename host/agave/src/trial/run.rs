//! Runs a test on a plugin as a node would, without a flow around it: the same limits, the same
//! checks of what comes out, the same settings.

use std::time::{Duration, Instant};

use agave_core::{Role, Secret, StreamInfo};
use agave_plugin::{Delivery, Failure, Grants, Instance, NodeSetup, Origin, Plugin, Snapshot};
use anyhow::Result;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::case::{Case, Given, HTTP};
use super::compare::{differences, first_missing};
use super::log;
use super::node::{NODE, node_setup};
use super::receiver::Receiver;
use super::words::{
    Came, START, alert_json, alert_line, detection_json, frame_line, outcome_json, seconds,
};
use crate::topology::idempotency_key;

/// How a test went.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
    /// What the web server was asked.
    pub(crate) requests: Vec<Value>,
    pub(crate) log: Vec<String>,
    /// Why the settings were refused, or the plugin did not start.
    pub(crate) not_started: Option<String>,
    /// What was not as expected. Empty when the test passed.
    pub(crate) problems: Vec<String>,
    pub(crate) took: Duration,
}

/// One thing that was given, and what came of it.
pub(crate) struct Step {
    pub(crate) at: String,
    pub(crate) given: String,
    pub(crate) came: Came,
    pub(crate) as_expected: bool,
}

/// Runs tests on one plugin.
pub(crate) struct Runner<'r> {
    pub(crate) plugin: &'r Plugin,
    pub(crate) runtime: &'r Runtime,
}

impl Runner<'_> {
    /// Runs one test.
    ///
    /// # Errors
    /// When the surroundings of the test cannot be made; a test that fails is no error.
    pub(crate) fn run(&self, case: &Case) -> Result<Outcome> {
        let began = Instant::now();
        let receiver = match &case.http {
            Some(answers) => Some(Receiver::start(self.runtime, answers.clone())?),
            None => None,
        };
        let origin = receiver.as_ref().map(Receiver::origin);
        let setup = self.setup(case, origin.as_deref())?;
        let (mut outcome, lines) = log::captured(|| {
            let mut trial = Trial {
                plugin: self.plugin,
                case,
                setup: &setup,
                steps: Vec::new(),
                problems: Vec::new(),
            };
            let not_started = trial.run().err();
            Outcome {
                name: case.name.clone(),
                steps: trial.steps,
                requests: Vec::new(),
                log: Vec::new(),
                not_started,
                problems: trial.problems,
                took: Duration::ZERO,
            }
        });
        outcome.log = lines;
        outcome.requests = receiver
            .map(|receiver| receiver.requests())
            .unwrap_or_default();
        outcome.check(case);
        outcome.took = began.elapsed();
        Ok(outcome)
    }

    fn setup(&self, case: &Case, origin: Option<&str>) -> Result<NodeSetup> {
        let mut config = case.config.clone();
        if let Some(origin) = origin {
            config.values_mut().for_each(|value| put(value, origin));
        }
        let grants = Grants {
            http: origin.map(Origin::parse).transpose()?.into_iter().collect(),
            secrets: case
                .secrets
                .iter()
                .map(|(name, value)| (name.clone(), Secret::new(value.clone())))
                .collect(),
            ..Grants::default()
        };
        let setup = node_setup(self.plugin.role(), &config, grants, self.runtime)?;
        let mut stream = case.stream.clone();
        let mut cameras = Vec::new();
        if self.plugin.looks_at_several_cameras() {
            cameras = of_several(&case.cameras, &stream);
            stream = StreamInfo::default();
        }
        Ok(NodeSetup {
            stream,
            cameras,
            ..setup
        })
    }
}

/// The streams of a plugin that looks at several cameras: of the one where no names are given.
fn of_several(names: &[String], stream: &StreamInfo) -> Vec<StreamInfo> {
    if names.is_empty() {
        return vec![stream.clone()];
    }
    let named = |camera: &String| StreamInfo {
        camera: camera.clone(),
        ..stream.clone()
    };
    names.iter().map(named).collect()
}

/// Puts the web server's address where it is asked for.
fn put(value: &mut Value, origin: &str) {
    match value {
        Value::String(text) => *text = text.replace(HTTP, origin),
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, origin)),
        Value::Object(members) => members.values_mut().for_each(|member| put(member, origin)),
        _ => {}
    }
}

impl Outcome {
    pub(crate) fn passed(&self) -> bool {
        self.problems.is_empty()
    }

    /// What is about the whole test and not about one step of it.
    fn check(&mut self, case: &Case) {
        match (&case.wanted.refused, &self.not_started) {
            (Some(part), Some(message)) if message.contains(part.as_str()) => return,
            (Some(part), Some(message)) => {
                self.problems.push(format!(
                    "expected settings that are refused with '{part}', got: {message}"
                ));
                return;
            }
            (Some(part), None) => self.problems.push(format!(
                "expected settings that are refused with '{part}', and they were taken"
            )),
            (None, Some(message)) => {
                self.problems.push(message.clone());
                return;
            }
            (None, None) => {}
        }
        if let Some(missing) = first_missing(&case.wanted.log, &self.log) {
            self.problems.push(match self.log.is_empty() {
                true => format!("expected the log line '{missing}', and nothing was logged"),
                false => format!(
                    "expected the log line '{missing}' there, got: {}",
                    self.log.join(" | ")
                ),
            });
        }
        if let Some(wanted) = &case.wanted.requests {
            let got = Value::from(self.requests.clone());
            self.problems
                .extend(differences(&Value::from(wanted.clone()), &got, "request"));
        }
    }
}

/// One test while it runs.
struct Trial<'t> {
    plugin: &'t Plugin,
    case: &'t Case,
    setup: &'t NodeSetup,
    steps: Vec<Step>,
    problems: Vec<String>,
}

impl Trial<'_> {
    /// Gives everything. The error says why the plugin did not start.
    fn run(&mut self) -> Result<(), String> {
        let description = self.plugin.description();
        let settings: Value = serde_json::from_str(&self.setup.config).unwrap_or_default();
        let problems =
            agave_flow::settings_problems(&description.name, &description.config_schema, &settings);
        if !problems.is_empty() {
            return Err(problems.join("; "));
        }
        if !self.case.cameras.is_empty() && !self.plugin.looks_at_several_cameras() {
            return Err(
                "`stream.cameras` is for a plugin that looks at several cameras, and this one \
                 looks at one: name it with `camera`"
                    .to_owned(),
            );
        }
        let mut instance = self.start().map_err(|failure| match failure {
            Failure::Configuration(reason) => {
                format!("the plugin refused its configuration: {reason}")
            }
            other => format!("the plugin {other}"),
        })?;
        let mut wanted = self.case.wanted.outputs.iter().flatten();
        for given in &self.case.given {
            let expected = match given {
                Given::Restart => None,
                _ => wanted.next(),
            };
            // What comes after a failure goes on from before it, as in a flow.
            let before = match expected {
                Some(expected) if expected.get("fails").is_some() => instance.save().ok(),
                _ => None,
            };
            let came = self.step(&mut instance, given);
            let poisoned = matches!(&came, Err(failure) if failure.poisons());
            let came = came.unwrap_or_else(|failure| Came::failed(&failure));
            let as_expected = self.note(given, expected, came);
            if !poisoned {
                continue;
            }
            if !as_expected || expected.is_none() {
                break;
            }
            match self.restarted(before.as_ref()) {
                Ok(another) => instance = another,
                Err(failure) => {
                    self.problems
                        .push(format!("after that failure, a new instance {failure}"));
                    break;
                }
            }
        }
        Ok(())
    }

    fn start(&self) -> Result<Instance, Failure> {
        Instance::start(self.plugin, self.setup)
    }

    fn restarted(&self, snapshot: Option<&Snapshot>) -> Result<Instance, Failure> {
        let mut instance = self.start()?;
        if let Some(snapshot) = snapshot {
            instance.restore(snapshot)?;
        }
        Ok(instance)
    }

    fn step(&self, instance: &mut Instance, given: &Given) -> Result<Came, Failure> {
        let stream = &self.case.stream;
        let alerts = |alerts: Vec<agave_core::Alert>| {
            Came::Things(alerts.iter().map(|one| alert_json(one, stream)).collect())
        };
        match given {
            Given::Restart => {
                let snapshot = instance.save()?;
                *instance = self.restarted(Some(&snapshot))?;
                Ok(Came::Restarted)
            }
            Given::Tick { camera, now } if self.plugin.looks_at_several_cameras() => {
                instance.tick_site(*camera, *now).map(alerts)
            }
            Given::Tick { now, .. } => instance.tick(*now).map(alerts),
            Given::Frames { camera, frames } if self.plugin.role() == Role::Rule => {
                let mut raised = Vec::new();
                for frame in frames {
                    raised.extend(if self.plugin.looks_at_several_cameras() {
                        instance.evaluate_site(*camera, frame)?
                    } else {
                        instance.evaluate(frame)?
                    });
                }
                Ok(alerts(raised))
            }
            Given::Frames { frames, .. } => {
                let mut passed = Vec::new();
                for frame in frames {
                    let frame = instance.process(frame)?;
                    passed.extend(
                        frame
                            .detections
                            .iter()
                            .map(|one| detection_json(one, stream)),
                    );
                }
                Ok(Came::Things(passed))
            }
            Given::Alert { camera, alert, .. } if self.plugin.role() == Role::Gate => {
                let given = std::slice::from_ref(&**alert);
                let passed = match self.plugin.looks_at_several_cameras() {
                    true => instance.pass_site(*camera, given),
                    false => instance.pass(given),
                };
                passed.map(alerts)
            }
            Given::Alert { alert, attempt, .. } => {
                let delivery = Delivery {
                    idempotency_key: idempotency_key(NODE, None, &stream.camera, alert),
                    camera: stream.camera.clone(),
                    attempt: *attempt,
                    media_time: alert.at.since(START),
                    alert: (**alert).clone(),
                };
                let outcomes = instance.deliver(std::slice::from_ref(&delivery))?;
                Ok(outcomes.first().map_or(Came::Things(Vec::new()), |one| {
                    Came::Outcome(outcome_json(one))
                }))
            }
        }
    }

    /// Keeps what came of `given`, and says whether it is what was expected.
    fn note(&mut self, given: &Given, expected: Option<&Value>, came: Came) -> bool {
        let (at, given) = self.described(given);
        let may_fail = expected.is_some_and(|one| one.get("fails").is_some());
        let found = match (expected, &came) {
            (_, Came::Failed { message, .. }) if !may_fail => {
                vec![format!("the plugin {message}")]
            }
            (Some(expected), came) => differences(expected, &came.json(), self.thing()),
            (None, _) => Vec::new(),
        };
        let as_expected = found.is_empty();
        self.problems.extend(
            found
                .iter()
                .map(|difference| format!("at {at}: {difference}")),
        );
        self.steps.push(Step {
            at,
            given,
            came,
            as_expected,
        });
        as_expected
    }

    fn thing(&self) -> &'static str {
        match self.plugin.role() {
            Role::Filter => "detection",
            Role::Rule | Role::Gate => "alert",
            Role::Adapter => "outcome",
        }
    }

    fn of_camera(&self, camera: usize, line: String) -> String {
        match self.case.cameras.get(camera) {
            Some(camera) => format!("{camera}: {line}"),
            None => line,
        }
    }

    /// When, and what, for people.
    fn described(&self, given: &Given) -> (String, String) {
        let stream = &self.case.stream;
        let time = |at: agave_core::Timestamp| seconds(at.since(START));
        match given {
            Given::Restart => {
                let at = self
                    .steps
                    .last()
                    .map_or_else(|| "0s".to_owned(), |step| step.at.clone());
                (at, "restart".to_owned())
            }
            Given::Tick { camera, now } => (time(*now), self.of_camera(*camera, "tick".to_owned())),
            Given::Frames { camera, frames } => {
                let first = frames.first().map_or(START, |frame| frame.at);
                let mut line = frames
                    .first()
                    .map_or_else(String::new, |frame| frame_line(frame, stream));
                if frames.len() > 1 {
                    line.push_str(&format!(" ({} frames)", frames.len()));
                }
                (time(first), self.of_camera(*camera, line))
            }
            Given::Alert { camera, alert, .. } => {
                let line = alert_line(&alert_json(alert, stream));
                (time(alert.at), self.of_camera(*camera, line))
            }
        }
    }
}

//! A test alert: handed to the adapter between two others, begun and ended, and kept nowhere. It
//! tells a person whether alerts arrive now. So it waits for none of those that wait, is tried
//! once, and stands in no account.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use agave_core::{Alert, BoundingBox, Detection, Phase, Severity, StreamInfo, Timestamp};
use agave_plugin::{Delivery, Outcome};

use super::receiver::{Attempt, Handed, Receiver};
use super::{Outbox, idempotency_key};

/// What such an alert is called: flows and receivers tell it by that.
const KIND: &str = "test";

/// Whether a test alert is under way.
#[derive(Default)]
pub(super) enum Testing {
    #[default]
    No,
    /// It waits for its turn.
    Waits(TestAlert),
    /// It is being handed over.
    Runs,
}

impl Testing {
    /// The one that waits, which runs from now on.
    pub(super) fn take(&mut self) -> Option<TestAlert> {
        match std::mem::take(self) {
            Self::Waits(test) => {
                *self = Self::Runs;
                Some(test)
            }
            other => {
                *self = other;
                None
            }
        }
    }

    /// What waits was meant for another receiver.
    pub(super) fn forget_waiting(&mut self) {
        if matches!(self, Self::Waits(_)) {
            *self = Self::No;
        }
    }

    /// Takes back what was asked `at` this time, if it still waits.
    fn withdraw(&mut self, at: Timestamp) -> bool {
        let waits = matches!(self, Self::Waits(test) if test.at == at);
        if waits {
            *self = Self::No;
        }
        waits
    }
}

/// Two reports that wait to be handed over, and who waits for what becomes of them.
pub(super) struct TestAlert {
    at: Timestamp,
    reports: Vec<Handed>,
    answer: SyncSender<(TestOutcome, Duration)>,
}

/// What became of a test alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tested {
    /// The camera whose alert it was made out to be.
    pub(crate) camera: String,
    pub(crate) outcome: TestOutcome,
    /// From its being handed over until the answer.
    pub(crate) took: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TestOutcome {
    /// The receiver has it, and its end.
    Delivered,
    /// The receiver does not want it, for this reason.
    Rejected(String),
    /// The receiver is not there, or cannot take it now.
    NotNow(String),
    /// Nobody has said that it arrived, and it may have.
    Unheard(String),
    /// The plugin failed.
    Failed(String),
}

/// Why no test alert was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoTest {
    #[error("no alerts can come to it yet; add a rule that it reads first")]
    NoCamera,
    #[error("another test alert is on its way to it")]
    Another,
    #[error("it is busy with another alert; look at its deliveries, or try again")]
    Busy,
    #[error("the adapter has been changed or has ended meanwhile")]
    Gone,
}

impl Outbox {
    /// Sends one, of the first camera whose alerts come here, and waits `longest` for what
    /// becomes of it. `newest` is the number of a camera's newest frame, for adapters that ask
    /// for its picture.
    pub(in crate::topology) fn test(
        &self,
        longest: Duration,
        newest: impl FnOnce(&str) -> u64,
    ) -> Result<Tested, NoTest> {
        let camera = self.lock().cameras.first().cloned();
        let camera = camera.ok_or(NoTest::NoCamera)?;
        let frame = newest(&camera.camera);
        let (answer, answered) = sync_channel(1);
        let mut contents = self.lock();
        if contents.closing.is_some() {
            return Err(NoTest::Gone);
        }
        if !matches!(contents.testing, Testing::No) {
            return Err(NoTest::Another);
        }
        let at = Timestamp::now();
        contents.testing = Testing::Waits(TestAlert {
            at,
            reports: self.reports(&camera, at, frame),
            answer,
        });
        drop(contents);
        self.changed.notify_all();
        let tested = |(outcome, took)| Tested {
            camera: camera.camera.clone(),
            outcome,
            took,
        };
        match answered.recv_timeout(longest) {
            Ok(answer) => Ok(tested(answer)),
            Err(RecvTimeoutError::Disconnected) => Err(NoTest::Gone),
            Err(RecvTimeoutError::Timeout) => {
                if self.lock().testing.withdraw(at) {
                    return Err(NoTest::Busy);
                }
                let said = format!("no answer came within {} s", longest.as_secs());
                Ok(tested((TestOutcome::Unheard(said), longest)))
            }
        }
    }

    fn reports(&self, camera: &StreamInfo, at: Timestamp, frame: u64) -> Vec<Handed> {
        let report = |phase| {
            let alert = alert(camera, phase, at, frame);
            let delivery = Delivery {
                idempotency_key: idempotency_key(&self.node, None, &camera.camera, &alert),
                camera: camera.camera.clone(),
                attempt: 1,
                media_time: Duration::ZERO,
                alert,
            };
            Handed {
                sequence: 0,
                node: self.node.clone(),
                delivery,
            }
        };
        [Phase::Begin, Phase::End].map(report).into()
    }

    /// Hands it over. Its end, too, whatever became of its beginning: a receiver may have that, and
    /// would wait for it.
    pub(super) fn try_out(&self, receiver: &mut Receiver, test: &TestAlert) {
        let began = Instant::now();
        let outcomes = test.reports.iter().map(|report| {
            let attempt = receiver.deliver(std::slice::from_ref(report));
            outcome(attempt, receiver)
        });
        let outcome = outcomes.fold(TestOutcome::Delivered, |before, next| match before {
            TestOutcome::Delivered => next,
            first => first,
        });
        let mut contents = self.lock();
        contents.testing = Testing::No;
        self.note_failures(&mut contents, receiver);
        if matches!(outcome, TestOutcome::Delivered | TestOutcome::Rejected(_)) {
            // What waits does not have to wait any longer.
            self.note_answer(&mut contents);
        }
        drop(contents);
        tracing::info!(node = %self.node, ?outcome, "a test alert was sent");
        // Who asked may have gone.
        let _ = test.answer.try_send((outcome, began.elapsed()));
    }
}

fn outcome(attempt: Attempt, receiver: &Receiver) -> TestOutcome {
    match attempt {
        Attempt::Outcome(Outcome::Delivered) => match receiver.without_audience() {
            None => TestOutcome::Delivered,
            Some(why) => TestOutcome::Unheard(why),
        },
        Attempt::Outcome(Outcome::Rejected(reason)) => TestOutcome::Rejected(reason),
        Attempt::Outcome(Outcome::Retry(_)) => {
            TestOutcome::NotNow("it is to be tried again".to_owned())
        }
        Attempt::Later { reason, .. } => TestOutcome::NotNow(reason),
        Attempt::Failed(reason) => {
            let said = receiver.last_failure();
            TestOutcome::Failed(said.unwrap_or_else(|| reason.to_string()))
        }
    }
}

/// Something in the middle of the picture, of the first class that its models know.
fn alert(camera: &StreamInfo, phase: Phase, at: Timestamp, frame: u64) -> Alert {
    Alert {
        key: format!("{KIND}-{}", at.0),
        kind: KIND.to_owned(),
        phase,
        severity: Severity::Info,
        at,
        frame,
        class: camera
            .classes
            .first()
            .map_or(KIND, String::as_str)
            .to_owned(),
        zone: None,
        detection: Detection {
            id: 0,
            class: 0,
            confidence: 1.0,
            bbox: BoundingBox {
                left: 0.4,
                top: 0.4,
                width: 0.2,
                height: 0.2,
            },
            track: None,
            zones: 0,
        },
        count: 1,
        attributes: vec![(KIND.to_owned(), "true".to_owned())],
    }
}

//! `kill -9` at random moments, each followed by a restart, beside a process that is left alone
//! and looks at the same camera: whatever the killed one could see is announced once and
//! delivered, and nothing is announced twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use agave_core::{Alert, Phase, Timestamp};
use agave_store::{AlertQuery, Store};
use agave_tests::{Agave, HttpReceiver, HttpRequest, RtspServer, Signal, flow, repository};
use anyhow::{Context, Result, bail, ensure};

/// Processes that are killed, all on the same camera.
const VICTIMS: u64 = 3;
/// How often each is: together more than 50 times.
const KILLS: u32 = 17;
/// The latest moment, after a start, at which it is killed.
const LONGEST_LIFE: f64 = 8.0;
/// The clip in a row, as one stream; it is longer than the test.
const TIMES: u32 = 8;
/// The clip shows a begin and an end every six to nine seconds, and the kills take over a minute.
const FEWEST_TRANSITIONS: usize = 14;
const CAMERA: &str = "field";
const NODE: &str = "hook";

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Two processes sample the stream at other frames, and anchor its time at when they saw the
/// first: on a busy machine that may be a second apart. Incidents of the clip are six apart.
const TOLERANCE: Duration = Duration::from_millis(1600);
/// So long before a begin the rule has to have looked: until something is an incident.
const BEFORE_BEGIN: Duration = Duration::from_millis(1600);
const AFTER_BEGIN: Duration = Duration::from_millis(1300);
/// So long before an end it has to have looked, and so long after: until something is gone, and
/// is not back.
const BEFORE_END: Duration = Duration::from_millis(1400);
const AFTER_END: Duration = Duration::from_millis(2400);
/// Until what it has seen is written.
const UNTIL_KEPT: Duration = Duration::from_millis(300);

/// A time in which a process saw the camera, as stream time.
#[derive(Clone, Copy, Debug)]
struct Life {
    from: Timestamp,
    to: Timestamp,
}

impl Life {
    fn covers(&self, at: Timestamp, before: Duration, after: Duration) -> bool {
        self.from + before <= at && at + after <= self.to
    }
}

/// What one process left behind, over all its lives.
struct Story {
    lives: Vec<Life>,
    printed: Vec<agave_tests::Alert>,
    /// As the journal has them, with their keys for the receiver.
    alerts: Vec<Alert>,
    requests: Vec<HttpRequest>,
}

#[test]
fn a_process_that_is_killed_goes_on_where_it_was() -> Result<()> {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    let seed = match std::env::var("AGAVE_TEST_SEED") {
        Ok(seed) => seed.parse()?,
        Err(_) => seed,
    };
    eprintln!("AGAVE_TEST_SEED={seed}");
    let camera = RtspServer::camera(
        &repository().join("models/yolov8n_pina/demo/demo.mp4"),
        TIMES,
    )?;
    let url = camera.url();
    let folder = tempfile::tempdir()?;
    let left_alone = Watch::new(&url, &folder.path().join("left alone"))?;
    let mut witness = left_alone.start()?;
    witness.next_begin(START_LIMIT)?;
    let stories = thread::scope(|scope| {
        let victims: Vec<_> = (0..VICTIMS)
            .map(|number| {
                let (url, state) = (&url, folder.path().join(format!("victim {number}")));
                scope.spawn(move || suffer(url, &state, seed.wrapping_add(number)))
            })
            .collect();
        let ended = victims.into_iter();
        let stories = ended.map(|victim| victim.join().unwrap_or_else(|_| bail!("it panicked")));
        stories.collect::<Result<Vec<Story>>>()
    })?;
    witness.signal(Signal::TERM)?;
    witness.finish(STOP_LIMIT)?;
    let witnessed = left_alone.alerts()?;
    ensure!(
        witnessed.len() >= FEWEST_TRANSITIONS,
        "the camera showed {} transitions, fewer than {FEWEST_TRANSITIONS}",
        witnessed.len()
    );
    let mut transitions = 0;
    for (number, story) in stories.iter().enumerate() {
        let said = format!("victim {number}");
        story.nothing_twice().context(said.clone())?;
        story.all_delivered().context(said.clone())?;
        transitions += story.as_witnessed(&witnessed).context(said)?;
    }
    let kills = VICTIMS * u64::from(KILLS);
    let lives: Vec<usize> = stories.iter().map(|story| story.lives.len()).collect();
    eprintln!(
        "{kills} kills, {lives:?} lives that saw anything, {transitions} transitions that a victim had to see"
    );
    ensure!(transitions > 0, "the victims saw too little");
    Ok(())
}

/// The demo with its alerts posted, on a live camera.
struct Watch {
    arguments: Vec<String>,
    state: String,
    receiver: HttpReceiver,
}

impl Watch {
    fn new(url: &str, state: &Path) -> Result<Self> {
        // The first answers make it try again.
        let receiver = HttpReceiver::start(&["503", "close", "200"])?;
        let origin = format!("http://127.0.0.1:{}", receiver.port());
        let arguments = [
            format!("cameras.{CAMERA}.url={url}"),
            format!("nodes.{NODE}.config.url={origin}/alerts"),
            format!("nodes.{NODE}.allow.http=[\"{origin}\"]"),
            // Much happens in a short life.
            "nodes.forbidden.config.after=200ms".to_owned(),
            "nodes.forbidden.config.gap=700ms".to_owned(),
            "nodes.calm.config.hold=500ms".to_owned(),
        ];
        let set = arguments
            .into_iter()
            .flat_map(|argument| ["--set".to_owned(), argument]);
        let state = state.to_str().context("a path that is not text")?;
        Ok(Self {
            arguments: set
                .chain(["--workers".to_owned(), "1".to_owned()])
                .collect(),
            state: state.to_owned(),
            receiver,
        })
    }

    fn start(&self) -> Result<Agave> {
        let mut arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        arguments.extend(["--state", &self.state]);
        Agave::run(&flow("webhook.yaml"), &arguments)
    }

    fn folder(&self) -> std::path::PathBuf {
        Path::new(&self.state).join("webhook")
    }

    /// When the last frame was captured after which its state was kept.
    fn seen(&self) -> Option<Timestamp> {
        let checkpoints = Store::look(&self.folder()).ok()?.checkpoints().ok()?;
        checkpoints.first().map(|one| Timestamp(one.at))
    }

    fn alerts(&self) -> Result<Vec<Alert>> {
        let query = AlertQuery {
            most: usize::MAX,
            ..AlertQuery::default()
        };
        let kept = Store::look(&self.folder())?.alerts(&query)?;
        kept.iter()
            .map(|kept| Ok(serde_json::from_str(&kept.body)?))
            .collect()
    }
}

/// Is killed and started again, and ends well at last.
fn suffer(url: &str, state: &Path, seed: u64) -> Result<Story> {
    let watch = Watch::new(url, state)?;
    let mut random = seed;
    let (mut lives, mut printed) = (Vec::new(), Vec::new());
    for _ in 0..KILLS {
        let (agave, began) = (watch.start()?, Timestamp::now());
        // More often soon after the start than late.
        let moment = 0.3 + (LONGEST_LIFE - 0.3) * fraction(&mut random).powf(1.5);
        let first = see_until(&watch, began, Duration::from_secs_f64(moment));
        let to = Timestamp::now() - UNTIL_KEPT;
        printed.extend(agave.kill()?);
        lives.extend(first.map(|from| Life { from, to }));
    }
    let (agave, began) = (watch.start()?, Timestamp::now());
    // Whatever is open is over some time.
    let first = see_until(&watch, began, Duration::from_secs(8));
    let to = Timestamp::now() - UNTIL_KEPT;
    agave.signal(Signal::TERM)?;
    let outcome = agave.finish(STOP_LIMIT)?;
    printed.extend(outcome.alerts);
    lives.extend(first.map(|from| Life { from, to }));
    ensure!(outcome.summary.waiting(NODE)? == 0, "something waits");
    let alerts = watch.alerts()?;
    Ok(Story {
        lives,
        printed,
        alerts,
        requests: watch.receiver.stop()?,
    })
}

/// Waits for as long as it may live. Gives the first frame that it is known to have seen.
fn see_until(watch: &Watch, began: Timestamp, life: Duration) -> Option<Timestamp> {
    let end = Instant::now() + life;
    let mut first = None;
    while Instant::now() < end {
        first = first.or_else(|| watch.seen().filter(|at| *at > began));
        thread::sleep(Duration::from_millis(20).min(end - Instant::now()));
    }
    first
}

/// From 0 to 1 (xorshift64*).
fn fraction(state: &mut u64) -> f64 {
    *state = (*state).max(1);
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    let number = state.wrapping_mul(0x2545_F491_4F6C_DD1D);
    (number >> 11) as f64 / (1u64 << 53) as f64
}

impl Story {
    /// An incident begins once and ends once, and the next one begins after that.
    fn nothing_twice(&self) -> Result<()> {
        let mut open: Option<&str> = None;
        let mut known = BTreeSet::new();
        for alert in &self.alerts {
            match (alert.phase, open) {
                (Phase::Begin, None) => {
                    ensure!(known.insert(&alert.key), "{} begins twice", alert.key);
                    open = Some(&alert.key);
                }
                (Phase::Update, Some(key)) if key == alert.key => {}
                (Phase::End, Some(key)) if key == alert.key => open = None,
                (phase, open) => bail!("{phase:?} of {} while {open:?} is open", alert.key),
            }
        }
        let kept: BTreeSet<(String, String)> = self
            .alerts
            .iter()
            .map(|alert| (alert.key.clone(), alert.at.to_string()))
            .collect();
        let mut lines = BTreeSet::new();
        for alert in &self.printed {
            let line = alert.line.to_string();
            let text = |name: &str| {
                let text = alert.line.get(name).and_then(|text| text.as_str());
                text.unwrap_or_default().to_owned()
            };
            ensure!(
                kept.contains(&(text("key"), text("ts"))),
                "told, and not kept: {line}"
            );
            ensure!(lines.insert(line.clone()), "told twice: {line}");
        }
        Ok(())
    }

    /// Everything that is kept was delivered; what was delivered more than once is the same.
    fn all_delivered(&self) -> Result<()> {
        let mut taken: BTreeMap<&str, &serde_json::Value> = BTreeMap::new();
        for request in self.requests.iter().filter(|one| one.answer == "200") {
            let key = request.headers.get("idempotency-key");
            let key = key.context("the request has no idempotency key")?;
            let before = taken.insert(key, &request.body);
            ensure!(
                before.is_none_or(|before| *before == request.body),
                "{key} stands for two alerts"
            );
        }
        let word = |phase| match phase {
            Phase::Begin => "begin",
            Phase::Update => "update",
            Phase::End => "end",
        };
        let wanted: BTreeSet<String> = self
            .alerts
            .iter()
            .map(|alert| {
                let phase = word(alert.phase);
                format!("{NODE}/{CAMERA}/{}/{phase}/{}", alert.key, alert.at.0)
            })
            .collect();
        let taken: BTreeSet<String> = taken.into_keys().map(str::to_owned).collect();
        ensure!(wanted == taken, "kept {wanted:#?}, delivered {taken:#?}");
        Ok(())
    }

    /// What the process that was left alone announced while this one looked is announced here,
    /// and nothing that it did not announce. Gives how much that was.
    fn as_witnessed(&self, witnessed: &[Alert]) -> Result<usize> {
        let mut compared = 0;
        for alert in witnessed {
            let (before, after) = match alert.phase {
                Phase::Begin => (BEFORE_BEGIN, AFTER_BEGIN),
                Phase::End => (BEFORE_END, AFTER_END),
                Phase::Update => continue,
            };
            let looked = |life: &Life| life.covers(alert.at, before, after);
            if !self.lives.iter().any(looked) {
                continue;
            }
            compared += 1;
            let here = self.alerts.iter().filter(|one| one.phase == alert.phase);
            let here = here.filter(|one| is_near(one.at, alert.at)).count();
            ensure!(
                here == 1,
                "{:?} at {} is there {here} times in {:#?}",
                alert.phase,
                alert.at,
                self.times()
            );
        }
        let mut spans = Vec::new();
        for alert in witnessed {
            match alert.phase {
                Phase::Begin => spans.push((alert.at, Timestamp(u64::MAX), 0)),
                Phase::Update => {}
                Phase::End => spans
                    .iter_mut()
                    .rev()
                    .take(1)
                    .for_each(|span| span.1 = alert.at),
            }
        }
        for begin in self.alerts.iter().filter(|one| one.phase == Phase::Begin) {
            let during = spans
                .iter_mut()
                .find(|(from, to, _)| *from <= begin.at + TOLERANCE && begin.at <= *to + TOLERANCE);
            let (_, _, times) = during.with_context(|| format!("{} was no incident", begin.key))?;
            *times += 1;
            ensure!(*times == 1, "{} was announced before", begin.key);
        }
        Ok(compared)
    }

    fn times(&self) -> Vec<String> {
        let alerts = self.alerts.iter();
        alerts
            .map(|alert| format!("{:?} at {}", alert.phase, alert.at))
            .collect()
    }
}

fn is_near(one: Timestamp, other: Timestamp) -> bool {
    one.since(other).max(other.since(one)) <= TOLERANCE
}

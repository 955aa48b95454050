//! Alerts of a flow that runs: sixteen cameras raise them while Agave is killed twenty times and
//! both of its receivers, a web server and the audit trail in PostgreSQL, are killed and frozen.
//! What was written arrives at both, in the order of its camera, and nothing else was told.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use agave_core::Alert;
use agave_store::{AlertQuery, Store};
use agave_tests::{
    Agave, Arrivals, Counterpart, Ordeal, OutboxStatus, Postgres, Receiver, Signal, Taken,
    free_port, repository, until,
};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

const CAMERAS: usize = 16;
/// Each of them raises an alert.
const FRAMES_A_SECOND: u32 = 50;
/// Longer than any Agave lives.
const CLIP_SECONDS: u32 = 120;
const KILLS: usize = 20;
const ALERTS: usize = 10_000;
/// So many more have arrived before each kill, and some of them may have come again.
const ALERTS_A_LIFE: usize = ALERTS * 5 / 4 / KILLS;
const TROUBLE: f64 = 0.01;
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

const NAME: &str = "yard";
const HOOK: &str = "hook";
const KEPT: &str = "kept";

struct Flow {
    folder: TempDir,
    origin: String,
    database: String,
}

impl Flow {
    fn new(receiver: u16, database: String) -> Result<Self> {
        let folder = TempDir::new()?;
        let source = format!("testsrc2=size=64x32:rate={FRAMES_A_SECOND}");
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-f", "lavfi", "-i", &source]);
        command.args(["-t", &CLIP_SECONDS.to_string(), "-c:v", "mpeg4"]);
        let made = command.arg(folder.path().join("clip.mp4")).output();
        let made = made.context("ffmpeg is not installed")?;
        let complaint = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "ffmpeg failed: {complaint}");
        Ok(Self {
            folder,
            origin: format!("http://127.0.0.1:{receiver}"),
            database,
        })
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Runs it with cameras that are at `url`.
    fn run(&self, url: &str) -> Result<Agave> {
        // It sees the same in every picture, and at once.
        let model = repository().join("host/media/tests/fixtures/yolov8.onnx");
        let Self {
            origin, database, ..
        } = self;
        let mut text = format!(
            "version: 1\nname: {NAME}\nmodels: {{ any: {{ path: {} }} }}\ncameras:\n",
            model.display()
        );
        for number in 0..CAMERAS {
            writeln!(
                text,
                "  camera-{number}: {{ {url}, fps: {FRAMES_A_SECOND} }}"
            )?;
        }
        write!(
            text,
            "nodes:\n  \
               detect: {{ infer: any, from: cameras }}\n  \
               each: {{ plugin: sequence, from: detect }}\n  \
               {KEPT}: {{ store: alerts, from: each, database: {{ url: \"{database}\" }} }}\n  \
               {HOOK}:\n    \
                 plugin: webhook\n    \
                 from: each\n    \
                 order: camera\n    \
                 config: {{ url: \"{origin}/alerts\", timeout: 1s }}\n    \
                 allow: {{ http: [\"{origin}\"] }}\n"
        )?;
        let file = self.folder.path().join("yard.yaml");
        fs::write(&file, text)?;
        let state = self.state();
        let state = state.to_str().context("a path that is not text")?;
        Agave::run(&file, &["--workers", "1", "--state", state])
    }

    fn run_on_the_clip(&self) -> Result<Agave> {
        let clip = self.folder.path().join("clip.mp4");
        self.run(&format!("url: {}, pace: realtime", clip.display()))
    }

    fn outbox(&self, agave: &Agave, adapter: &str) -> Result<Option<OutboxStatus>> {
        OutboxStatus::of(agave, NAME, &self.state(), adapter)
    }

    /// Each alert that was written, with its camera and what follows the adapter or the flow in
    /// its idempotency keys, in their order.
    fn written(&self) -> Result<Vec<(String, Alert, String)>> {
        let query = AlertQuery {
            most: usize::MAX,
            ..AlertQuery::default()
        };
        let written = Store::look(&self.state().join(NAME))?.alerts(&query)?;
        let written = written.into_iter().map(|kept| {
            let alert: Alert = serde_json::from_str(&kept.body)?;
            let rest = format!("{}/{}/begin/{}", kept.camera, alert.key, alert.at.0);
            Ok((kept.camera, alert, rest))
        });
        written.collect()
    }
}

/// Everything that a receiver has taken, in that order.
fn take_until(
    receiver: &mut Receiver,
    taken: &mut Vec<Taken>,
    is_enough: impl Fn(usize) -> bool,
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !is_enough(taken.len()) {
        ensure!(Instant::now() < deadline, "only {} arrive", taken.len());
        taken.extend(receiver.next(POLL)?);
    }
    Ok(())
}

#[test]
fn every_alert_that_was_written_arrives() -> Result<()> {
    let began = Instant::now();
    let mut postgres = Postgres::start(false)?;
    let port = free_port()?;
    let mut receiver = Receiver::web(port, TROUBLE, 1)?;
    let flow = Flow::new(port, postgres.url(None, "postgres"))?;
    let mut ordeal = Ordeal::default();
    let (mut taken, mut told) = (Vec::new(), Vec::new());
    for kill in 1..=KILLS {
        let agave = flow.run_on_the_clip()?;
        let goal = taken.len() + ALERTS_A_LIFE;
        take_until(&mut receiver, &mut taken, |count| count >= goal)?;
        match kill % 8 {
            2 | 6 => postgres.go_away()?,
            0 | 4 => postgres.freeze()?,
            _ => {}
        }
        if kill == 4 {
            let ask = || flow.outbox(&agave, KEPT);
            until(
                "writing to a frozen database fails",
                PATIENCE,
                ask,
                |kept| kept.as_ref().is_some_and(|kept| kept.trouble.is_some()),
            )?;
        }
        let mut take = |one| {
            taken.push(one);
            Ok(())
        };
        let outbox = |agave: &Agave| flow.outbox(agave, HOOK);
        told.extend(ordeal.end_a_life(agave, &mut receiver, &mut take, outbox)?);
        match kill % 8 {
            2 | 6 => postgres.come_back()?,
            0 | 4 => postgres.thaw()?,
            _ => {}
        }
    }

    // The cameras are gone, and what waits is delivered.
    let agave = flow.run(&format!("url: \"rtsp://127.0.0.1:{}/\"", free_port()?))?;
    for adapter in [HOOK, KEPT] {
        let ask = || flow.outbox(&agave, adapter);
        until("all is delivered", PATIENCE, ask, |outbox| {
            outbox.as_ref().is_some_and(|outbox| outbox.waiting == 0)
        })?;
    }
    agave.signal(Signal::TERM)?;
    agave.finish(PATIENCE)?;
    while let Some(one) = receiver.next(POLL)? {
        taken.push(one);
    }

    let written = flow.written()?;
    ensure!(
        written.len() >= KILLS * ALERTS_A_LIFE,
        "too few were raised"
    );
    let wanted = written.iter();
    let wanted = wanted.map(|(camera, _, rest)| (format!("{HOOK}/{rest}"), camera.clone()));
    let mut arrivals = Arrivals::of(wanted);
    assert_eq!(arrivals.len(), written.len(), "two have one key");
    for Taken { key, body } in &taken {
        arrivals.take(key, body)?;
    }
    assert_eq!(arrivals.taken(), written.len(), "some did not arrive");

    let trail = postgres.ask("SELECT idempotency_key FROM agave.alerts ORDER BY sequence")?;
    let wanted = written.iter();
    let wanted = wanted.map(|(_, _, rest)| format!("{NAME}/each/{rest}"));
    ensure!(trail.into_iter().eq(wanted), "the trail has something else");

    let written: BTreeSet<(&str, &str, String)> = written
        .iter()
        .map(|(camera, alert, _)| (camera.as_str(), alert.key.as_str(), alert.at.to_string()))
        .collect();
    for alert in &told {
        let text = |name: &str| {
            let text = alert.line.get(name).and_then(|text| text.as_str());
            text.unwrap_or_default()
        };
        let one = (text("camera_id"), text("key"), text("ts").to_owned());
        ensure!(written.contains(&one), "told, and not written: {one:?}");
    }
    eprintln!(
        "it took {:.1?}, and {} were told",
        began.elapsed(),
        told.len()
    );
    ordeal.judge(arrivals.len(), arrivals.repeated())
}

//! The drill: a flow under load is changed over and over, in good ways and bad, and every frame
//! is accounted for. `cargo xtask bench reload` runs it; it is in the program because it looks
//! at a frame's way from inside.

mod ground;
mod load;
mod post;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use ground::{Change, Ground};
use load::Load;

/// Frames of detections a second.
const FRAMES_PER_SECOND: u32 = 10_000;
/// For so long the flow is left alone first, for comparison.
const QUIET: Duration = Duration::from_secs(5);
/// After so many changes, memory is looked at for the first time: what is kept warm is there.
const WARM_AFTER: u32 = 50;

/// Runs the drill with so many changes, and gives its figures.
///
/// # Errors
/// When the flow cannot be run, or a change that is good is refused, or one that is not is taken.
pub(crate) fn run(changes: u32) -> Result<Value> {
    let mut ground = Ground::start().context("cannot start the flow")?;
    let load = Load::start(ground.live(), FRAMES_PER_SECOND)?;
    load.wait(QUIET);
    let quiet = load.delays();
    let mut longest = Vec::new();
    let mut took = Vec::new();
    let (mut refused, mut rss_warm) = (0, 0);
    for number in 0..changes {
        let began = Instant::now();
        let change = Change::of(number);
        let outcome = ground.change(change, number, load.frames());
        ensure!(
            outcome.is_ok() != change.is_bad(),
            "change {number}, {change:?}: {outcome:?}"
        );
        refused += u32::from(outcome.is_err());
        took.push(began.elapsed());
        load.wait(Duration::from_millis(20));
        longest.push(load.delays().max());
        if number + 1 == WARM_AFTER.min(changes) {
            rss_warm = resident_kib()?;
        }
    }
    let all = load.whole();
    let frames = load.stop();
    let rss_end = resident_kib()?;
    let outcome = ground.stop();
    longest.sort_unstable();
    took.sort_unstable();
    Ok(json!({
        "changes": changes,
        "refused": refused,
        "frames": frames,
        "lost_or_doubled": outcome.lost_or_doubled(frames),
        "unbalanced": outcome.unbalanced,
        "pause_p99_ms": milliseconds(at(&longest, 0.99)),
        "pause_max_ms": milliseconds(at(&longest, 1.0)),
        "delay_p99_ms": milliseconds(all.quantile(0.99)),
        "quiet_delay_p99_ms": milliseconds(quiet.quantile(0.99)),
        "quiet_delay_max_ms": milliseconds(quiet.max()),
        "held_p99_ms": outcome.held_p99_ms,
        "state_kib": ground::STATE_KIB,
        "reload_p50_ms": milliseconds(at(&took, 0.5)),
        "memory_growth_mib": (rss_end as f64 - rss_warm as f64) / 1024.0,
        "memory_mib": rss_end as f64 / 1024.0,
    }))
}

/// Sends so many alerts to the web server at `origin`, and gives the figures; `cargo xtask bench
/// delivery` runs it.
///
/// # Errors
/// When not all of them get there.
pub(crate) fn post(alerts: u32, origin: &str) -> Result<Value> {
    post::run(alerts, origin)
}

fn at(sorted: &[Duration], quantile: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * quantile).round() as usize;
    sorted.get(index).copied().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn resident_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("no /proc")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|number| number.parse().ok())
        .context("the memory in use is not said")
}

//! How fast alerts get through: as many as the flow takes, each durable before anybody hears of
//! it, and each delivered to one receiver by the webhook.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agave_core::{AlertReport, BoundingBox, Detection, Timestamp};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::ground::{model, read, workshop};
use crate::command::machine;
use crate::topology::{AlertSink, Finish, Running, Seen, Topology};

/// A few, so that the journal has more than one order to keep.
const CAMERAS: usize = 4;
/// So long the receiver has for all of it.
const LONGEST: Duration = Duration::from_secs(120);

struct Deaf;

impl AlertSink for Deaf {
    fn alert(&self, _: &str, _: &AlertReport) {}
}

/// Sends `alerts` alerts to the receiver at `origin`, and gives the figures.
///
/// # Errors
/// When the flow cannot be run, or not all of them get there.
pub(super) fn run(alerts: u32, origin: &str) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let machine = Arc::new(machine()?);
    let runtime = crate::command::run::runtime()?;
    let workshop = workshop(folder.path(), &machine, runtime.handle(), Arc::new(Deaf))?;
    let journal = Arc::clone(&workshop.journal);
    let flow = read(&machine, folder.path(), &text(origin)?)?;
    let running = Running::start(Topology::build(flow, &workshop)?)?;
    let live = Arc::clone(running.live());
    let began = Instant::now();
    for number in 0..alerts {
        let camera = format!("yard-{}", number as usize % CAMERAS);
        live.feed(&camera, seen(u64::from(number) / CAMERAS as u64));
    }
    journal.flush();
    let written = began.elapsed();
    let commits = live.journal_status().commits;
    live.wait_until_delivered(LONGEST);
    let through = began.elapsed();
    let outboxes = live.outbox_statuses();
    let delivered = outboxes.iter().map(|outbox| outbox.delivered).sum::<u64>();
    let commits_in_all = live.journal_status().commits;
    let summary = running.finish(Finish::Ended);
    ensure!(
        delivered == u64::from(alerts),
        "{delivered} of {alerts} were delivered in {through:?}"
    );
    ensure!(
        summary.unbalanced.is_empty(),
        "the ledger does not balance: {:?}",
        summary.unbalanced
    );
    let a_second = |time: Duration| f64::from(alerts) / time.as_secs_f64();
    Ok(json!({
        "alerts": alerts,
        "written_per_second": a_second(written),
        "delivered_per_second": a_second(through),
        "alerts_per_commit": f64::from(alerts) / commits as f64,
        "commits": commits_in_all,
    }))
}

fn text(origin: &str) -> Result<String> {
    let cameras: String = (0..CAMERAS)
        .map(|number| format!("  yard-{number}: {{ url: \"rtsp://127.0.0.1:9/{number}\" }}\n"))
        .collect();
    let model = model().context("no model")?;
    Ok(format!(
        "version: 1\nname: post\nmodels:\n  any: {{ path: \"{model}\" }}\ncameras:\n{cameras}nodes:\n  \
         detect: {{ infer: any, from: cameras }}\n  each: {{ plugin: sequence, from: detect }}\n  hook: \
         {{ plugin: webhook, from: each, config: {{ url: \"{origin}/alerts\" }}, allow: {{ http: \
         [\"{origin}\"] }} }}\n"
    ))
}

fn seen(frame: u64) -> Seen {
    let time = Duration::from_millis(frame);
    Seen {
        frame,
        at: Timestamp(1_700_000_000_000_000_000) + time,
        media_time: time,
        size: (1280, 720),
        detections: vec![Some(vec![Detection {
            id: 0,
            class: 0,
            confidence: 0.9,
            bbox: BoundingBox {
                left: 0.1,
                top: 0.1,
                width: 0.1,
                height: 0.2,
            },
            track: None,
            zones: 0,
        }])],
    }
}

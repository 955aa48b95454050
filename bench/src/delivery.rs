//! How many alerts a second become durable and get through one webhook to a receiver on this
//! machine, beside plain inserts of the same rows into SQLite with the same settings, in the same
//! run. The flow is the program's own (`drill`): alerts are raised by a rule, written with what the
//! nodes remember, and delivered by the shipped plugin over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::figure::{Figure, median};
use crate::reload::program;

const ALERTS: u32 = 20_000;
const ROUNDS: usize = 3;
/// Rows that are written one by one: each waits for the disk.
const SINGLE: u32 = 500;

pub(crate) fn run(report: &mut dyn FnMut(Figure)) -> Result<()> {
    let origin = receiver()?;
    let folder = tempfile::tempdir()?;
    let (mut written, mut delivered, mut grouped) = (Vec::new(), Vec::new(), Vec::new());
    let (mut plain, mut single) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let told = drill(&origin)?;
        let number = |name: &str| {
            let value = told.get(name).and_then(Value::as_f64);
            value.with_context(|| format!("the drill did not say `{name}`: {told}"))
        };
        let together = number("alerts_per_commit")?;
        written.push(number("written_per_second")?);
        delivered.push(number("delivered_per_second")?);
        grouped.push(together);
        let file = folder.path().join(format!("{round}.db"));
        plain.push(inserts(&file, ALERTS, together.round() as u32)?);
        let file = folder.path().join(format!("{round}-single.db"));
        single.push(inserts(&file, SINGLE, 1)?);
    }
    let (plain, single) = (median(plain), median(single));
    let mut figure = |metric: &str, unit, value, baseline, beside| {
        report(Figure {
            bench: "delivery",
            metric: metric.to_owned(),
            value,
            unit,
            baseline,
            beside,
        });
    };
    let together = "plain inserts, as many together";
    let each = "plain inserts, each by itself";
    let delivered = median(delivered);
    figure(
        "written_per_second",
        "alerts/s",
        median(written),
        plain,
        together,
    );
    figure(
        "delivered_per_second",
        "alerts/s",
        delivered,
        plain,
        together,
    );
    figure("alerts_per_fsync", "alerts", median(grouped), 1.0, each);
    figure(
        "delivered_beside_single_inserts",
        "alerts/s",
        delivered,
        single,
        each,
    );
    Ok(())
}

fn drill(origin: &str) -> Result<Value> {
    let model = std::env::current_dir()?.join("models/yolov8n_pina/1/model.onnx");
    let mut drill = Command::new(program()?);
    let alerts = ALERTS.to_string();
    drill
        .args(["drill", "--alerts", &alerts, "--to", origin])
        .env("AGAVE_DRILL_MODEL", model)
        .env("AGAVE_LOG", "off")
        .stderr(Stdio::inherit());
    let output = drill.output().context("cannot start agave")?;
    if !output.status.success() {
        bail!("the drill failed ({})", output.status);
    }
    serde_json::from_slice(&output.stdout).context("the drill said nothing")
}

/// Rows a second, so many in a transaction, each transaction on the disk before the next.
fn inserts(file: &Path, rows: u32, together: u32) -> Result<f64> {
    let mut connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE alerts (sequence INTEGER PRIMARY KEY AUTOINCREMENT, node TEXT NOT NULL,
         camera TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT",
    )?;
    // As long as an alert is.
    let body = "x".repeat(420);
    let began = Instant::now();
    let mut left = rows;
    while left > 0 {
        let transaction = connection.transaction()?;
        let now = left.min(together.max(1));
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO alerts (node, camera, key, at, body) VALUES (?, ?, ?, ?, ?)",
            )?;
            for number in 0..now {
                let key = format!("frame-{number}");
                insert.execute(params!["each", "yard-0", key, number, body])?;
            }
        }
        transaction.commit()?;
        left -= now;
    }
    Ok(f64::from(rows) / began.elapsed().as_secs_f64())
}

/// A web server that says yes to everything. Ends with the process.
pub(crate) fn receiver() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let origin = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that hangs up is done.
            std::thread::spawn(move || answer(&stream));
        }
    });
    Ok(origin)
}

fn answer(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        writer.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
}

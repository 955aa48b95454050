//! Ten thousand alerts for the audit trail in a PostgreSQL that is killed and frozen, by an Agave
//! that is killed twenty times: every one is there once, in the order of its camera. And the same
//! in the file that is used where no database is named.

use std::process::Command;
use std::time::{Duration, Instant};

use agave_tests::{Agave, Backlog, HttpReceiver, Postgres, flow, repository};
use anyhow::{Context, Result, ensure};
use tokio::runtime::Runtime;
use tokio_postgres::{NoTls, SimpleQueryMessage};

const ALERTS: usize = 10_000;
const KILLS: usize = 20;
/// So long one Agave lives at most before it is killed.
const LONGEST_LIFE: Duration = Duration::from_millis(1500);
const PATIENCE: Duration = Duration::from_secs(60);

/// The first column of each row of the answer; nothing while the server is away.
fn ask(runtime: &Runtime, url: &str, query: &str) -> Option<Vec<String>> {
    let asked = async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.ok()?;
        tokio::spawn(connection);
        let answer = client.simple_query(query).await.ok()?;
        let texts = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("null").to_owned()),
            _ => None,
        });
        Some(texts.collect())
    };
    let limit = Duration::from_secs(2);
    runtime.block_on(async { tokio::time::timeout(limit, asked).await.ok().flatten() })
}

fn there(runtime: &Runtime, url: &str) -> usize {
    let count = ask(runtime, url, "SELECT count(*) FROM agave.alerts");
    let count = count.and_then(|rows| rows.first()?.parse().ok());
    count.unwrap_or(0)
}

fn wait_for(runtime: &Runtime, url: &str, goal: usize, within: Duration) -> usize {
    let deadline = Instant::now() + within;
    loop {
        let count = there(runtime, url);
        if count >= goal || Instant::now() >= deadline {
            return count;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn every_alert_is_in_the_database_once() -> Result<()> {
    let runtime = Runtime::new()?;
    let mut postgres = Postgres::start(false)?;
    let url = postgres.url(None, "postgres");
    let node = format!("store: alerts\ndatabase: {{ url: \"{url}\" }}");
    let backlog = Backlog::new(ALERTS, &node, "")?;
    for kill in 1..=KILLS {
        let agave = backlog.run()?;
        wait_for(&runtime, &url, ALERTS * kill / (KILLS + 1), LONGEST_LIFE);
        match kill % 4 {
            1 => {
                postgres.go_away()?;
                postgres.come_back()?;
            }
            3 => {
                postgres.freeze()?;
                std::thread::sleep(Duration::from_millis(300));
                postgres.thaw()?;
            }
            _ => {}
        }
        agave.kill()?;
    }
    let agave = backlog.run()?;
    let count = wait_for(&runtime, &url, ALERTS, PATIENCE);
    agave.kill()?;
    assert_eq!(count, ALERTS);
    let asked = |query: &str| ask(&runtime, &url, query).context("the server is away");
    let distinct = asked("SELECT count(DISTINCT idempotency_key) FROM agave.alerts")?;
    assert_eq!(distinct, [ALERTS.to_string()]);
    // What was written later has a greater number and happened later.
    let disorder = "SELECT count(*) FROM (SELECT at_ns < lag(at_ns) OVER (PARTITION BY camera ORDER BY \
                    sequence) AS back FROM agave.alerts) AS steps WHERE back";
    assert_eq!(asked(disorder)?, ["0"]);
    let cameras = asked("SELECT name FROM agave.cameras WHERE until_ns IS NULL")?;
    ensure!(!cameras.is_empty(), "the trail does not know the cameras");
    Ok(())
}

#[test]
fn without_a_database_every_alert_is_in_a_file_once() -> Result<()> {
    let backlog = Backlog::new(2000, "store: alerts", "")?;
    let file = backlog.state().join("trail.db");
    let count = || -> Result<String> {
        let script = "import sqlite3, sys\n\
                      connection = sqlite3.connect(sys.argv[1])\n\
                      print(connection.execute('SELECT count(*), count(DISTINCT idempotency_key) \
                      FROM alerts').fetchone())\n";
        let mut command = Command::new("/usr/bin/python3");
        let output = command.args(["-c", script]).arg(&file).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    for _ in 0..5 {
        let agave = backlog.run()?;
        let deadline = Instant::now() + Duration::from_millis(700);
        while Instant::now() < deadline && count()? != "(2000, 2000)" {
            std::thread::sleep(Duration::from_millis(20));
        }
        agave.kill()?;
    }
    let agave = backlog.run()?;
    let deadline = Instant::now() + PATIENCE;
    while count()? != "(2000, 2000)" {
        ensure!(Instant::now() < deadline, "there are {}", count()?);
        std::thread::sleep(Duration::from_millis(50));
    }
    agave.kill()?;
    assert_eq!(count()?, "(2000, 2000)");
    Ok(())
}

#[test]
fn the_trail_knows_what_became_of_deliveries_and_what_there_was() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().to_str().context("a path that is not text")?;
    let receiver = HttpReceiver::start(&["200"])?;
    let origin = format!("http://127.0.0.1:{}", receiver.port());
    // The shipped flow, with one more node.
    let shipped = std::fs::read_to_string(flow("webhook.yaml"))?;
    let text = shipped
        .replace("../", &format!("{}/", repository().display()))
        .replace(
            "\nnodes:\n",
            "\nnodes:\n  kept: { store: alerts, from: calm }\n",
        );
    let file = folder.path().join("webhook.yaml");
    std::fs::write(&file, text)?;
    let sets = [
        format!("nodes.hook.config.url={origin}/alerts"),
        format!("nodes.hook.allow.http=[\"{origin}\"]"),
    ];
    let mut arguments = vec!["--state", state];
    for set in &sets {
        arguments.extend(["--set", set]);
    }
    let outcome = Agave::run(&file, &arguments)?.finish(PATIENCE * 3)?;
    let posted = receiver.stop()?.len();
    ensure!(posted > 0 && outcome.summary.passed("kept")? > 0);
    let script = "import sqlite3, sys\n\
                  connection = sqlite3.connect(sys.argv[1])\n\
                  print(connection.execute(\"SELECT count(*) FROM deliveries JOIN alerts USING \
                  (idempotency_key) WHERE adapter = 'hook' AND outcome = \
                  'delivered'\").fetchone()[0])\n\
                  for table in ['cameras', 'zones', 'models']:\n    \
                  print(connection.execute(f'SELECT count(*) FROM {table}').fetchone()[0])\n";
    let trail = folder.path().join("webhook/trail.db");
    let mut command = Command::new("/usr/bin/python3");
    let output = command.args(["-c", script]).arg(&trail).output()?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let counts: Vec<usize> = told.lines().filter_map(|line| line.parse().ok()).collect();
    assert_eq!(
        counts,
        [posted, 1, 1, 1],
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

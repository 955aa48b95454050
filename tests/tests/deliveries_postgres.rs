//! Ten thousand alerts for the audit trail in a PostgreSQL that is killed and frozen, by an Agave
//! that is killed twenty times: every one is there once, in the order of its camera. And the same
//! in the file that is used where no database is named.

use std::process::Command;
use std::time::Duration;

use agave_tests::{Agave, Backlog, HttpReceiver, Postgres, flow, repository};
use anyhow::{Context, Result, ensure};

const ALERTS: usize = 10_000;
const KILLS: usize = 20;
/// So long one Agave lives at most before it is killed.
const LONGEST_LIFE: Duration = Duration::from_millis(1500);
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_alert_is_in_the_database_once() -> Result<()> {
    let mut postgres = Postgres::start(false)?;
    let url = postgres.url(None, "postgres");
    let node = format!("store: alerts\ndatabase: {{ url: \"{url}\" }}");
    let backlog = Backlog::new(ALERTS, &node, "")?;
    let mut interrupted = 0;
    for kill in 1..=KILLS {
        let agave = backlog.run()?;
        let most = ALERTS - ALERTS * kill / (KILLS + 1);
        let waiting = backlog.see(&agave, most, LONGEST_LIFE)?;
        interrupted += usize::from(waiting.is_some_and(|waiting| waiting > 0));
        match kill % 4 {
            1 => {
                postgres.go_away()?;
                postgres.come_back()?;
                agave.kill()?;
            }
            3 => {
                postgres.freeze()?;
                agave.kill()?;
                postgres.thaw()?;
            }
            _ => drop(agave.kill()?),
        }
    }
    let agave = backlog.run()?;
    backlog.see(&agave, 0, PATIENCE)?;
    agave.kill()?;
    eprintln!("{interrupted} of {KILLS} kills left something to do");
    ensure!(interrupted >= KILLS / 2, "most kills came too late");
    let counts = "SELECT count(*) || ' ' || count(DISTINCT idempotency_key) FROM agave.alerts";
    assert_eq!(postgres.ask(counts)?, [format!("{ALERTS} {ALERTS}")]);
    // What was written later has a greater number and happened later.
    let disorder = "SELECT count(*) FROM (SELECT at_ns < lag(at_ns) OVER (PARTITION BY camera ORDER BY \
                    sequence) AS back FROM agave.alerts) AS steps WHERE back";
    assert_eq!(postgres.ask(disorder)?, ["0"]);
    let cameras = postgres.ask("SELECT name FROM agave.cameras WHERE until_ns IS NULL")?;
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
    for kill in 1..=5 {
        let agave = backlog.run()?;
        backlog.see(&agave, 2000 - 2000 * kill / 6, LONGEST_LIFE)?;
        agave.kill()?;
    }
    let agave = backlog.run()?;
    backlog.see(&agave, 0, PATIENCE)?;
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

//! The audit trail in PostgreSQL while the server is killed, frozen and restarted: every alert is
//! there once, in its order; and what a person has to do something about says what.

use std::path::Path;
use std::time::{Duration, Instant};

use agave_store::trail::{Trail, TrailAlert, TrailError, TrailSettings};
use agave_tests::Postgres;
use anyhow::{Context, Result, bail, ensure};
use tokio::runtime::Runtime;
use tokio_postgres::{NoTls, SimpleQueryMessage};

const BATCH: u64 = 10_000;
const PATIENCE: Duration = Duration::from_secs(60);
/// Short, so that a frozen server is soon noticed.
const DEADLINE: Duration = Duration::from_secs(3);

fn alert(sequence: u64) -> TrailAlert {
    let camera = format!("camera-{}", sequence % 50);
    TrailAlert {
        sequence,
        flow: "storm".to_owned(),
        node: "calm".to_owned(),
        key: format!("{camera}/door/person/{sequence}"),
        camera,
        kind: "forbidden-object".to_owned(),
        phase: "begin".to_owned(),
        severity: "critical".to_owned(),
        at: 1_767_225_600_000_000_000 + sequence * 1_000_000,
        media_time: sequence * 1_000_000,
        frame: sequence,
        class: "person".to_owned(),
        zone: Some("door".to_owned()),
        confidence: 0.9,
        track: None,
        count: 1,
        body: format!("{{\"class\": \"person\", \"sequence\": {sequence}}}"),
    }
}

fn settings(url: &str) -> Result<TrailSettings> {
    let mut settings = TrailSettings::postgres(url, Vec::new())?;
    settings.deadline = DEADLINE;
    Ok(settings)
}

/// The first column of each row of the answer.
fn ask(runtime: &Runtime, url: &str, query: &str) -> Result<Vec<String>> {
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let answer = client.simple_query(query).await?;
        let texts = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("null").to_owned()),
            _ => None,
        });
        Ok(texts.collect())
    })
}

/// Writes until it is written. Gives how often it was in vain.
fn write(trail: &Trail, alerts: &[TrailAlert]) -> Result<u32> {
    let deadline = Instant::now() + PATIENCE;
    let mut in_vain = 0;
    loop {
        let began = Instant::now();
        let written = trail.write(alerts);
        let took = began.elapsed();
        ensure!(took < DEADLINE + Duration::from_secs(2), "it took {took:?}");
        match written {
            Ok(()) => return Ok(in_vain),
            Err(error) if error.may_retry() && Instant::now() < deadline => in_vain += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Opens the trail once the server lets anybody in.
fn open(runtime: &Runtime, url: &str) -> Result<Trail> {
    let trail = Trail::open(&settings(url)?, runtime.handle().clone())?;
    write(&trail, &[])?;
    ensure!(trail.is_ready(), "it was written to");
    Ok(trail)
}

/// Waits until the server is in the middle of a batch.
fn wait_for_insert(runtime: &Runtime, url: &str) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let query = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE \
                 '%INSERT INTO agave.alerts%' AND pid <> pg_backend_pid()";
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        while client.simple_query(query).await?.len() < 2 {
            ensure!(Instant::now() < deadline, "nothing is written");
        }
        Ok(())
    })
}

#[derive(Clone, Copy, Debug)]
enum Mischief {
    Kill,
    Freeze,
    Restart,
}

impl Mischief {
    fn happen(self, server: &mut Postgres) -> Result<()> {
        match self {
            Self::Kill => {
                server.go_away()?;
                server.come_back()
            }
            // Long enough that a call ends before it goes on.
            Self::Freeze => {
                server.freeze()?;
                std::thread::sleep(DEADLINE + Duration::from_millis(500));
                server.thaw()
            }
            Self::Restart => server.restart(),
        }
    }
}

#[test]
fn every_alert_is_there_once_whatever_happens_to_the_server() -> Result<()> {
    let runtime = Runtime::new()?;
    let mut server = Postgres::start(false)?;
    let url = server.url(None, "postgres");
    let trail = open(&runtime, &url)?;
    let mischief = [Mischief::Kill, Mischief::Freeze, Mischief::Restart];
    let mut sequence = 0;
    let mut batch = || {
        let first = sequence + 1;
        sequence += BATCH;
        (first..=sequence).map(alert).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for mischief in mischief {
        // Between two batches.
        let alerts = batch();
        write(&trail, &alerts)?;
        all.extend(alerts);
        mischief.happen(&mut server)?;
        // In the middle of one.
        let alerts = batch();
        let in_vain = std::thread::scope(|scope| {
            let writer = scope.spawn(|| write(&trail, &alerts));
            wait_for_insert(&runtime, &url).ok();
            mischief.happen(&mut server)?;
            let written = writer.join();
            written.ok().context("the writer panicked")?
        });
        let in_vain = in_vain.with_context(|| format!("{mischief:?}"))?;
        println!("{mischief:?}: {in_vain} times in vain");
        all.extend(alerts);
    }
    // As somebody does who did not hear that it was written.
    write(&trail, &all[all.len() / 2..])?;

    let query = "SELECT sequence || ' ' || idempotency_key FROM agave.alerts ORDER BY sequence";
    let there = ask(&runtime, &url, query)?;
    let expected = all.iter();
    let expected = expected.map(|one| format!("{} {}", one.sequence, one.idempotency_key()));
    assert_eq!(there.len(), all.len());
    assert!(
        there.into_iter().eq(expected),
        "they are not in their order"
    );
    // Those of one batch were written in its order, too.
    let query = "SELECT count(*) FROM (SELECT sequence, lag(sequence) OVER (ORDER BY ctid) AS \
                 before, lag(xmin) OVER (ORDER BY ctid) AS whose, xmin FROM agave.alerts) AS rows \
                 WHERE whose = xmin AND before > sequence";
    assert_eq!(ask(&runtime, &url, query)?, ["0"]);
    Ok(())
}

#[test]
fn a_server_that_is_not_there_yet_is_no_error() -> Result<()> {
    let runtime = Runtime::new()?;
    let mut server = Postgres::prepared(false)?;
    let url = server.url(None, "postgres");
    let trail = Trail::open(&settings(&url)?, runtime.handle().clone())?;
    assert!(!trail.is_ready());
    let error = trail.write(&[alert(1)]).err().context("nobody is there")?;
    assert!(matches!(error, TrailError::Unreachable { .. }), "{error}");
    assert!(error.may_retry() && error.to_string().contains("localhost:"));
    server.come_back()?;
    write(&trail, &[alert(1)])?;
    assert!(trail.is_ready());
    Ok(())
}

/// What a person has to do something about.
fn refusal(runtime: &Runtime, url: &str, authority: Option<&Path>) -> Result<String> {
    let authority = authority.map(std::fs::read).transpose()?;
    let mut settings = TrailSettings::postgres(url, authority.unwrap_or_default())?;
    settings.deadline = DEADLINE;
    match Trail::open(&settings, runtime.handle().clone()) {
        Ok(_) => bail!("{url} is not refused"),
        Err(error) => {
            ensure!(!error.may_retry(), "it may be tried again: {error}");
            Ok(error.to_string())
        }
    }
}

#[test]
fn what_does_not_mend_itself_says_what_to_do() -> Result<()> {
    let runtime = Runtime::new()?;
    let server = Postgres::start(false)?;
    drop(open(&runtime, &server.url(None, "postgres"))?);

    let said = refusal(&runtime, &server.url(Some("guessed"), "postgres"), None)?;
    assert!(said.contains("does not let 'watch' in"), "{said}");
    assert!(
        said.contains("pg_hba.conf") && !said.contains("guessed"),
        "{said}"
    );

    let said = refusal(&runtime, &server.url(None, "nowhere"), None)?;
    assert!(said.contains("`createdb nowhere`"), "{said}");

    for mode in ["require", "verify-full"] {
        let url = server.url(None, "postgres") + "?sslmode=" + mode;
        let said = refusal(&runtime, &url, None)?;
        assert!(said.contains("cannot be made safe"), "{said}");
        assert!(said.contains("does not support TLS"), "{said}");
    }

    let url = server.url(None, "postgres");
    ask(&runtime, &url, "CREATE ROLE guest LOGIN PASSWORD 'guest'")?;
    let guest = url.replace("watch:top%2Fsecret", "guest:guest");
    ask(&runtime, &url, "CREATE DATABASE other")?;
    let said = refusal(&runtime, &guest.replace("/postgres", "/other"), None)?;
    assert!(said.contains("own the schema `agave`"), "{said}");
    Ok(())
}

#[test]
fn a_connection_is_as_safe_as_it_was_asked_for() -> Result<()> {
    let runtime = Runtime::new()?;
    let server = Postgres::start(true)?;
    let url = |mode: &str| server.url(None, "postgres") + "?sslmode=" + mode;
    let authority = std::fs::read(server.authority())?;
    drop(open(&runtime, &url("disable"))?);

    let said = refusal(&runtime, &url("verify-full"), None)?;
    assert!(said.contains("cannot be made safe"), "{said}");
    assert!(said.contains("as `ca`"), "{said}");

    let is_safe = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                   WHERE application_name = 'agave'";
    for (mode, safe) in [
        ("disable", "f"),
        ("prefer", "t"),
        ("require", "t"),
        ("verify-full", "t"),
    ] {
        let settings = TrailSettings::postgres(&url(mode), authority.clone())?;
        let trail = Trail::open(&settings, runtime.handle().clone())?;
        trail.write(&[alert(1)])?;
        assert!(trail.is_ready(), "{mode}");
        let connections = ask(&runtime, &server.url(None, "postgres"), is_safe)?;
        assert_eq!(connections, [safe], "{mode}");
        drop(trail);
        let deadline = Instant::now() + PATIENCE;
        while !ask(&runtime, &server.url(None, "postgres"), is_safe)?.is_empty() {
            ensure!(Instant::now() < deadline, "its connection stays");
        }
    }
    Ok(())
}

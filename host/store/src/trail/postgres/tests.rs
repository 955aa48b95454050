//! Against a real server: the tables from every earlier form, and what is in them.

use agave_tests::Postgres as Server;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::*;
use crate::trail::tests::{alert, delivery, surroundings};
use crate::trail::{Trail, TrailSettings};

struct Place {
    runtime: Runtime,
    server: Server,
}

impl Place {
    fn new() -> Self {
        Self {
            runtime: Runtime::new().unwrap(),
            server: Server::start(false).unwrap(),
        }
    }

    fn open(&self, database: &str) -> Result<Trail, TrailError> {
        let url = self.server.url(None, database);
        let settings = TrailSettings::postgres(&url, Vec::new())?;
        Trail::open(&settings, self.runtime.handle().clone())
    }

    fn client(&self, database: &str) -> Client {
        let url = self.server.url(None, database);
        self.runtime.block_on(async {
            // It takes a moment from listening to letting anybody in.
            let deadline = Instant::now() + Duration::from_secs(20);
            loop {
                match tokio_postgres::connect(&url, NoTls).await {
                    Ok((client, connection)) => {
                        tokio::spawn(connection);
                        return client;
                    }
                    Err(error) => assert!(Instant::now() < deadline, "{error}"),
                }
            }
        })
    }

    /// The first column of each row.
    fn texts(&self, client: &Client, query: &str) -> Vec<String> {
        let answer = self.runtime.block_on(client.simple_query(query)).unwrap();
        let texts = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("null").to_owned()),
            _ => None,
        });
        texts.collect()
    }
}

#[test]
fn every_earlier_form_becomes_the_same() {
    let place = Place::new();
    let columns = |steps: usize| {
        let database = format!("from_{steps}");
        let client = place.client("postgres");
        place.texts(&client, &format!("CREATE DATABASE {database}"));
        let client = place.client(&database);
        if steps > 0 {
            let form = format!(
                "CREATE SCHEMA agave; CREATE TABLE agave.form (steps bigint NOT NULL);
                 INSERT INTO agave.form VALUES ({steps})"
            );
            place.texts(&client, &form);
        }
        for step in POSTGRES.steps(0).take(steps) {
            place.texts(&client, &step);
        }
        if steps > 0 {
            // What an earlier version wrote is still there.
            let older = "INSERT INTO agave.cameras VALUES ('f', 'c', 1, '', 'a', 5, 1, NULL)";
            place.texts(&client, older);
        }
        let trail = place.open(&database).unwrap();
        assert!(trail.is_ready());
        trail.write(&[alert(1)]).unwrap();
        let cameras = place.texts(&client, "SELECT name FROM agave.cameras");
        assert_eq!(cameras.len(), usize::from(steps > 0));
        let columns = "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' ||
                              is_nullable || ' ' || coalesce(generation_expression, '')
                       FROM information_schema.columns WHERE table_schema = 'agave' ORDER BY 1";
        let indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'agave' ORDER BY 1";
        let mut all = place.texts(&client, columns);
        all.extend(place.texts(&client, indexes));
        all.extend(place.texts(&client, "SELECT steps FROM agave.form"));
        all
    };
    let newest = columns(NEWEST);
    assert!(newest.len() > 50, "{newest:?}");
    for steps in 0..NEWEST {
        assert_eq!(columns(steps), newest, "from step {steps}");
    }
}

#[test]
fn a_newer_versions_tables_are_left_alone() {
    let place = Place::new();
    let client = place.client("postgres");
    drop(place.open("postgres").unwrap());
    place.texts(&client, "UPDATE agave.form SET steps = 1000");
    let error = place.open("postgres").err().unwrap();
    assert!(matches!(error, TrailError::Newer) && !error.may_retry());
}

/// Twelve that start at the same time, on an empty database.
#[test]
fn the_tables_are_made_once() {
    let place = Place::new();
    let client = place.client("postgres");
    let url = place.server.url(None, "postgres");
    let settings = TrailSettings::postgres(&url, Vec::new()).unwrap();
    let runtime = place.runtime.handle();
    std::thread::scope(|scope| {
        let open = || Trail::open(&settings, runtime.clone()).unwrap().is_ready();
        let opened: Vec<_> = (0..12).map(|_| scope.spawn(open)).collect();
        assert!(opened.into_iter().all(|one| one.join().unwrap()));
    });
    assert_eq!(place.texts(&client, "SELECT steps FROM agave.form"), ["2"]);
}

#[test]
fn what_is_written_can_be_asked_for() {
    let place = Place::new();
    let client = place.client("postgres");
    let trail = place.open("postgres").unwrap();
    trail.write(&[alert(1), alert(2)]).unwrap();
    trail.write(&[alert(2), alert(3)]).unwrap();
    trail.write(&[]).unwrap();
    let said = "SELECT sequence || ' ' || (at AT TIME ZONE 'UTC') || ' ' || (body ->> 'class')
                FROM agave.alerts ORDER BY sequence";
    let expected =
        ["1", "2", "3"].map(|number| format!("{number} 2026-01-01 00:00:0{number} person"));
    assert_eq!(place.texts(&client, said), expected);

    let (first, second) = (delivery(1, false), delivery(2, true));
    trail.delivered(&[second.clone(), first.clone()]).unwrap();
    trail.delivered(&[first]).unwrap();
    trail.delivered(&[second]).unwrap();
    let said = "SELECT outcome || ' ' || attempts || ' ' || coalesce(reason, '-')
                FROM agave.deliveries";
    assert_eq!(place.texts(&client, said), ["delivered 2 -"]);

    let mut now = surroundings();
    trail.describe(&now).unwrap();
    trail.describe(&now).unwrap();
    now.at += 1;
    now.models[0].confidence = 0.4;
    now.zones.clear();
    trail.describe(&now).unwrap();
    let models = "SELECT version || ' ' || confidence || ' ' || (classes ->> 0) || ' ' ||
                         coalesce(until_ns - since_ns, 0) FROM agave.models ORDER BY version";
    let expected = ["1 0.25 person 1", "2 0.4 person 0"];
    assert_eq!(place.texts(&client, models), expected);
    let zones = "SELECT version || ' ' || (polygon -> 0 ->> 0) || ' ' || (until_ns - since_ns)
                 FROM agave.zones";
    assert_eq!(place.texts(&client, zones), ["1 0.1 1"]);
}

/// Writes `alert` over a connection that is new.
fn write_anew(
    place: &Place,
    client: &Client,
    trail: &Trail,
    alert: &TrailAlert,
) -> Result<(), TrailError> {
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    place.texts(client, others);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let written = trail.write(std::slice::from_ref(alert));
        if !matches!(written, Err(TrailError::Unreachable { .. })) {
            return written;
        }
        assert!(Instant::now() < deadline, "{written:?}");
    }
}

#[test]
fn only_what_is_wrong_with_an_alert_itself_refuses_it() {
    let place = Place::new();
    let client = place.client("postgres");
    let trail = place.open("postgres").unwrap();
    trail.write(&[alert(1)]).unwrap();
    for (trouble, mended) in [
        (
            "ALTER DATABASE postgres SET default_transaction_read_only = on",
            "ALTER DATABASE postgres RESET default_transaction_read_only",
        ),
        (
            "ALTER TABLE agave.alerts RENAME TO restored_soon",
            "ALTER TABLE agave.restored_soon RENAME TO alerts",
        ),
        (
            "ALTER TABLE agave.alerts RENAME COLUMN kind TO sort",
            "ALTER TABLE agave.alerts RENAME COLUMN sort TO kind",
        ),
    ] {
        place.texts(&client, trouble);
        let error = write_anew(&place, &client, &trail, &alert(2)).unwrap_err();
        assert!(matches!(error, TrailError::Busy(_)), "{trouble}: {error:?}");
        place.texts(&client, mended);
        write_anew(&place, &client, &trail, &alert(2)).unwrap();
    }
    let few = "ALTER TABLE agave.alerts ADD CONSTRAINT few CHECK (count < 100)";
    place.texts(&client, few);
    let mut many = alert(3);
    many.count = 100;
    let error = trail.write(&[many]).unwrap_err();
    assert!(matches!(error, TrailError::Refused(_)), "{error:?}");
    let mut no_text = alert(4);
    no_text.key.push('\0');
    let error = trail.write(&[no_text]).unwrap_err();
    assert!(matches!(error, TrailError::Refused(_)), "{error:?}");
}

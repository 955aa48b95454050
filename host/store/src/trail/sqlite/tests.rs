use super::*;
use crate::trail::surroundings::TrailCamera;
use crate::trail::tests::{alert, delivery, surroundings};

fn count(file: &Path, query: &str) -> i64 {
    let connection = Connection::open(file).unwrap();
    connection.query_row(query, [], |row| row.get(0)).unwrap()
}

fn texts(file: &Path, query: &str) -> Vec<String> {
    let connection = Connection::open(file).unwrap();
    let mut read = connection.prepare(query).unwrap();
    let rows = read.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn what_is_written_twice_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trail.db");
    let trail = Sqlite::open(&file).unwrap();
    let alerts: Vec<_> = (1..=100).map(alert).collect();
    trail.write(&alerts).unwrap();
    trail.write(&alerts).unwrap();
    assert_eq!(count(&file, "SELECT count(*) FROM alerts"), 100);
    let at = texts(&file, "SELECT at FROM alerts WHERE sequence = 1");
    assert_eq!(at, ["2026-01-01T00:00:01.000Z"]);
    let label = "SELECT body ->> 'class' FROM alerts WHERE sequence = 1";
    assert_eq!(texts(&file, label), ["person"]);
}

#[test]
fn later_news_of_a_delivery_takes_the_place_of_earlier_news() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trail.db");
    let trail = Sqlite::open(&file).unwrap();
    let (first, second) = (delivery(1, false), delivery(2, true));
    trail.delivered(&[first.clone(), second.clone()]).unwrap();
    trail.delivered(&[first]).unwrap();
    trail.delivered(&[second]).unwrap();
    let said = "SELECT outcome || ' ' || attempts || ' ' || coalesce(reason, '-') FROM deliveries";
    assert_eq!(texts(&file, said), ["delivered 2 -"]);
}

#[test]
fn what_has_changed_is_a_new_version() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trail.db");
    let trail = Sqlite::open(&file).unwrap();
    let describe = |surroundings: &Surroundings| {
        let things = surroundings.things();
        trail.describe(surroundings, &things).unwrap();
    };
    let mut now = surroundings();
    describe(&now);
    describe(&now);
    now.at += 1;
    now.zones[0].polygon[0] = [0.2, 0.1];
    now.cameras[0].name = "yard".to_owned();
    now.zones[0].camera = "gate".to_owned();
    describe(&now);
    let said = |table: &str| {
        let until = "coalesce(until_ns - since_ns, 'now')";
        let query =
            format!("SELECT name || ' ' || version || ' ' || {until} FROM {table} ORDER BY 1");
        texts(&file, &query)
    };
    assert_eq!(said("cameras"), ["gate 1 1", "yard 1 now"]);
    assert_eq!(said("zones"), ["gate/door 1 1", "gate/door 2 now"]);
    assert_eq!(said("models"), ["people 1 now"]);
    let polygon = "SELECT polygon FROM zones WHERE version = 2";
    assert_eq!(texts(&file, polygon), ["[[0.2,0.1],[0.9,0.1],[0.5,0.9]]"]);
    let mut back = surroundings();
    back.at += 2;
    back.cameras.push(TrailCamera {
        name: "yard".to_owned(),
        ..back.cameras[0].clone()
    });
    describe(&back);
    assert_eq!(said("cameras"), ["gate 1 1", "gate 2 now", "yard 1 now"]);
}

#[test]
fn every_earlier_form_becomes_the_same() {
    let schema = |steps: usize| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trail.db");
        let connection = Connection::open(&file).unwrap();
        for step in SQLITE.steps(0).take(steps) {
            connection.execute_batch(&step).unwrap();
        }
        let version = u32::try_from(steps).unwrap();
        connection
            .pragma_update(None, "user_version", version)
            .unwrap();
        drop(connection);
        Sqlite::open(&file).unwrap().write(&[alert(1)]).unwrap();
        texts(
            &file,
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name",
        )
    };
    let newest = schema(NEWEST);
    for steps in 0..NEWEST {
        assert_eq!(schema(steps), newest, "from step {steps}");
    }
}

#[test]
fn a_newer_versions_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trail.db");
    drop(Sqlite::open(&file).unwrap());
    let connection = Connection::open(&file).unwrap();
    connection
        .pragma_update(None, "user_version", 1000)
        .unwrap();
    let error = Sqlite::open(&file).err().unwrap();
    assert!(matches!(error, TrailError::Newer) && !error.may_retry());
}

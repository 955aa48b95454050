use std::time::Instant;

use agave_plugin::Delivery;
use agave_tests::Postgres;
use tokio::runtime::Runtime;

use super::*;
use crate::topology::chain::AlertSink;

const LIMIT: Duration = Duration::from_secs(20);

struct Deaf;

impl AlertSink for Deaf {
    fn alert(&self, _: &str, _: &agave_core::AlertReport) {}
}

/// An alert whose key the database takes, or does not.
fn handed(sequence: u64, key: &str) -> Handed {
    Handed {
        sequence,
        node: "calm".into(),
        delivery: Delivery {
            idempotency_key: String::new(),
            camera: "yard".to_owned(),
            attempt: 1,
            media_time: Duration::ZERO,
            alert: agave_core::Alert {
                at: Timestamp(sequence),
                ..crate::topology::journal::tests::alert(key)
            },
        },
    }
}

fn receiver(trail: Trail) -> TrailReceiver {
    let store = Store::in_memory().unwrap();
    let journal = Journal::start(store, Arc::new(Deaf)).unwrap();
    let surroundings = Surroundings {
        flow: "farm".to_owned(),
        at: 1,
        cameras: Vec::new(),
        zones: Vec::new(),
        models: Vec::new(),
    };
    TrailReceiver::new("audit", trail, surroundings, journal)
}

#[test]
fn one_that_the_database_refuses_takes_no_other_with_it() {
    let runtime = Runtime::new().unwrap();
    let server = Postgres::start(false).unwrap();
    let settings = TrailSettings::postgres(&server.url(None, "postgres"), Vec::new()).unwrap();
    let deadline = Instant::now() + LIMIT;
    let trail = Trail::open(&settings, runtime.handle().clone()).unwrap();
    let mut receiver = receiver(trail);
    // It takes a moment until it lets anybody in.
    while !matches!(
        receiver.deliver(&[handed(1, "first")]),
        Attempt::Outcome(Outcome::Delivered)
    ) {
        assert!(Instant::now() < deadline, "the database lets nobody in");
    }
    // No text of PostgreSQL's has this character.
    let keys = ["a", "b", "c\0", "d", "e"];
    let batch: Vec<Handed> = (2..)
        .zip(keys)
        .map(|(number, key)| handed(number, key))
        .collect();
    let all = receiver.deliver(&batch);
    assert!(matches!(all, Attempt::Later { .. }), "{all:?}");
    for (one, key) in batch.iter().zip(keys) {
        assert_eq!(receiver.most_at_once(), 1, "before {key:?}");
        let outcome = receiver.deliver(std::slice::from_ref(one));
        let is_refused = matches!(outcome, Attempt::Outcome(Outcome::Rejected(_)));
        assert_eq!(is_refused, key.contains('\0'), "{key:?}: {outcome:?}");
    }
    assert_eq!(receiver.most_at_once(), MOST_AT_ONCE);
}

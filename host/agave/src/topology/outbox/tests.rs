use std::sync::mpsc::{Receiver as Heard, Sender, channel};

use agave_core::{AlertReport, Timestamp};
use agave_plugin::Outcome;
use agave_store::{DeadLetterQuery, Store};

use super::*;
use crate::control::{Choice, Remedy};
use crate::topology::chain::AlertSink;
use crate::topology::journal::{Entry, Outlet};
use crate::topology::status::{MOST_RETRIED, remedied};

const LIMIT: Duration = Duration::from_secs(20);

struct Deaf;

impl AlertSink for Deaf {
    fn alert(&self, _: &str, _: &AlertReport) {}
}

/// A receiver that does what the test says, and tells what it was given.
struct Puppet {
    answers: Box<dyn FnMut(&Delivery) -> Outcome + Send>,
    given: Sender<(String, u32, bool)>,
    most: usize,
}

impl Receive for Puppet {
    fn most_at_once(&self) -> usize {
        self.most
    }

    fn introduce(&mut self, _: &[StreamInfo]) -> Option<Duration> {
        None
    }

    fn deliver(&mut self, alerts: &[Handed]) -> Attempt {
        let mut outcome = Outcome::Delivered;
        for Handed { delivery, .. } in alerts {
            outcome = (self.answers)(delivery);
            let (key, attempt) = (delivery.alert.key.clone(), delivery.attempt);
            let is_taken = outcome == Outcome::Delivered;
            self.given.send((key, attempt, is_taken)).unwrap();
        }
        Attempt::Outcome(outcome)
    }
}

struct Office {
    store: Store,
    journal: Arc<Journal>,
    outbox: Arc<Outbox>,
}

impl Office {
    fn open(order: Order) -> Self {
        let store = Store::in_memory().unwrap();
        let journal = Journal::start(store.clone(), Arc::new(Deaf)).unwrap();
        let outbox = Arc::new(Outbox::open("hook", order, Arc::clone(&journal)).unwrap());
        Self {
            store,
            journal,
            outbox,
        }
    }

    fn happens(&self, camera: &str, key: &str) {
        self.happens_at("calm", camera, key);
    }

    fn happens_at(&self, node: &str, camera: &str, key: &str) {
        self.journal.keep(Entry {
            camera: camera.into(),
            alerts: vec![self.happened(node, key)],
            checkpoint: None,
        });
        self.journal.flush();
    }

    fn happened(&self, node: &str, key: &str) -> Happened {
        Happened {
            node: node.into(),
            media_time: Duration::ZERO,
            leaves: true,
            alert: alert(key),
            outboxes: vec![Arc::clone(&self.outbox)],
        }
    }

    /// Delivers until everything is settled; gives what was given to the receiver.
    fn run(
        &self,
        most: usize,
        answers: impl FnMut(&Delivery) -> Outcome + Send + 'static,
    ) -> (Heard<(String, u32, bool)>, std::thread::JoinHandle<()>) {
        let (given, heard) = channel();
        let mut receiver = Receiver::Host(Box::new(Puppet {
            answers: Box::new(answers),
            given,
            most,
        }));
        let outbox = Arc::clone(&self.outbox);
        let courier = std::thread::spawn(move || outbox.attend(&mut receiver));
        (heard, courier)
    }

    fn end(&self, courier: std::thread::JoinHandle<()>) {
        self.outbox.close(Instant::now() + LIMIT);
        courier.join().unwrap();
        let mut account = NodeAccount::default();
        self.outbox.report(&mut account);
        let ledger = &account.account.ledger;
        assert!(ledger.balances(), "{ledger:?}");
        assert_eq!(ledger.waiting, 0, "{ledger:?}");
        self.journal.flush();
        assert!(self.store.waiting().unwrap().is_empty());
    }
}

fn alert(key: &str) -> Alert {
    crate::topology::journal::tests::alert(key)
}

fn keys(heard: &Heard<(String, u32, bool)>, wanted: usize) -> Vec<(String, u32, bool)> {
    let next = |_| heard.recv_timeout(LIMIT).unwrap();
    (0..wanted).map(next).collect()
}

#[test]
fn what_a_receiver_minds_holds_up_nothing_else() {
    let office = Office::open(Order::Incident);
    for (camera, key) in [("a", "bad"), ("a", "good"), ("b", "fine"), ("a", "bad")] {
        office.happens(camera, key);
    }
    let mut refusals = 0;
    let (heard, courier) = office.run(1, move |delivery| {
        if delivery.alert.key == "bad" && refusals < 2 {
            refusals += 1;
            return Outcome::Retry(None);
        }
        Outcome::Delivered
    });
    let given = keys(&heard, 6);
    let taken: Vec<&str> = given
        .iter()
        .filter(|(_, _, is_taken)| *is_taken)
        .map(|(key, _, _)| key.as_str())
        .collect();
    assert_eq!(taken, ["good", "fine", "bad", "bad"], "{given:?}");
    office.end(courier);
}

#[test]
fn a_camera_s_order_is_kept_where_asked() {
    let office = Office::open(Order::Camera);
    for (camera, key) in [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")] {
        office.happens(camera, key);
    }
    let mut refused = false;
    let (heard, courier) = office.run(1, move |delivery| {
        if delivery.alert.key == "1" && !std::mem::replace(&mut refused, true) {
            return Outcome::Retry(None);
        }
        Outcome::Delivered
    });
    let given = keys(&heard, 5);
    let told: Vec<&str> = given.iter().map(|(key, _, _)| key.as_str()).collect();
    assert_eq!(told[0], "1");
    let of_a: Vec<&str> = told.into_iter().filter(|key| *key != "2").collect();
    assert_eq!(of_a, ["1", "1", "3", "4"]);
    office.end(courier);
}

#[test]
fn while_the_receiver_is_away_one_at_a_time_is_tried_and_not_always_the_same() {
    let office = Office::open(Order::Incident);
    for number in 0..4 {
        office.happens("a", &number.to_string());
    }
    let mut silences = 0;
    let (heard, courier) = office.run(1, move |delivery| {
        // The first one never, the others not until it has been silent for a while.
        silences += 1;
        match delivery.alert.key.as_str() {
            "0" if delivery.attempt < 8 => Outcome::Retry(Some(Duration::from_millis(100))),
            _ if silences < 12 => Outcome::Retry(Some(Duration::from_millis(100))),
            _ => Outcome::Delivered,
        }
    });
    let mut taken = Vec::new();
    while taken.len() < 4 {
        let (key, _, is_taken) = heard.recv_timeout(LIMIT).unwrap();
        taken.extend(is_taken.then_some(key));
    }
    assert_ne!(taken[0], "0", "{taken:?}");
    office.end(courier);
}

#[test]
fn a_batch_goes_as_a_whole() {
    let office = Office::open(Order::Camera);
    for number in 0..30 {
        office.happens(["a", "b"][number % 2], &number.to_string());
    }
    let (heard, courier) = office.run(100, |_| Outcome::Delivered);
    let told: Vec<String> = keys(&heard, 30).into_iter().map(|(key, ..)| key).collect();
    let expected: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    assert_eq!(told, expected);
    office.end(courier);
}

#[test]
fn a_rule_s_alert_and_its_gate_s_are_two() {
    let office = Office::open(Order::Incident);
    office.outbox.name_givers(true);
    for node in ["rule", "calm"] {
        office.happens_at(node, "a", "same");
    }
    // Read from the disk, too.
    office.outbox.look_again();
    let (told, heard) = channel();
    let (_given, courier) = office.run(1, move |delivery| {
        told.send(delivery.idempotency_key.clone()).unwrap();
        Outcome::Delivered
    });
    let keys: Vec<String> = (0..2).map(|_| heard.recv_timeout(LIMIT).unwrap()).collect();
    assert_eq!(
        keys,
        ["hook/rule/a/same/begin/1", "hook/calm/a/same/begin/1"]
    );
    office.end(courier);
}

#[test]
fn a_key_does_not_say_who_gave_an_alert_where_only_one_can() {
    let office = Office::open(Order::Incident);
    office.outbox.name_givers(false);
    office.happens("a", "one");
    let (told, heard) = channel();
    let (_given, courier) = office.run(1, move |delivery| {
        told.send(delivery.idempotency_key.clone()).unwrap();
        Outcome::Delivered
    });
    let key = heard.recv_timeout(LIMIT).unwrap();
    assert_eq!(key, "hook/a/one/begin/1");
    office.end(courier);
}

#[test]
fn a_dead_letter_can_be_retried_while_the_flow_runs() {
    let office = Office::open(Order::Incident);
    office.happens("a", "bad");
    let (heard, courier) = office.run(1, |delivery| match delivery.alert.key.as_str() {
        "bad" if delivery.attempt == 1 => Outcome::Rejected("no".to_owned()),
        _ => Outcome::Delivered,
    });
    assert_eq!(keys(&heard, 1), [("bad".to_owned(), 1, false)]);
    office.happens("a", "good");
    keys(&heard, 1);
    office.journal.flush();
    let all = DeadLetterQuery::default();
    let dead = office.store.dead_letters(&all).unwrap();
    assert_eq!((dead.len(), dead[0].reason.as_str()), (1, "no"));
    assert_eq!(office.outbox.status().dead_letters, 1);
    // As if it had never been tried, and it is refused once more.
    assert_eq!(office.store.retry_dead_letters(&all).unwrap(), 1);
    office.outbox.look_again();
    assert_eq!(keys(&heard, 1), [("bad".to_owned(), 1, false)]);
    office.end(courier);
}

#[test]
fn so_many_dead_letters_come_back_that_there_is_room_for_new_alerts() {
    let office = Office::open(Order::Incident);
    let alerts = 0..MOST_RETRIED + 10;
    office.journal.keep(Entry {
        camera: "a".into(),
        alerts: alerts
            .map(|number| office.happened("calm", &number.to_string()))
            .collect(),
        checkpoint: None,
    });
    office.journal.flush();
    office
        .store
        .give_up("hook", u64::MAX >> 1, 1, "long ago")
        .unwrap();
    let all = Choice {
        adapter: None,
        sequence: None,
    };
    let retried = remedied(&office.store, Remedy::Retry, &all).unwrap();
    assert_eq!(retried, MOST_RETRIED as u64);
    assert!(retried < MOST_WAITING / 2);
    assert_eq!(
        office.store.dead_letter_counts().unwrap(),
        [("hook".to_owned(), 10)]
    );
}

#[test]
fn many_alerts_pass_while_dead_letters_come_back() {
    let office = Office::open(Order::Incident);
    let (heard, courier) = office.run(1, |_| Outcome::Delivered);
    for number in 0..500 {
        office.journal.keep(Entry {
            camera: ["a", "b", "c"][number % 3].into(),
            alerts: vec![Happened {
                node: "calm".into(),
                media_time: Duration::ZERO,
                leaves: true,
                alert: Alert {
                    at: Timestamp(number as u64),
                    ..alert(&number.to_string())
                },
                outboxes: vec![Arc::clone(&office.outbox)],
            }],
            checkpoint: None,
        });
        if number % 7 == 0 {
            office.outbox.look_again();
        }
    }
    let mut told: Vec<usize> = keys(&heard, 500)
        .into_iter()
        .map(|(key, ..)| key.parse().unwrap())
        .collect();
    told.sort_unstable();
    assert_eq!(told, (0..500).collect::<Vec<usize>>());
    office.end(courier);
}

fn read_from(office: &Office, camera: &str) {
    office.outbox.introduce(vec![StreamInfo {
        camera: camera.to_owned(),
        ..StreamInfo::default()
    }]);
}

#[test]
fn a_test_alert_goes_before_what_waits_and_is_in_no_account() {
    let office = Office::open(Order::Incident);
    assert_eq!(office.outbox.test(LIMIT, |_| 0), Err(NoTest::NoCamera));
    read_from(&office, "gate");
    // The receiver is away for alerts, and for the first test.
    let mut tests = 0;
    let (heard, courier) = office.run(1, move |delivery| {
        let is_test = delivery.alert.kind == "test";
        tests += usize::from(is_test);
        match tests {
            0..=2 => Outcome::Retry(Some(LIMIT * 10)),
            _ => Outcome::Delivered,
        }
    });
    office.happens("gate", "late");
    keys(&heard, 1);
    let tested = office.outbox.test(LIMIT, |_| 7).unwrap();
    assert!(
        matches!(tested.outcome, TestOutcome::NotNow(_)),
        "{tested:?}"
    );
    assert_eq!(office.outbox.waiting(), 1);
    // With the second one the receiver is there again, for what waits as well.
    let tested = office.outbox.test(LIMIT, |_| 7).unwrap();
    assert_eq!(
        (tested.outcome, tested.camera.as_str()),
        (TestOutcome::Delivered, "gate")
    );
    let told = keys(&heard, 5);
    assert_eq!(told.last(), Some(&("late".to_owned(), 2, true)));
    office.outbox.wait_until_empty(LIMIT);
    let status = office.outbox.status();
    assert_eq!((status.delivered, status.dead_letters), (1, 0));
    office.end(courier);
    assert_eq!(office.outbox.test(LIMIT, |_| 0), Err(NoTest::Gone));
}

#[test]
fn a_test_alert_does_not_wait_for_ever_for_its_turn() {
    let office = Office::open(Order::Incident);
    read_from(&office, "gate");
    let (go_on, wait) = channel::<()>();
    let (begins, begun) = channel();
    let (heard, courier) = office.run(1, move |_| {
        begins.send(()).unwrap();
        // Until the test has given up.
        wait.recv().unwrap();
        Outcome::Delivered
    });
    office.happens("gate", "slow");
    begun.recv_timeout(LIMIT).unwrap();
    let short = Duration::from_millis(20);
    assert_eq!(office.outbox.test(short, |_| 0), Err(NoTest::Busy));
    go_on.send(()).unwrap();
    assert_eq!(keys(&heard, 1).len(), 1);
    drop(go_on);
    office.end(courier);
}

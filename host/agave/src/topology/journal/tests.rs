use std::sync::mpsc::{Receiver, Sender, channel};

use agave_core::{AlertReport, BoundingBox, Detection, DropReason, Phase, Severity};
use agave_flow::Order;

use super::*;
use crate::topology::summary::NodeAccount;

const LIMIT: Duration = Duration::from_secs(20);

struct Ears(Mutex<Sender<String>>);

impl AlertSink for Ears {
    fn alert(&self, node: &str, report: &AlertReport) {
        let word = format!("{node} {} {}", report.camera_id, report.key);
        self.0.lock().unwrap().send(word).unwrap();
    }
}

fn journal(store: &Store) -> (Arc<Journal>, Receiver<String>) {
    let (sender, heard) = channel();
    let ears = Arc::new(Ears(Mutex::new(sender)));
    (Journal::start(store.clone(), ears).unwrap(), heard)
}

pub(in crate::topology) fn alert(key: &str) -> Alert {
    Alert {
        key: key.to_owned(),
        kind: "kind".to_owned(),
        phase: Phase::Begin,
        severity: Severity::Info,
        at: Timestamp(1),
        frame: 1,
        class: "object".to_owned(),
        zone: None,
        detection: Detection {
            id: 0,
            class: 0,
            confidence: 0.1,
            bbox: BoundingBox {
                left: 0.1,
                top: 0.1,
                width: 0.2,
                height: 0.3,
            },
            track: None,
            zones: 0,
        },
        count: 1,
        attributes: Vec::new(),
    }
}

fn happened(key: &str, leaves: bool, outboxes: &[Arc<Outbox>]) -> Happened {
    Happened {
        node: "calm".into(),
        media_time: Duration::ZERO,
        leaves,
        alert: alert(key),
        outboxes: outboxes.to_vec(),
    }
}

fn entry(camera: &str, alerts: Vec<Happened>) -> Entry {
    Entry {
        camera: camera.into(),
        alerts,
        checkpoint: None,
    }
}

fn checkpoint(frame: u64, data: &[u8]) -> Checkpoint {
    Checkpoint {
        frame,
        at: Timestamp(frame),
        classes: Vec::new(),
        nodes: vec![NodeState {
            node: "calm".into(),
            plugin: "debounce".into(),
            snapshot: Arc::new(Snapshot {
                version: 1,
                data: data.to_vec(),
            }),
            holds: 3,
        }],
    }
}

fn account(outbox: &Outbox) -> NodeAccount {
    let mut account = NodeAccount::default();
    outbox.report(&mut account);
    assert!(account.account.ledger.balances());
    account
}

#[test]
fn alerts_are_told_in_their_order_and_are_there_by_then() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (journal, heard) = journal(&store);
    for number in 0..100 {
        let key = number.to_string();
        journal.keep(entry("yard", vec![happened(&key, number % 2 == 0, &[])]));
    }
    for number in (0..100).step_by(2) {
        let word = heard.recv_timeout(LIMIT).unwrap();
        assert_eq!(word, format!("calm yard {number}"));
        let kept = store.alerts(&agave_store::AlertQuery::default()).unwrap();
        assert!(kept.len() > number / 2);
    }
}

#[test]
fn of_a_camera_s_checkpoints_the_last_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (journal, _) = journal(&store);
    for frame in 1..=50u64 {
        let mut entry = entry("yard", Vec::new());
        entry.checkpoint = Some(checkpoint(frame, &frame.to_le_bytes()));
        journal.keep(entry);
    }
    journal.close();
    drop((journal, store));
    let kept = Store::open(folder.path()).unwrap().checkpoints().unwrap();
    assert_eq!((kept[0].frame, kept[0].nodes[0].holds), (50, 3));
    assert_eq!(kept[0].nodes[0].data, 50u64.to_le_bytes());
}

#[test]
fn an_outbox_knows_what_waits_in_it_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (first, _heard) = journal(&store);
    let outbox = Arc::new(Outbox::open("hook", Order::Camera, Arc::clone(&first)).unwrap());
    let to_hook = [Arc::clone(&outbox)];
    let both = vec![
        happened("a", true, &to_hook),
        happened("b", false, &to_hook),
    ];
    first.keep(entry("yard", both));
    first.keep(entry("yard", vec![happened("c", true, &[])]));
    first.flush();
    assert_eq!(outbox.waiting(), 2);
    let due = first.due("hook", "yard", 0, 10).unwrap();
    assert_eq!(due.len(), 2);
    first.settled(&"hook".into(), due[0].sequence);
    first.tried(&"hook".into(), due[1].sequence, 7);
    first.close();
    drop((outbox, to_hook, first, store));

    let store = Store::open(folder.path()).unwrap();
    let (second, _heard) = journal(&store);
    let outbox = Outbox::open("hook", Order::Camera, Arc::clone(&second)).unwrap();
    assert_eq!(outbox.waiting(), 1);
    assert_eq!(account(&outbox).account.ledger.received, 1);
    let due = second.due("hook", "yard", 0, 10).unwrap();
    let left: Alert = serde_json::from_str(&due[0].body).unwrap();
    assert_eq!((left, due[0].attempts), (alert("b"), 7));
}

#[test]
fn a_camera_that_floods_leaves_room_for_the_others() {
    let store = Store::in_memory().unwrap();
    let (journal, _heard) = journal(&store);
    let outbox = Outbox::open("hook", Order::Camera, journal).unwrap();
    let push = |camera: &str, times: u64| {
        let camera: Arc<str> = camera.into();
        (0..times).filter(|_| outbox.admits(&camera)).count()
    };
    let most = super::super::outbox::MOST_WAITING;
    assert_eq!(push("flood", 2 * most) as u64, most / 2);
    assert_eq!(push("quiet", 1000), 1000);
    push("another flood", 2 * most);
    assert!(outbox.waiting() < most);
    assert_eq!(push("quieter", 10), 10);
    let account = account(&outbox);
    let lost = account.account.ledger.dropped[&DropReason::QueueFull];
    assert_eq!(lost + outbox.waiting(), 4 * most + 1010);
}

#[test]
fn a_flood_that_nobody_keeps_does_not_grow_for_ever() {
    let store = Store::in_memory().unwrap();
    let (journal, _heard) = journal(&store);
    for batch in 0..30 {
        let alerts = (0..1000).map(|number| happened(&format!("{batch}-{number}"), true, &[]));
        journal.keep(entry("yard", alerts.collect()));
        journal.flush();
    }
    let all = agave_store::AlertQuery {
        most: 1_000_000,
        ..agave_store::AlertQuery::default()
    };
    let kept = store.alerts(&all).unwrap().len();
    assert!(kept < 5000, "{kept}");
}

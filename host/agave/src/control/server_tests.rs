use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream as Stream;
use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::*;
use crate::control::client::{self, AskError};
use crate::control::{
    Choice, NotTested, Passed, Remedy, Report, Status, TapSender, TestAlertView, Verdict,
    subscription,
};

/// A flow with one node.
#[derive(Default)]
struct Yard {
    tap: Mutex<Option<TapSender>>,
    tapped: Arc<Mutex<bool>>,
}

struct Untap(Arc<Mutex<bool>>);

impl Drop for Untap {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = false;
    }
}

impl Controlled for Yard {
    fn name(&self) -> &str {
        "yard"
    }

    fn reload(&self, why: &Trigger) -> Report {
        Report {
            flow: "yard".to_owned(),
            result: Verdict::Refused,
            said: why.word().to_owned(),
            details: Value::Null,
            problems: Vec::new(),
        }
    }

    fn plan(&self, _: Option<PathBuf>) -> Report {
        panic!("this one has a bug")
    }

    fn tap(&self, node: &str) -> Result<Subscription, String> {
        if node != "zoned" {
            return Err(format!("there is no node '{node}'"));
        }
        *self.tapped.lock().unwrap() = true;
        Ok(subscription(|sender| {
            *self.tap.lock().unwrap() = Some(sender);
            Untap(Arc::clone(&self.tapped))
        }))
    }

    fn status(&self) -> Status {
        Status {
            flow: "yard".to_owned(),
            file: "/flows/yard.yaml".into(),
            ..Status::default()
        }
    }

    fn remedy(&self, _: Remedy, choice: &Choice) -> Result<u64, String> {
        choice.sequence.ok_or_else(|| "which?".to_owned())
    }

    fn test_alert(&self, adapter: &str) -> Result<TestAlertView, NotTested> {
        Err(NotTested::NoNode(adapter.to_owned()))
    }
}

/// The flow, with a folder for state and threads.
struct Place {
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    yard: Arc<Yard>,
    server: Option<Server>,
}

impl Place {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let yard = Arc::new(Yard::default());
        let server = Server::start(
            &folder.path().join("yard"),
            Arc::clone(&yard) as Arc<dyn Controlled>,
            runtime.handle(),
        );
        Self {
            folder,
            runtime,
            yard,
            server: Some(server.unwrap()),
        }
    }

    fn found(&self) -> client::Found {
        client::find(self.folder.path(), Some("yard")).unwrap()
    }

    fn raw(&self) -> BufReader<Stream> {
        let stream = Stream::connect(self.folder.path().join("yard/control.sock")).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        BufReader::new(stream)
    }

    fn raw_answer(&self, request: &[u8]) -> String {
        let mut stream = self.raw();
        let _ = stream.get_mut().write_all(request);
        let mut line = String::new();
        let _ = stream.read_line(&mut line);
        line
    }
}

fn only(answers: client::Answers) -> Answer {
    let answers: Vec<Answer> = answers.map(Result::unwrap).collect();
    let [answer] = <[Answer; 1]>::try_from(answers).unwrap();
    answer
}

#[test]
fn a_flow_is_found_by_name_by_file_and_as_the_only_one() {
    let place = Place::new();
    let state = place.folder.path();
    for wanted in [Some("yard"), None] {
        assert_eq!(client::find(state, wanted).unwrap().status.flow, "yard");
    }
    let error = client::find(state, Some("gate")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "'gate' is not running; what runs is 'yard' (/flows/yard.yaml)"
    );
    let other = Server::start(
        &state.join("other"),
        Arc::clone(&place.yard) as Arc<dyn Controlled>,
        place.runtime.handle(),
    );
    let error = client::find(state, None).unwrap_err();
    assert!(matches!(error, AskError::Several(_)), "{error}");
    drop(other);
    assert!(client::find(state, None).is_ok());
}

#[test]
fn nothing_runs_where_the_process_has_ended() {
    let mut place = Place::new();
    place.server = None;
    let error = client::find(place.folder.path(), None).unwrap_err();
    assert!(matches!(error, AskError::NothingRuns(_)), "{error}");
}

#[test]
fn a_reload_is_reported_as_the_flow_says() {
    let place = Place::new();
    let Answer::Report(report) = only(place.found().ask(&Ask::Reload).unwrap()) else {
        panic!("no report");
    };
    assert_eq!(report.said, "command");
    assert_eq!(report.result, Verdict::Refused);
}

#[test]
fn a_bug_costs_one_answer() {
    let place = Place::new();
    let answer = only(place.found().ask(&Ask::Plan { file: None }).unwrap());
    assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
    place.found();
}

#[test]
fn bad_requests_are_answered_in_words() {
    let place = Place::new();
    let long = vec![b'x'; LONGEST_REQUEST + 10];
    let cases: [(&[u8], &str); 5] = [
        (b"hello\n", "this is no request"),
        (
            br#"{"version":2,"ask":"status"}
"#,
            "of version 1",
        ),
        (
            br#"{"ask":"status"}
"#,
            "of version 1",
        ),
        (
            br#"{"version":1,"ask":"stop"}
"#,
            "unknown variant `stop`",
        ),
        (&long, "at most 4096 bytes"),
    ];
    for (request, expected) in cases {
        let answer = place.raw_answer(request);
        assert!(
            answer.contains("refused") && answer.contains(expected),
            "{answer}"
        );
    }
}

#[test]
fn a_tap_shows_what_passes_until_its_reader_hangs_up() {
    let place = Place::new();
    let wrong = Ask::Tap {
        node: "zone".to_owned(),
    };
    let answer = only(place.found().ask(&wrong).unwrap());
    assert_eq!(
        answer,
        Answer::Refused("there is no node 'zone'".to_owned())
    );

    let ask = Ask::Tap {
        node: "zoned".to_owned(),
    };
    let mut answers = place.found().ask(&ask).unwrap();
    let first = answers.next().unwrap().unwrap();
    assert_eq!(
        first,
        Answer::Tapping {
            flow: "yard".to_owned()
        }
    );
    let sender = place.yard.tap.lock().unwrap().clone().unwrap();
    sender.offer(|| Passed::Alert(json!({"kind": "test"})));
    let next = answers.next().unwrap().unwrap();
    assert_eq!(next, Answer::Passed(Passed::Alert(json!({"kind": "test"}))));
    drop(answers);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while *place.yard.tapped.lock().unwrap() {
        assert!(std::time::Instant::now() < deadline, "the tap stays");
        std::thread::yield_now();
    }
}

#[test]
fn one_who_reads_nothing_stops_nobody() {
    let place = Place::new();
    let mut idle = place.raw();
    let ask = "{\"version\":1,\"ask\":\"tap\",\"node\":\"zoned\"}\n";
    idle.get_mut().write_all(ask.as_bytes()).unwrap();
    let mut line = String::new();
    idle.read_line(&mut line).unwrap();
    let sender = place.yard.tap.lock().unwrap().clone().unwrap();
    // More than the queue and the socket hold together.
    let large = "x".repeat(64 << 10);
    let began = std::time::Instant::now();
    for _ in 0..10_000 {
        sender.offer(|| Passed::Alert(large.as_str().into()));
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    place.found();
    // Whoever reads again after all is told what is missing.
    let mut told = String::new();
    while !told.contains("left_out") {
        told.clear();
        assert!(idle.read_line(&mut told).unwrap() > 0);
    }
}

#[test]
fn more_clients_than_there_are_places_for_are_refused() {
    let place = Place::new();
    let mut idle: Vec<BufReader<Stream>> = (0..MOST_CLIENTS).map(|_| place.raw()).collect();
    // The places are taken in the order of the connections.
    let answer = place.raw_answer(b"");
    assert!(answer.contains("others are asking"), "{answer}");
    idle.clear();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while client::find(place.folder.path(), None).is_err() {
        assert!(
            std::time::Instant::now() < deadline,
            "no place is free again"
        );
    }
}

#[test]
fn a_server_that_ends_hangs_up() {
    let mut place = Place::new();
    let ask = Ask::Tap {
        node: "zoned".to_owned(),
    };
    let mut answers = place.found().ask(&ask).unwrap();
    answers.next().unwrap().unwrap();
    place.server = None;
    assert!(answers.next().is_none());
    assert!(
        place
            .folder
            .path()
            .join("yard/control.sock")
            .metadata()
            .is_err()
    );
}

//! The webhook adapter against a real receiver that takes, refuses, fails or is not there.

use std::time::Duration;

use agave_tests::{Agave, HttpReceiver, HttpRequest, Outcome, agave, flow, free_port};
use anyhow::{Context, Result};
use serde_json::Value;

const NODE: &str = "hook";

/// The demo clip as fast as possible, and the deliveries after it.
const LIMIT: Duration = Duration::from_secs(180);

/// Starts the demo flow with its webhook at `port`.
fn posting_to(port: u16) -> Result<Agave> {
    let origin = format!("http://127.0.0.1:{port}");
    let url = format!("nodes.{NODE}.config.url={origin}/alerts");
    let allow = format!("nodes.{NODE}.allow.http=[\"{origin}\"]");
    Agave::run(&flow("webhook.yaml"), &["--set", &url, "--set", &allow])
}

/// The printed alerts, to compare with what was posted: order is no part of the promise, and
/// only a printed line says of which flow it is and behind which node it left it.
fn printed(outcome: &Outcome) -> Vec<String> {
    let mut lines: Vec<Value> = outcome
        .alerts
        .iter()
        .map(|alert| alert.line.clone())
        .collect();
    for line in &mut lines {
        let mut remove = |field| line.as_object_mut().and_then(|line| line.remove(field));
        assert_eq!(remove("node"), Some("calm".into()));
        assert_eq!(remove("flow"), Some("webhook".into()));
    }
    sorted(lines.iter())
}

fn posted<'a>(requests: impl IntoIterator<Item = &'a HttpRequest>) -> Vec<String> {
    sorted(requests.into_iter().map(|request| &request.body))
}

/// As text with sorted keys, so that only the values count.
fn sorted<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let mut texts: Vec<String> = values
        .map(|value| {
            let mut value = value.clone();
            value.sort_all_objects();
            value.to_string()
        })
        .collect();
    texts.sort();
    texts
}

fn idempotency_key(request: &HttpRequest) -> Result<&str> {
    let key = request.headers.get("idempotency-key");
    key.map(String::as_str)
        .context("the request has no idempotency key")
}

/// Everything that was answered 200, which must be each printed alert once.
fn all_taken_once(outcome: &Outcome, requests: &[HttpRequest]) -> Result<()> {
    let taken: Vec<&HttpRequest> = requests
        .iter()
        .filter(|request| request.answer == "200")
        .collect();
    assert!(!taken.is_empty(), "the demo has alerts");
    assert_eq!(posted(taken.iter().copied()), printed(outcome));
    let keys: Result<Vec<&str>> = taken.iter().copied().map(idempotency_key).collect();
    let mut keys = keys?;
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(
        keys.len(),
        taken.len(),
        "two alerts share an idempotency key"
    );
    assert_eq!(outcome.summary.passed(NODE)?, taken.len() as u64);
    Ok(())
}

#[test]
fn every_alert_arrives_once_as_it_is_printed() -> Result<()> {
    let receiver = HttpReceiver::start(&["200"])?;
    let outcome = posting_to(receiver.port())?.finish(LIMIT)?;
    let requests = receiver.stop()?;
    for request in &requests {
        assert_eq!(request.path, "/alerts");
        let kind = request.headers.get("content-type").map(String::as_str);
        assert_eq!(kind, Some("application/json"));
    }
    assert_eq!(requests.len(), outcome.alerts.len());
    all_taken_once(&outcome, &requests)
}

#[test]
fn a_receiver_that_fails_at_first_gets_everything_in_the_end() -> Result<()> {
    let receiver = HttpReceiver::start(&["503", "close", "503", "200"])?;
    let outcome = posting_to(receiver.port())?.finish(LIMIT)?;
    let requests = receiver.stop()?;
    all_taken_once(&outcome, &requests)?;
    // A second attempt has the key of the first, so that the receiver can tell.
    let first = requests.first().context("nothing was posted")?;
    let same = |request: &&HttpRequest| request.body == first.body;
    for attempt in requests.iter().filter(same) {
        assert_eq!(idempotency_key(attempt)?, idempotency_key(first)?);
    }
    assert_eq!(requests.len(), outcome.alerts.len() + 3);
    Ok(())
}

#[test]
fn what_a_receiver_rejects_is_counted_and_not_sent_again() -> Result<()> {
    let receiver = HttpReceiver::start(&["400"])?;
    let outcome = posting_to(receiver.port())?.finish(LIMIT)?;
    let requests = receiver.stop()?;
    assert_eq!(posted(&requests), printed(&outcome));
    assert_eq!(
        outcome.summary.dropped(NODE, "rejected")?,
        requests.len() as u64
    );
    assert_eq!(outcome.summary.passed(NODE)?, 0);
    Ok(())
}

#[test]
fn a_receiver_that_starts_later_gets_everything() -> Result<()> {
    let port = free_port()?;
    let mut agave = posting_to(port)?;
    agave.next_begin(LIMIT)?;
    let receiver = HttpReceiver::start_on(port, &["200"])?;
    let outcome = agave.finish(LIMIT)?;
    all_taken_once(&outcome, &receiver.stop()?)
}

#[test]
fn an_address_that_is_not_granted_is_refused_before_the_first_alert() -> Result<()> {
    let receiver = HttpReceiver::start(&["200"])?;
    let url = format!(
        "nodes.{NODE}.config.url=http://127.0.0.1:{}/",
        receiver.port()
    );
    let elsewhere = format!(
        "nodes.{NODE}.allow.http=[\"http://127.0.0.1:{}\"]",
        free_port()?
    );
    let flow = flow("webhook.yaml");
    let flow = flow.to_str().context("the flow's path is not text")?;
    let refused = agave(["run", flow, "--set", &url, "--set", &elsewhere])?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.stderr.contains("does not grant"),
        "{}",
        refused.stderr
    );
    assert!(receiver.stop()?.is_empty(), "it was sent all the same");
    Ok(())
}

#[test]
fn a_server_that_the_alert_would_name_is_not_to_be_granted() -> Result<()> {
    let flow = flow("webhook.yaml");
    let flow = flow.to_str().context("the flow's path is not text")?;
    let url = format!("nodes.{NODE}.config.url=http://{{camera}}.x/");
    let refused = agave(["check", flow, "--set", &url])?;
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("the server's name cannot depend"), "{said}");
    assert!(!said.contains("does not grant"), "{said}");
    Ok(())
}

#[test]
fn a_redirect_does_not_lead_out_of_what_is_granted() -> Result<()> {
    let elsewhere = HttpReceiver::start(&["200"])?;
    let away = format!("307=http://127.0.0.1:{}/alerts", elsewhere.port());
    let receiver = HttpReceiver::start(&[away.as_str()])?;
    let outcome = posting_to(receiver.port())?.finish(LIMIT)?;
    assert!(elsewhere.stop()?.is_empty(), "the redirect was followed");
    let alerts = outcome.alerts.len() as u64;
    assert_eq!(outcome.summary.dropped(NODE, "rejected")?, alerts);
    Ok(())
}

//! A person finds out whether alerts arrive: a test alert through the control API, to receivers
//! that take it, refuse it, are busy, or are not there.

use std::time::Duration;

use agave_tests::{Api, ApiAnswer, ApiRequest, HttpReceiver, Yard, free_port, served, token};
use anyhow::{Context, Result};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

fn hook(name: &str, port: u16) -> String {
    let origin = format!("http://127.0.0.1:{port}");
    format!(
        "  {name}: {{ plugin: webhook, from: calm, config: {{ url: \"{origin}/alerts\" }}, allow: {{ http: [\"{origin}\"] }} }}\n"
    )
}

fn send(api: &Api, node: &str) -> Result<ApiAnswer> {
    api.ask(&ApiRequest {
        method: "POST",
        path: &format!("/api/v1/flows/yard/nodes/{node}/test-alert"),
        headers: &[],
        body: "",
    })
}

/// What became of it, and why.
fn tested(api: &Api, node: &str) -> Result<(String, String)> {
    let answer = send(api, node)?;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    let body: Value = serde_json::from_slice(&answer.body)?;
    assert_eq!(body.get("camera"), Some(&json!("field")), "{body}");
    let text = |name: &str| {
        let text = body.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    Ok((text("outcome"), text("said")))
}

/// A flow whose rule never raises an alert, so that all that arrives are tests.
fn quiet(yard: &Yard, hooks: &str) -> Result<()> {
    let flow = yard.flow("yard").replace("after: 500ms", "after: 1h");
    yard.write("yard.yaml", flow + hooks)
}

#[test]
fn a_test_alert_says_whether_alerts_arrive_and_is_kept_nowhere() -> Result<()> {
    let mut taker = HttpReceiver::start(&["204"])?;
    let picky = HttpReceiver::start(&["404"])?;
    let busy = HttpReceiver::start(&["503"])?;
    let nobody = free_port()?;
    let yard = Yard::new()?;
    let hooks = [
        hook("taker", taker.port()),
        hook("picky", picky.port()),
        hook("busy", busy.port()),
        hook("nobody", nobody),
        "  kept: { store: alerts, from: calm }\n".to_owned(),
    ];
    quiet(&yard, &hooks.concat())?;
    let (running, api) = served(&yard)?;

    assert_eq!(tested(&api, "taker")?, ("delivered".into(), String::new()));
    let begin = taker.request(LIMIT)?;
    let end = taker.request(LIMIT)?;
    for (request, phase) in [(&begin, "begin"), (&end, "end")] {
        assert_eq!(
            request.body.get("kind"),
            Some(&json!("test")),
            "{request:?}"
        );
        assert_eq!(
            request.body.get("phase"),
            Some(&json!(phase)),
            "{request:?}"
        );
        assert_eq!(request.body.get("camera_id"), Some(&json!("field")));
        let attribute = request.body.pointer("/attributes/test");
        assert_eq!(attribute, Some(&json!("true")), "{request:?}");
    }
    let key = |request: &agave_tests::HttpRequest| {
        let key = request.headers.get("idempotency-key").cloned();
        key.context("a delivery has a key")
    };
    assert_ne!(key(&begin)?, key(&end)?);

    let (outcome, said) = tested(&api, "picky")?;
    assert_eq!(outcome, "refused");
    assert!(said.contains("404"), "{said}");
    let (outcome, said) = tested(&api, "busy")?;
    assert_eq!(outcome, "not_now");
    assert!(said.contains("503"), "{said}");
    let (outcome, said) = tested(&api, "nobody")?;
    assert_eq!(outcome, "not_now");
    assert!(said.contains("refused"), "{said}");

    // The same from a terminal.
    let command = running.beside(["outbox", "test", "taker"])?;
    assert!(command.status.success(), "{}", command.stderr);
    assert!(
        command.stdout.contains("took a test alert"),
        "{}",
        command.stdout
    );
    let command = running.beside(["outbox", "test", "picky", "--json"])?;
    assert_eq!(command.status.code(), Some(1), "{}", command.stderr);
    let said: Value = serde_json::from_str(&command.stdout)?;
    assert_eq!(said.get("outcome"), Some(&json!("refused")), "{said}");
    let command = running.beside(["outbox", "test", "nothing"])?;
    assert!(
        command.stderr.contains("there is no node 'nothing'"),
        "{}",
        command.stderr
    );

    for (node, status) in [("kept", 409), ("calm", 409), ("nothing", 404)] {
        let answer = send(&api, node)?;
        assert_eq!(answer.status, status, "{node}: {}", answer.shown());
    }

    // No account, no dead letter and no list of alerts knows of any of it.
    let status = api.json("/api/v1/flows/yard/status")?;
    let outboxes = status.get("outboxes").and_then(Value::as_array);
    let outboxes = outboxes.context("a status has outboxes")?;
    assert_eq!(outboxes.len(), 5);
    for outbox in outboxes {
        for count in ["waiting", "delivered", "dead_letters"] {
            assert_eq!(outbox.get(count), Some(&json!(0)), "{outbox}");
        }
        assert_eq!(outbox.get("trouble"), Some(&Value::Null), "{outbox}");
    }
    let alerts = api.json("/api/v1/flows/yard/alerts")?;
    assert_eq!(alerts.get("items"), Some(&json!([])));

    let viewer = api.with_token(&token(&running, "viewer", "viewer")?);
    assert_eq!(send(&viewer, "taker")?.status, 403);
    yard.finish(running)?;
    Ok(())
}

#[test]
fn what_an_adapter_says_of_a_receiver_is_seen_from_outside() -> Result<()> {
    let busy = HttpReceiver::start(&["503"])?;
    let picky = HttpReceiver::start(&["404"])?;
    let yard = Yard::new()?;
    let hooks = hook("busy", busy.port()) + &hook("picky", picky.port());
    yard.write("yard.yaml", yard.flow("yard") + &hooks)?;
    let (mut running, api) = served(&yard)?;
    running.next_begin(LIMIT)?;
    let mut live = api.socket("/api/v1/flows/yard/live")?;
    let mut said = |adapter: &str| loop {
        let status = live.until("status")?;
        let outboxes = status.get("outboxes").and_then(Value::as_array);
        let mut outboxes = outboxes.into_iter().flatten();
        let outbox = outboxes.find(|outbox| outbox.get("adapter") == Some(&json!(adapter)));
        if let Some(Value::String(said)) = outbox.and_then(|outbox| outbox.get("trouble")) {
            return Ok::<_, anyhow::Error>(said.clone());
        }
    };
    let busy = said("busy")?;
    assert!(busy.contains("the receiver answered 503"), "{busy}");
    // One that wants nothing is in trouble as well.
    let picky = said("picky")?;
    assert!(
        picky.contains("refused the last alert: the receiver answered 404"),
        "{picky}"
    );
    running.kill()?;
    Ok(())
}

#[test]
fn an_adapter_that_reads_all_alerts_gets_those_of_later_rules() -> Result<()> {
    let mut taker = HttpReceiver::start(&["204"])?;
    let yard = Yard::new()?;
    let all = hook("all", taker.port()).replace("from: calm", "from: alerts");
    let both = hook("both", free_port()?).replace("from: calm", "from: [alerts, rule]");
    quiet(&yard, &(all + &both))?;
    let (mut running, api) = served(&yard)?;
    let change = |method, path: &str, body: &Value| -> Result<ApiAnswer> {
        let file = api.get("/api/v1/flows/yard/file")?;
        let path = format!("/api/v1/flows/yard/{path}");
        api.change(method, &path, file.header("etag"), body)
    };
    let changes = |method, path: &str, body: &Value| -> Result<()> {
        let changed = change(method, path, body)?;
        assert_eq!(changed.status, 200, "{path}: {}", changed.shown());
        Ok(())
    };

    let rule = json!({
        "camera": "field", "zone": "forbidden", "classes": ["object"], "after": "500ms",
        "name": "later",
    });
    changes("POST", "rules", &rule)?;
    let alert = taker.request(LIMIT)?;
    assert_eq!(alert.body.get("kind"), Some(&json!("forbidden-object")));
    let key = alert.headers.get("idempotency-key");
    let key = key.context("a delivery has a key")?;
    assert!(key.starts_with("all/calm-later/field/"), "{key}");

    // One that comes later has nothing to do with what was before.
    let late = hook("late", free_port()?);
    yard.edit("yard.yaml", "  both:", &format!("{late}  both:"))?;
    while !running.next_reload(LIMIT)?.changes_node("late") {}
    let alerts = api.json("/api/v1/flows/yard/alerts?camera=field")?;
    let items = alerts.get("items").and_then(Value::as_array);
    let first = items.and_then(|items| items.last()).context("no alert")?;
    let first = first.get("sequence").and_then(Value::as_u64);
    let first = api.json(&format!(
        "/api/v1/flows/yard/alerts/{}",
        first.context("no number")?
    ))?;
    let deliveries = first.get("deliveries").and_then(Value::as_array);
    let deliveries = deliveries.into_iter().flatten();
    let adapters = deliveries.filter_map(|delivery| delivery.get("adapter"));
    let mut adapters: Vec<_> = adapters.filter_map(Value::as_str).collect();
    adapters.sort_unstable();
    assert_eq!(adapters, ["all", "both"], "{first}");

    // With another address it may reach the server there, and no longer the one before.
    let moved = format!("http://127.0.0.1:{}", free_port()?);
    let settings = json!({ "url": format!("{moved}/alerts") });
    changes("PATCH", "nodes/both/settings", &settings)?;
    let node = api.json("/api/v1/flows/yard/nodes/both")?;
    assert_eq!(node.pointer("/allow/http"), Some(&json!([moved])), "{node}");

    // One that names the rule as well has to be changed first.
    let refused = change("DELETE", "nodes/rule", &Value::Null)?;
    assert_eq!(refused.status, 422, "{}", refused.shown());
    assert!(
        refused.shown().contains("'both' reads it among others"),
        "{}",
        refused.shown()
    );
    changes("DELETE", "nodes/both", &Value::Null)?;
    // The other one stays, also when nothing is left for it to read.
    for rule in ["rule", "later"] {
        changes("DELETE", &format!("nodes/{rule}"), &Value::Null)?;
    }
    let node = api.json("/api/v1/flows/yard/nodes/all")?;
    assert_eq!(node.get("inputs"), Some(&json!([])), "{node}");
    let answer = send(&api, "all")?;
    assert_eq!(answer.status, 409, "{}", answer.shown());
    yard.finish(running)?;
    Ok(())
}

use std::cell::RefCell;
use std::rc::Rc;

use agave_vision_sdk::testing::{self, Harness, json};
use serde_json::Value;

use super::*;

/// What is posted with these settings for one alert.
fn posted(config: Value) -> Request {
    let seen = Rc::new(RefCell::new(None));
    let kept = Rc::clone(&seen);
    testing::answer_http(move |request| {
        *kept.borrow_mut() = Some(request.clone());
        Ok(testing::response(200, ""))
    });
    let mut hook = Harness::<Webhook>::new(config, testing::stream(&["person"])).unwrap();
    let mut alert = testing::alert("person", Phase::Begin, 4.0);
    alert.zone = Some("tool \"shed\"/ä".to_owned());
    let outcome = hook.deliver(&testing::delivery(alert));
    assert!(matches!(outcome, Outcome::Delivered), "{outcome:?}");
    seen.take().unwrap()
}

fn refused(config: Value) -> String {
    let made = Harness::<Webhook>::new(config, testing::stream(&["person"]));
    made.err().unwrap()
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let mut found = request.headers.iter().filter(|(known, _)| known == name);
    let value = found.next().map(|(_, value)| value.as_str());
    assert!(found.next().is_none(), "two of {name}");
    value
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn statuses_mean_what_http_says() {
    assert!(matches!(outcome_of(204, None), Outcome::Delivered));
    assert!(matches!(
        outcome_of(503, Some(2000)),
        Outcome::Retry(Some(2000))
    ));
    assert!(matches!(outcome_of(429, None), Outcome::Retry(None)));
    assert!(matches!(outcome_of(301, None), Outcome::Rejected(_)));
    assert!(matches!(outcome_of(401, None), Outcome::Rejected(_)));
}

#[test]
fn address_headers_and_body_are_filled() {
    let request = posted(json!({
        "url": "http://x/{camera}/{zone}?p={phase}",
        "headers": { "X-Zone": "{zone}", "Content-Type": "application/vnd.chat+json" },
        "body": { "text": "{class} in {zone}", "n": "{count}" },
    }));
    assert_eq!(
        request.url,
        "http://x/camera/tool%20%22shed%22%2F%C3%A4?p=begin"
    );
    assert_eq!(header(&request, "x-zone"), Some("tool \"shed\"/%C3%A4"));
    let content_type = header(&request, "content-type");
    assert_eq!(content_type, Some("application/vnd.chat+json"));
    assert_eq!(
        body(&request),
        json!({ "text": "person in tool \"shed\"/ä", "n": 1 })
    );
}

#[test]
fn values_are_written_as_the_type_of_a_text_wants_it() {
    let text = |content_type: &str, body: &str| {
        let mut config = json!({ "url": "http://x/", "body": body });
        if !content_type.is_empty() {
            config["headers"] = json!({ "content-type": content_type });
        }
        let request = posted(config);
        let content_type = header(&request, "content-type").unwrap_or_default();
        let body = String::from_utf8(request.body.clone()).unwrap();
        (content_type.to_owned(), body)
    };
    let (kind, plain) = text("", "{zone}");
    assert_eq!(kind, "text/plain; charset=utf-8");
    assert_eq!(plain, "tool \"shed\"/ä");
    let (_, json) = text("application/json", r#"{{"zone":"{zone}"}}"#);
    assert_eq!(json, r#"{"zone":"tool \"shed\"/ä"}"#);
    let (_, form) = text("application/x-www-form-urlencoded", "zone={zone}");
    assert_eq!(form, "zone=tool%20%22shed%22%2F%C3%A4");
}

#[test]
fn cloud_events_have_the_attributes_of_the_specification() {
    let events = |mode: &str| {
        posted(json!({
            "url": "http://x/",
            "cloudevents": { "mode": mode, "source": "/farm/{zone}" },
        }))
    };
    let binary = events("binary");
    let source = "/farm/tool%2520%2522shed%2522%252F%25C3%25A4";
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-id", "node/camera/camera/incident/4000000000"),
        ("ce-source", source),
        ("ce-type", "agave.alert.begin"),
        ("ce-subject", "camera"),
        ("ce-time", "1970-01-01T00:00:04.000Z"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(header(&binary, name), Some(value));
    }
    assert_eq!(body(&binary)["camera_id"], "camera");

    let structured = events("structured");
    assert_eq!(
        header(&structured, "content-type"),
        Some("application/cloudevents+json; charset=utf-8")
    );
    assert_eq!(header(&structured, "ce-id"), None);
    let event = body(&structured);
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["id"], "node/camera/camera/incident/4000000000");
    assert_eq!(event["source"], "/farm/tool%20%22shed%22%2F%C3%A4");
    assert_eq!(event["datacontenttype"], "application/json");
    assert_eq!(event["data"]["camera_id"], "camera");

    let text = posted(json!({
        "url": "http://x/", "body": "{zone}",
        "cloudevents": { "mode": "structured", "source": "s", "type": "t", "subject": "{track}" },
    }));
    let event = body(&text);
    assert_eq!(event["data"], "tool \"shed\"/ä");
    assert_eq!(event["datacontenttype"], "text/plain; charset=utf-8");
    // An attribute is left out rather than empty.
    assert_eq!(event.get("subject"), None);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let with = |name: &str, value: Value| {
        let mut config = json!({ "url": "http://x/" });
        config[name] = value;
        refused(config)
    };
    assert!(with("url", json!("http://{camera}.x/")).contains("server cannot depend"));
    assert!(with("url", json!("http://x/{camra}")).contains("`url`: `{camra}`"));
    assert!(with("headers", json!({ "x y": "1" })).contains("no name of a header"));
    assert!(with("headers", json!({ "x": "{y}" })).contains("`headers.x`: `{y}`"));
    let depends = with("headers", json!({ "content-type": "{kind}" }));
    assert!(depends.contains("cannot depend"), "{depends}");
    let json = with("body", json!("{\"text\": \"{camera}\"}"));
    assert!(json.contains("as a structure"), "{json}");
    assert!(with("body", json!({ "a": "{b}" })).contains("`body`: `{b}`"));
    let source = with("cloudevents", json!({ "mode": "binary", "source": "" }));
    assert!(source.contains("`cloudevents.source`"), "{source}");
    let text = refused(json!({
        "url": "http://x/", "body": "1", "headers": { "content-type": "application/json" },
        "cloudevents": { "mode": "structured", "source": "s" },
    }));
    assert!(text.contains("written as a structure"), "{text}");
}

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

/// The request of [`posted`], with a picture that there is or not.
fn posted_with_picture(config: Value, picture: bool) -> Request {
    testing::answer_pictures(move |_, _, view| match picture {
        true => Ok(testing::picture(view.max_side, 720)),
        false => Err(agave_vision_sdk::frames::Error::Expired),
    });
    posted(config)
}

#[test]
fn a_picture_is_a_field_of_the_object() {
    let request = posted_with_picture(json!({ "url": "http://x/", "picture": {} }), true);
    let said = body(&request);
    assert_eq!(said["camera_id"], "camera");
    assert_eq!(
        said["picture"],
        json!({
            "media_type": "image/jpeg", "width": 1280, "height": 720,
            "ts": "1970-01-01T00:00:04.000Z", "data": "/9j/2Q==",
        })
    );
    let own = json!({
        "url": "http://x/", "picture": { "side": 320 }, "body": { "n": "{count}" },
        "cloudevents": { "mode": "structured", "source": "s" },
    });
    let event = body(&posted_with_picture(own, true));
    assert_eq!(event["data"]["n"], 1);
    assert_eq!(event["data"]["picture"]["width"], 320);
    let empty = json!({ "url": "http://x/", "picture": {}, "body": {} });
    assert_eq!(
        body(&posted_with_picture(empty, true))["picture"]["height"],
        720
    );
}

#[test]
fn a_picture_that_is_not_to_be_had_is_said_and_the_alert_is_posted() {
    let config = json!({ "url": "http://x/", "picture": { "of": "object" } });
    let said = body(&posted_with_picture(config, false));
    assert_eq!(said["class"], "person");
    assert_eq!(said["picture"], Value::Null);
    assert_eq!(said["picture_missing"], "the frame is not kept any more");
}

#[test]
fn a_picture_can_be_a_part_beside_the_alert() {
    let config = json!({
        "url": "http://x/", "picture": { "as": "part" },
        "cloudevents": { "mode": "binary", "source": "s" },
    });
    let request = posted_with_picture(config.clone(), true);
    let kind = header(&request, "content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert_eq!(header(&request, "ce-specversion"), Some("1.0"));
    let parts = String::from_utf8_lossy(&request.body).into_owned();
    let parts: Vec<&str> = parts.split(&format!("--{boundary}")).collect();
    assert_eq!((parts.len(), parts[0], parts[3]), (4, "", "--\r\n"));
    let (head, alert) = parts[1].split_once("\r\n\r\n").unwrap();
    assert!(head.contains("name=\"alert\"") && head.contains("application/json"));
    let alert: Value = serde_json::from_str(alert).unwrap();
    assert_eq!(alert["picture"]["part"], "picture");
    assert!(parts[2].contains("name=\"picture\"; filename=\"picture.jpg\""));
    let bytes = request
        .body
        .windows(4)
        .filter(|bytes| *bytes == [0xff, 0xd8, 0xff, 0xd9]);
    assert_eq!(bytes.count(), 1);
    // Without one there is one part.
    let missing = posted_with_picture(config, false);
    let missing = String::from_utf8(missing.body).unwrap();
    assert_eq!(missing.matches("Content-Disposition").count(), 1);
    assert!(missing.contains("\"picture_missing\":"), "{missing}");
}

#[test]
fn what_is_too_large_with_its_picture_is_posted_without() {
    testing::answer_pictures(|_, _, _| Ok(testing::picture(4, 4)));
    let seen = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&seen);
    testing::answer_http(move |request| {
        let has_picture = body(request)["picture"].is_object();
        kept.borrow_mut().push(body(request));
        Ok(testing::response(if has_picture { 413 } else { 200 }, ""))
    });
    let config = json!({ "url": "http://x/", "picture": {} });
    let mut hook = Harness::<Webhook>::new(config, testing::stream(&["person"])).unwrap();
    let alert = testing::alert("person", Phase::Begin, 4.0);
    let outcome = hook.deliver(&testing::delivery(alert));
    assert!(matches!(outcome, Outcome::Delivered), "{outcome:?}");
    assert_eq!(seen.borrow().len(), 2);
    let why = &seen.borrow()[1]["picture_missing"];
    assert_eq!(why, "a request with it is too large");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let with = |name: &str, value: Value| {
        let mut config = json!({ "url": "http://x/" });
        config[name] = value;
        refused(config)
    };
    assert!(with("url", json!("http://{camera}.x/")).contains("name cannot depend"));
    assert!(with("url", json!("http://x/{camra}")).contains("`url`: `{camra}`"));
    assert!(with("headers", json!({ "x y": "1" })).contains("no name of a header"));
    assert!(with("headers", json!({ "x": "{y}" })).contains("`headers.x`: `{y}`"));
    let depends = with("headers", json!({ "content-type": "{kind}" }));
    assert!(depends.contains("cannot depend"), "{depends}");
    let json = with("body", json!("{\"text\": \"{camera}\"}"));
    assert!(json.contains("as a structure"), "{json}");
    assert!(with("body", json!({ "a": "{b}" })).contains("`body`: `{b}`"));
    let both = |more: Value| {
        let mut config = more;
        config["url"] = "http://x/".into();
        refused(config)
    };
    let text = both(json!({ "picture": {}, "body": "{class}" }));
    assert!(text.contains("no place for a `picture`"), "{text}");
    let list = both(json!({ "picture": {}, "body": ["{class}"] }));
    assert!(list.contains("no place for a `picture`"), "{list}");
    let twice = both(json!({ "picture": {}, "body": { "picture": "{class}" } }));
    assert!(twice.contains("`picture` of its own"), "{twice}");
    let form = both(json!({
        "picture": { "as": "part" }, "cloudevents": { "mode": "structured", "source": "s" },
    }));
    assert!(form.contains("one JSON object"), "{form}");
    assert!(with("picture", json!({ "side": 3 })).contains("`picture.side`"));
    let source = with("cloudevents", json!({ "mode": "binary", "source": "" }));
    assert!(source.contains("`cloudevents.source`"), "{source}");
    let text = refused(json!({
        "url": "http://x/", "body": "1", "headers": { "content-type": "application/json" },
        "cloudevents": { "mode": "structured", "source": "s" },
    }));
    assert!(text.contains("written as a structure"), "{text}");
}

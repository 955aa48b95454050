//! What the control API says of incidents: in plain words, with the zones as they were, in parts
//! and as they are asked for.

use std::time::Duration;

use agave_tests::{Api, ApiRequest, Yard, served};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const ALERT_LIMIT: Duration = Duration::from_secs(60);
const FLOW: &str = "/api/v1/flows/yard";

fn items(api: &Api, query: &str) -> Result<Vec<Value>> {
    let page = api.json(&format!("{FLOW}/incidents{query}"))?;
    let items = page.get("items").and_then(Value::as_array);
    Ok(items.context("there are no items")?.clone())
}

fn number(value: &Value, name: &str) -> Result<u64> {
    let number = value.get(name).and_then(Value::as_u64);
    number.with_context(|| format!("no {name} in {value}"))
}

#[test]
fn an_incident_is_told_in_plain_words_with_the_zone_as_it_was() -> Result<()> {
    let yard = Yard::new()?;
    let (mut running, api) = served(&yard)?;
    for _ in 0..3 {
        running.next_begin(ALERT_LIMIT)?;
    }
    let ended = items(&api, "?open=false")?;
    let incident = ended.last().context("none has ended")?;
    let (first, last) = (
        number(incident, "first_sequence")?,
        number(incident, "last_sequence")?,
    );
    ensure!(first < last, "{incident}");

    // The same of its begin and of its end.
    let begin = api.json(&format!("{FLOW}/alerts/{first}"))?;
    let end = api.json(&format!("{FLOW}/alerts/{last}"))?;
    let summary = begin.get("summary").and_then(Value::as_str).unwrap_or("");
    assert_eq!(end.get("summary"), begin.get("summary"));
    ensure!(
        summary.starts_with("An object (")
            && summary.contains(" %) was in forbidden of field for ")
            && summary.contains("; the rule rule raised “forbidden-object”. It ended after "),
        "{summary}"
    );
    let followed = begin.pointer("/why/followed").context("not followed")?;
    assert_eq!(followed.get("in_zone"), Some(&json!(true)));
    let seconds = followed.get("seconds").and_then(Value::as_f64);
    // The rule waits for half a second, and there are two frames a second.
    ensure!(
        seconds.is_some_and(|it| (0.4..5.0).contains(&it)),
        "{followed}"
    );

    // The zone moves away; that of the alert stays where it was.
    let outline = begin.pointer("/why/zones/0/points").cloned();
    let tag = api.get(&format!("{FLOW}/file"))?.header("etag").to_owned();
    let moved = api.ask(&ApiRequest {
        method: "PUT",
        path: &format!("{FLOW}/cameras/field/zones/forbidden"),
        headers: &[("if-match", &tag), ("content-type", "application/json")],
        body: &json!({ "points": [[0.0, 0.0], [0.1, 0.0], [0.0, 0.1]] }).to_string(),
    })?;
    assert_eq!(moved.status, 200, "{}", moved.shown());
    let later = api.json(&format!("{FLOW}/alerts/{first}"))?;
    assert_eq!(later.pointer("/why/zones/0/points").cloned(), outline);
    let corner = outline.as_ref().and_then(|it| it.pointer("/0/1")?.as_f64());
    ensure!(
        corner.is_some_and(|it| (it - 0.925).abs() < 1e-4),
        "{outline:?}"
    );
    yard.finish(running)?;
    Ok(())
}

#[test]
fn incidents_come_in_parts_and_as_they_are_asked_for() -> Result<()> {
    let yard = Yard::new()?;
    let (mut running, api) = served(&yard)?;
    for _ in 0..3 {
        running.next_begin(ALERT_LIMIT)?;
    }
    // Those that come meanwhile are newer than all of these.
    let all = items(&api, "")?;
    let newest = all.first().context("there are none")?;
    let mut cursor = format!("{}", number(newest, "first_sequence")? + 1);
    let mut seen = Vec::new();
    loop {
        let page = api.json(&format!("{FLOW}/incidents?limit=1&cursor={cursor}"))?;
        let items = page.get("items").and_then(Value::as_array);
        seen.extend(items.into_iter().flatten().cloned());
        match page.get("next").and_then(Value::as_str) {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let numbers = |incidents: &[Value]| -> Result<Vec<u64>> {
        let incidents = incidents.iter();
        incidents.map(|it| number(it, "first_sequence")).collect()
    };
    assert_eq!(numbers(&seen)?, numbers(&all)?);

    let began = newest.get("began").and_then(Value::as_str).unwrap_or("");
    for (query, is_meant) in [
        ("?camera=field&class=object&zone=forbidden", true),
        ("?kind=forbidden-object&severity=critical", true),
        ("?camera=nowhere", false),
        ("?class=pina", false),
        ("?zone=yard", false),
        ("?severity=warning", false),
        (&format!("?since={began}"), true),
        ("?until=2001-01-01T00:00:00Z", false),
    ] {
        let found = !items(&api, query)?.is_empty();
        assert_eq!(found, is_meant, "{query}");
    }
    let ended = items(&api, "?open=false")?;
    ensure!(!ended.is_empty() && ended.iter().all(|it| it.get("ended") != Some(&Value::Null)));
    let open = items(&api, "?open=true")?;
    ensure!(open.iter().all(|it| it.get("ended") == Some(&Value::Null)));
    let wrong = api.get(&format!("{FLOW}/incidents?severity=bad"))?;
    assert_eq!(wrong.status, 400, "{}", wrong.shown());
    yard.finish(running)?;
    Ok(())
}

use serde_json::json;

use super::*;
use crate::testing;
use crate::types::Phase;

fn delivery() -> Delivery {
    let mut alert = testing::alert("person", Phase::Begin, 1.5);
    alert.zone = Some("back \"yard\"/+é".to_owned());
    alert.attributes = vec![("number".to_owned(), "12".to_owned())];
    testing::delivery(alert)
}

fn filled(text: &str, encoding: Encoding) -> String {
    Template::parse(text).unwrap().fill(&delivery(), encoding)
}

#[test]
fn placeholders_are_filled_and_braces_escaped() {
    let text = "{camera} {class} {phase} {at} {count} {attributes.number} {{x}}";
    assert_eq!(
        filled(text, Encoding::Plain),
        "camera person begin 1970-01-01T00:00:01.500Z 1 12 {x}"
    );
    assert_eq!(filled("[{track}{attributes.none}]", Encoding::Plain), "[]");
    assert_eq!(filled("", Encoding::Plain), "");
    for name in placeholder::names() {
        filled(&format!("{{{name}}}"), Encoding::Plain);
    }
}

#[test]
fn a_value_is_written_in_the_way_of_its_place() {
    let zone = |encoding| filled("<{zone}>", encoding);
    assert_eq!(zone(Encoding::Plain), "<back \"yard\"/+é>");
    assert_eq!(zone(Encoding::Json), r#"<back \"yard\"/+é>"#);
    assert_eq!(zone(Encoding::Percent), "<back%20%22yard%22%2F%2B%C3%A9>");
    assert_eq!(zone(Encoding::Header), "<back \"yard\"/+%C3%A9>");
    assert_eq!(zone(Encoding::TopicLevel), "<back \"yard\"__é>");
}

#[test]
fn a_slip_is_refused_with_a_hint() {
    let refused = |text: &str| Template::parse(text).unwrap_err();
    let unknown = refused("x {camra}");
    assert!(unknown.contains("`{camra}` is no placeholder"), "{unknown}");
    assert!(unknown.contains("`{camera}`, `{kind}`"), "{unknown}");
    assert!(unknown.contains("`{attributes.NAME}`"), "{unknown}");
    assert!(refused("{camera").contains("without its `}`"));
    assert!(refused("camera}").contains("a brace as such is written twice"));
    assert!(refused("{}").contains("no placeholder"));
    assert!(refused("{attributes.}").contains("no placeholder"));
}

#[test]
fn json_stays_json_whatever_an_alert_says() {
    let template = json!({
        "text": "{class} in {zone}",
        "count": "{count}",
        "sure": "{confidence}",
        "track": "{track}",
        "list": ["{camera}", 1, null, true],
        "{key}": { "all": "{alert}" },
    });
    let template = JsonTemplate::parse(&template).unwrap();
    let text = template.fill(&delivery());
    // An f64 between would make 0.8999999761581421 of it.
    assert!(text.contains(r#""sure":0.9,"#), "{text}");
    let filled: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(filled["text"], "person in back \"yard\"/+é");
    assert_eq!(filled["count"], 1);
    assert_eq!(filled["track"], json!(null));
    assert_eq!(filled["list"], json!(["camera", 1, null, true]));
    assert_eq!(filled["{key}"]["all"]["camera_id"], "camera");
    let refused = JsonTemplate::parse(&json!({ "a": ["{b}"] })).unwrap_err();
    assert!(refused.contains("`{b}`"), "{refused}");
}

#[test]
fn what_does_not_depend_on_the_alert_is_known() {
    let template = |text| Template::parse(text).unwrap();
    assert_eq!(template("a{{b").fixed(), Some("a{b"));
    assert_eq!(template("").fixed(), Some(""));
    assert_eq!(template("a{camera}").fixed(), None);
    assert_eq!(template("http://x/{camera}/y").beginning(), "http://x/");
    let pieces: Vec<_> = template("02{camera}03")
        .pieces(&delivery())
        .map(|piece| format!("{piece:?}"))
        .collect();
    assert_eq!(
        pieces,
        [r#"Words("02")"#, r#"Value("camera")"#, r#"Words("03")"#]
    );
}

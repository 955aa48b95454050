//! What happened, in a sentence or two for a person who was not there. It says what the host knows
//! of any plugin's alerts, and nothing that it does not: whether the thing is in the picture and
//! in the zone, for how long it had been seen there, who raised it, and whether it has ended.

use agave_core::{AlertReport, Phase, Timestamp};
use agave_inspector::view::{Followed, Incident, Why};
use serde_json::Value;

/// A rule that has more to say has room for it among the facts.
const LONGEST_WORDS: usize = 200;

/// What is known of an alert.
pub(super) struct Known<'k> {
    pub(super) report: &'k AlertReport,
    /// The node that gave it.
    pub(super) node: &'k str,
    pub(super) why: Option<&'k Why>,
    pub(super) incident: Option<&'k Incident>,
}

/// What happened. `is_rule` knows which of the flow's nodes are rules.
pub(super) fn summary(known: &Known<'_>, is_rule: impl Fn(&str) -> bool) -> String {
    let raised_by = raised_by(known);
    let role = if is_rule(raised_by) { "rule" } else { "node" };
    let who = format!("the {role} {raised_by}");
    let mut sentences = vec![begin(known, &who)];
    sentences.extend(end(known));
    sentences.extend(words(known.report));
    sentences.join(" ")
}

/// The first node that gave an alert of this incident: those behind it pass alerts on.
fn raised_by<'k>(known: &Known<'k>) -> &'k str {
    let key = &known.report.key;
    let steps = known.why.into_iter().flat_map(|why| &why.steps);
    let mut gave = steps.filter(|step| {
        let mut alerts = step.alerts.iter();
        alerts.any(|alert| alert.get("key").and_then(Value::as_str) == Some(key))
    });
    gave.next().map_or(known.node, |step| &step.node)
}

fn begin(known: &Known<'_>, who: &str) -> String {
    let report = known.report;
    let (kind, camera) = (&report.kind, &report.camera_id);
    let raised = match report.phase {
        Phase::Begin => "raised",
        Phase::Update => "went on with",
        Phase::End => "ended",
    };
    let thing = format!(
        "{} ({} %)",
        with_article(&report.class),
        (report.confidence * 100.0).round()
    );
    let followed = known.why.and_then(|why| why.followed);
    let zone = report.zone.as_deref();
    match (followed, zone) {
        (Some(followed), Some(zone)) if followed.in_zone => {
            let time = lasted(&followed);
            format!("{thing} was in {zone} of {camera}{time}; {who} {raised} “{kind}”.")
        }
        (Some(followed), None) => {
            let time = lasted(&followed);
            format!("{thing} was seen by {camera}{time}; {who} {raised} “{kind}”.")
        }
        // A rule may be about what is not there, or has left.
        (_, zone) => {
            let zone = zone.map_or_else(String::new, |zone| format!(", zone {zone}"));
            let said = format!("{who} {raised} “{kind}” about {}{zone}", report.class);
            capital(&format!("{said}, camera {camera}."))
        }
    }
}

/// What is shorter than it can be measured is left out.
fn lasted(followed: &Followed) -> String {
    match (followed.seconds >= 0.1, followed.at_least) {
        (false, _) => String::new(),
        (true, false) => format!(" for {}", duration(followed.seconds)),
        (true, true) => format!(" for at least {}", duration(followed.seconds)),
    }
}

fn end(known: &Known<'_>) -> Option<String> {
    let incident = known.incident?;
    let Some(ended) = &incident.ended else {
        return Some("No end has been reported yet.".to_owned());
    };
    if !incident.has_begin {
        return Some("It has ended.".to_owned());
    }
    let began: Timestamp = incident.began.parse().ok()?;
    let ended: Timestamp = ended.parse().ok()?;
    let seconds = ended.since(began).as_secs_f64();
    Some(match seconds < 0.1 {
        true => "It ended at once.".to_owned(),
        false => format!("It ended after {}.", duration(seconds)),
    })
}

/// What the rule and the gates say of it in their own words.
fn words(report: &AlertReport) -> Option<String> {
    let said = report.attributes.iter();
    let said: Vec<String> = said
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        })
        .collect();
    let said = said.join(", ");
    let is_told = !said.is_empty() && said.chars().count() <= LONGEST_WORDS;
    is_told.then(|| format!("It says: {said}."))
}

fn with_article(class: &str) -> String {
    let first = class.chars().next().map(|first| first.to_ascii_lowercase());
    match first {
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("An {class}"),
        _ => format!("A {class}"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase());
    first.into_iter().flatten().chain(letters).collect()
}

/// `0.4 s`, `12 s`, `3 min`, `2 h 5 min`.
fn duration(seconds: f64) -> String {
    // A tenth of a second is as exact as a frame.
    if seconds < 9.95 {
        let tenths = format!("{seconds:.1}");
        return format!("{} s", tenths.strip_suffix(".0").unwrap_or(&tenths));
    }
    if seconds < 119.5 {
        return format!("{seconds:.0} s");
    }
    let minutes = (seconds / 60.0).round();
    if minutes < 120.0 {
        return format!("{minutes:.0} min");
    }
    format!(
        "{:.0} h {:.0} min",
        (minutes / 60.0).floor(),
        minutes % 60.0
    )
}

#[cfg(test)]
mod tests {
    use agave_core::{Alert, BoundingBox, Detection, Severity};
    use agave_inspector::view::WhyStep;
    use serde_json::json;

    use super::*;

    fn report(phase: Phase, zone: Option<&str>) -> AlertReport {
        let alert = Alert {
            key: "gate/1".to_owned(),
            kind: "forbidden-object".to_owned(),
            phase,
            severity: Severity::Warning,
            at: Timestamp(0),
            frame: 7,
            class: "object".to_owned(),
            zone: zone.map(str::to_owned),
            detection: Detection {
                id: 0,
                class: 0,
                confidence: 0.861,
                bbox: BoundingBox::default(),
                track: None,
                zones: 0,
            },
            count: 1,
            attributes: Vec::new(),
        };
        AlertReport::new("back-gate", Timestamp(0), &alert)
    }

    fn why(followed: Option<Followed>) -> Why {
        let step = |node: &str, key: Option<&str>| WhyStep {
            node: node.to_owned(),
            role: "alerts".to_owned(),
            detections: Vec::new(),
            alerts: key.map(|key| json!({ "key": key })).into_iter().collect(),
            said: String::new(),
        };
        Why {
            frame: 7,
            ts: String::new(),
            steps: vec![
                step("zoned", None),
                step("other", Some("gate/2")),
                step("rule-1", Some("gate/1")),
                step("calm", Some("gate/1")),
            ],
            zones: Vec::new(),
            followed,
        }
    }

    fn incident(ended: Option<&str>) -> Incident {
        Incident {
            key: "gate/1".to_owned(),
            camera_id: "back-gate".to_owned(),
            kind: "forbidden-object".to_owned(),
            class: "object".to_owned(),
            zone: None,
            severity: "warning".to_owned(),
            began: "2026-01-31T06:00:00Z".to_owned(),
            ended: ended.map(str::to_owned),
            count: 1,
            first_sequence: 1,
            last_sequence: 1,
            has_begin: true,
            has_picture: false,
        }
    }

    fn said(report: &AlertReport, why: Option<&Why>, incident: Option<&Incident>) -> String {
        let known = Known {
            report,
            node: "calm",
            why,
            incident,
        };
        summary(&known, |node| node == "rule-1")
    }

    #[test]
    fn it_says_what_was_where_and_for_how_long() {
        let followed = Followed {
            in_zone: true,
            seconds: 1.02,
            at_least: false,
        };
        let (report, why) = (report(Phase::Begin, Some("zone-1")), why(Some(followed)));
        let ended = incident(Some("2026-01-31T06:00:04Z"));
        assert_eq!(
            said(&report, Some(&why), Some(&ended)),
            "An object (86 %) was in zone-1 of back-gate for 1 s; the rule rule-1 raised \
             “forbidden-object”. It ended after 4 s."
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let outside = Followed {
            in_zone: false,
            seconds: 60.0,
            at_least: true,
        };
        let (zoned, anywhere) = (
            report(Phase::Begin, Some("yard")),
            report(Phase::Begin, None),
        );
        let outside = why(Some(outside));
        assert_eq!(
            said(&zoned, Some(&outside), None),
            "The rule rule-1 raised “forbidden-object” about object, zone yard, camera back-gate."
        );
        assert_eq!(
            said(&anywhere, Some(&outside), Some(&incident(None))),
            "An object (86 %) was seen by back-gate for at least 60 s; the rule rule-1 raised \
             “forbidden-object”. No end has been reported yet."
        );
        // The frame was not kept: even who raised it is not known, only who gave it.
        assert_eq!(
            said(&report(Phase::End, None), None, None),
            "The node calm ended “forbidden-object” about object, camera back-gate."
        );
    }

    #[test]
    fn a_rule_may_say_more() {
        let mut report = report(Phase::Begin, None);
        report.attributes.insert("people".to_owned(), json!("7"));
        report.attributes.insert("limit".to_owned(), json!(5));
        let told = said(&report, None, None);
        assert!(told.ends_with(" It says: people 7, limit 5."), "{told}");
        report
            .attributes
            .insert("more".to_owned(), "x".repeat(300).into());
        assert!(!said(&report, None, None).contains("It says"));
    }

    #[test]
    fn durations_are_as_exact_as_frames() {
        let durations = [0.42, 1.0, 9.96, 61.4, 600.0, 7500.0].map(duration);
        let expected = ["0.4 s", "1 s", "10 s", "61 s", "10 min", "2 h 5 min"];
        assert_eq!(durations, expected);
    }
}

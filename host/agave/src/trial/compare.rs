//! What was expected beside what came, as sentences about the differences. What an expectation
//! does not say may be anything.

use serde_json::Value;

use super::words::plain;

/// Numbers with a fraction, such as those of boxes, may be off by so much.
const TOLERANCE: f64 = 0.001;
/// Texts of these names are expected in part.
const IN_PART: [&str; 3] = ["rejected", "message", "body"];

/// What is different. Empty when everything that is expected is there. `what` is one of the
/// things in a list: `alert`.
pub(crate) fn differences(expected: &Value, got: &Value, what: &str) -> Vec<String> {
    match (expected, got) {
        (Value::Array(wanted), Value::Array(came)) => {
            if wanted.len() != came.len() {
                return vec![format!(
                    "expected {}, got {}",
                    counted(wanted.len(), what),
                    counted(came.len(), what)
                )];
            }
            (1..)
                .zip(wanted.iter().zip(came))
                .flat_map(|(number, (wanted, came))| {
                    let mut found = Vec::new();
                    compare(wanted, came, "", &mut found);
                    found
                        .into_iter()
                        .map(move |difference| format!("{what} {number}: {difference}"))
                })
                .collect()
        }
        _ => {
            let mut found = Vec::new();
            compare(expected, got, "", &mut found);
            found
        }
    }
}

/// Whether the texts `parts` are in `lines` in this order; otherwise the first that is not.
pub(crate) fn first_missing<'p>(parts: &'p [String], lines: &[String]) -> Option<&'p str> {
    let mut lines = lines.iter();
    parts
        .iter()
        .find(|part| !lines.any(|line| line.contains(part.as_str())))
        .map(String::as_str)
}

fn compare(expected: &Value, got: &Value, path: &str, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(wanted), Value::Object(came)) => {
            for (key, wanted) in wanted {
                let path = join(path, key);
                match came.get(key) {
                    Some(came) => compare(wanted, came, &path, found),
                    None => found.push(format!("expected {path} {}, got none", plain(wanted))),
                }
            }
        }
        (Value::Array(wanted), Value::Array(came)) if wanted.len() == came.len() => {
            let equal = wanted.iter().zip(came).all(|(wanted, came)| {
                let mut inside = Vec::new();
                compare(wanted, came, "", &mut inside);
                inside.is_empty()
            });
            if !equal {
                found.push(difference(expected, got, path));
            }
        }
        // A retry that says when is a retry.
        (Value::String(word), Value::Object(came)) if came.contains_key(word) => {}
        (Value::String(part), Value::String(text)) if is_in_part(path) => {
            if !text.contains(part.as_str()) {
                found.push(format!("expected {path} with '{part}', got '{text}'"));
            }
        }
        (Value::Number(_), Value::Number(_)) if near(expected, got) => {}
        _ if expected == got => {}
        _ => found.push(difference(expected, got, path)),
    }
}

fn is_in_part(path: &str) -> bool {
    IN_PART.contains(&path)
}

fn near(expected: &Value, got: &Value) -> bool {
    let whole = |value: &Value| value.is_u64() || value.is_i64();
    match (expected.as_f64(), got.as_f64()) {
        (Some(a), Some(b)) if whole(expected) && whole(got) => a == b,
        (Some(a), Some(b)) => (a - b).abs() <= TOLERANCE,
        _ => false,
    }
}

fn difference(expected: &Value, got: &Value, path: &str) -> String {
    let got = match got {
        Value::Null => "none".to_owned(),
        other => plain(other),
    };
    match path {
        "" => format!("expected {}, got {got}", plain(expected)),
        _ => format!("expected {path} {}, got {got}", plain(expected)),
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        _ => format!("{path}.{key}"),
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_said_may_be_anything() {
        let came = json!([{ "class": "object", "bbox": [0.1, 0.2, 0.3, 0.4], "count": 2 }]);
        let differ = |expected: Value| differences(&expected, &came, "alert");
        assert!(differ(json!([{}])).is_empty());
        assert!(differ(json!([{ "bbox": [0.1004, 0.2, 0.3, 0.4] }])).is_empty());
        assert_eq!(
            differ(json!([{ "class": "worker", "count": 3 }])),
            [
                "alert 1: expected class worker, got object",
                "alert 1: expected count 3, got 2"
            ]
        );
        assert_eq!(
            differ(json!([{ "bbox": [0.2, 0.2, 0.3, 0.4] }])),
            ["alert 1: expected bbox [0.2, 0.2, 0.3, 0.4], got [0.1, 0.2, 0.3, 0.4]"]
        );
        assert_eq!(
            differ(json!([{ "zone": "yard" }])),
            ["alert 1: expected zone yard, got none"]
        );
        assert_eq!(differ(json!([])), ["expected no alert, got 1 alert"]);
    }

    #[test]
    fn outcomes_are_compared() {
        let differ = |expected, got| differences(&expected, &got, "outcome");
        assert!(differ(json!("retry"), json!({ "retry": "5s" })).is_empty());
        assert!(differ(json!({ "retry": "5s" }), json!({ "retry": "5s" })).is_empty());
        assert!(!differ(json!({ "retry": "5s" }), json!("retry")).is_empty());
        assert!(
            differ(
                json!({ "rejected": "404" }),
                json!({ "rejected": "answered 404" })
            )
            .is_empty()
        );
        assert_eq!(
            differ(json!("delivered"), json!("retry")),
            ["expected delivered, got retry"]
        );
        assert!(
            differ(
                json!({ "fails": "trap", "message": "unreachable" }),
                json!({ "fails": "trap", "message": "trapped: unreachable" })
            )
            .is_empty()
        );
    }

    #[test]
    fn log_lines_come_in_order() {
        let lines = ["one is here", "two is here"].map(str::to_owned);
        let parts = |parts: [&str; 2]| parts.map(str::to_owned);
        assert_eq!(first_missing(&parts(["one", "two"]), &lines), None);
        assert_eq!(first_missing(&parts(["two", "one"]), &lines), Some("one"));
    }
}

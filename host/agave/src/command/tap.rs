//! `agave tap`: what passes a node, as it passes.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;

use super::target::StateFolder;
use crate::control::{Answer, Ask, Passed, PassedDetection};

#[derive(Args)]
pub(crate) struct Tap {
    /// The node's name
    node: String,
    /// The flow, by its name or its file; the only one that runs if not said
    #[arg(long)]
    flow: Option<String>,
    /// Print each line as a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state: StateFolder,
}

impl Tap {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let found = self.state.find(self.flow.as_deref())?;
        let node = self.node.clone();
        for answer in found.ask(&Ask::Tap { node })? {
            let answer = answer?;
            let lines = match (&answer, self.json) {
                (Answer::Refused(reason), _) => bail!("{reason}"),
                (Answer::Tapping { flow }, false) => {
                    eprintln!(
                        "what passes '{}' of flow '{flow}'; Ctrl-C ends it",
                        self.node
                    );
                    continue;
                }
                (Answer::Passed(passed), false) => told(passed),
                (Answer::LeftOut(count), false) => {
                    vec![format!("… {count} left out: this is read too slowly")]
                }
                (Answer::Tapping { .. }, true) => continue,
                (answer, true) => vec![serde_json::to_string(answer)?],
                (
                    Answer::Report(_) | Answer::Status(_) | Answer::Tested(_) | Answer::Done(_),
                    false,
                ) => continue,
            };
            let mut output = std::io::stdout().lock();
            for line in lines {
                // A reader that has seen enough, such as `head`, is no failure.
                if writeln!(output, "{line}")
                    .and_then(|()| output.flush())
                    .is_err()
                {
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
        // The flow has ended.
        Ok(ExitCode::SUCCESS)
    }
}

/// A frame with a line for each detection, or an alert on one line.
fn told(passed: &Passed) -> Vec<String> {
    match passed {
        Passed::Detections {
            camera,
            frame,
            ts,
            detections,
        } => {
            let time = time_of_day(ts);
            let count = match detections.len() {
                0 => "nothing".to_owned(),
                1 => "1 detection".to_owned(),
                count => format!("{count} detections"),
            };
            let first = format!("{time}  {camera}  frame {frame}: {count}");
            std::iter::once(first)
                .chain(detections.iter().map(detection))
                .collect()
        }
        Passed::Alert(alert) => vec![alert_line(alert)],
    }
}

/// `    worker  0.87  0.310 0.520 0.080 0.210  #12  in yard, gate`
fn detection(detection: &PassedDetection) -> String {
    let [left, top, width, height] = detection.bbox;
    let mut line = format!(
        "    {:<16} {:.2}  {left:.3} {top:.3} {width:.3} {height:.3}",
        detection.class, detection.confidence
    );
    if let Some(track) = detection.track {
        line.push_str(&format!("  #{track}"));
    }
    if !detection.zones.is_empty() {
        line.push_str("  in ");
        line.push_str(&detection.zones.join(", "));
    }
    line
}

fn alert_line(alert: &Value) -> String {
    let text = |key: &str| alert.get(key).and_then(Value::as_str).unwrap_or_default();
    let zone = match text("zone") {
        "" => String::new(),
        zone => format!(" in {zone}"),
    };
    format!(
        "{}  {}  {} {}: {}{zone}  ({})",
        time_of_day(text("ts")),
        text("camera_id"),
        text("kind"),
        text("phase"),
        text("class"),
        text("key"),
    )
}

/// Of an RFC 3339 time, the part that changes while one looks on.
fn time_of_day(time: &str) -> &str {
    time.split_once('T').map_or(time, |(_, time)| time)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn detections_are_told_with_what_is_known_of_them() {
        let seen = PassedDetection {
            class: "worker".to_owned(),
            confidence: 0.874,
            bbox: [0.31, 0.52, 0.08, 0.21],
            track: Some(12),
            zones: vec!["yard".to_owned(), "gate".to_owned()],
        };
        let bare = PassedDetection {
            track: None,
            zones: Vec::new(),
            ..seen.clone()
        };
        let passed = Passed::Detections {
            camera: "field".to_owned(),
            frame: 7,
            ts: "2026-01-02T03:04:05.678Z".to_owned(),
            detections: vec![seen, bare],
        };
        assert_eq!(
            told(&passed),
            [
                "03:04:05.678Z  field  frame 7: 2 detections",
                "    worker           0.87  0.310 0.520 0.080 0.210  #12  in yard, gate",
                "    worker           0.87  0.310 0.520 0.080 0.210",
            ]
        );
    }

    #[test]
    fn alerts_are_told_on_a_line() {
        let alert = json!({
            "ts": "2026-01-02T03:04:05.678Z", "camera_id": "field", "kind": "forbidden-object",
            "phase": "begin", "class": "object", "zone": "yard", "key": "k1",
        });
        assert_eq!(
            told(&Passed::Alert(alert)),
            ["03:04:05.678Z  field  forbidden-object begin: object in yard  (k1)"]
        );
    }
}

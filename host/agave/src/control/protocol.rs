//! What goes over the control socket: one line of JSON asks, lines of JSON answer.
//!
//! ```text
//! → {"version":1,"ask":"tap","node":"zoned"}
//! ← {"passed":{"detections":{"camera":"field","frame":12,…}}}
//! ← {"left_out":3}
//! ```
//!
//! Both sides come from one program most of the time, and not always: one may have been updated
//! while the other runs. A number that the other does not know is refused in words.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Passed, Report, Status, TestAlertView};

/// Of this protocol.
pub(super) const VERSION: u32 = 1;
/// Nobody asks for more than this.
pub(super) const LONGEST_REQUEST: usize = 4 << 10;
/// Nothing that is answered is longer.
pub(super) const LONGEST_ANSWER: usize = 16 << 20;

/// The line that asks.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) version: u32,
    #[serde(flatten)]
    pub(super) ask: Ask,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Read the files again; answered with a report.
    Reload,
    /// What a reload would do; answered with a report.
    Plan {
        /// Which file to take for the flow's own.
        #[serde(default)]
        file: Option<PathBuf>,
    },
    /// How everything is; answered with a status.
    Status,
    /// Do something about dead letters; answered with their number.
    DeadLetters {
        /// What.
        remedy: Remedy,
        /// About which.
        #[serde(flatten)]
        choice: Choice,
    },
    /// Send an adapter a test alert; answered with what became of it.
    TestAlert {
        /// The adapter's name.
        adapter: String,
    },
    /// What passes a node; answered until one of the two hangs up.
    Tap {
        /// The node's name.
        node: String,
    },
}

/// What can be done about dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Remedy {
    /// Deliver them after all.
    Retry,
    /// Forget them.
    Drop,
}

/// Some of the dead letters; all of them if nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choice {
    /// Those of this adapter.
    #[serde(default)]
    pub(crate) adapter: Option<String>,
    /// The one with this number.
    #[serde(default)]
    pub(crate) sequence: Option<u64>,
}

/// One line of an answer.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Report(Report),
    Status(Status),
    /// The tap is in its place.
    Tapping {
        /// The flow's name.
        flow: String,
    },
    Passed(Passed),
    Tested(TestAlertView),
    /// So many are done.
    Done(u64),
    /// So many did not fit in the queue since the last line.
    LeftOut(u64),
    /// It cannot be answered, for this reason.
    Refused(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_look_as_they_are_documented() {
        let request = Request {
            version: VERSION,
            ask: Ask::Tap {
                node: "zoned".to_owned(),
            },
        };
        let line = serde_json::to_string(&request).unwrap();
        assert_eq!(line, r#"{"version":1,"ask":"tap","node":"zoned"}"#);
        let again: Request = serde_json::from_str(&line).unwrap();
        assert_eq!(again.ask, request.ask);
        let line = serde_json::to_string(&Answer::LeftOut(3)).unwrap();
        assert_eq!(line, r#"{"left_out":3}"#);
    }
}

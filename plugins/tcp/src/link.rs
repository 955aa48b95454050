//! The connection to the receiver: kept, and made anew when it is lost.

use agave_vision_sdk::clock;
use agave_vision_sdk::prelude::*;
use agave_vision_sdk::tcp::{Connection, Error};

use crate::framing::{Answer, Frame};

/// An answer that is longer is none.
const MOST_ANSWER_BYTES: usize = 64 << 10;
/// So long something that the receiver said unasked is looked for, and how long it must have
/// been silent for that.
const LOOK_MS: u32 = 2;
const IDLE: Timestamp = 100_000_000;
/// A receiver that talks and talks is not listened to for longer.
const MOST_LOOKS: usize = 16;

/// What is expected of the receiver.
pub(crate) struct Expected {
    pub(crate) answer: ExpectedAnswer,
    pub(crate) timeout: Duration,
}

pub(crate) enum ExpectedAnswer {
    Literal(Vec<u8>),
    Prefix(Vec<u8>),
}

/// A connection, where there is one.
#[derive(Default)]
pub(crate) struct Link {
    connection: Option<Connection>,
    /// When it was last used.
    used_at: Timestamp,
}

/// Why a message was not delivered.
pub(crate) enum Trouble {
    /// It may be delivered later.
    Later(String),
    /// It will never be.
    Never(String),
}

impl Link {
    /// Sends `message` and waits for what is `expected`. After anything else the connection is
    /// closed: an answer that comes too late would be taken for that to the next message.
    pub(crate) fn exchange(
        &mut self,
        address: &str,
        connect_timeout: Duration,
        message: &[u8],
        frame: &Frame,
        expected: Option<&Expected>,
    ) -> Result<(), Trouble> {
        let connection = self.connected(address, connect_timeout)?;
        let written = connection.write(message).map_err(trouble);
        let answered = written.and_then(|()| match expected {
            None => Ok(()),
            Some(expected) => await_answer(connection, frame, expected),
        });
        if answered.is_err() {
            self.connection = None;
        }
        self.used_at = clock::now();
        answered
    }

    /// A connection that is not known to be closed, with nothing left of what was said before.
    fn connected(&mut self, address: &str, timeout: Duration) -> Result<&Connection, Trouble> {
        let was_idle = is_long_ago(self.used_at, clock::now());
        let kept = self.connection.take();
        let kept = kept.filter(|connection| !was_idle || is_open(connection));
        let connection = match kept {
            Some(connection) => connection,
            None => Connection::connect(address, timeout.as_millis()).map_err(trouble)?,
        };
        Ok(self.connection.insert(connection))
    }
}

/// A clock that was set back says nothing about how long ago something was.
fn is_long_ago(used_at: Timestamp, now: Timestamp) -> bool {
    now < used_at || now - used_at > IDLE
}

/// Takes away what the receiver said unasked, and so notices that it has hung up: what is
/// written to a receiver that is gone is lost without a word.
fn is_open(connection: &Connection) -> bool {
    for _ in 0..MOST_LOOKS {
        match connection.read(u32::MAX, LOOK_MS) {
            Ok(_) => {}
            Err(Error::TimedOut) => return true,
            Err(_) => return false,
        }
    }
    true
}

fn await_answer(
    connection: &Connection,
    frame: &Frame,
    expected: &Expected,
) -> Result<(), Trouble> {
    let deadline = clock::now().saturating_add(expected.timeout.as_nanos());
    let mut received = Vec::new();
    loop {
        match judge(&received, frame, &expected.answer) {
            Judgement::Acknowledged => return Ok(()),
            Judgement::Other(said) => {
                return Err(Trouble::Later(format!("the receiver answered `{said}`")));
            }
            Judgement::Unfinished => {}
        }
        let left = deadline.saturating_sub(clock::now()) / 1_000_000;
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        if left == 0 {
            return Err(Trouble::Later(
                "the receiver did not acknowledge in time".to_owned(),
            ));
        }
        received.extend(connection.read(4096, left).map_err(|error| match error {
            Error::TimedOut => {
                Trouble::Later("the receiver did not acknowledge in time".to_owned())
            }
            error => trouble(error),
        })?);
    }
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Acknowledged,
    Unfinished,
    Other(String),
}

fn judge(received: &[u8], frame: &Frame, expected: &ExpectedAnswer) -> Judgement {
    let other = |said: &[u8]| Judgement::Other(shown(said));
    if received.len() > MOST_ANSWER_BYTES {
        return other(received);
    }
    match expected {
        ExpectedAnswer::Literal(literal) => match received.get(..literal.len()) {
            Some(beginning) if beginning == literal => Judgement::Acknowledged,
            None if literal.starts_with(received) => Judgement::Unfinished,
            _ => other(received),
        },
        ExpectedAnswer::Prefix(prefix) => match frame.first(received) {
            Answer::Unfinished => Judgement::Unfinished,
            Answer::Complete(message, _) if message.starts_with(prefix) => Judgement::Acknowledged,
            Answer::Complete(message, _) => other(&message),
            Answer::Broken => other(received),
        },
    }
}

/// The beginning of what was said, fit for the log.
fn shown(said: &[u8]) -> String {
    let beginning = said.get(..said.len().min(60)).unwrap_or_default();
    let text = String::from_utf8_lossy(beginning);
    text.escape_debug().to_string()
}

fn trouble(error: Error) -> Trouble {
    match error {
        Error::NotAllowed(why) => Trouble::Never(why),
        Error::Unreachable(why) => Trouble::Later(why),
        Error::TimedOut => Trouble::Later("the receiver took too long".to_owned()),
        Error::Closed => Trouble::Later("the receiver hung up".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Framing;

    #[test]
    fn after_the_clock_was_set_back_a_connection_is_looked_at() {
        let hour = 3600 * 1_000_000_000;
        assert!(!is_long_ago(2 * hour, 2 * hour + IDLE));
        assert!(is_long_ago(2 * hour, 2 * hour + IDLE + 1));
        assert!(is_long_ago(2 * hour, hour));
    }

    #[test]
    fn an_answer_is_what_was_expected_or_something_else() {
        let frame = Frame::new(&Framing::Lf).unwrap();
        let judged = |received: &[u8], expected: &ExpectedAnswer| judge(received, &frame, expected);
        let literal = ExpectedAnswer::Literal(vec![6]);
        assert_eq!(judged(&[], &literal), Judgement::Unfinished);
        assert_eq!(judged(&[6], &literal), Judgement::Acknowledged);
        assert_eq!(
            judged(&[0x15], &literal),
            Judgement::Other("\\u{15}".to_owned())
        );
        let long = ExpectedAnswer::Literal(b"ACK\r\n".to_vec());
        assert_eq!(judged(b"ACK", &long), Judgement::Unfinished);
        assert_eq!(judged(b"NAK", &long), Judgement::Other("NAK".to_owned()));
        let prefix = ExpectedAnswer::Prefix(b"OK".to_vec());
        assert_eq!(judged(b"OK 17", &prefix), Judgement::Unfinished);
        assert_eq!(judged(b"OK 17\n", &prefix), Judgement::Acknowledged);
        assert_eq!(judged(b"NO\n", &prefix), Judgement::Other("NO".to_owned()));
        let endless = vec![b'x'; MOST_ANSWER_BYTES + 1];
        assert!(matches!(judged(&endless, &prefix), Judgement::Other(_)));
    }
}

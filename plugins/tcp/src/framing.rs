//! Where a message ends: what is put around it, and where the end of an answer is.

use crate::config::{Framing, Order};
use crate::payload::fixed;

const STX: u8 = 2;
const ETX: u8 = 3;
/// What takes the place of a terminator in a message.
const STAND_IN: u8 = b' ';

/// What is around a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Bare,
    Terminated(Vec<u8>),
    Enclosed,
    Counted { bytes: usize, order: Order },
}

/// What the bytes of an answer are so far.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// More has to come.
    Unfinished,
    /// A message, and how many bytes it had with its frame.
    Complete(Vec<u8>, usize),
    /// Nothing that this framing has.
    Broken,
}

impl Frame {
    pub(crate) fn new(framing: &Framing) -> Result<Self, String> {
        Ok(match framing {
            Framing::Lf => Self::Terminated(b"\n".to_vec()),
            Framing::Crlf => Self::Terminated(b"\r\n".to_vec()),
            Framing::StxEtx => Self::Enclosed,
            Framing::None => Self::Bare,
            Framing::Terminator(terminator) => {
                Self::Terminated(fixed("framing.terminator", terminator)?)
            }
            Framing::Length(length) => match length.bytes {
                1 | 2 | 4 => Self::Counted {
                    bytes: length.bytes.into(),
                    order: length.order,
                },
                other => {
                    return Err(format!(
                        "`framing.length.bytes` is {other}, and has to be 1, 2 or 4"
                    ));
                }
            },
        })
    }

    /// `message` with what is around it. A terminator inside of it would make two messages of
    /// one, so it becomes spaces.
    pub(crate) fn around(&self, mut message: Vec<u8>) -> Result<Vec<u8>, String> {
        match self {
            Self::Bare => Ok(message),
            Self::Terminated(terminator) => {
                blank(&mut message, terminator);
                message.extend(terminator);
                Ok(message)
            }
            Self::Enclosed => {
                blank(&mut message, &[STX]);
                blank(&mut message, &[ETX]);
                Ok([&[STX], message.as_slice(), &[ETX]].concat())
            }
            Self::Counted { bytes, order } => {
                let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
                let number = length.to_be_bytes();
                let (unused, number) = number.split_at(number.len().saturating_sub(*bytes));
                if unused.iter().any(|byte| *byte != 0) {
                    return Err(format!(
                        "the message has {length} bytes, and a length of {bytes} bytes cannot say that"
                    ));
                }
                let mut framed = number.to_vec();
                if *order == Order::Little {
                    framed.reverse();
                }
                framed.extend(message);
                Ok(framed)
            }
        }
    }

    /// The first message in `received`.
    pub(crate) fn first(&self, received: &[u8]) -> Answer {
        match self {
            Self::Bare => Answer::Broken,
            Self::Terminated(terminator) => match find(received, terminator) {
                Some(end) => complete(received, 0, end, end + terminator.len()),
                None => Answer::Unfinished,
            },
            Self::Enclosed => match (received.first(), find(received, &[ETX])) {
                (None, _) | (Some(&STX), None) => Answer::Unfinished,
                (Some(&STX), Some(end)) => complete(received, 1, end, end + 1),
                _ => Answer::Broken,
            },
            Self::Counted { bytes, order } => {
                let Some(number) = received.get(..*bytes) else {
                    return Answer::Unfinished;
                };
                let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
                let length = match order {
                    Order::Big => number.iter().fold(0, add),
                    Order::Little => number.iter().rev().fold(0, add),
                };
                let end = bytes.saturating_add(length);
                if received.len() < end {
                    return Answer::Unfinished;
                }
                complete(received, *bytes, end, end)
            }
        }
    }

    /// Whether the end of an answer can be told.
    pub(crate) fn has_an_end(&self) -> bool {
        *self != Self::Bare
    }
}

fn complete(received: &[u8], from: usize, to: usize, length: usize) -> Answer {
    let message = received.get(from..to).unwrap_or_default();
    Answer::Complete(message.to_vec(), length)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len().max(1))
        .position(|window| window == wanted)
}

fn blank(message: &mut [u8], wanted: &[u8]) {
    while let Some(at) = find(message, wanted) {
        let found = message.iter_mut().skip(at).take(wanted.len());
        found.for_each(|byte| *byte = STAND_IN);
        if wanted.iter().all(|byte| *byte == STAND_IN) {
            // Spaces cannot stand in for spaces.
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Bytes, Length};

    fn frame(framing: Framing) -> Frame {
        Frame::new(&framing).unwrap()
    }

    fn counted(bytes: u8, order: Order) -> Frame {
        frame(Framing::Length(Length { bytes, order }))
    }

    #[test]
    fn a_message_is_framed() {
        let framed = |framing: Framing, text: &str| {
            let bytes = frame(framing).around(text.as_bytes().to_vec());
            String::from_utf8(bytes.unwrap()).unwrap()
        };
        assert_eq!(framed(Framing::Lf, "a\nb"), "a b\n");
        assert_eq!(framed(Framing::Crlf, "a\nb\r\nc"), "a\nb  c\r\n");
        assert_eq!(framed(Framing::StxEtx, "a\u{3}b"), "\u{2}a b\u{3}");
        assert_eq!(framed(Framing::None, "a\n"), "a\n");
        let own = Framing::Terminator(Bytes::Text("||".to_owned()));
        assert_eq!(framed(own, "a||b|"), "a  b|||");
    }

    #[test]
    fn a_length_comes_first() {
        let around = |frame: Frame, length| frame.around(vec![b'x'; length]);
        assert_eq!(around(counted(2, Order::Big), 3).unwrap(), b"\0\x03xxx");
        assert_eq!(around(counted(2, Order::Little), 3).unwrap(), b"\x03\0xxx");
        assert_eq!(around(counted(4, Order::Big), 1).unwrap(), b"\0\0\0\x01x");
        assert_eq!(around(counted(1, Order::Big), 255).unwrap()[0], 255);
        let refused = around(counted(1, Order::Big), 256).unwrap_err();
        assert!(refused.contains("256 bytes"), "{refused}");
        let three = Framing::Length(Length {
            bytes: 3,
            order: Order::Big,
        });
        assert!(Frame::new(&three).unwrap_err().contains("1, 2 or 4"));
    }

    #[test]
    fn the_end_of_an_answer_is_found() {
        let crlf = frame(Framing::Crlf);
        assert_eq!(crlf.first(b"OK\r"), Answer::Unfinished);
        assert_eq!(
            crlf.first(b"OK\r\nmore"),
            Answer::Complete(b"OK".to_vec(), 4)
        );
        let enclosed = frame(Framing::StxEtx);
        assert_eq!(enclosed.first(b""), Answer::Unfinished);
        assert_eq!(enclosed.first(b"\x02OK"), Answer::Unfinished);
        assert_eq!(
            enclosed.first(b"\x02OK\x03"),
            Answer::Complete(b"OK".to_vec(), 4)
        );
        assert_eq!(enclosed.first(b"OK\x03"), Answer::Broken);
        let little = counted(2, Order::Little);
        assert_eq!(little.first(b"\x02"), Answer::Unfinished);
        assert_eq!(little.first(b"\x02\0O"), Answer::Unfinished);
        assert_eq!(
            little.first(b"\x02\0OK!"),
            Answer::Complete(b"OK".to_vec(), 4)
        );
        // A length that nobody waits for.
        assert_eq!(counted(4, Order::Big).first(&[255; 9]), Answer::Unfinished);
    }
}

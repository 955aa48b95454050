//! The TCP adapter: sends each alert as a line, or as bytes in a frame, to a receiver that
//! speaks a protocol of its own.
//!
//! Where the receiver acknowledges what it has, an alert is delivered when it did. Otherwise it
//! is delivered when it is written, and nobody knows whether it arrived.

mod config;
mod framing;
mod link;
mod payload;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};

use agave_vision_sdk::prelude::*;
use agave_vision_sdk::{clock, log};

use config::{Acknowledgement, Config};
use framing::Frame;
use link::{Expected, ExpectedAnswer, Link, Trouble};
use payload::{Payload, fixed};

/// The TCP adapter of one node.
pub struct Tcp {
    address: String,
    connect_timeout: Duration,
    payload: Payload,
    frame: Frame,
    expected: Option<Expected>,
    keepalive: Option<KeepAlive>,
    link: RefCell<Link>,
    /// When something was last sent.
    sent_at: Cell<Timestamp>,
}

struct KeepAlive {
    /// With its frame.
    message: Vec<u8>,
    every: Duration,
    acknowledged: bool,
}

impl Plugin for Tcp {
    type Config = Config;
    type State = ();

    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        check_address(&config.address)?;
        let frame = Frame::new(&config.framing)?;
        let expected = config.acknowledgement.as_ref();
        let expected = expected
            .map(|one| expected_answer(one, &frame))
            .transpose()?;
        let keepalive = config.keepalive.map(|keepalive| {
            let message = fixed("keepalive.payload", &keepalive.payload)?;
            if keepalive.acknowledged && expected.is_none() {
                return Err(
                    "`keepalive.acknowledged` needs `acknowledgement`, which says how".to_owned(),
                );
            }
            Ok(KeepAlive {
                message: frame.around(message)?,
                every: keepalive.every,
                acknowledged: keepalive.acknowledged,
            })
        });
        Ok(Self {
            payload: Payload::new(config.payload.as_ref())?,
            address: config.address,
            connect_timeout: config.connect_timeout,
            frame,
            expected,
            keepalive: keepalive.transpose()?,
            link: RefCell::default(),
            sent_at: Cell::new(0),
        })
    }
}

fn check_address(address: &str) -> Result<(), String> {
    let port = address
        .rsplit_once(':')
        .filter(|(host, _)| !host.is_empty());
    match port.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(_)) => Ok(()),
        _ => Err(format!(
            "`address` is `{address}`, and has to be HOST:PORT, such as 10.0.0.5:7000"
        )),
    }
}

fn expected_answer(written: &Acknowledgement, frame: &Frame) -> Result<Expected, String> {
    let answer = match (&written.literal, &written.prefix) {
        (Some(literal), None) => {
            ExpectedAnswer::Literal(fixed("acknowledgement.literal", literal)?)
        }
        (None, Some(prefix)) if frame.has_an_end() => {
            ExpectedAnswer::Prefix(fixed("acknowledgement.prefix", prefix)?)
        }
        (None, Some(_)) => {
            return Err(
                "with `framing: none` nobody knows where an answer ends; `acknowledgement` takes \
                 a `literal` there"
                    .to_owned(),
            );
        }
        _ => return Err("`acknowledgement` takes one of `literal` and `prefix`".to_owned()),
    };
    Ok(Expected {
        answer,
        timeout: written.timeout,
    })
}

impl Adapter for Tcp {
    fn deliver(&self, _: &mut (), delivery: &Delivery) -> Outcome {
        let message = match self.frame.around(self.payload.fill(delivery)) {
            Ok(message) => message,
            Err(why) => return Outcome::Rejected(why),
        };
        match self.send(&message, self.expected.as_ref()) {
            Ok(()) => Outcome::Delivered,
            Err(Trouble::Never(why)) => Outcome::Rejected(why),
            Err(Trouble::Later(why)) => {
                log::warn(&why);
                Outcome::Retry(None)
            }
        }
    }

    /// Keeps the connection alive.
    fn upkeep(&self, _: &mut (), _: &[StreamInfo]) -> Option<Duration> {
        let keepalive = self.keepalive.as_ref()?;
        let every = keepalive.every.as_nanos();
        if let Some(left) = left_of(every, self.sent_at.get(), clock::now()) {
            return Some(Duration::from_millis(left / 1_000_000));
        }
        let expected = self.expected.as_ref().filter(|_| keepalive.acknowledged);
        if let Err(Trouble::Never(why) | Trouble::Later(why)) =
            self.send(&keepalive.message, expected)
        {
            log::warn(&format!("the keepalive was not delivered: {why}"));
        }
        Some(keepalive.every)
    }
}

/// How much is left of a time that began at `began`; none when it is over, or nobody knows because
/// the clock was set back.
fn left_of(time: u64, began: Timestamp, now: Timestamp) -> Option<u64> {
    time.checked_sub(now.checked_sub(began)?)
        .filter(|left| *left > 0)
}

impl Tcp {
    fn send(&self, message: &[u8], expected: Option<&Expected>) -> Result<(), Trouble> {
        let mut link = self.link.borrow_mut();
        link.exchange(
            &self.address,
            self.connect_timeout,
            message,
            &self.frame,
            expected,
        )?;
        self.sent_at.set(clock::now());
        Ok(())
    }
}

agave_vision_sdk::export_adapter!(Tcp);

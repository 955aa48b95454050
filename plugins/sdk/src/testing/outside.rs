//! What is outside of a plugin in an ordinary unit test: each test's thread has its own.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::nanoseconds;
use crate::frames::{self, Picture, View};
use crate::http::{Error, Request, Response};
use crate::log::Level;
use crate::mqtt::{self, Message};
use crate::types::Timestamp;

/// More lines than a test wants to see.
const MOST_LINES: usize = 10_000;

type Answer = Box<dyn FnMut(&Request) -> Result<Response, Error>>;
type Show = Box<dyn FnMut(&str, u64, &View) -> Result<Picture, frames::Error>>;
type Acknowledge = Box<dyn FnMut(&Message) -> Result<(), mqtt::Error>>;

thread_local! {
    static LINES: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    static ANSWER: RefCell<Option<Answer>> = const { RefCell::new(None) };
    static ACKNOWLEDGE: RefCell<Option<Acknowledge>> = const { RefCell::new(None) };
    static SHOW: RefCell<Option<Show>> = const { RefCell::new(None) };
    static PUBLISHED: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
    static KEPT: RefCell<BTreeMap<String, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
    static TIME: Cell<Timestamp> = const { Cell::new(0) };
}

/// An answer for [`answer_http`].
#[must_use]
pub fn response(status: u16, body: &str) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    }
}

/// Says what the HTTP requests of this test's thread are answered.
pub fn answer_http(answer: impl FnMut(&Request) -> Result<Response, Error> + 'static) {
    ANSWER.with_borrow_mut(|kept| *kept = Some(Box::new(answer)));
}

/// Says what becomes of the MQTT messages of this test's thread; if it is not said, brokers take
/// everything.
pub fn answer_mqtt(answer: impl FnMut(&Message) -> Result<(), mqtt::Error> + 'static) {
    ACKNOWLEDGE.with_borrow_mut(|kept| *kept = Some(Box::new(answer)));
}

/// The messages that were published on this test's thread since this was last asked.
#[must_use]
pub fn published() -> Vec<Message> {
    PUBLISHED.take()
}

/// Says which pictures there are on this test's thread: of which camera and frame, and how it is
/// to be shown; if it is not said, there are none.
pub fn answer_pictures(
    show: impl FnMut(&str, u64, &View) -> Result<Picture, frames::Error> + 'static,
) {
    SHOW.with_borrow_mut(|kept| *kept = Some(Box::new(show)));
}

/// A picture for [`answer_pictures`]; the bytes are no JPEG that could be decoded.
#[must_use]
pub fn picture(width: u32, height: u32) -> Picture {
    Picture {
        jpeg: vec![0xff, 0xd8, 0xff, 0xd9],
        width,
        height,
    }
}

/// What the clock shows on this test's thread, so many seconds after the stream's first frame.
pub fn set_clock(seconds: f64) {
    TIME.set(nanoseconds(seconds));
}

/// The lines that were logged on this test's thread since this was last asked.
#[must_use]
pub fn logged() -> Vec<(Level, String)> {
    LINES.take()
}

pub(crate) fn keep_line(level: Level, message: &str) {
    LINES.with_borrow_mut(|lines| {
        if lines.len() < MOST_LINES {
            lines.push((level, message.to_owned()));
        }
    });
}

pub(crate) fn answer(request: &Request) -> Result<Response, Error> {
    ANSWER.with_borrow_mut(|answer| match answer {
        Some(answer) => answer(request),
        None => Err(Error::Unreachable(
            "this test has not said what is answered: call testing::answer_http".to_owned(),
        )),
    })
}

pub(crate) fn show(camera: &str, frame: u64, view: &View) -> Result<Picture, frames::Error> {
    SHOW.with_borrow_mut(|show| match show {
        Some(show) => show(camera, frame, view),
        None => Err(frames::Error::Unavailable(
            "this test has not said which pictures there are: call testing::answer_pictures"
                .to_owned(),
        )),
    })
}

pub(crate) fn kept(key: &str) -> Option<Vec<u8>> {
    KEPT.with_borrow(|kept| kept.get(key).cloned())
}

pub(crate) fn keep(key: &str, value: &[u8]) {
    KEPT.with_borrow_mut(|kept| kept.insert(key.to_owned(), value.to_vec()));
}

pub(crate) fn now() -> Timestamp {
    TIME.get()
}

pub(crate) fn publish(message: Message) -> Result<(), mqtt::Error> {
    ACKNOWLEDGE.with_borrow_mut(|answer| match answer {
        Some(answer) => answer(&message),
        None => Ok(()),
    })?;
    PUBLISHED.with_borrow_mut(|published| {
        if published.len() < MOST_LINES {
            published.push(message);
        }
    });
    Ok(())
}

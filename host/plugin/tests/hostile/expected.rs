//! What a way to misbehave must come to, and what nobody else may notice of it.

use std::fmt::Debug;

use agave_core::{DropReason, FrameDetections};
use agave_plugin::{Failure, Instance, Plugin};

use crate::common::{GOOD, assert_readable, frame, said, setup};

/// When it showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Start,
    Call,
    Save,
    Restore,
}

/// What has to become of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// Nothing fails, and the last answer has this in it.
    Answers(&'static str),
    /// It fails then, is counted under that, and says this.
    Fails(Moment, DropReason, &'static str),
}

/// What did become of it: answers, or the moment and the failure.
pub(crate) type Came<T> = Result<T, (Moment, Failure)>;

/// What is wrong with what it came to, if anything.
pub(crate) fn complaint<T: Debug>(expected: Expected, came: &Came<T>) -> Option<String> {
    match (expected, came) {
        (Expected::Answers(text), Ok(answer)) => {
            let answer = format!("{answer:?}");
            (!answer.contains(text)).then(|| format!("it answered {:.500}", answer))
        }
        (Expected::Fails(moment, reason, says), Err((at, failure))) => {
            let text = said(failure);
            let right = moment == *at && reason == failure.reason() && text.contains(says);
            (!right).then(|| format!("{at:?}, {}: {text}", failure.reason()))
        }
        (_, Ok(answer)) => Some(format!("it answered {:.500}", format!("{answer:?}"))),
        (_, Err((at, failure))) => Some(format!("{at:?}, {}: {}", failure.reason(), said(failure))),
    }
}

/// Fails with all complaints at once.
pub(crate) fn report(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// An instance that behaves, asked the same again and again.
pub(crate) struct Witness<T> {
    instance: Instance,
    ask: fn(&mut Instance) -> Result<T, Failure>,
    said_first: String,
}

impl<T: Debug> Witness<T> {
    pub(crate) fn new(
        plugin: &Plugin,
        config: &str,
        ask: fn(&mut Instance) -> Result<T, Failure>,
    ) -> Self {
        let mut instance = Instance::start(plugin, &setup(GOOD, config)).unwrap();
        let said_first = format!("{:?}", ask(&mut instance).unwrap());
        assert_readable(&said_first);
        Self {
            instance,
            ask,
            said_first,
        }
    }

    /// Says the same as at first, to the last bit of every number.
    pub(crate) fn still_the_same(&mut self) {
        let answer = (self.ask)(&mut self.instance).unwrap();
        assert_eq!(format!("{answer:?}"), self.said_first);
    }
}

/// A node that has nothing to do with it: the zones of a plugin that behaves.
pub(crate) fn other_node() -> Witness<FrameDetections> {
    let roi = crate::common::plugin("roi");
    Witness::new(&roi, "{}", |instance| instance.process(&frame(1)))
}

//! One thing that is followed.

use agave_vision_sdk::prelude::*;

use crate::matching::Sighting;
use crate::motion::Motion;

/// Whether it was found in the frame that was looked at last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// Seen once, in that frame. It has its number, and nobody is told before it is seen again.
    Unconfirmed,
    /// Found.
    Tracked,
    /// Not found.
    Lost,
}

/// What became of it in this frame, in the order that the tracks have after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    #[default]
    Stayed,
    Begun,
    FoundAgain,
    StayedLost,
    GotLost,
    /// It is another track's thing.
    Duplicate,
}

/// A track and all that is remembered of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Followed {
    pub(crate) id: u64,
    pub(crate) standing: Standing,
    /// Of the detection that it was found in last.
    pub(crate) class: u16,
    /// The frames of its first detection and its last.
    first_frame: u64,
    last_frame: u64,
    /// Lost for longer than the buffer. It is looked for once more; should it be found then and
    /// lost again, it is forgotten at once.
    pub(crate) is_expired: bool,
    pub(crate) motion: Motion,
    #[serde(skip)]
    pub(crate) change: Change,
    /// The detection that it is in this frame.
    #[serde(skip)]
    pub(crate) detection: Option<usize>,
}

impl Followed {
    pub(crate) fn begin(id: u64, seen: &Sighting, frame: u64, standing: Standing) -> Self {
        Self {
            id,
            standing,
            class: seen.class,
            first_frame: frame,
            last_frame: frame,
            is_expired: false,
            motion: Motion::begin(&seen.pixel_box),
            change: Change::Begun,
            detection: Some(seen.index),
        }
    }

    /// One frame later, before anything is known of it. What was seen only once has no speed.
    pub(crate) fn predict(&mut self) {
        self.detection = None;
        self.change = match self.standing {
            Standing::Lost => Change::StayedLost,
            Standing::Tracked | Standing::Unconfirmed => Change::Stayed,
        };
        if self.standing == Standing::Lost {
            self.motion.keep_height();
        }
        if self.standing != Standing::Unconfirmed {
            self.motion.predict();
        }
    }

    /// It is this detection.
    pub(crate) fn found(&mut self, seen: &Sighting, frame: u64) {
        self.motion.correct(&seen.pixel_box);
        if self.standing == Standing::Lost {
            self.change = Change::FoundAgain;
        }
        self.standing = Standing::Tracked;
        self.class = seen.class;
        self.last_frame = frame;
        self.detection = Some(seen.index);
    }

    /// Whether it should have been found and was not, so far.
    pub(crate) fn is_missing(&self) -> bool {
        self.standing == Standing::Tracked && self.detection.is_none()
    }

    pub(crate) fn lose(&mut self) {
        self.standing = Standing::Lost;
        self.change = Change::GotLost;
    }

    /// Frames since it was seen last.
    pub(crate) fn age(&self, frame: u64) -> u64 {
        frame.saturating_sub(self.last_frame)
    }

    /// Frames from the first detection to the last.
    pub(crate) fn lifetime(&self) -> u64 {
        self.last_frame.saturating_sub(self.first_frame)
    }
}

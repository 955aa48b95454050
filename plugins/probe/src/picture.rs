//! Pictures, as the probe asks for them and tells of them.

use agave_vision_sdk::frames;
use agave_vision_sdk::prelude::*;
use serde_json::{Value, json};

use crate::answer::{error, hexadecimal};

pub(crate) fn jpeg(picture: Result<Vec<u8>, frames::Error>) -> Value {
    picture.map_or_else(
        problem,
        |bytes| json!({ "length": bytes.len(), "hex": hexadecimal(&bytes) }),
    )
}

pub(crate) fn shown(picture: Result<frames::Picture, frames::Error>) -> Value {
    picture.map_or_else(problem, |picture| {
        json!({
            "width": picture.width,
            "height": picture.height,
            "hex": hexadecimal(&picture.jpeg),
        })
    })
}

/// Left, top, width, height, class and label.
pub(crate) fn mark(written: (f32, f32, f32, f32, String, String)) -> frames::Mark {
    let (left, top, width, height, class, label) = written;
    frames::Mark {
        bbox: Bbox {
            left,
            top,
            width,
            height,
        },
        class,
        label,
    }
}

fn problem(problem: frames::Error) -> Value {
    match problem {
        frames::Error::Expired => error("expired", String::new()),
        frames::Error::Unavailable(why) => error("unavailable", why),
    }
}

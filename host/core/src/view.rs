//! Pictures of frames, as whoever wants to see one asks for it.

use crate::BoundingBox;

/// How a frame is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The part of the frame that is shown; all of it if there is none.
    pub region: Option<BoundingBox>,
    /// The longest side in pixels. What is larger is made smaller, and nothing is made larger.
    pub most_pixels: u32,
    /// The picture has no more bytes: rather it becomes coarser, and then smaller.
    pub most_bytes: usize,
    /// What is drawn on it.
    pub marks: Vec<Mark>,
}

/// A box on a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Where, as fractions of the whole frame.
    pub bbox: BoundingBox,
    /// What is in it, which decides the colour if nothing else does.
    pub class: String,
    /// Red, green and blue.
    pub colour: Option<[u8; 3]>,
    /// What is written at it; nothing if it is empty.
    pub label: String,
}

/// A picture that was made of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// As a JPEG file.
    pub jpeg: Vec<u8>,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl View {
    /// Nothing but the frame, or a part of it.
    pub fn of(region: Option<BoundingBox>, most_pixels: u32) -> Self {
        Self {
            region,
            most_pixels,
            most_bytes: usize::MAX,
            marks: Vec::new(),
        }
    }
}

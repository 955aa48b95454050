//! Boxes in pixels, as ByteTrack counts them.

use agave_vision_sdk::prelude::*;

/// A box in pixels of the picture, by its edges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PixelBox {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl PixelBox {
    /// From its upper left corner and its size.
    pub(crate) fn new(left: f64, top: f64, width: f64, height: f64) -> Self {
        Self {
            left,
            top,
            right: left + width,
            bottom: top + height,
        }
    }

    /// A detection's box in a picture of this size, or `None` when it has no area.
    pub(crate) fn of(bbox: &Bbox, width: f64, height: f64) -> Option<Self> {
        let pixels = Self::new(
            f64::from(bbox.left) * width,
            f64::from(bbox.top) * height,
            f64::from(bbox.width) * width,
            f64::from(bbox.height) * height,
        );
        (pixels.width() > 0.0 && pixels.height() > 0.0).then_some(pixels)
    }

    fn width(&self) -> f64 {
        self.right - self.left
    }

    fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// What is measured of it: the middle, width by height, and the height.
    pub(crate) fn centre_aspect_height(&self) -> [f64; 4] {
        let (width, height) = (self.width(), self.height());
        [
            self.left + width / 2.0,
            self.top + height / 2.0,
            width / height,
            height,
        ]
    }

    /// One minus intersection over union.
    pub(crate) fn distance(&self, other: &Self) -> f64 {
        1.0 - self.intersection_over_union(other)
    }

    /// With the pixels of both edges counted, as the `cython_bbox` of the reference does: a box
    /// from 0 to 9 is 10 pixels wide.
    fn intersection_over_union(&self, other: &Self) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left) + 1.0;
        let height = self.bottom.min(other.bottom) - self.top.max(other.top) + 1.0;
        if width > 0.0 && height > 0.0 {
            let intersection = width * height;
            intersection / (self.area() + other.area() - intersection)
        } else {
            0.0
        }
    }

    fn area(&self) -> f64 {
        (self.width() + 1.0) * (self.height() + 1.0)
    }
}

//! Where a thing is and where it goes: a Kalman filter with constant velocity over the centre,
//! the aspect ratio and the height of its box, in pixels, one step a frame.
//!
//! ByteTrack writes it with a state of 8 numbers and a covariance of 8 × 8. That begins diagonal,
//! each step couples a coordinate with its own velocity only, and each coordinate is measured by
//! itself: what is not zero stays within four blocks of 2 × 2. So four filters of two numbers
//! are the same filter, and the operations here are those, in that order, that are left when the
//! zeros are left out.

use agave_vision_sdk::prelude::*;

use crate::pixels::PixelBox;

/// How unsure a position and a velocity are, as a part of the height.
const POSITION: f64 = 1.0 / 20.0;
const VELOCITY: f64 = 1.0 / 160.0;
/// How unsure an aspect ratio is, measured and foreseen, and its velocity.
const ASPECT_MEASURED: f64 = 1e-1;
const ASPECT: f64 = 1e-2;
const ASPECT_VELOCITY: f64 = 1e-5;

/// One coordinate: its estimate, its velocity and their covariance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[u64; 5]", into = "[u64; 5]")]
struct Axis {
    position: f64,
    velocity: f64,
    position_variance: f64,
    covariance: f64,
    velocity_variance: f64,
}

impl Axis {
    /// At `position`, with the standard deviations of it and of a velocity that nobody knows.
    fn begin(position: f64, deviation: f64, velocity_deviation: f64) -> Self {
        Self {
            position,
            velocity: 0.0,
            position_variance: deviation * deviation,
            covariance: 0.0,
            velocity_variance: velocity_deviation * velocity_deviation,
        }
    }

    fn predict(&mut self, deviation: f64, velocity_deviation: f64) {
        self.position += self.velocity;
        self.position_variance = (self.position_variance + self.covariance)
            + (self.covariance + self.velocity_variance)
            + deviation * deviation;
        self.covariance += self.velocity_variance;
        self.velocity_variance += velocity_deviation * velocity_deviation;
    }

    fn correct(&mut self, measured: f64, deviation: f64) {
        let variance = self.position_variance + deviation * deviation;
        // Divided twice, as one solves with Cholesky's factor.
        let root = variance.sqrt();
        let gain = self.position_variance / root / root;
        let velocity_gain = self.covariance / root / root;
        let innovation = measured - self.position;
        self.position += innovation * gain;
        self.velocity += innovation * velocity_gain;
        self.position_variance -= gain * (variance * gain);
        self.covariance -= gain * (variance * velocity_gain);
        self.velocity_variance -= velocity_gain * (variance * velocity_gain);
    }

    fn scale(&mut self, factor: f64) {
        self.position *= factor;
        self.velocity *= factor;
        self.position_variance *= factor * factor;
        self.covariance *= factor * factor;
        self.velocity_variance *= factor * factor;
    }
}

// As their bits: readers of JSON may round a decimal fraction to its neighbour, and what was
// restored would not be what was saved.
impl From<Axis> for [u64; 5] {
    fn from(axis: Axis) -> Self {
        [
            axis.position,
            axis.velocity,
            axis.position_variance,
            axis.covariance,
            axis.velocity_variance,
        ]
        .map(f64::to_bits)
    }
}

impl From<[u64; 5]> for Axis {
    fn from(bits: [u64; 5]) -> Self {
        let [
            position,
            velocity,
            position_variance,
            covariance,
            velocity_variance,
        ] = bits.map(f64::from_bits);
        Self {
            position,
            velocity,
            position_variance,
            covariance,
            velocity_variance,
        }
    }
}

/// The motion of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Motion {
    x: Axis,
    y: Axis,
    aspect: Axis,
    height: Axis,
}

impl Motion {
    /// Of a thing that was seen for the first time.
    pub(crate) fn begin(seen: &PixelBox) -> Self {
        let [x, y, aspect, height] = seen.centre_aspect_height();
        let deviation = 2.0 * POSITION * height;
        let velocity_deviation = 10.0 * VELOCITY * height;
        let axis = |position| Axis::begin(position, deviation, velocity_deviation);
        Self {
            x: axis(x),
            y: axis(y),
            aspect: Axis::begin(aspect, ASPECT, ASPECT_VELOCITY),
            height: axis(height),
        }
    }

    /// One frame later.
    pub(crate) fn predict(&mut self) {
        let deviation = POSITION * self.height.position;
        let velocity_deviation = VELOCITY * self.height.position;
        self.x.predict(deviation, velocity_deviation);
        self.y.predict(deviation, velocity_deviation);
        self.aspect.predict(ASPECT, ASPECT_VELOCITY);
        self.height.predict(deviation, velocity_deviation);
    }

    /// What is out of sight does not grow or shrink.
    pub(crate) fn keep_height(&mut self) {
        self.height.velocity = 0.0;
    }

    /// It was seen again.
    pub(crate) fn correct(&mut self, seen: &PixelBox) {
        let [x, y, aspect, height] = seen.centre_aspect_height();
        let deviation = POSITION * self.height.position;
        self.x.correct(x, deviation);
        self.y.correct(y, deviation);
        self.aspect.correct(aspect, ASPECT_MEASURED);
        self.height.correct(height, deviation);
    }

    /// The box that it is believed to fill.
    pub(crate) fn pixel_box(&self) -> PixelBox {
        let height = self.height.position;
        let width = self.aspect.position * height;
        PixelBox::new(
            self.x.position - width / 2.0,
            self.y.position - height / 2.0,
            width,
            height,
        )
    }

    /// Of each coordinate its estimate, its velocity, and the variance, covariance and variance of
    /// the two.
    #[cfg(test)]
    pub(crate) fn axes(&self) -> [[f64; 5]; 4] {
        let axis = |axis: Axis| <[u64; 5]>::from(axis).map(f64::from_bits);
        [self.x, self.y, self.aspect, self.height].map(axis)
    }

    /// The picture has become larger by these factors.
    pub(crate) fn scale(&mut self, horizontal: f64, vertical: f64) {
        self.x.scale(horizontal);
        self.y.scale(vertical);
        self.aspect.scale(horizontal / vertical);
        self.height.scale(vertical);
    }
}

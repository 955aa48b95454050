//! The tracking filter: the same thing has the same number from frame to frame.
//!
//! It is [ByteTrack](https://arxiv.org/abs/2110.06864) with the defaults of its authors. It sets
//! `track` and drops nothing; what has no track yet goes on without one.

use agave_vision_sdk::prelude::*;

mod assignment;
mod followed;
mod matching;
mod motion;
mod pixels;

mod tracker;

pub use tracker::Tracker;

/// Configuration of the tracking filter. The defaults are ByteTrack's.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// Detections surer than this are matched first, and only they begin tracks.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub track_threshold: f64,
    /// Detections surer than this, but not that sure, keep a track going and begin none. A model
    /// whose `confidence` is higher does not even show them.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub low_threshold: f64,
    /// A new track needs a detection of at least this confidence. The default is 0.1 above
    /// `track-threshold`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub start_threshold: Option<f64>,
    /// The most that a sure detection may differ from where its track is believed to be: one
    /// minus intersection over union, times confidence.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub match_threshold: f64,
    /// For how many frames something may be out of sight and still be the same: 30 frames are
    /// 6 seconds at 5 frames a second.
    #[schemars(range(max = 100_000))]
    pub buffer: u32,
    /// Whether overlap counts less for a detection that the model is less sure of.
    pub fuse_score: bool,
    /// Whether a track keeps its class. A model that takes a thing for this now and for that a
    /// moment later needs `false`.
    pub per_class: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            track_threshold: 0.5,
            low_threshold: 0.1,
            start_threshold: None,
            match_threshold: 0.8,
            buffer: 30,
            fuse_score: true,
            per_class: false,
        }
    }
}

impl Config {
    fn start_threshold(&self) -> f64 {
        self.start_threshold.unwrap_or(self.track_threshold + 0.1)
    }
}

/// The tracking filter for one camera.
pub struct Track {
    config: Config,
    /// Of the picture, in pixels.
    size: (u32, u32),
}

impl Plugin for Track {
    type Config = Config;
    type State = Tracker;

    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        if config.low_threshold > config.track_threshold {
            return Err(format!(
                "`low-threshold` is {}, which is above `track-threshold`, {}",
                config.low_threshold, config.track_threshold
            ));
        }
        Ok(Self {
            config,
            size: (stream.width, stream.height),
        })
    }
}

impl Filter for Track {
    fn process(
        &self,
        tracker: &mut Tracker,
        mut frame: FrameDetections,
    ) -> Result<FrameDetections, String> {
        if self.size.0 == 0 || self.size.1 == 0 {
            return Err("the size of the stream's pictures is not known".to_owned());
        }
        tracker.update(&self.config, self.size, &mut frame.detections);
        Ok(frame)
    }
}

agave_vision_sdk::export_filter!(Track);

#[cfg(test)]
mod tests;

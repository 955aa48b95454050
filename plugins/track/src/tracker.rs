//! ByteTrack: sure detections are matched with tracks first, then the unsure ones with the tracks
//! that are left, so that what is half hidden is not lost. The steps, their order and their
//! thresholds are those of the published `byte_tracker.py`, with its peculiarities (decision
//! 0020).

use agave_vision_sdk::prelude::*;

use crate::Config;
use crate::followed::{Change, Followed, Standing};
use crate::matching::{Rules, Sighting, find};
use crate::pixels::PixelBox;

/// The distance from which on an unsure detection is not the track's.
const UNSURE_LIMIT: f64 = 0.5;
/// The same for a track that was seen only once.
const UNCONFIRMED_LIMIT: f64 = 0.7;
/// A track that was found and one that is lost are one when they are nearer than this.
const DUPLICATE: f64 = 0.15;
/// More things than a model sees in a picture. No track begins while there are so many.
const MOST_TRACKS: usize = 1000;

/// All tracks of one camera.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Tracker {
    /// How many frames there were.
    frame: u64,
    /// The number of the youngest track.
    last_id: u64,
    /// Of the picture that the tracks are in, in pixels.
    size: (u32, u32),
    /// First those that were found in the last frame, then the lost ones, each in the order in
    /// which they became that.
    tracks: Vec<Followed>,
}

impl Tracker {
    /// Takes the next frame and gives its detections their tracks, or none. `size` is the
    /// picture's, in pixels.
    pub(crate) fn update(
        &mut self,
        config: &Config,
        size: (u32, u32),
        detections: &mut [Detection],
    ) {
        self.frame += 1;
        self.fit(size);
        self.tracks.iter_mut().for_each(Followed::predict);
        let (mut sure, mut unsure) = sightings(config, size, detections);
        self.find(config, &mut sure, &mut unsure);
        self.forget(u64::from(config.buffer));
        self.begin(config, &sure);
        self.tracks.sort_by_key(|track| track.change);
        self.remove_duplicates(config.per_class);
        self.tell(detections);
    }

    /// The tracks go along when the camera changes the size of its picture.
    fn fit(&mut self, size: (u32, u32)) {
        if self.size == size {
            return;
        }
        let horizontal = f64::from(size.0) / f64::from(self.size.0);
        let vertical = f64::from(size.1) / f64::from(self.size.1);
        for track in &mut self.tracks {
            track.motion.scale(horizontal, vertical);
        }
        self.size = size;
    }

    /// Looks for the tracks in three rounds, and takes what it finds out of the lists.
    fn find(&mut self, config: &Config, sure: &mut Vec<Sighting>, unsure: &mut Vec<Sighting>) {
        let &Config {
            match_threshold: limit,
            fuse_score,
            per_class,
            ..
        } = config;
        let rules = Rules {
            limit,
            fuse_score,
            per_class,
        };
        let confirmed = |track: &&mut Followed| track.standing != Standing::Unconfirmed;
        find(
            self.tracks.iter_mut().filter(confirmed),
            sure,
            rules,
            self.frame,
        );

        let missing = |track: &&mut Followed| track.is_missing();
        let rules_for_unsure = Rules {
            limit: UNSURE_LIMIT,
            fuse_score: false,
            ..rules
        };
        find(
            self.tracks.iter_mut().filter(missing),
            unsure,
            rules_for_unsure,
            self.frame,
        );
        self.tracks
            .iter_mut()
            .filter(missing)
            .for_each(Followed::lose);

        let unconfirmed = |track: &&mut Followed| track.standing == Standing::Unconfirmed;
        let rules_for_unconfirmed = Rules {
            limit: UNCONFIRMED_LIMIT,
            ..rules
        };
        find(
            self.tracks.iter_mut().filter(unconfirmed),
            sure,
            rules_for_unconfirmed,
            self.frame,
        );
    }

    /// Forgets what was seen only once, and what has been lost for too long. The reference takes
    /// a track out of its list of lost ones only in the frame after the one in which its time is
    /// over.
    fn forget(&mut self, buffer: u64) {
        let frame = self.frame;
        self.tracks.retain_mut(|track| match track.standing {
            Standing::Unconfirmed => false,
            Standing::Tracked => true,
            Standing::Lost => {
                let is_over = track.is_expired;
                track.is_expired |= track.change == Change::StayedLost && track.age(frame) > buffer;
                !is_over
            }
        });
    }

    /// What is sure and no track yet becomes one. In the first frame it needs no second sight.
    fn begin(&mut self, config: &Config, sightings: &[Sighting]) {
        let standing = if self.frame == 1 {
            Standing::Tracked
        } else {
            Standing::Unconfirmed
        };
        let start_threshold = config.start_threshold();
        for seen in sightings {
            if seen.score >= start_threshold && self.tracks.len() < MOST_TRACKS {
                self.last_id += 1;
                let track = Followed::begin(self.last_id, seen, self.frame, standing);
                self.tracks.push(track);
            }
        }
    }

    /// Where a track was found in the place of a lost one, the one that was followed for longer
    /// stays.
    fn remove_duplicates(&mut self, per_class: bool) {
        let found = self
            .tracks
            .partition_point(|track| track.standing != Standing::Lost);
        let (found, lost) = self.tracks.split_at_mut(found);
        if lost.is_empty() {
            return;
        }
        for found in found {
            let place = found.motion.pixel_box();
            for lost in lost.iter_mut() {
                if per_class && found.class != lost.class
                    || place.distance(&lost.motion.pixel_box()) >= DUPLICATE
                {
                    continue;
                }
                if found.lifetime() > lost.lifetime() {
                    lost.change = Change::Duplicate;
                } else {
                    found.change = Change::Duplicate;
                }
            }
        }
        self.tracks
            .retain(|track| track.change != Change::Duplicate);
    }

    fn tell(&self, detections: &mut [Detection]) {
        for detection in &mut *detections {
            detection.track = None;
        }
        let is_tracked = |track: &&Followed| track.standing == Standing::Tracked;
        for track in self.tracks.iter().filter(is_tracked) {
            let index = track.detection.unwrap_or(usize::MAX);
            if let Some(detection) = detections.get_mut(index) {
                detection.track = Some(track.id);
            }
        }
    }
}

/// The detections that are sure, and those that are not but may keep a track going.
fn sightings(
    config: &Config,
    size: (u32, u32),
    detections: &[Detection],
) -> (Vec<Sighting>, Vec<Sighting>) {
    let (width, height) = (f64::from(size.0), f64::from(size.1));
    let mut sure = Vec::with_capacity(detections.len());
    let mut unsure = Vec::new();
    for (index, detection) in detections.iter().enumerate() {
        let score = f64::from(detection.confidence);
        let list = if score > config.track_threshold {
            &mut sure
        } else if score > config.low_threshold && score < config.track_threshold {
            &mut unsure
        } else {
            continue;
        };
        if let Some(pixel_box) = PixelBox::of(&detection.bbox, width, height) {
            list.push(Sighting {
                index,
                score,
                class: detection.class,
                pixel_box,
            });
        }
    }
    (sure, unsure)
}

//! Which track is which detection: the distances between them, and the best assignment.

use crate::assignment::{Edge, assign};
use crate::followed::Followed;
use crate::pixels::PixelBox;

/// A detection as the tracker looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sighting {
    /// Its place in the frame's list.
    pub(crate) index: usize,
    pub(crate) score: f64,
    pub(crate) class: u16,
    pub(crate) pixel_box: PixelBox,
}

/// When a track and a detection may be the same thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The distance from which on they are not.
    pub(crate) limit: f64,
    pub(crate) fuse_score: bool,
    pub(crate) per_class: bool,
}

impl Rules {
    fn distance(&self, track: &Followed, expected: &PixelBox, seen: &Sighting) -> f64 {
        if self.per_class && track.class != seen.class {
            return f64::INFINITY;
        }
        let distance = expected.distance(&seen.pixel_box);
        if self.fuse_score {
            1.0 - (1.0 - distance) * seen.score
        } else {
            distance
        }
    }

    fn edges(&self, tracks: &[&mut Followed], sightings: &[Sighting]) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (row, track) in tracks.iter().enumerate() {
            let expected = track.motion.pixel_box();
            for (column, seen) in sightings.iter().enumerate() {
                let cost = self.distance(track, &expected, seen);
                if cost < self.limit {
                    edges.push(Edge { row, column, cost });
                }
            }
        }
        edges
    }
}

/// Finds `tracks` among `sightings`, from which those that were found are taken out.
pub(crate) fn find<'t>(
    tracks: impl Iterator<Item = &'t mut Followed>,
    sightings: &mut Vec<Sighting>,
    rules: Rules,
    frame: u64,
) {
    if sightings.is_empty() {
        return;
    }
    let mut tracks: Vec<&mut Followed> = tracks.collect();
    let edges = rules.edges(&tracks, sightings);
    if edges.is_empty() {
        return;
    }
    let mut taken = vec![false; sightings.len()];
    for pair in assign(tracks.len(), sightings.len(), edges, rules.limit) {
        if let (Some(track), Some(seen), Some(taken)) = (
            tracks.get_mut(pair.row),
            sightings.get(pair.column),
            taken.get_mut(pair.column),
        ) {
            track.found(seen, frame);
            *taken = true;
        }
    }
    let mut taken = taken.into_iter();
    sightings.retain(|_| taken.next() != Some(true));
}

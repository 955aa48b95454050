//! Of boxes of one class that overlap, the one with the best score is kept. Written after
//! Ultralytics' `non_max_suppression`, down to how classes are kept apart, so that the same
//! boxes are left at the margin.

use super::{Candidate, MAX_DETECTIONS};

/// More candidates than this are noise; the best are looked at.
const MAX_CANDIDATES: usize = 30_000;

/// Boxes of different classes are moved apart by this many pixels.
const CLASS_OFFSET: f32 = 7680.0;

/// Leaves the best of `candidates`, which are in the order of falling score. A box goes when
/// its intersection over union with a better one of its class is above `limit`.
pub(super) fn suppress(candidates: &mut Vec<Candidate>, limit: f32) {
    candidates.truncate(MAX_CANDIDATES);
    let mut kept: Vec<[f32; 4]> = Vec::new();
    candidates.retain(|candidate| {
        if kept.len() == MAX_DETECTIONS {
            return false;
        }
        let offset = f32::from(candidate.class) * CLASS_OFFSET;
        let corners = candidate.corners.map(|corner| corner + offset);
        let stays = !kept.iter().any(|&better| overlap(better, corners) > limit);
        if stays {
            kept.push(corners);
        }
        stays
    });
}

/// Intersection over union of two boxes given by their corners.
fn overlap(a: [f32; 4], b: [f32; 4]) -> f32 {
    let [ax1, ay1, ax2, ay2] = a;
    let [bx1, by1, bx2, by2] = b;
    let width = (ax2.min(bx2) - ax1.max(bx1)).max(0.0);
    let height = (ay2.min(by2) - ay1.max(by1)).max(0.0);
    let intersection = width * height;
    let union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - intersection;
    intersection / union
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(left: f32, score: f32, class: u16) -> Candidate {
        Candidate {
            corners: [left, 0.0, left + 10.0, 10.0],
            score,
            class,
        }
    }

    fn scores_left(mut candidates: Vec<Candidate>, limit: f32) -> Vec<f32> {
        suppress(&mut candidates, limit);
        candidates.iter().map(|one| one.score).collect()
    }

    #[test]
    fn the_best_of_each_heap_is_kept() {
        let heap = vec![
            candidate(0.0, 0.9, 0),
            candidate(1.0, 0.8, 0),
            candidate(1.0, 0.7, 1),
            candidate(20.0, 0.6, 0),
            candidate(5.0, 0.5, 0),
        ];
        // 9 of 11 columns are shared by the first two, 5 of 15 by the first and the last.
        assert_eq!(scores_left(heap.clone(), 0.7), [0.9, 0.7, 0.6, 0.5]);
        assert_eq!(scores_left(heap.clone(), 0.3), [0.9, 0.7, 0.6]);
        assert_eq!(scores_left(heap, 0.9), [0.9, 0.8, 0.7, 0.6, 0.5]);
    }

    #[test]
    fn a_suppressed_box_suppresses_nothing() {
        let chain = vec![
            candidate(0.0, 0.9, 0),
            candidate(3.0, 0.8, 0),
            candidate(6.0, 0.7, 0),
        ];
        assert_eq!(scores_left(chain, 0.5), [0.9, 0.7]);
    }

    #[test]
    fn boxes_without_area_do_no_harm() {
        let mut point = candidate(0.0, 0.9, 0);
        point.corners = [5.0; 4];
        assert_eq!(scores_left(vec![point, point], 0.7).len(), 2);
    }

    #[test]
    fn no_more_than_the_limit_is_kept() {
        let many = (0..1000).map(|index| candidate(index as f32 * 20.0, 0.5, 0));
        assert_eq!(scores_left(many.collect(), 0.7).len(), MAX_DETECTIONS);
    }
}
